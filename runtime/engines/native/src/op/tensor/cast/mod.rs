//! Cast, CastLike and BitCast: between all element types, text included.
//!
//! Types that Radiant has no tensors of (floats of 8 bits and fewer, integers of 4 and 2) are
//! refused by name, and with them the attributes that only concern those.

mod number;
mod text;

use std::marker::PhantomData;

use radiant_core::{DType, Element, Error};
use radiant_onnx::{dtype_of, elem_type_name};

use crate::Unsupported;
use crate::registers::Inputs;

use crate::op::{Built, NodeContext, Op, Outputs};

pub(in crate::op) use number::to;

/// A function of each element.
struct Map<A, B, F> {
    function: F,
    elements: PhantomData<(A, B)>,
}

/// An operator that applies `function` to each element.
fn boxed<A: Element, B: Element>(function: impl Fn(A) -> B + Send + Sync + 'static) -> Box<dyn Op> {
    Box::new(Map { function, elements: PhantomData })
}

impl<A: Element, B: Element, F: Fn(A) -> B + Send + Sync> Op for Map<A, B, F> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let out = outputs.first().reset::<B>(inputs.view(0)?.shape.dims())?;
        out.extend(inputs.slice::<A>(0)?.iter().map(|&value| (self.function)(value)));
        Ok(())
    }
}

/// The type that attribute `to` names.
fn target(context: &NodeContext<'_>) -> Result<DType, Unsupported> {
    let elem_type = i32::try_from(context.node.int("to", 0)?).unwrap_or(0);
    dtype_of(elem_type).ok_or_else(|| {
        let (from, to) = (context.fact(0).map(|fact| fact.dtype), elem_type_name(elem_type));
        let from = from.map_or_else(|_missing| String::new(), |dtype| format!(" from {dtype}"));
        context.refuse(format!("a cast{from} to {to} is not supported"))
    })
}

/// Builds a Cast.
pub(super) fn cast(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    // How floats of 8 bits are rounded.
    context.attributes(&["to", "saturate", "round_mode"])?;
    let target = target(context)?;
    build(context, target)
}

/// Builds a CastLike: a Cast to the type of another value.
pub(super) fn cast_like(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["saturate", "round_mode"])?;
    let target = context.fact(1)?.dtype;
    build(context, target)
}

fn build(context: &NodeContext<'_>, target: DType) -> Result<Built, Unsupported> {
    let fact = context.fact(0)?;
    if target == fact.dtype {
        return Ok(Built::Alias(0));
    }
    let refused = || context.refuse(format!("a cast to {target} is not supported"));
    let op = to(fact.dtype, target).ok_or_else(refused)?;
    Ok(Built::Step { op, reads: vec![0], facts: vec![fact.with_dtype(target)] })
}

/// Builds a BitCast: the same bits as another type of the same width.
pub(super) fn bit_cast(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["to"])?;
    let target = target(context)?;
    let fact = context.fact(0)?;
    if target == fact.dtype {
        return Ok(Built::Alias(0));
    }
    let op = number::same_bits(fact.dtype, target).ok_or_else(|| {
        context.refuse(format!("the bits of {} as {target} are not supported", fact.dtype))
    })?;
    Ok(Built::Step { op, reads: vec![0], facts: vec![fact.with_dtype(target)] })
}
