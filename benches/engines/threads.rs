//! What a second caller gains: the same requests from one thread and from two at once.
//!
//! An engine that computes a run on one thread serves two callers on two processors. How far from
//! twice as much that is shows what they share: memory, locks, and the processor's clock.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use radiant_core::{Engine, Tensor};
use radiant_engine_rten::own_pool;
use side_by_side::{Runner, Spread};

/// Runs a second of two callers, in runs a second of one; from `rounds` rounds, in each of which
/// both have two turns.
///
/// # Errors
/// When the engine errs.
pub(crate) fn gain(
    engine: &dyn Engine,
    inputs: &[Tensor],
    duration: Duration,
    rounds: u32,
) -> Result<Spread> {
    let turn = duration / (4 * rounds.max(1));
    let rate = |n_callers| rate(engine, inputs, turn, n_callers);
    let mut gains = Vec::new();
    for _ in 0..rounds {
        let (one, two) = (rate(1)?, rate(2)?);
        let (two_again, one_again) = (rate(2)?, rate(1)?);
        gains.push((two + two_again) / (one + one_again));
    }
    Spread::of(gains).context("there was no round")
}

/// Runs a second of so many callers, each on a thread as the server's engine threads are.
fn rate(
    engine: &dyn Engine,
    inputs: &[Tensor],
    duration: Duration,
    n_callers: usize,
) -> Result<f64> {
    let start = Barrier::new(n_callers);
    thread::scope(|scope| {
        let callers: Vec<_> = (0..n_callers)
            .map(|_| {
                scope.spawn(|| {
                    let mut rate = Ok(0.0);
                    own_pool(1, || rate = caller(engine, inputs, duration, &start));
                    rate
                })
            })
            .collect();
        let rates = callers.into_iter().map(|caller| {
            caller.join().map_err(|_| anyhow!("a caller panicked")).and_then(|rate| rate)
        });
        rates.sum()
    })
}

fn caller(
    engine: &dyn Engine,
    inputs: &[Tensor],
    duration: Duration,
    start: &Barrier,
) -> Result<f64> {
    let warm = Runner::warm(engine, inputs);
    // Whether or not it can run: the other caller waits.
    start.wait();
    let mut runner = warm?;
    let started = Instant::now();
    let mut n_runs = 0_u32;
    while n_runs == 0 || started.elapsed() < duration {
        runner.run()?;
        n_runs += 1;
    }
    Ok(f64::from(n_runs) / started.elapsed().as_secs_f64())
}
