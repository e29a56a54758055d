//! One suite for all engines: every engine does the same with every model that it takes, and refuses
//! the others when they are loaded.
//!
//! `tests/engines/make.py` makes the models, with the answers of other implementations;
//! `tests/engines/table.tsv` says of each model and engine whether it runs, or which words it is
//! refused with. A further engine is one more column there and one more `Choice`. What the suite
//! asks for is what [`radiant_core::Engine`] promises; how engines are driven beyond that (which
//! one a model gets, threads, trials) has tests of its own.
//!
//! ONNX Runtime's column is tested where the environment variable `RADIANT_TEST_ORT_LIBRARY` names
//! its shared library, and left alone elsewhere.

mod answers;
mod batches;
mod case;
mod company;
mod ends;
mod load;
mod table;
mod tensors;

use std::panic::{AssertUnwindSafe, catch_unwind};

use radiant_core::{Cancel, Engine, Error, Tensor};

use case::Case;
use load::cells;

/// Looks at each model on each engine that runs it, and fails with all that is not as it should be.
fn each_running(look: impl Fn(&Case, &dyn Engine) -> Result<(), String>) {
    let mut n_looked_at = 0;
    let mut faults = Vec::new();
    for cell in cells() {
        let Ok(engine) = &cell.loaded else { continue };
        if table::requests_refused(cell).is_some() {
            continue;
        }
        n_looked_at += 1;
        let outcome = catch_unwind(AssertUnwindSafe(|| look(cell.case, &**engine)));
        let outcome = outcome.unwrap_or_else(|payload| Err(panic_text(&*payload)));
        if let Err(fault) = outcome {
            faults.push(format!("{} on {}: {fault}", cell.case.name, cell.choice));
        }
    }
    assert!(n_looked_at > 0, "no engine runs any model");
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// What a panic says.
fn panic_text(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    format!("PANIC: {}", text.unwrap_or("a value that is no text"))
}

/// All outputs, in order.
fn all(engine: &dyn Engine) -> Vec<usize> {
    (0..engine.signature().outputs.len()).collect()
}

/// Runs a request that fits the signature.
fn run(engine: &dyn Engine, inputs: &[Tensor]) -> Result<Vec<Tensor>, Error> {
    engine.signature().check(inputs)?;
    let mut outputs = Vec::new();
    engine.run(inputs, &all(engine), &mut outputs, &Cancel::never())?;
    Ok(outputs)
}

/// Whether a request has this answer.
fn answers(
    engine: &dyn Engine,
    case: &Case,
    inputs: &[Tensor],
    expected: &[Tensor],
) -> Result<(), String> {
    let got = run(engine, inputs).map_err(|error| failure(&error))?;
    same(case, &got, expected)
}

/// Whether these are the expected outputs.
fn same(case: &Case, got: &[Tensor], expected: &[Tensor]) -> Result<(), String> {
    if got.len() != expected.len() {
        return Err(format!("expected {} outputs, got {}", expected.len(), got.len()));
    }
    let mut both = got.iter().zip(expected);
    both.try_for_each(|(got, expected)| tensors::same(got, expected, case.is_exact))
}

/// Whether the model's own request still has its answer.
fn is_well(engine: &dyn Engine, case: &Case) -> Result<(), String> {
    let set = &case.data[0];
    answers(engine, case, &set.inputs, &set.outputs).map_err(|what| format!("afterwards: {what}"))
}

/// An error with its kind and causes, on one line.
fn failure(error: &Error) -> String {
    let mut text = format!("{:?}: {error}", error.kind());
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
