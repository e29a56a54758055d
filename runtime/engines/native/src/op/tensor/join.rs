//! Concat and Split: values put together along an axis, and taken apart.

use radiant_core::{Error, Shape};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::{Inputs, RANK_MAX};

use crate::op::axes::{around, axis};
use crate::op::{Built, NodeContext, Outputs};

use super::column::{Column, Move, Moving, elements};
use super::ints::{Source, extent, known};

/// Values one after the other along an axis.
struct Concat(i64);

impl Move for Concat {
    fn run<C: Column>(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let first = inputs.view(0)?.shape;
        let axis = axis(self.0, first.rank())?;
        let mut dims = [0; RANK_MAX];
        let dims = dims.get_mut(..first.rank()).ok_or_else(|| disagree(first, first))?;
        dims.copy_from_slice(first.dims());
        for at in 1..inputs.len() {
            let shape = inputs.view(at)?.shape;
            let agrees = |(i, dim): (usize, &usize)| i == axis || *dim == first.dims()[i];
            if shape.rank() != first.rank() || !shape.dims().iter().enumerate().all(agrees) {
                return Err(disagree(first, shape));
            }
            dims[axis] = dims[axis].saturating_add(shape.dims()[axis]);
        }
        let out = C::reset(outputs.first(), dims)?;
        if dims.contains(&0) {
            return Ok(());
        }
        let (n_outer, _, inner) = around(first, axis);
        for outer in 0..n_outer {
            for at in 0..inputs.len() {
                let n = inputs.view(at)?.shape.dims()[axis] * inner;
                out.append(elements::<C>(inputs, at)?, outer * n..(outer + 1) * n);
            }
        }
        Ok(())
    }
}

#[cold]
fn disagree(first: &Shape, other: &Shape) -> Error {
    Error::model_failed(format!(
        "expected values of one shape but for an axis, got {first} and {other}"
    ))
}

/// Builds a Concat.
pub(super) fn concat(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["axis"])?;
    if context.opset >= 4 && context.node.attribute("axis").is_none() {
        return Err(context.refuse("there is no attribute `axis`"));
    }
    let at = context.node.int("axis", 1)?;
    let facts: Vec<&Fact> =
        (0..context.inputs.len()).map(|index| context.fact(index)).collect::<Result<_, _>>()?;
    let first = context.fact(0)?;
    if let Some(other) = facts.iter().find(|fact| fact.dtype != first.dtype) {
        return Err(context.refuse(format!("expected inputs of one type, got {first} and {other}")));
    }
    let fact = match facts.iter().find_map(|fact| fact.rank()) {
        None => Fact::of(first.dtype),
        Some(rank) => {
            if let Some(other) = facts.iter().find(|fact| fact.rank().is_some_and(|r| r != rank)) {
                return Err(context.refuse(format!("expected inputs of rank {rank}, got {other}")));
            }
            let at = known(context, axis(at, rank))?;
            let dim = |i: usize| {
                if i != at {
                    return facts.iter().find_map(|fact| fact.dim(i));
                }
                facts.iter().try_fold(0_usize, |sum, fact| sum.checked_add(fact.dim(i)?))
            };
            Fact { dtype: first.dtype, dims: Some((0..rank).map(dim).collect()) }
        }
    };
    Ok(Built::step(context, Moving(Concat(at)), fact))
}

/// Parts of a value along an axis.
struct Split {
    axis: i64,
    n_outputs: usize,
    how: Parts,
}

enum Parts {
    /// These extents.
    Given(Source),
    /// As many of one extent.
    Even,
    /// As many of one extent, and the last with what is left.
    SmallerLast,
}

impl Split {
    /// The extents of the parts, one after the other.
    fn each(
        &self,
        inputs: Inputs<'_>,
        extent_of_axis: usize,
        mut part: impl FnMut(usize, usize) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let n = self.n_outputs;
        let failed = || {
            let what = format!("an axis of {extent_of_axis} does not split into {n} such parts");
            Error::model_failed(what)
        };
        let mut left = extent_of_axis;
        let whole = match &self.how {
            Parts::Given(source) => {
                let given = source.read(inputs)?;
                if given.len() != n {
                    return Err(failed());
                }
                for (at, size) in given.iter().enumerate() {
                    let size = extent(size)?;
                    left = left.checked_sub(size).ok_or_else(failed)?;
                    part(at, size)?;
                }
                return if left == 0 { Ok(()) } else { Err(failed()) };
            }
            Parts::Even if extent_of_axis.is_multiple_of(n) => extent_of_axis / n,
            Parts::Even => return Err(failed()),
            Parts::SmallerLast => extent_of_axis.div_ceil(n),
        };
        // Where the last parts would be empty, onnxruntime refuses and the reference does not.
        if whole.checked_mul(n - 1).is_none_or(|before| before > extent_of_axis) {
            return Err(failed());
        }
        for at in 0..n {
            let size = whole.min(left);
            left -= size;
            part(at, size)?;
        }
        Ok(())
    }
}

impl Move for Split {
    fn run<C: Column>(&self, inputs: Inputs<'_>, outputs: Outputs<'_>) -> Result<(), Error> {
        let shape = inputs.view(0)?.shape;
        let axis = axis(self.axis, shape.rank())?;
        let from = elements::<C>(inputs, 0)?;
        let (n_outer, along, inner) = around(shape, axis);
        let mut dims = shape.clone();
        let mut start = 0;
        let Outputs { buffers, needed_for, wanted } = outputs;
        self.each(inputs, along, |at, size| {
            let is_wanted = needed_for.get(at).is_some_and(|outputs| outputs & wanted != 0);
            if let Some(buffer) = buffers.get_mut(at).filter(|_| is_wanted) {
                set_dim(&mut dims, axis, size);
                let out = C::reset(buffer, dims.dims())?;
                let is_empty = dims.dims().contains(&0);
                for outer in 0..if is_empty { 0 } else { n_outer } {
                    let from_start = (outer * along + start) * inner;
                    out.append(from, from_start..from_start + size * inner);
                }
            }
            start += size;
            Ok(())
        })
    }
}

/// Changes one extent of a shape.
fn set_dim(shape: &mut Shape, axis: usize, extent: usize) {
    let mut dims = [0; RANK_MAX];
    let rank = shape.rank();
    if let Some(dims) = dims.get_mut(..rank) {
        dims.copy_from_slice(shape.dims());
        dims[axis] = extent;
        shape.set(dims);
    }
}

/// Builds a Split.
pub(super) fn split(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(match context.opset {
        ..13 => &["axis", "split"],
        13..18 => &["axis"],
        _ => &["axis", "num_outputs"],
    })?;
    let n_outputs = context.node.output.len();
    if n_outputs == 0 {
        return Err(context.refuse("there is no output"));
    }
    let at = context.node.int("axis", 0)?;
    // Operator set 1 had the extents as an optional input too.
    let mut given = Source::attribute_until(context, 13, "split", 1)?;
    if given.is_none() {
        given = Source::input(context, 1)?;
    }
    let num_outputs = context.node.int("num_outputs", i64::try_from(n_outputs).unwrap_or(0))?;
    if usize::try_from(num_outputs) != Ok(n_outputs) {
        return Err(context.refuse_value("num_outputs", num_outputs));
    }
    let sizes = given.as_ref().map(|given| given.known(context));
    let how = match given {
        Some(given) => Parts::Given(given),
        None if context.opset >= 18 => Parts::SmallerLast,
        None => Parts::Even,
    };
    let fact = context.fact(0)?;
    let at_known = fact.rank().map(|rank| known(context, axis(at, rank))).transpose()?;
    let part = |index: usize| {
        let (Some(at), Some(dims)) = (at_known, &fact.dims) else { return Fact::of(fact.dtype) };
        let mut dims = dims.clone();
        dims[at] = match &sizes {
            Some(sizes) => {
                sizes.as_ref().and_then(|sizes| usize::try_from(*sizes.get(index)?).ok())
            }
            None => dims[at].filter(|dim| dim.is_multiple_of(n_outputs)).map(|dim| dim / n_outputs),
        };
        Fact { dtype: fact.dtype, dims: Some(dims) }
    };
    let facts = (0..n_outputs).map(part).collect();
    let op = Box::new(Moving(Split { axis: at, n_outputs, how }));
    let reads = (0..context.inputs.len()).collect();
    Ok(Built::Step { op, reads, facts })
}
