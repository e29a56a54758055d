//! Runs that do not end with an answer: requests that the model fails on, and cancelled ones.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use radiant_core::{Cancel, Engine, Error, ErrorKind, Tensor};

use super::batches::batch;
use super::case::Case;
use super::{all, each_running, failure, is_well, panic_text, same};

#[test]
fn a_request_that_the_model_fails_on_is_an_error() {
    each_running(|case, engine| {
        for inputs in &case.fails {
            let outcome = catch_unwind(AssertUnwindSafe(|| super::run(engine, inputs)));
            let listed = || format!("{inputs:?}");
            match outcome {
                Ok(Err(error)) => {
                    let is_kind =
                        matches!(error.kind(), ErrorKind::ModelFailed | ErrorKind::InvalidInput);
                    if !is_kind || error.message().is_empty() {
                        return Err(format!("{}: {}", listed(), failure(&error)));
                    }
                }
                Ok(Ok(outputs)) => return Err(format!("{} is answered {outputs:?}", listed())),
                Err(payload) => return Err(format!("{}: {}", listed(), panic_text(&*payload))),
            }
            is_well(engine, case)?;
        }
        Ok(())
    });
}

/// A cancellation that is there when it is asked for the `at`th time, and how often it was asked.
fn cancel_at(at: usize) -> (Cancel, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    (Cancel::when(move || count.fetch_add(1, Ordering::Relaxed) + 1 >= at), asked)
}

/// The largest request that there is, with its answer.
fn large(case: &Case, engine: &dyn Engine) -> (Vec<Tensor>, Vec<Tensor>) {
    let own = || {
        let set = case.data.last().expect("a request of its own");
        (set.inputs.clone(), set.outputs.clone())
    };
    batch(case, engine, 3000, 0).unwrap_or_else(own)
}

fn is_cancelled(outcome: Result<(), Error>) -> Result<(), String> {
    match outcome {
        Err(error) if error.kind() == ErrorKind::DeadlineExceeded => Ok(()),
        Err(error) => Err(format!("expected an end, got {}", failure(&error))),
        Ok(()) => Err("a cancelled run is answered".to_owned()),
    }
}

#[test]
fn a_cancelled_run_ends_when_it_asks() {
    each_running(|case, engine| {
        let (inputs, expected) = large(case, engine);
        let mut outputs = Vec::new();
        let mut ends_at = |at: usize| {
            let (cancel, asked) = cancel_at(at);
            let outcome = engine.run(&inputs, &all(engine), &mut outputs, &cancel);
            (outcome, asked.load(Ordering::Relaxed))
        };
        let (outcome, asked) = ends_at(usize::MAX);
        outcome.map_err(|error| failure(&error))?;
        if asked == 0 {
            return Err("the run never asks whether it is cancelled".to_owned());
        }
        for at in [1, asked.div_ceil(2), asked] {
            let (outcome, until) = ends_at(at);
            is_cancelled(outcome)
                .map_err(|what| format!("cancelled at {at} of {asked}: {what}"))?;
            if until != at {
                return Err(format!("cancelled at {at} of {asked}, it asks until {until}"));
            }
        }
        let outcome = engine.run(&inputs, &all(engine), &mut outputs, &Cancel::never());
        outcome.map_err(|error| failure(&error))?;
        same(case, &outputs, &expected)
    });
}
