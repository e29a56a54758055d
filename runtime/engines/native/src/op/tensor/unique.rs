//! Unique: the different elements, or slices along an axis.

use std::cmp::Ordering;

use radiant_core::{DType, Error, Shape};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::Inputs;

use crate::op::axes::{around, axis};
use crate::op::{Built, NodeContext, Outputs};

use super::column::{Column, Move, Moving, elements};
use super::ints::known;
use super::places::order_first;

/// Equal elements count as one, and so does everything that is no number, as for numpy.
struct Unique {
    axis: Option<i64>,
    is_sorted: bool,
}

/// Slices along an axis, which compare element by element.
struct Slices {
    outer: usize,
    along: usize,
    inner: usize,
}

impl Slices {
    fn compare<C: Column>(&self, from: &C::Elements, a: usize, b: usize) -> Ordering {
        for outer in 0..self.outer {
            let start = |slice: usize| (outer * self.along + slice) * self.inner;
            for inner in 0..self.inner {
                let order = C::compare(from, start(a) + inner, start(b) + inner);
                if order != Ordering::Equal {
                    return order;
                }
            }
        }
        Ordering::Equal
    }

    /// For each different slice where it is first and how often it is there, in ascending order, and
    /// for each slice which one of those it is.
    fn group<C: Column>(&self, from: &C::Elements) -> (Vec<(usize, i64)>, Vec<usize>) {
        let mut order: Vec<usize> = (0..self.along).collect();
        order_first(&mut order, self.along, &|a, b| self.compare::<C>(from, a, b));
        let mut groups: Vec<(usize, i64)> = Vec::new();
        let mut group_of = vec![0; self.along];
        for at in order {
            // The first of equal slices comes first.
            match groups.last_mut() {
                Some((first, count)) if self.compare::<C>(from, *first, at).is_eq() => *count += 1,
                _ => groups.push((at, 1)),
            }
            group_of[at] = groups.len() - 1;
        }
        (groups, group_of)
    }
}

impl Move for Unique {
    fn run<C: Column>(&self, inputs: Inputs<'_>, outputs: Outputs<'_>) -> Result<(), Error> {
        let view = inputs.view(0)?;
        let n_elements = view.data.len();
        let (slices, at) = match self.axis {
            None => (Slices { outer: 1, along: n_elements, inner: 1 }, None),
            Some(at) => {
                let at = axis(at, view.shape.rank())?;
                let (outer, along, inner) = around(view.shape, at);
                (Slices { outer, along, inner }, Some(at))
            }
        };
        if at.is_some() && n_elements == 0 {
            let what = format!("expected slices of elements, got {}", view.shape);
            return Err(Error::model_failed(what));
        }
        let from = elements::<C>(inputs, 0)?;
        let (groups, group_of) = slices.group::<C>(from);
        let mut order: Vec<usize> = (0..groups.len()).collect();
        if !self.is_sorted {
            order_first(&mut order, groups.len(), &|a, b| groups[a].0.cmp(&groups[b].0));
        }
        let mut rank_of = vec![0; groups.len()];
        order.iter().enumerate().for_each(|(rank, &group)| rank_of[group] = rank);

        let n = groups.len();
        let dims = at.map_or_else(|| Shape::from([n]), |at| with_extent(view.shape, at, n));
        let [values, indices, inverse, counts, ..] = outputs.buffers else {
            return Err(Error::internal("expected four outputs"));
        };
        let out = C::reset(values, dims.dims())?;
        for outer in 0..slices.outer {
            for &group in &order {
                let start = (outer * slices.along + groups[group].0) * slices.inner;
                out.append(from, start..start + slices.inner);
            }
        }
        let signed = |at: usize| i64::try_from(at).unwrap_or(i64::MAX);
        indices.reset(&[n])?.extend(order.iter().map(|&group| signed(groups[group].0)));
        inverse.reset(&[slices.along])?.extend(group_of.iter().map(|&of| signed(rank_of[of])));
        counts.reset(&[n])?.extend(order.iter().map(|&group| groups[group].1));
        Ok(())
    }
}

fn with_extent(shape: &Shape, axis: usize, extent: usize) -> Shape {
    let mut dims = Shape::new(&shape.dims()[..axis]);
    dims.push(extent);
    for &dim in &shape.dims()[axis + 1..] {
        dims.push(dim);
    }
    dims
}

/// Builds a Unique.
pub(super) fn unique(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["axis", "sorted"])?;
    let node = context.node;
    let at = node.attribute("axis").map(|_| node.int("axis", 0)).transpose()?;
    let is_sorted = node.int("sorted", 1)? != 0;
    let fact = context.fact(0)?;
    let dims = match (at, &fact.dims) {
        (None, _) => Some(vec![None]),
        (Some(_), None) => None,
        (Some(at), Some(dims)) => {
            let mut dims = dims.clone();
            let at = known(context, axis(at, dims.len()))?;
            dims[at] = None;
            Some(dims)
        }
    };
    let places = Fact::new(DType::I64, &[None]);
    let facts = vec![Fact { dtype: fact.dtype, dims }, places.clone(), places.clone(), places];
    let op = Box::new(Moving(Unique { axis: at, is_sorted }));
    Ok(Built::Step { op, reads: vec![0], facts })
}
