//! Clip: numbers brought between two bounds.

use std::marker::PhantomData;

use radiant_core::Error;

use crate::Unsupported;
use crate::registers::Inputs;

use super::number::{Number, numbers};
use super::unary::between;
use crate::op::{Built, NodeContext, Op, Outputs};

/// Brings elements between bounds: those of the attributes, unless inputs say otherwise.
struct Clip<T> {
    low: Option<f64>,
    high: Option<f64>,
    element: PhantomData<T>,
}

impl<T: Number> Op for Clip<T> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let low = bound::<T>(inputs, 1)?.or(self.low.map(T::from_f64)).unwrap_or(T::LOWEST);
        let high = bound::<T>(inputs, 2)?.or(self.high.map(T::from_f64)).unwrap_or(T::HIGHEST);
        let out = outputs.first().reset::<T>(inputs.view(0)?.shape.dims())?;
        out.extend(inputs.slice::<T>(0)?.iter().map(|&x| between(x, (low, high))));
        Ok(())
    }
}

/// The one element of an input, unless it is left out.
fn bound<T: Number>(inputs: Inputs<'_>, index: usize) -> Result<Option<T>, Error> {
    if inputs.optional(index).is_none() {
        return Ok(None);
    }
    match inputs.slice::<T>(index)? {
        [value] => Ok(Some(*value)),
        values => {
            let got = values.len();
            Err(Error::model_failed(format!("input {index}: expected one bound, got {got}")))
        }
    }
}

/// Builds a Clip; what is no number stays, and `max` wins where it is below `min`.
pub(super) fn clip(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    let fact = context.fact(0)?.clone();
    let (mut low, mut high) = (None, None);
    if context.opset < 11 {
        context.attributes(&["max", "min"])?;
        low = Some(f64::from(context.node.float("min", f32::MIN)?));
        high = Some(f64::from(context.node.float("max", f32::MAX)?));
    } else {
        context.attributes(&[])?;
    }
    for index in 1..context.inputs.len().min(3) {
        if context.optional(index).is_some() {
            context.expect_dtype(index, fact.dtype)?;
        }
    }
    let op = numbers!(fact.dtype, T => Box::new(Clip::<T> { low, high, element: PhantomData }) as Box<dyn Op>);
    let refused = || context.refuse(format!("an operand of type {} is not supported", fact.dtype));
    let op = op.ok_or_else(refused)?;
    Ok(Built::Step { op, reads: (0..context.inputs.len()).collect(), facts: vec![fact] })
}
