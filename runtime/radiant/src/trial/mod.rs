//! Trying a model out in a process of its own, before this one loads it.
//!
//! Engines are large libraries, and a model file can make some of them crash, hang or allocate
//! without end where no error can be caught. A child, which is this program again, does the first
//! load and the first runs under limits of memory and time; only what it survives is loaded here.
//! The limits are not a sandbox: the child may do what this process may, and model files hold no
//! code. Linux only, as the server is.

mod child;
mod memory;

use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use serde::{Deserialize, Serialize};

pub(crate) use child::run;
use memory::allowance;

use crate::init;

/// What the child is asked to load, and what it may take.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Trial {
    /// The model file.
    pub(crate) path: PathBuf,
    /// The engine's name, or `auto`.
    pub(crate) engine: String,
    /// How many threads will run the model at once.
    pub(crate) threads: usize,
    /// Where ONNX Runtime's library is, if somebody said so.
    pub(crate) ort_library: Option<PathBuf>,
    /// Classes that files of Python objects may name besides the known ones.
    pub(crate) pickle_allow: Vec<String>,
    /// Bytes of address space.
    pub(crate) memory_max: usize,
    /// For the whole trial.
    pub(crate) timeout: Duration,
}

/// The command line's word for the child; nobody else types it.
pub(crate) const COMMAND: &str = "try-load";

/// Text of the child's that is kept.
const SAID_BYTES_MAX: u64 = 1 << 16;

/// Runs the trial.
///
/// Blocks until it has ended, or its time is over.
///
/// # Errors
/// The child's own error; or that it crashed, or used up its memory or time.
pub(crate) fn try_out(trial: &Trial) -> anyhow::Result<()> {
    let trial = Trial { memory_max: allowance(trial.memory_max), ..trial.clone() };
    // Until it has been waited for, nobody else does.
    let _own = init::own_child();
    let mut child = start(&trial).context("cannot start the process that tries the model out")?;
    let said = said(&mut child);
    let in_time = said.recv_timeout(trial.timeout);
    if in_time.is_err() {
        // It may have ended by itself just now, which the wait below tells.
        drop(child.kill());
    }
    let status = child.wait().context("cannot wait for the process that tries the model out")?;
    let said = in_time.or_else(|_| said.recv()).unwrap_or_default();
    judge(&trial, status, said.trim())
}

fn start(trial: &Trial) -> anyhow::Result<Child> {
    let program = std::env::current_exe()?;
    #[expect(
        clippy::disallowed_methods,
        reason = "the one program that the server starts is itself"
    )]
    let mut command = Command::new(program);
    let mut child = command
        .arg(COMMAND)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(&serde_json::to_vec(trial)?)?;
    }
    Ok(child)
}

/// What the child says, once it has said all.
fn said(child: &mut Child) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    if let Some(stderr) = child.stderr.take() {
        std::thread::spawn(move || {
            let mut text = Vec::new();
            // What was read before an error is all there is.
            drop(stderr.take(SAID_BYTES_MAX).read_to_end(&mut text));
            drop(sender.send(String::from_utf8_lossy(&text).into_owned()));
        });
    }
    receiver
}

fn judge(trial: &Trial, status: ExitStatus, said: &str) -> anyhow::Result<()> {
    let mebibytes = trial.memory_max >> 20;
    match (status.code(), status.signal()) {
        (Some(0), _) => Ok(()),
        (Some(1), _) if !said.is_empty() => Err(anyhow!("{said}")),
        (_, Some(KILL)) => bail!(
            "tried out in a process of its own, the model did not load and run within {} s \
             (--load-timeout), or the system ended it for want of memory",
            trial.timeout.as_secs_f64()
        ),
        (_, Some(ABORT)) if said.contains("memory allocation") => bail!(
            "tried out in a process of its own, the model wanted more than {mebibytes} MiB of \
             memory (--load-memory-max): {said}"
        ),
        _ => bail!("tried out in a process of its own, the model crashed it ({status}): {said}"),
    }
}

/// SIGKILL and SIGABRT, as Linux numbers them on all processors.
const KILL: i32 = 9;
const ABORT: i32 = 6;
