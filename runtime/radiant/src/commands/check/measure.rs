//! What runs of a model cost.

use std::time::{Duration, Instant};

use anyhow::Context;
use radiant_core::{Cancel, Engine};

/// Runs are repeated for this long, or as often as [`RUNS_MAX`]; the shortest is told.
const RUN_TIME: Duration = Duration::from_millis(150);
const RUNS_MAX: usize = 1000;

/// The batches that are tried.
pub(super) const ROWS: [usize; 3] = [1, 8, 64];

/// What was measured on zeros.
#[derive(Debug, Clone, Copy)]
pub(super) struct Costs {
    /// The first run of all, of one row.
    pub(super) first: Duration,
    /// The shortest run of each batch of [`ROWS`], where the model takes it.
    pub(super) best: [Option<Duration>; ROWS.len()],
}

impl Costs {
    /// What a row cost in the largest batch that was measured, with the batch's rows.
    pub(super) fn largest(&self) -> Option<(usize, Duration)> {
        let measured = ROWS.into_iter().zip(self.best).rev();
        measured.into_iter().find_map(|(rows, best)| Some((rows, best?)))
    }
}

/// Runs the model on batches of zeros.
pub(super) fn measure(engine: &dyn Engine) -> anyhow::Result<Costs> {
    let mut costs = Costs { first: Duration::ZERO, best: [None; ROWS.len()] };
    let signature = engine.signature();
    let wanted: Vec<usize> = signature.answered().collect();
    let mut outputs = Vec::new();
    for (rows, cost) in ROWS.into_iter().zip(&mut costs.best) {
        let inputs = signature.zeros(rows);
        if rows > 1 && inputs.is_none() {
            break;
        }
        let inputs = inputs.context("a row of the model's inputs takes more than 256 MiB")?;
        if rows > 1 && (signature.check(&inputs).is_err() || !has_batch(engine)) {
            break;
        }
        signature.check(&inputs).context("one row of zeros does not fit the model")?;
        let mut run = || {
            let started = Instant::now();
            engine
                .run(&inputs, &wanted, &mut outputs, &Cancel::never())
                .map(|()| started.elapsed())
                .with_context(|| format!("the model fails on a batch of {rows} of zeros"))
        };
        let (begun, first) = (Instant::now(), run()?);
        if rows == 1 {
            costs.first = first;
        }
        let mut best = first;
        for _ in 0..RUNS_MAX {
            best = best.min(run()?);
            if begun.elapsed() > RUN_TIME {
                break;
            }
        }
        *cost = Some(best);
    }
    Ok(costs)
}

fn has_batch(engine: &dyn Engine) -> bool {
    engine.signature().inputs.iter().any(|input| input.dims.first() == Some(&None))
}
