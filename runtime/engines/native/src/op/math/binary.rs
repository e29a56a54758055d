//! Functions of two elements, with broadcasting.

use std::marker::PhantomData;

use radiant_core::{DType, Element, Error};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::Inputs;

use crate::op::{Built, NodeContext, Op, Outputs, broadcast};

/// A function that is applied to pairs of elements.
struct Binary<A, B, T, F> {
    function: F,
    /// Refuses second operands.
    check: fn(&[B]) -> Result<(), Error>,
    elements: PhantomData<(A, B, T)>,
}

/// An operator that applies `function` to pairs of elements.
pub(super) fn boxed<A: Element, B: Element, T: Element>(
    function: impl Fn(A, B) -> T + Send + Sync + 'static,
) -> Box<dyn Op> {
    checked(function, |_| Ok(()))
}

/// As [`boxed`], once `check` has seen all second operands.
pub(super) fn checked<A: Element, B: Element, T: Element>(
    function: impl Fn(A, B) -> T + Send + Sync + 'static,
    check: fn(&[B]) -> Result<(), Error>,
) -> Box<dyn Op> {
    Box::new(Binary { function, check, elements: PhantomData })
}

impl<A: Element, B: Element, T: Element, F: Fn(A, B) -> T + Send + Sync> Op for Binary<A, B, T, F> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let (left, right) = (inputs.view(0)?.shape, inputs.view(1)?.shape);
        let (a, b) = (inputs.slice::<A>(0)?, inputs.slice::<B>(1)?);
        let shape = broadcast::shape(&[left, right])?;
        (self.check)(b)?;
        let out = outputs.first().reset::<T>(shape.dims())?;
        broadcast::zip(shape.dims(), (a, left), (b, right), out, &self.function);
        Ok(())
    }
}

/// The types of two operands, which are the same.
pub(super) fn same_dtype(context: &NodeContext<'_>) -> Result<DType, Unsupported> {
    let (left, right) = (context.fact(0)?.dtype, context.fact(1)?.dtype);
    if left == right {
        return Ok(left);
    }
    Err(context.refuse(format!("operands of types {left} and {right} are not supported")))
}

/// A step of two operands with elements of type `dtype`, or a refusal if there is no operator.
pub(super) fn built(
    context: &NodeContext<'_>,
    op: Option<Box<dyn Op>>,
    dtype: DType,
) -> Result<Built, Unsupported> {
    let (left, right) = (context.fact(0)?, context.fact(1)?);
    let op = op.ok_or_else(|| {
        let (left, right) = (left.dtype, right.dtype);
        context.refuse(format!("operands of types {left} and {right} are not supported"))
    })?;
    let fact = Fact::broadcast(dtype, &[left, right]);
    Ok(Built::Step { op, reads: vec![0, 1], facts: vec![fact] })
}

/// Refuses the one-directional broadcasting of operator sets before 7, and other attributes than
/// `known`.
pub(super) fn attributes(context: &NodeContext<'_>, known: &[&str]) -> Result<(), Unsupported> {
    if context.opset >= 7 {
        return context.attributes(known);
    }
    context.attributes(&[known, &["axis", "broadcast"]].concat())?;
    match context.node.int("broadcast", 0)? {
        0 => Ok(()),
        other => Err(context.refuse_value("broadcast", other)),
    }
}
