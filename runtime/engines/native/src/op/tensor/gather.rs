//! Gather, GatherElements, GatherND and Compress: elements chosen by where they are.

use radiant_core::{DType, Error, Shape};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::Inputs;

use crate::op::axes::{around, axis, product};
use crate::op::{Built, NodeContext, Outputs};

use super::column::{Column, Move, Moving, elements};
use super::ints::{Ints, known, place};
use super::order::checked_rank;

/// Places along an axis.
struct Gather(i64);

impl Move for Gather {
    fn run<C: Column>(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let shape = inputs.view(0)?.shape;
        let axis = axis(self.0, shape.rank())?;
        let (n_outer, along, inner) = around(shape, axis);
        let mut dims = Shape::new(&shape.dims()[..axis]);
        inputs.view(1)?.shape.dims().iter().for_each(|&dim| dims.push(dim));
        for &dim in &shape.dims()[axis + 1..] {
            dims.push(dim);
        }
        let from = elements::<C>(inputs, 0)?;
        let indices = Ints::read(inputs, 1)?;
        let out = C::reset(outputs.first(), dims.dims())?;
        if dims.dims().contains(&0) {
            return Ok(());
        }
        for outer in 0..n_outer {
            for index in indices.iter() {
                let start = (outer * along + place(index, along)?) * inner;
                out.append(from, start..start + inner);
            }
        }
        Ok(())
    }
}

/// Builds a Gather.
pub(super) fn gather(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["axis"])?;
    context.expect_dtypes(1, &[DType::I64, DType::I32])?;
    let at = context.node.int("axis", 0)?;
    let (fact, indices) = (context.fact(0)?, context.fact(1)?);
    let mut dims = None;
    if let Some(from) = &fact.dims {
        let at = known(context, axis(at, from.len()))?;
        if let (Some(extent), Some(indices)) = (from[at], context.constant_ints(1)) {
            known(context, indices.iter().try_for_each(|&index| place(index, extent).map(drop)))?;
        }
        if let Some(indices) = &indices.dims {
            let (before, after) = (from[..at].iter(), from[at + 1..].iter());
            dims = Some(before.chain(indices).chain(after).copied().collect());
        }
    }
    let fact = Fact { dtype: fact.dtype, dims };
    Ok(Built::step(context, Moving(Gather(at)), fact))
}

/// One element along an axis for each place of the other axes.
struct GatherElements(i64);

impl Move for GatherElements {
    fn run<C: Column>(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let (shape, wanted) = (inputs.view(0)?.shape, inputs.view(1)?.shape);
        let indices = Ints::read(inputs, 1)?;
        let from = elements::<C>(inputs, 0)?;
        let out = C::reset(outputs.first(), wanted.dims())?;
        each_place(shape, wanted, self.0, indices, |_, at| out.append(from, at..at + 1))
    }
}

/// Tells for each of the indices, which has its own place in a value of the shape `wanted`, where
/// it points to in a value of the shape `shape`: the same place but along an axis, where it is the
/// index.
pub(super) fn each_place(
    shape: &Shape,
    wanted: &Shape,
    at: i64,
    indices: Ints<'_>,
    mut visit: impl FnMut(usize, usize),
) -> Result<(), Error> {
    let rank = checked_rank(shape)?;
    let at = axis(at, rank)?;
    let fits = |(i, (&dim, &wanted)): (usize, (&usize, &usize))| i == at || wanted <= dim;
    let axes = || shape.dims().iter().zip(wanted.dims());
    if wanted.rank() != rank || !axes().enumerate().all(fits) {
        let what = format!("expected indices within {shape} but for axis {at}, got {wanted}");
        return Err(Error::model_failed(what));
    }
    if indices.len() == 0 {
        return Ok(());
    }
    let inner = product(&shape.dims()[at + 1..]);
    let along = shape.dims()[at];
    // The place is counted as an odometer: the last axis is the fastest.
    let mut counts = crate::op::broadcast::PerAxis::default();
    let mut start = 0;
    for (n, index) in indices.iter().enumerate() {
        visit(n, start + place(index, along)? * inner);
        let mut step = 1;
        for i in (0..rank).rev() {
            let (dim, wanted) = (shape.dims()[i], wanted.dims()[i]);
            let by = if i == at { 0 } else { step };
            counts[i] += 1;
            if counts[i] < wanted {
                start += by;
                break;
            }
            start -= by * (wanted - 1);
            counts[i] = 0;
            step *= dim;
        }
    }
    Ok(())
}

/// Builds a GatherElements.
pub(super) fn gather_elements(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["axis"])?;
    context.expect_dtypes(1, &[DType::I64, DType::I32])?;
    let at = context.node.int("axis", 0)?;
    let (fact, indices) = (context.fact(0)?, context.fact(1)?);
    if let Some(rank) = fact.rank() {
        known(context, axis(at, rank))?;
    }
    let fact = indices.with_dtype(fact.dtype);
    Ok(Built::step(context, Moving(GatherElements(at)), fact))
}

/// Slices that tuples of indices name.
struct GatherNd {
    batch_dims: usize,
}

impl Move for GatherNd {
    fn run<C: Column>(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let (shape, tuples) = (inputs.view(0)?.shape, inputs.view(1)?.shape);
        let slices = Tuples::new(shape, tuples, self.batch_dims)?;
        let mut dims = Shape::new(&tuples.dims()[..tuples.rank() - 1]);
        let inner = &shape.dims()[self.batch_dims + slices.length..];
        for &dim in inner {
            dims.push(dim);
        }
        let from = elements::<C>(inputs, 0)?;
        let indices = Ints::read(inputs, 1)?;
        let out = C::reset(outputs.first(), dims.dims())?;
        if dims.dims().contains(&0) {
            return Ok(());
        }
        slices.each(indices, |_, start| out.append(from, start..start + slices.n_elements))
    }
}

/// What tuples of indices mean in a value: each the start of a slice.
pub(super) struct Tuples<'a> {
    /// The extents that the indices of a tuple are below.
    extents: &'a [usize],
    /// Indices of one tuple.
    pub(super) length: usize,
    /// Tuples of each batch.
    per_batch: usize,
    n_places: usize,
    /// Elements of a slice.
    pub(super) n_elements: usize,
}

impl<'a> Tuples<'a> {
    /// `tuples` is the shape of the indices: `[batch.., .., length]`.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub(super) fn new(shape: &'a Shape, tuples: &Shape, batch_dims: usize) -> Result<Self, Error> {
        let failed = || {
            let what = format!("expected tuples of indices into {shape} in {batch_dims} batches");
            Error::model_failed(format!("{what}, got indices of {tuples}"))
        };
        let (&length, places) = tuples.dims().split_last().ok_or_else(failed)?;
        let (dims, batch) = (shape.dims(), shape.dims().get(..batch_dims));
        if batch.is_none() || batch != places.get(..batch_dims) {
            return Err(failed());
        }
        let extents = dims[batch_dims..].get(..length).ok_or_else(failed)?;
        Ok(Self {
            extents,
            length,
            per_batch: product(&places[batch_dims..]),
            n_places: product(places),
            n_elements: product(&dims[batch_dims + length..]),
        })
    }

    /// Tells for each tuple where its slice starts.
    pub(super) fn each(
        &self,
        indices: Ints<'_>,
        mut visit: impl FnMut(usize, usize),
    ) -> Result<(), Error> {
        for tuple in 0..self.n_places {
            let mut at = tuple / self.per_batch;
            for (i, &extent) in self.extents.iter().enumerate() {
                at = at * extent + place(indices.at(tuple * self.length + i), extent)?;
            }
            visit(tuple, at * self.n_elements);
        }
        Ok(())
    }
}

/// Builds a GatherND.
pub(super) fn gather_nd(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["batch_dims"])?;
    context.expect_dtypes(1, &[DType::I64, DType::I32])?;
    let batch_dims = context.node.int("batch_dims", 0)?;
    let refused = || context.refuse_value("batch_dims", batch_dims);
    let batch_dims = usize::try_from(batch_dims).map_err(|_negative| refused())?;
    let (fact, tuples) = (context.fact(0)?, context.fact(1)?);
    let rank = fact.rank().into_iter().chain(tuples.rank()).min();
    if rank.is_some_and(|rank| batch_dims >= rank) {
        return Err(refused());
    }
    let dims = match (&fact.dims, tuples.dims.as_deref().and_then(<[_]>::split_last)) {
        (Some(dims), Some((&Some(length), places))) => {
            let inner = batch_dims.checked_add(length).and_then(|start| dims.get(start..));
            let inner = inner.ok_or_else(|| context.refuse("indices are longer than the rank"))?;
            Some(places.iter().chain(inner).copied().collect())
        }
        _ => None,
    };
    let fact = Fact { dtype: fact.dtype, dims };
    Ok(Built::step(context, Moving(GatherNd { batch_dims }), fact))
}

/// Places along an axis, or of the flat value, at which a condition holds.
struct Compress(Option<i64>);

impl Move for Compress {
    fn run<C: Column>(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let shape = inputs.view(0)?.shape;
        let condition = inputs.slice::<bool>(1)?;
        let n_chosen = condition.iter().filter(|&&holds| holds).count();
        let (dims, (n_outer, along, inner)) = match self.0 {
            None => (Shape::from([n_chosen]), (1, shape.n_elements().unwrap_or(usize::MAX), 1)),
            Some(at) => {
                let axis = axis(at, shape.rank())?;
                let mut dims = Shape::new(&shape.dims()[..axis]);
                dims.push(n_chosen);
                for &dim in &shape.dims()[axis + 1..] {
                    dims.push(dim);
                }
                (dims, around(shape, axis))
            }
        };
        // A condition may be shorter, and what it does not tell is left out.
        if condition.iter().skip(along).any(|&holds| holds) {
            let got = condition.len();
            let what = format!("expected a condition of at most {along} elements, got {got}");
            return Err(Error::model_failed(what));
        }
        let from = elements::<C>(inputs, 0)?;
        let out = C::reset(outputs.first(), dims.dims())?;
        if dims.dims().contains(&0) {
            return Ok(());
        }
        for outer in 0..n_outer {
            for (at, _) in condition.iter().enumerate().filter(|(_, holds)| **holds) {
                let start = (outer * along + at) * inner;
                out.append(from, start..start + inner);
            }
        }
        Ok(())
    }
}

/// Builds a Compress.
pub(super) fn compress(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["axis"])?;
    context.expect_dtype(1, DType::Bool)?;
    let fact = context.fact(0)?;
    let at = context.node.attribute("axis").map(|_| context.node.int("axis", 0)).transpose()?;
    let dims = match (at, &fact.dims) {
        (None, _) => Some(vec![None]),
        (Some(at), Some(dims)) => {
            let mut dims = dims.clone();
            let at = known(context, axis(at, dims.len()))?;
            dims[at] = None;
            Some(dims)
        }
        (Some(_), None) => None,
    };
    let fact = Fact { dtype: fact.dtype, dims };
    Ok(Built::step(context, Moving(Compress(at)), fact))
}
