//! Operators that make one number of many.

use super::dim::Dim;
use super::elementwise::{INT64, Outputs};
use super::op::{Infer, Info, Needed, Op};

/// Which axes a Reduce operator of this node reduces, for an input of this rank.
pub(crate) fn reduced_axes(op: &Op<'_, '_>, rank: usize) -> Infer<Vec<bool>> {
    let axes = op.attr_or_input("axes", 1)?.unwrap_or_default();
    if axes.is_empty() {
        let none = op.int("noop_with_empty_axes", 0)? != 0;
        return Ok(vec![!none; rank]);
    }
    let mut is_reduced = vec![false; rank];
    for axis in axes {
        let axis = op.axis(axis, rank)?;
        *is_reduced.get_mut(axis).needed()? = true;
    }
    Ok(is_reduced)
}

/// A shape whose reduced axes are 1 or gone.
fn without(dims: &[Dim], is_reduced: &[bool], keeps: bool) -> Vec<Dim> {
    let axes = dims.iter().zip(is_reduced);
    axes.filter_map(|(&dim, &is_reduced)| match (is_reduced, keeps) {
        (false, _) => Some(dim),
        (true, true) => Some(Dim::Known(1)),
        (true, false) => None,
    })
    .collect()
}

pub(super) fn reduce<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let elem = op.elem(0);
    let (Ok(dims), keeps) = (op.dims(0), op.int("keepdims", 1)? != 0) else {
        return Ok(vec![Info::of_type(elem)]);
    };
    let is_reduced = reduced_axes(op, dims.len());
    let Ok(is_reduced) = is_reduced else {
        return match is_reduced {
            Err(super::op::Stop::Contradiction(error)) => {
                Err(super::op::Stop::Contradiction(error))
            }
            _ => Ok(vec![Info::of_type(elem)]),
        };
    };
    Ok(vec![Info::new(elem, without(dims, &is_reduced, keeps))])
}

/// ArgMax and ArgMin.
pub(super) fn arg<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let dims = op.dims(0)?;
    let axis = op.axis(op.int("axis", 0)?, dims.len())?;
    let is_reduced: Vec<bool> = (0..dims.len()).map(|other| other == axis).collect();
    let keeps = op.int("keepdims", 1)? != 0;
    Ok(vec![Info::new(INT64, without(dims, &is_reduced, keeps))])
}

pub(super) fn top_k<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let elem = op.elem(0);
    let Ok(dims) = op.dims(0) else { return Ok(vec![Info::of_type(elem), Info::of_type(INT64)]) };
    let axis = op.axis(op.int("axis", -1)?, dims.len())?;
    let k = if op.has_attr("k") {
        usize::try_from(op.int("k", 0)?).ok().map(Dim::Known)
    } else {
        op.ints(1).ok().and_then(|ints| ints.first()?.dim())
    };
    let k = match k {
        Some(k) => k,
        None => op.fresh(),
    };
    let mut dims = dims.to_vec();
    let extent = dims.get_mut(axis).needed()?;
    if let (Dim::Known(k), Dim::Known(n)) = (k, *extent)
        && k > n
    {
        return Err(op.misfit(0, format_args!("at least {k} elements at axis {axis}")));
    }
    *extent = k;
    Ok(vec![Info::new(elem, dims.clone()), Info::new(INT64, dims)])
}
