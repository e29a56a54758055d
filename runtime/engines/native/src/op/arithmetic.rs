//! Add, Sub, Mul and Div with broadcasting.

use std::marker::PhantomData;

use radiant_core::{DType, Element, Error, Shape};

use crate::Unsupported;
use crate::plan::Fact;
use crate::registers::{Inputs, View};

use super::{Built, NodeContext, Op, Outputs};

struct Binary<T, F> {
    function: F,
    element: PhantomData<T>,
}

/// An operator that applies `function` to pairs of elements.
fn boxed<T: Element>(function: impl Fn(T, T) -> T + Send + Sync + 'static) -> Box<dyn Op> {
    Box::new(Binary { function, element: PhantomData })
}

impl<T: Element, F: Fn(T, T) -> T + Send + Sync> Op for Binary<T, F> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let (left, right) = (inputs.view(0)?, inputs.view(1)?);
        let (a, b) = (inputs.slice::<T>(0)?, inputs.slice::<T>(1)?);
        let buffer = outputs.first();
        broadcast(left.shape, right.shape, &mut buffer.shape)?;
        let out = buffer.data.reset::<T>();
        let n_last = buffer.shape.dims().last().copied().unwrap_or(1);
        match (a, b) {
            _ if left.shape == right.shape => {
                out.extend(a.iter().zip(b).map(|(&a, &b)| (self.function)(a, b)));
            }
            (_, [b]) if left.shape == &buffer.shape => {
                out.extend(a.iter().map(|&a| (self.function)(a, *b)));
            }
            _ if left.shape == &buffer.shape && n_last > 0 && is_row(right, n_last) => {
                for row in a.chunks_exact(n_last) {
                    out.extend(row.iter().zip(b).map(|(&a, &b)| (self.function)(a, b)));
                }
            }
            _ => {
                let dims = buffer.shape.dims();
                let operand = |shape, at| position(shape, dims, at);
                out.extend((0..dims.iter().product()).filter_map(|at| {
                    let (a_at, b_at) = (operand(left.shape, at), operand(right.shape, at));
                    Some((self.function)(*a.get(a_at)?, *b.get(b_at)?))
                }));
            }
        }
        Ok(())
    }
}

/// Whether all axes but the last are 1, and the last is `n_last`.
fn is_row(view: View<'_>, n_last: usize) -> bool {
    let mut dims = view.shape.dims().iter().rev();
    dims.next() == Some(&n_last) && dims.all(|&dim| dim == 1)
}

/// The shape that two broadcast to.
fn broadcast(left: &Shape, right: &Shape, out: &mut Shape) -> Result<(), Error> {
    let rank = left.rank().max(right.rank());
    out.set(&[]);
    for axis in 0..rank {
        let dim = match (extent(left, axis, rank), extent(right, axis, rank)) {
            (a, b) if a == b => a,
            (1, dim) | (dim, 1) => dim,
            _ => {
                let message = format!("shapes {left} and {right} do not broadcast");
                return Err(Error::model_failed(message));
            }
        };
        out.push(dim);
    }
    let n_elements = out.n_elements();
    n_elements.map(drop).map_err(|_overflow| Error::model_failed("the result is too large"))
}

/// The extent of an axis of a shape that is brought to `rank` by axes of 1 in front.
fn extent(shape: &Shape, axis: usize, rank: usize) -> usize {
    let missing = rank - shape.rank();
    axis.checked_sub(missing).and_then(|axis| shape.dims().get(axis)).copied().unwrap_or(1)
}

/// The position in an operand of the element `at` of a result with the extents `dims`.
fn position(operand: &Shape, dims: &[usize], mut at: usize) -> usize {
    let (mut position, mut stride) = (0, 1);
    for (axis, dim) in dims.iter().enumerate().rev() {
        let extent = extent(operand, axis, dims.len());
        position += at % dim % extent * stride;
        stride *= extent;
        at /= dim;
    }
    position
}

/// Builds Add, Sub, Mul or Div of two values of one type.
pub(super) fn binary(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&[])?;
    let (left, right) = (context.fact(0)?.clone(), context.fact(1)?.clone());
    if left.dtype != right.dtype {
        let what =
            format!("operands of types {} and {} are not supported", left.dtype, right.dtype);
        return Err(context.refuse(what));
    }
    let op_type = context.node.op_type.as_str();
    let op: Box<dyn Op> = match (left.dtype, op_type) {
        (DType::F32, "Add") => boxed::<f32>(|a, b| a + b),
        (DType::F32, "Sub") => boxed::<f32>(|a, b| a - b),
        (DType::F32, "Mul") => boxed::<f32>(|a, b| a * b),
        (DType::F32, "Div") => boxed::<f32>(|a, b| a / b),
        (DType::F64, "Add") => boxed::<f64>(|a, b| a + b),
        (DType::F64, "Sub") => boxed::<f64>(|a, b| a - b),
        (DType::F64, "Mul") => boxed::<f64>(|a, b| a * b),
        (DType::F64, "Div") => boxed::<f64>(|a, b| a / b),
        (DType::I64, "Add") => boxed::<i64>(i64::wrapping_add),
        (DType::I64, "Sub") => boxed::<i64>(i64::wrapping_sub),
        (DType::I64, "Mul") => boxed::<i64>(i64::wrapping_mul),
        (dtype, _) => {
            return Err(context.refuse(format!("operands of type {dtype} are not supported")));
        }
    };
    let rank = left.rank().max(right.rank());
    let dims = (0..rank).map(|axis| {
        let extent = |fact: &Fact| {
            let axis = (axis + fact.rank()).checked_sub(rank);
            axis.map_or(Some(1), |axis| fact.dims.get(axis).copied().flatten())
        };
        match (extent(&left), extent(&right)) {
            (Some(1), dim) | (dim, Some(1)) => dim,
            (Some(dim), _) | (_, Some(dim)) => Some(dim),
            (None, None) => None,
        }
    });
    let fact = Fact { dtype: left.dtype, dims: dims.collect() };
    Ok(Built::Step { op, reads: vec![0, 1], facts: vec![fact] })
}
