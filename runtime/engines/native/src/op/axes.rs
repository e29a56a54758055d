//! Axes as nodes name them: negative ones count from the end.

use radiant_core::{Error, Shape};

/// The axis of a shape of this rank, from 0.
///
/// # Errors
/// When there is no such axis.
pub(crate) fn axis(axis: i64, rank: usize) -> Result<usize, Error> {
    let n_axes = i64::try_from(rank).unwrap_or(i64::MAX);
    let from_start = if axis < 0 { axis.saturating_add(n_axes) } else { axis };
    usize::try_from(from_start).ok().filter(|&at| at < rank).ok_or_else(|| {
        Error::model_failed(format!("expected an axis of a value of rank {rank}, got {axis}"))
    })
}

/// The number of places along all these axes.
///
/// A value without elements may have other extents of any size: a product that fits no number is
/// the greatest one. Loops over places are left out where there is nothing to write.
pub(crate) fn product(dims: &[usize]) -> usize {
    dims.iter().fold(1, |n, &dim| n.saturating_mul(dim))
}

/// The extents before an axis, of it, and after it, each as one number.
///
/// What moves along an axis sees every tensor as `[outer, axis, inner]`.
pub(crate) fn around(shape: &Shape, axis: usize) -> (usize, usize, usize) {
    let (outer, rest) = shape.dims().split_at(axis);
    match rest.split_first() {
        Some((&extent, inner)) => (product(outer), extent, product(inner)),
        None => (product(outer), 1, 1),
    }
}
