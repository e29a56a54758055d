//! ReverseSequence: the first elements of each sequence of a batch, turned around.

use radiant_core::{DType, Error};

use crate::Unsupported;
use crate::registers::Inputs;

use crate::op::axes::product;
use crate::op::{Built, NodeContext, Outputs};

use super::column::{Column, Move, Moving, elements};
use super::ints::Ints;

/// Sequences along one of the first two axes, a batch of them along the other.
struct ReverseSequence {
    time_is_first: bool,
}

impl Move for ReverseSequence {
    fn run<C: Column>(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let shape = inputs.view(0)?.shape;
        let [first, second, ref inner @ ..] = *shape.dims() else {
            return Err(Error::model_failed(format!("expected at least two axes, got {shape}")));
        };
        let lengths = Ints::read(inputs, 1)?;
        let (n_times, n_batches) =
            if self.time_is_first { (first, second) } else { (second, first) };
        let fits = |length| (0..=i64::try_from(n_times).unwrap_or(i64::MAX)).contains(&length);
        if lengths.len() != n_batches || !lengths.iter().all(fits) {
            let what = format!("expected {n_batches} lengths of at most {n_times} each");
            return Err(Error::model_failed(what));
        }
        let from = elements::<C>(inputs, 0)?;
        let out = C::reset(outputs.first(), shape.dims())?;
        if shape.dims().contains(&0) {
            return Ok(());
        }
        let n = product(inner);
        let turned = |batch: usize, time: usize| {
            let length = usize::try_from(lengths.at(batch)).unwrap_or(0);
            if time < length { length - 1 - time } else { time }
        };
        for i in 0..first {
            for j in 0..second {
                let at = if self.time_is_first {
                    turned(j, i) * second + j
                } else {
                    i * second + turned(i, j)
                };
                out.append(from, at * n..(at + 1) * n);
            }
        }
        Ok(())
    }
}

/// Builds a ReverseSequence.
pub(super) fn reverse_sequence(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["batch_axis", "time_axis"])?;
    context.expect_dtypes(1, &[DType::I64])?;
    let time_axis = context.node.int("time_axis", 0)?;
    let time_is_first = match (time_axis, context.node.int("batch_axis", 1)?) {
        (0, 1) => true,
        (1, 0) => false,
        (_, batch_axis) => return Err(context.refuse_value("batch_axis", batch_axis)),
    };
    let fact = context.fact(0)?.clone();
    Ok(Built::step(context, Moving(ReverseSequence { time_is_first }), fact))
}
