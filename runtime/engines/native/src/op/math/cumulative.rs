//! CumSum and CumProd.

use radiant_core::{DType, Error};

use crate::Unsupported;
use crate::registers::Inputs;

use super::integer;
use super::number::{Number, numbers};
use crate::op::{Built, NodeContext, Op, Outputs, axes};

/// Sums or products of all elements up to each, along an axis.
struct Cumulative<T> {
    function: fn(T, T) -> T,
    /// What no elements give.
    init: T,
    /// Whether an element is left out of its own result.
    is_exclusive: bool,
    is_reverse: bool,
}

impl<T: Number> Op for Cumulative<T> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let shape = inputs.view(0)?.shape;
        let axis = integer(inputs, 1)?;
        let (_, extent, inner) = axes::around(shape, axes::axis(axis, shape.rank())?);
        let x = inputs.slice::<T>(0)?;
        let out = outputs.first().reset::<T>(shape.dims())?;
        out.resize(x.len(), self.init);
        if !x.is_empty() {
            let size = extent * inner;
            for (x, out) in x.chunks_exact(size).zip(out.chunks_exact_mut(size)) {
                self.along(x, out, (extent, inner));
            }
        }
        Ok(())
    }
}

impl<T: Number> Cumulative<T> {
    fn along(&self, x: &[T], out: &mut [T], (extent, inner): (usize, usize)) {
        let at = |step: usize| if self.is_reverse { extent - 1 - step } else { step };
        for column in 0..inner {
            let mut sum = self.init;
            for step in 0..extent {
                let at = at(step) * inner + column;
                let before = sum;
                sum = (self.function)(sum, x[at]);
                out[at] = if self.is_exclusive { before } else { sum };
            }
        }
    }
}

/// Builds a CumSum or CumProd.
pub(super) fn cumulative(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["exclusive", "reverse"])?;
    context.expect_dtypes(1, &[DType::I32, DType::I64])?;
    let is_exclusive = context.node.int("exclusive", 0)? != 0;
    let is_reverse = context.node.int("reverse", 0)? != 0;
    let fact = context.fact(0)?.clone();
    let is_sum = context.node.op_type == "CumSum";
    let op = numbers!(fact.dtype, T => {
        let (function, init): (fn(T, T) -> T, T) =
            if is_sum { (T::plus, T::default()) } else { (T::times, <T as Number>::ONE) };
        Box::new(Cumulative { function, init, is_exclusive, is_reverse }) as Box<dyn Op>
    });
    let op = op.ok_or_else(|| {
        context.refuse(format!("an operand of type {} is not supported", fact.dtype))
    })?;
    Ok(Built::Step { op, reads: vec![0, 1], facts: vec![fact] })
}
