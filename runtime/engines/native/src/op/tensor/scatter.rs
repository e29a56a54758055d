//! ScatterElements, ScatterND and TensorScatter: a copy with some elements replaced or combined
//! with updates.

use std::marker::PhantomData;

use radiant_core::{DType, Error, Shape};

use crate::Unsupported;
use crate::registers::Inputs;

use crate::op::axes::{around, axis};
use crate::op::{Built, NodeContext, Op, Outputs};

use super::column::{Column, Move, Moving, Put, elements};
use super::gather::{Tuples, each_place};
use super::ints::{Ints, known};
use super::number::{Number, numbers};

/// Where updates go.
#[derive(Debug, Clone, Copy)]
enum Scatter {
    /// Each to its own place but along an axis, where it is the index.
    Elements(i64),
    /// Each slice to where a tuple of indices says.
    Slices,
}

impl Scatter {
    /// Tells for each run of updates where it goes.
    fn each(self, inputs: Inputs<'_>, visit: &mut dyn FnMut(Put)) -> Result<(), Error> {
        let [shape, indices_shape, updates] =
            [inputs.view(0)?.shape, inputs.view(1)?.shape, inputs.view(2)?.shape];
        let indices = Ints::read(inputs, 1)?;
        match self {
            Self::Elements(axis) => {
                if updates != indices_shape {
                    return Err(wrong_updates(indices_shape, updates));
                }
                each_place(shape, indices_shape, axis, indices, |from, to| {
                    visit(Put { from, to, n: 1 });
                })
            }
            Self::Slices => {
                let slices = Tuples::new(shape, indices_shape, 0)?;
                let places = &indices_shape.dims()[..indices_shape.rank() - 1];
                let mut expected = Shape::new(places);
                for &dim in &shape.dims()[slices.length..] {
                    expected.push(dim);
                }
                if *updates != expected {
                    return Err(wrong_updates(&expected, updates));
                }
                if updates.dims().contains(&0) {
                    return Ok(());
                }
                let n = slices.n_elements;
                slices.each(indices, |slice, to| visit(Put { from: slice * n, to, n }))
            }
        }
    }
}

#[cold]
fn wrong_updates(expected: &Shape, got: &Shape) -> Error {
    Error::model_failed(format!("expected updates of {expected}, got {got}"))
}

impl Move for Scatter {
    fn run<C: Column>(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let view = inputs.view(0)?;
        let (from, updates) = (elements::<C>(inputs, 0)?, elements::<C>(inputs, 2)?);
        let out = C::reset(outputs.first(), view.shape.dims())?;
        out.overlay(from, updates, view.data.len(), |put| self.each(inputs, put))
    }
}

/// Updates are combined with what is there.
struct Combine<T> {
    scatter: Scatter,
    function: fn(T, T) -> T,
    elements: PhantomData<T>,
}

impl<T: Number> Op for Combine<T> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let updates = inputs.slice::<T>(2)?;
        let out = outputs.first().reset::<T>(inputs.view(0)?.shape.dims())?;
        out.extend_from_slice(inputs.slice(0)?);
        self.scatter.each(inputs, &mut |Put { from, to, n }| {
            for (out, &update) in out[to..to + n].iter_mut().zip(&updates[from..from + n]) {
                *out = (self.function)(*out, update);
            }
        })
    }
}

/// The function that an attribute `reduction` other than `none` names.
fn reduction<T: Number>(name: &str) -> Option<fn(T, T) -> T> {
    Some(match name {
        "add" => T::plus,
        "mul" => T::times,
        "min" => |a, b| if b < a || b.is_nan() { b } else { a },
        "max" => |a, b| if b > a || b.is_nan() { b } else { a },
        _ => return None,
    })
}

fn build(context: &NodeContext<'_>, scatter: Scatter) -> Result<Built, Unsupported> {
    context.expect_dtypes(1, &[DType::I64, DType::I32])?;
    let fact = context.fact(0)?.clone();
    context.expect_dtype(2, fact.dtype)?;
    let name = context.node.string("reduction")?.unwrap_or("none");
    if name == "none" {
        return Ok(Built::step(context, Moving(scatter), fact));
    }
    let op: Option<Option<Box<dyn Op>>> = numbers!(fact.dtype, T => {
        let combine = |function| Combine::<T> { scatter, function, elements: PhantomData };
        reduction::<T>(name).map(|function| Box::new(combine(function)) as Box<dyn Op>)
    });
    let op = op.flatten().ok_or_else(|| context.refuse_value("reduction", name))?;
    Ok(Built::Step { op, reads: vec![0, 1, 2], facts: vec![fact] })
}

/// Builds a ScatterElements, which was Scatter before.
pub(super) fn scatter_elements(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(if context.opset < 16 { &["axis"] } else { &["axis", "reduction"] })?;
    let at = context.node.int("axis", 0)?;
    if let Some(rank) = context.fact(0)?.rank() {
        known(context, axis(at, rank))?;
    }
    build(context, Scatter::Elements(at))
}

/// Builds a ScatterND.
pub(super) fn scatter_nd(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(if context.opset < 16 { &[] } else { &["reduction"] })?;
    build(context, Scatter::Slices)
}

/// Writes an update into a cache along an axis, each batch from its own index on.
struct TensorScatter {
    axis: i64,
    is_circular: bool,
}

impl Move for TensorScatter {
    fn run<C: Column>(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let (view, update) = (inputs.view(0)?, inputs.view(1)?.shape);
        let shape = view.shape;
        let axis = axis(self.axis, shape.rank())?;
        let agrees =
            |(i, (a, b)): (usize, (&usize, &usize))| if i == axis { b <= a } else { a == b };
        let mut axes = shape.dims().iter().zip(update.dims()).enumerate();
        if update.rank() != shape.rank() || axis == 0 || !axes.all(agrees) {
            return Err(wrong_updates(shape, update));
        }
        let starts = inputs.optional(2).map(|_| Ints::read(inputs, 2)).transpose()?;
        let n_batches = shape.dims()[0];
        if starts.is_some_and(|starts| starts.len() != n_batches) {
            return Err(Error::model_failed(format!("expected {n_batches} write indices")));
        }
        let (n_outer, length, inner) = around(shape, axis);
        let n_written = update.dims()[axis];
        let (from, updates) = (elements::<C>(inputs, 0)?, elements::<C>(inputs, 1)?);
        let out = C::reset(outputs.first(), shape.dims())?;
        out.overlay(from, updates, view.data.len(), |put| {
            if update.dims().contains(&0) {
                return Ok(());
            }
            let per_batch = n_outer / n_batches;
            for outer in 0..n_outer {
                let start = starts.map_or(0, |starts| starts.at(outer / per_batch));
                for i in 0..n_written {
                    let to = outer * length + self.place(start, i, length)?;
                    put(Put { from: (outer * n_written + i) * inner, to: to * inner, n: inner });
                }
            }
            Ok(())
        })
    }
}

impl TensorScatter {
    fn place(&self, start: i64, i: usize, length: usize) -> Result<usize, Error> {
        let at = usize::try_from(start).ok().and_then(|start| start.checked_add(i));
        let at = at.map(|at| if self.is_circular { at % length } else { at });
        at.filter(|&at| at < length).ok_or_else(|| {
            let what = format!("expected writes within {length} places, got one at {start} + {i}");
            Error::model_failed(what)
        })
    }
}

/// Builds a TensorScatter.
pub(super) fn tensor_scatter(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["axis", "mode"])?;
    let is_circular = match context.node.string("mode")?.unwrap_or("linear") {
        "linear" => false,
        "circular" => true,
        mode => return Err(context.refuse_value("mode", mode)),
    };
    let fact = context.fact(0)?.clone();
    context.expect_dtype(1, fact.dtype)?;
    if context.optional(2).is_some() {
        context.expect_dtypes(2, &[DType::I64, DType::I32])?;
    }
    let axis = context.node.int("axis", -2)?;
    Ok(Built::step(context, Moving(TensorScatter { axis, is_circular }), fact))
}
