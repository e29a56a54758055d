//! The child's side of a trial.

use std::io::Read;

use anyhow::Context;
use radiant_core::Cancel;
use rustix::process::{
    Resource, Rlimit, Signal, getrlimit, set_parent_process_death_signal, setrlimit,
};

use super::Trial;
use crate::engines::{ModelFile, Options, load_file};

/// Bytes that the parent's message may have.
const TRIAL_BYTES_MAX: u64 = 1 << 16;

/// Rows of the runs that a model must survive, as the server's warm-up has them.
const ROWS: [usize; 2] = [1, 32];

/// Limits this process, and loads and runs the model that stdin names.
///
/// # Errors
/// What the engine says of the model. Runs on zeros may fail, as the server's warm-up may.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut message = Vec::new();
    std::io::stdin().take(TRIAL_BYTES_MAX).read_to_end(&mut message)?;
    let trial: Trial = serde_json::from_slice(&message).context("expected a trial on stdin")?;
    limit(&trial)?;
    let options = Options {
        choice: trial.engine.parse()?,
        threads: trial.threads,
        run_threads: 1,
        ort_library: trial.ort_library,
    };
    let engine = load_file(ModelFile::read(&trial.path, &trial.pickle_allow)?, &options)?.engine;
    let signature = engine.signature();
    let wanted: Vec<usize> = (0..signature.outputs.len()).collect();
    for rows in ROWS {
        let inputs = signature.zeros(rows);
        if let Some(inputs) = inputs.filter(|inputs| signature.check(inputs).is_ok()) {
            let run = || engine.run(&inputs, &wanted, &mut Vec::new(), &Cancel::never());
            // An error or a panic is the request's, when one comes; a crash is what is looked for.
            drop(std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)));
        }
    }
    Ok(())
}

fn limit(trial: &Trial) -> anyhow::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let lower = |resource, to: u64| {
        let maximum = getrlimit(resource).maximum;
        let to = maximum.map_or(to, |maximum| maximum.min(to));
        setrlimit(resource, Rlimit { current: Some(to), maximum: Some(to) })
    };
    lower(Resource::As, trial.memory_max as u64)?;
    // Twice, should the parent die and the signal get lost: two threads may compute.
    lower(Resource::Cpu, trial.timeout.as_secs().saturating_mul(2 * trial.threads as u64).max(1))?;
    lower(Resource::Core, 0)?;
    Ok(())
}
