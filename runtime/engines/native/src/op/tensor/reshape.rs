//! Reshape, Flatten, Squeeze and Unsqueeze: the same elements in another shape.

use radiant_core::{Error, Shape};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::{Inputs, RANK_MAX};

use crate::op::axes::{axis, product};
use crate::op::{Built, NodeContext, Op, Outputs};

use super::ints::{Ints, Source, known};

/// How the new shape is found.
enum Reshape {
    /// Extents: 0 is the input's unless `allows_zero`, -1 is what is left.
    To { shape: Source, allows_zero: bool },
    /// Everything before an axis as rows, and the rest as columns; the rank is an axis too.
    Flatten(i64),
    /// Without these axes of one element, or without all of them.
    Squeeze(Option<Source>),
    /// With axes of one element at these places of the result.
    Unsqueeze(Source),
}

impl Op for Reshape {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let view = inputs.view(0)?;
        let mut dims = Shape::new(&[]);
        match self {
            Self::To { shape, allows_zero } => {
                reshape_to(view.shape, shape.read(inputs)?, *allows_zero, &mut dims)?;
            }
            Self::Flatten(axis) => dims.set(&flattened(view.shape, *axis)?),
            Self::Squeeze(None) => {
                view.shape.dims().iter().filter(|&&dim| dim != 1).for_each(|&dim| dims.push(dim));
            }
            Self::Squeeze(Some(axes)) => {
                let axes = Marked::read(axes.read(inputs)?, view.shape.rank(), true)?;
                squeeze(view.shape, &axes, &mut dims)?;
            }
            Self::Unsqueeze(axes) => {
                let axes = axes.read(inputs)?;
                let axes = Marked::read(axes, view.shape.rank() + axes.len(), false)?;
                axes.interleave(view.shape.dims(), 1, |dim| dims.push(dim));
            }
        }
        outputs.first().copy(view, dims.dims())
    }
}

#[cold]
fn does_not_reshape(from: &Shape, dims: Ints<'_>) -> Error {
    let dims: Vec<_> = dims.iter().map(|dim| dim.to_string()).collect();
    Error::model_failed(format!("{from} does not reshape to [{}]", dims.join(", ")))
}

/// The shape that `dims` asks for.
///
/// Extents that are taken over from the input are left out of the division that finds what -1 is,
/// so that no rows stay no rows of as many columns.
fn reshape_to(
    from: &Shape,
    dims: Ints<'_>,
    allows_zero: bool,
    to: &mut Shape,
) -> Result<(), Error> {
    let failed = || does_not_reshape(from, dims);
    let is_ambiguous =
        allows_zero && dims.iter().any(|dim| dim == 0) && dims.iter().any(|dim| dim == -1);
    if dims.len() > RANK_MAX || is_ambiguous {
        return Err(failed());
    }
    let (mut asked, mut open) = (1_usize, None);
    for (axis, dim) in dims.iter().enumerate() {
        let extent = match dim {
            0 if !allows_zero => *from.dims().get(axis).ok_or_else(failed)?,
            -1 if open.is_none() => {
                open = Some(axis);
                1
            }
            dim => {
                let extent = usize::try_from(dim).map_err(|_negative| failed())?;
                asked = asked.checked_mul(extent).ok_or_else(failed)?;
                extent
            }
        };
        to.push(extent);
    }
    let is_taken = |axis: usize| !allows_zero && axis < dims.len() && dims.at(axis) == 0;
    let rest = from.dims().iter().enumerate().filter(|(axis, _)| !is_taken(*axis));
    let rest = rest.fold(1_usize, |n, (_, &dim)| n.saturating_mul(dim));
    if let Some(open) = open {
        let mut all = [0; RANK_MAX];
        all[..to.rank()].copy_from_slice(to.dims());
        all[open] =
            if rest == 0 && asked == 0 { 0 } else { rest.checked_div(asked).ok_or_else(failed)? };
        to.set(&all[..dims.len()]);
    }
    if to.n_elements() == from.n_elements() { Ok(()) } else { Err(failed()) }
}

fn flattened(from: &Shape, at: i64) -> Result<[usize; 2], Error> {
    let rank = from.rank();
    // One place more than there are axes.
    let at = if usize::try_from(at) == Ok(rank) { rank } else { axis(at, rank)? };
    let (outer, inner) = from.dims().split_at(at);
    Ok([product(outer), product(inner)])
}

/// Axes that are named, as one truth value an axis.
struct Marked {
    is_marked: [bool; RANK_MAX],
    rank: usize,
}

impl Marked {
    /// `allows_repeats` as onnxruntime does for Squeeze.
    fn read(axes: Ints<'_>, rank: usize, allows_repeats: bool) -> Result<Self, Error> {
        if rank > RANK_MAX {
            let what = format!("expected a result of at most {RANK_MAX} axes, got {rank}");
            return Err(Error::model_failed(what));
        }
        let mut is_marked = [false; RANK_MAX];
        for at in axes.iter() {
            let at = axis(at, rank)?;
            if is_marked[at] && !allows_repeats {
                return Err(Error::model_failed(format!("axis {at} is named twice")));
            }
            is_marked[at] = true;
        }
        Ok(Self { is_marked, rank })
    }

    /// Gives `one` for each axis that is marked, and the next of `dims` for every other.
    fn interleave<T: Copy>(&self, dims: &[T], one: T, mut push: impl FnMut(T)) {
        let mut dims = dims.iter();
        for &is_marked in &self.is_marked[..self.rank] {
            push(if is_marked { one } else { dims.next().copied().unwrap_or(one) });
        }
    }
}

fn squeeze(from: &Shape, axes: &Marked, to: &mut Shape) -> Result<(), Error> {
    // For onnxruntime an empty list is all axes, for the specification none.
    if !axes.is_marked.contains(&true) && from.dims().contains(&1) {
        return Err(Error::model_failed("a squeeze of an empty list of axes is not supported"));
    }
    for (axis, (&dim, &is_marked)) in from.dims().iter().zip(&axes.is_marked).enumerate() {
        if !is_marked {
            to.push(dim);
        } else if dim != 1 {
            let what = format!("expected axis {axis} to have one element, got {from}");
            return Err(Error::model_failed(what));
        }
    }
    Ok(())
}

/// Builds a Reshape.
pub(super) fn reshape(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    let attribute = if context.opset < 5 { "shape" } else { "allowzero" };
    context.attributes(&[attribute])?;
    let shape = Source::attribute_until(context, 5, "shape", 1)?;
    let shape = shape.ok_or_else(|| context.refuse("there is no shape"))?;
    let allows_zero = match context.node.int("allowzero", 0)? {
        0 => false,
        1 => true,
        other => return Err(context.refuse_value("allowzero", other)),
    };
    let fact = context.fact(0)?;
    let dims = match shape.known(context) {
        Some(dims) => Some(reshaped(context, fact, &dims, allows_zero)?),
        None => None,
    };
    let fact = Fact { dtype: fact.dtype, dims };
    Ok(Built::step(context, Reshape::To { shape, allows_zero }, fact))
}

/// What is known of the result, for a shape that can be asked for.
fn reshaped(
    context: &NodeContext<'_>,
    fact: &Fact,
    dims: &[i64],
    allows_zero: bool,
) -> Result<Vec<Option<usize>>, Unsupported> {
    let refused = || context.refuse(format!("a reshape to {dims:?} is not supported"));
    let is_taken = |axis: usize| !allows_zero && dims.get(axis) == Some(&0);
    if dims.iter().any(|&dim| dim < -1)
        || allows_zero && dims.contains(&0) && dims.contains(&-1)
        || dims.iter().filter(|&&dim| dim == -1).count() > 1
        || fact.rank().is_some_and(|rank| (rank..dims.len()).any(is_taken))
    {
        return Err(refused());
    }
    let mut out: Vec<Option<usize>> = dims
        .iter()
        .enumerate()
        .map(|(axis, &dim)| if is_taken(axis) { fact.dim(axis) } else { usize::try_from(dim).ok() })
        .collect();
    let rest = fact.dims.iter().flatten().enumerate().filter(|(axis, _)| !is_taken(*axis));
    let rest = rest.map(|(_, dim)| *dim).try_fold(1_usize, |n, dim| n.checked_mul(dim?));
    let mut asked = dims.iter().filter(|&&dim| dim > 0 || allows_zero && dim == 0);
    let asked = asked.try_fold(1_usize, |n, &dim| n.checked_mul(usize::try_from(dim).ok()?));
    if let (Some(open), Some(rest), Some(asked), true) =
        (dims.iter().position(|&dim| dim == -1), rest, asked, fact.dims.is_some())
        && asked > 0
    {
        if rest % asked != 0 {
            return Err(refused());
        }
        out[open] = Some(rest / asked);
    }
    Ok(out)
}

/// Builds a Flatten to rows and columns.
pub(super) fn flatten(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["axis"])?;
    let at = context.node.int("axis", 1)?;
    let fact = context.fact(0)?;
    let dims = match &fact.dims {
        None => vec![None, None],
        Some(dims) => {
            let rank = dims.len();
            let split = if usize::try_from(at) == Ok(rank) { Ok(rank) } else { axis(at, rank) };
            let (outer, inner) = dims.split_at(known(context, split)?);
            let product = |dims: &[Option<usize>]| {
                dims.iter().try_fold(1_usize, |n, dim| n.checked_mul((*dim)?))
            };
            vec![product(outer), product(inner)]
        }
    };
    let fact = Fact { dtype: fact.dtype, dims: Some(dims) };
    Ok(Built::step(context, Reshape::Flatten(at), fact))
}

/// Builds a Squeeze.
pub(super) fn squeeze_axes(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(if context.opset < 13 { &["axes"] } else { &[] })?;
    let axes = Source::attribute_until(context, 13, "axes", 1)?;
    let fact = context.fact(0)?;
    let dims = match (&fact.dims, axes.as_ref().map(|axes| axes.known(context))) {
        // All axes of one element go.
        (Some(dims), None) if dims.iter().all(Option::is_some) => {
            Some(dims.iter().copied().filter(|&dim| dim != Some(1)).collect())
        }
        (Some(dims), Some(Some(axes))) => {
            if axes.is_empty() && dims.contains(&Some(1)) {
                return Err(context.refuse("an empty list of axes is not supported"));
            }
            let marked = known(context, Marked::read(Ints::I64(&axes), dims.len(), true))?;
            let kept = dims.iter().zip(&marked.is_marked).filter(|(_, is_marked)| !**is_marked);
            let kept = kept.map(|(dim, _)| *dim).collect();
            let wrong = dims
                .iter()
                .zip(&marked.is_marked)
                .any(|(dim, is_marked)| *is_marked && dim.is_some_and(|dim| dim != 1));
            if wrong {
                return Err(context.refuse(format!("expected axes {axes:?} of 1, got {fact}")));
            }
            Some(kept)
        }
        _ => None,
    };
    let fact = Fact { dtype: fact.dtype, dims };
    Ok(Built::step(context, Reshape::Squeeze(axes), fact))
}

/// Builds an Unsqueeze.
pub(super) fn unsqueeze_axes(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(if context.opset < 13 { &["axes"] } else { &[] })?;
    let axes = Source::attribute_until(context, 13, "axes", 1)?;
    let axes = axes.ok_or_else(|| context.refuse("there are no axes"))?;
    let fact = context.fact(0)?;
    let dims = match (&fact.dims, axes.known(context)) {
        (Some(dims), Some(axes)) => {
            let rank = dims.len().saturating_add(axes.len());
            let marked = known(context, Marked::read(Ints::I64(&axes), rank, false))?;
            let mut out = Vec::new();
            marked.interleave(dims, Some(1), |dim| out.push(dim));
            Some(out)
        }
        _ => None,
    };
    let fact = Fact { dtype: fact.dtype, dims };
    Ok(Built::step(context, Reshape::Unsqueeze(axes), fact))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reshaped(from: &[usize], dims: &[i64], allows_zero: bool) -> Option<Vec<usize>> {
        let mut to = Shape::new(&[]);
        reshape_to(&Shape::new(from), Ints::I64(dims), allows_zero, &mut to).ok()?;
        Some(to.dims().to_vec())
    }

    #[test]
    fn zeros_are_taken_over_and_minus_one_is_what_is_left() {
        assert_eq!(reshaped(&[2, 3, 4], &[0, -1], false), Some(vec![2, 12]));
        assert_eq!(reshaped(&[2, 3, 4], &[4, 0, -1], false), Some(vec![4, 3, 2]));
        assert_eq!(reshaped(&[2, 3], &[], false), None);
        assert_eq!(reshaped(&[1], &[], false), Some(vec![]));
        assert_eq!(reshaped(&[], &[1, -1], false), Some(vec![1, 1]));
        assert_eq!(reshaped(&[2, 3], &[4, -1], false), None);
        assert_eq!(reshaped(&[2, 3], &[-1, -1], false), None);
        assert_eq!(reshaped(&[2, 3], &[2, 3, 0], false), None);
        assert_eq!(reshaped(&[2, 3], &[-2], false), None);
        assert_eq!(reshaped(&[2, 3], &[i64::MAX, i64::MAX], false), None);
    }

    #[test]
    fn no_rows_keep_their_columns() {
        assert_eq!(reshaped(&[0, 4], &[0, -1], false), Some(vec![0, 4]));
        assert_eq!(reshaped(&[0, 4], &[-1, 4], false), Some(vec![0, 4]));
        assert_eq!(reshaped(&[0, 4], &[-1], false), Some(vec![0]));
        assert_eq!(reshaped(&[0, 4], &[0, 7], true), Some(vec![0, 7]));
        assert_eq!(reshaped(&[0, 4], &[0, -1], true), None);
        assert_eq!(reshaped(&[2, 4], &[0, -1], true), None);
    }
}
