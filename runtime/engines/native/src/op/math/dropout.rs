//! Dropout, as it is when nothing is trained: what goes in comes out.

use radiant_core::{DType, Error};

use crate::Unsupported;
use crate::registers::Inputs;

use crate::op::{Built, NodeContext, Op, Outputs};

/// A copy of the input, and a mask that is true everywhere.
struct Keep;

impl Op for Keep {
    fn run(&self, inputs: Inputs<'_>, outputs: Outputs<'_>) -> Result<(), Error> {
        let view = inputs.view(0)?;
        let [out, mask, ..] = outputs.buffers else {
            return Err(Error::internal("expected two outputs"));
        };
        out.copy(view, view.shape.dims())?;
        mask.reset::<bool>(view.shape.dims())?.resize(view.data.len(), true);
        Ok(())
    }
}

/// Builds a Dropout.
pub(super) fn dropout(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    let node = context.node;
    let opset = context.opset;
    context.attributes(match opset {
        ..7 => &["is_test", "ratio"],
        7..12 => &["ratio"],
        12.. => &["seed"],
    })?;
    if opset < 7 && node.int("is_test", 0)? == 0 {
        return Err(context.refuse_value("is_test", 0));
    }
    if context.optional(2).is_some() {
        let is_training = context.constant(2).and_then(|tensor| tensor.as_slice::<bool>());
        if is_training != Some(&[false]) {
            return Err(context.refuse("an input `training_mode` is not supported"));
        }
    }
    if node.output.get(1).is_none_or(String::is_empty) {
        return Ok(Built::Alias(0));
    }
    if opset < 10 {
        return Err(context.refuse("an output `mask` is not supported"));
    }
    let fact = context.fact(0)?.clone();
    let mask = fact.with_dtype(DType::Bool);
    Ok(Built::Step { op: Box::new(Keep), reads: vec![0], facts: vec![fact, mask] })
}
