//! Softmax, LogSoftmax, Hardmax and LpNormalization.
//!
//! Each works on vectors along an axis, which are gathered where they are not contiguous.

use radiant_core::{DType, Error};
use radiant_kernels::Isa;
use radiant_kernels::functions::SoftmaxRows;

use crate::Unsupported;
use crate::registers::Inputs;

use super::number::Real;
use crate::op::{Built, NodeContext, Op, Outputs, axes};

/// A function of a vector, in place.
struct Along<T> {
    axis: i64,
    /// Whether all axes from `axis` on are one vector.
    is_flat: bool,
    /// Does its work on each vector of so many elements.
    function: Vectors<T>,
}

impl<T: Real> Op for Along<T> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let shape = inputs.view(0)?.shape;
        let axis = self.find(shape.rank())?;
        let (_, extent, inner) = axes::around(shape, axis);
        let (extent, inner) = if self.is_flat { (extent * inner, 1) } else { (extent, inner) };
        let out = outputs.first().reset::<T>(shape.dims())?;
        out.extend_from_slice(inputs.slice(0)?);
        if out.is_empty() {
            return Ok(());
        }
        if inner == 1 {
            (self.function)(out, extent);
            return Ok(());
        }
        let mut vector = vec![T::default(); extent];
        for block in out.chunks_exact_mut(extent * inner) {
            for column in 0..inner {
                let elements = block[column..].iter_mut().step_by(inner);
                vector.iter_mut().zip(elements).for_each(|(to, from)| *to = *from);
                (self.function)(&mut vector, extent);
                let elements = block[column..].iter_mut().step_by(inner);
                vector.iter().zip(elements).for_each(|(from, to)| *to = *from);
            }
        }
        Ok(())
    }
}

impl<T> Along<T> {
    /// The axis of a value of this rank; a scalar is a vector of one, and where several axes are
    /// one, there may be none of them.
    fn find(&self, rank: usize) -> Result<usize, Error> {
        if self.is_flat && i64::try_from(rank).is_ok_and(|rank| rank == self.axis) {
            return Ok(rank);
        }
        match rank {
            0 if matches!(self.axis, 0 | -1) => Ok(0),
            _ => axes::axis(self.axis, rank),
        }
    }
}

/// Builds a step of [`Along`].
fn along(
    context: &NodeContext<'_>,
    is_flat: bool,
    axis: i64,
    function: Functions,
) -> Result<Built, Unsupported> {
    let fact = context.fact(0)?.clone();
    let op: Box<dyn Op> = match fact.dtype {
        DType::F32 => Box::new(checked(context, Along { axis, is_flat, function: function.0 })?),
        DType::F64 => Box::new(checked(context, Along { axis, is_flat, function: function.1 })?),
        dtype => return Err(context.refuse(format!("an operand of type {dtype} is not supported"))),
    };
    Ok(Built::Step { op, reads: vec![0], facts: vec![fact] })
}

/// A function of vectors of so many elements, in place.
type Vectors<T> = Box<dyn Fn(&mut [T], usize) + Send + Sync>;

/// One for each type.
type Functions = (Vectors<f32>, Vectors<f64>);

/// A function of one vector after the other.
fn each<T: 'static>(function: fn(&mut [T])) -> Vectors<T> {
    Box::new(move |vectors, n| vectors.chunks_exact_mut(n).for_each(function))
}

/// A softmax, or its logarithm, by a kernel.
fn softmax_rows(is_logarithm: bool) -> Vectors<f32> {
    let isa = Isa::detect();
    Box::new(move |values, n_columns| isa.run(SoftmaxRows { values, n_columns, is_logarithm }))
}

/// Refuses an axis that a value of a known rank does not have.
fn checked<T>(context: &NodeContext<'_>, along: Along<T>) -> Result<Along<T>, Unsupported> {
    if let Some(rank) = context.fact(0)?.rank() {
        along.find(rank).map_err(|error| context.refuse(error.to_string()))?;
    }
    Ok(along)
}

/// Builds a Softmax, LogSoftmax or Hardmax: of one axis, or before operator set 13 of all from one
/// on.
pub(super) fn softmax(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["axis"])?;
    let is_flat = context.opset < 13;
    let axis = context.node.int("axis", if is_flat { 1 } else { -1 })?;
    let functions: Functions = match context.node.op_type.as_str() {
        "Softmax" => (softmax_rows(false), each(soften)),
        "LogSoftmax" => (softmax_rows(true), each(log_soften)),
        _ => (each(harden), each(harden)),
    };
    along(context, is_flat, axis, functions)
}

/// Builds a LpNormalization; a vector of norm zero stays.
pub(super) fn lp_normalization(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["axis", "p"])?;
    let axis = context.node.int("axis", -1)?;
    let functions: Functions = match context.node.int("p", 2)? {
        1 => (each(normalize_l1), each(normalize_l1)),
        2 => (each(normalize_l2), each(normalize_l2)),
        other => return Err(context.refuse_value("p", other)),
    };
    along(context, false, axis, functions)
}

fn sum<T: Real>(values: impl Iterator<Item = T>) -> T {
    values.fold(T::default(), T::plus)
}

fn normalize_l1<T: Real>(vector: &mut [T]) {
    let norm = sum(vector.iter().map(|x| x.abs()));
    divide(vector, norm);
}

fn normalize_l2<T: Real>(vector: &mut [T]) {
    let norm = sum(vector.iter().map(|&x| x * x)).sqrt();
    divide(vector, norm);
}

fn divide<T: Real>(vector: &mut [T], norm: T) {
    if norm != T::default() {
        for x in vector.iter_mut() {
            *x = *x / norm;
        }
    }
}

fn greatest<T: Real>(vector: &[T]) -> T {
    vector.iter().copied().fold(T::LOWEST, super::variadic::greatest)
}

fn soften<T: Real>(vector: &mut [T]) {
    let max = greatest(vector);
    for x in vector.iter_mut() {
        *x = (*x - max).exp();
    }
    let sum = sum(vector.iter().copied());
    for x in vector.iter_mut() {
        *x = *x / sum;
    }
}

fn log_soften<T: Real>(vector: &mut [T]) {
    let max = greatest(vector);
    let log = sum(vector.iter().map(|&x| (x - max).exp())).ln();
    for x in vector.iter_mut() {
        *x = *x - max - log;
    }
}

/// One at the first of the greatest, and zero elsewhere.
fn harden<T: Real>(vector: &mut [T]) {
    let max = greatest(vector);
    let at = vector.iter().position(|&x| x == max || x.is_none());
    vector.fill(T::default());
    if let Some(hard) = at.and_then(|at| vector.get_mut(at)) {
        *hard = T::ONE;
    }
}
