//! Requests one after the other and at the same time: each has its own answer.

use std::sync::Barrier;
use std::thread;

use radiant_core::{Cancel, Engine, Tensor};

use super::batches::batch;
use super::case::Case;
use super::load::THREADS;
use super::{all, each_running, failure, panic_text, run, same};

/// How often each thread asks.
const ROUNDS: usize = 5;
/// The number of rows that each thread asks for.
const ROWS: [usize; THREADS] = [1, 2, 3, 7, 64, 65, 5, 12];

/// What a thread asks, and its answer.
fn request(case: &Case, engine: &dyn Engine, thread: usize) -> (Vec<Tensor>, Vec<Tensor>) {
    let own = || {
        let set = &case.data[thread % case.data.len()];
        (set.inputs.clone(), set.outputs.clone())
    };
    batch(case, engine, ROWS[thread], thread).unwrap_or_else(own)
}

#[test]
fn an_answer_does_not_depend_on_the_requests_before() {
    each_running(|case, engine| {
        let before = run(engine, &case.data[0].inputs).map_err(|error| failure(&error))?;
        for thread in 0..THREADS {
            let (inputs, expected) = request(case, engine, thread);
            super::answers(engine, case, &inputs, &expected)?;
        }
        let after = run(engine, &case.data[0].inputs).map_err(|error| failure(&error))?;
        let mut both = after.iter().zip(&before);
        both.try_for_each(|(after, before)| super::tensors::same(after, before, true))
    });
}

#[test]
fn requests_at_the_same_time_have_their_own_answers() {
    each_running(|case, engine| {
        let requests: Vec<_> = (0..THREADS).map(|thread| request(case, engine, thread)).collect();
        let barrier = Barrier::new(THREADS);
        let ask = |(inputs, expected): &(Vec<Tensor>, Vec<Tensor>)| {
            barrier.wait();
            let mut outputs = Vec::new();
            for _ in 0..ROUNDS {
                let outcome = engine.run(inputs, &all(engine), &mut outputs, &Cancel::never());
                outcome.map_err(|error| failure(&error))?;
                same(case, &outputs, expected)?;
            }
            Ok(())
        };
        at_once(&requests, ask)
    });
}

#[test]
fn a_failing_request_fails_nobody_else() {
    each_running(|case, engine| {
        let Some(bad) = case.fails.first() else { return Ok(()) };
        let barrier = Barrier::new(THREADS);
        let ask = |thread: &usize| {
            barrier.wait();
            for _ in 0..ROUNDS {
                if thread.is_multiple_of(2) {
                    run(engine, bad).map_or(Ok(()), |_| Err("it does not fail".to_owned()))?;
                } else {
                    super::is_well(engine, case)?;
                }
            }
            Ok(())
        };
        at_once(&(0..THREADS).collect::<Vec<_>>(), ask)
    });
}

/// Does one thing for each item, all at the same time. All threads must get as far as waiting for
/// the others.
fn at_once<T: Sync>(
    items: &[T],
    work: impl Fn(&T) -> Result<(), String> + Sync,
) -> Result<(), String> {
    thread::scope(|scope| {
        let threads: Vec<_> = items.iter().map(|item| scope.spawn(|| work(item))).collect();
        // All are waited for, whatever the first says.
        let ends: Vec<_> = threads.into_iter().map(thread::ScopedJoinHandle::join).collect();
        ends.into_iter()
            .try_for_each(|end| end.unwrap_or_else(|payload| Err(panic_text(&*payload))))
    })
}
