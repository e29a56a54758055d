//! Batches of any number of rows.

use radiant_core::{Batching, Engine, Tensor};

use super::case::{Case, Rows};
use super::{answers, each_running, failure, run, tensors};

/// Around the sizes at which engines cut and pad, and far beyond.
const SIZES: [usize; 8] = [1, 2, 3, 7, 64, 65, 1000, 2050];

/// A request of these rows of the model's own, with its answer; `None` where the model takes no
/// other number of rows than its own.
pub(super) fn batch(
    case: &Case,
    engine: &dyn Engine,
    n_rows: usize,
    first: usize,
) -> Option<(Vec<Tensor>, Vec<Tensor>)> {
    if case.rows != Rows::Apart {
        return None;
    }
    let set = &case.data[0];
    let specs = &engine.signature().inputs;
    let is_batched = |at: usize| specs[at].dims.first() == Some(&None);
    let of = (0..specs.len()).find(|&at| is_batched(at))?;
    let n_own = set.inputs[of].shape.rows();
    let indices: Vec<usize> = (0..n_rows).map(|row| (first + row) % n_own).collect();
    let inputs = set.inputs.iter().enumerate().map(|(at, tensor)| {
        if is_batched(at) { tensors::rows(tensor, &indices) } else { tensor.clone() }
    });
    let outputs = set.outputs.iter().map(|tensor| tensors::rows(tensor, &indices));
    Some((inputs.collect(), outputs.collect()))
}

#[test]
fn a_row_has_the_same_answer_in_a_batch_of_any_size() {
    each_running(|case, engine| {
        for size in SIZES {
            let Some((inputs, expected)) = batch(case, engine, size, 1) else { return Ok(()) };
            let outcome = answers(engine, case, &inputs, &expected);
            outcome.map_err(|what| format!("{size} rows: {what}"))?;
        }
        Ok(())
    });
}

#[test]
fn who_promises_the_same_bits_in_any_company_keeps_it() {
    each_running(|case, engine| {
        let Batching::Rows { exact: true, .. } = engine.batching() else { return Ok(()) };
        let ask = |n_rows, first| {
            let (inputs, _) = batch(case, engine, n_rows, first).ok_or("its rows are not apart")?;
            run(engine, &inputs).map_err(|error| failure(&error))
        };
        for size in [2, 7, 65] {
            let together = ask(size, 0)?;
            for row in [0, 1, size - 1] {
                let alone = ask(1, row)?;
                for (all, alone) in together.iter().zip(&alone) {
                    let own = tensors::rows(all, &[row]);
                    tensors::same(&own, alone, true)
                        .map_err(|what| format!("row {row} of {size}: {what}"))?;
                }
            }
        }
        Ok(())
    });
}

#[test]
fn no_rows_have_no_answers() {
    each_running(|case, engine| {
        let Some((inputs, expected)) = batch(case, engine, 0, 0) else { return Ok(()) };
        let got = run(engine, &inputs).map_err(|error| failure(&error))?;
        let specs = &engine.signature().outputs;
        if got.len() != specs.len() {
            return Err(format!("expected {} outputs, got {}", specs.len(), got.len()));
        }
        let mut all = got.iter().zip(specs).zip(&expected);
        all.try_for_each(|((got, spec), expected)| {
            tensors::is_empty(got, spec, expected.shape.rank())
        })
    });
}

#[test]
fn no_entries_on_any_axis_are_answered_or_an_error() {
    each_running(|case, engine| {
        let signature = engine.signature();
        for (at, spec) in signature.inputs.iter().enumerate() {
            for axis in (0..spec.dims.len()).filter(|&axis| spec.dims[axis].is_none()) {
                let mut inputs = case.data[0].inputs.clone();
                let mut dims = inputs[at].shape.dims().to_vec();
                dims[axis] = 0;
                inputs[at] = Tensor::zeros(&spec.name, &dims, spec.dtype);
                if signature.check(&inputs).is_ok() {
                    // Both are fine: what counts is that it comes back, and that the next is right.
                    drop(run(engine, &inputs));
                }
            }
        }
        super::is_well(engine, case)
    });
}
