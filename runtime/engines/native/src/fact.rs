//! What is known of a value before anything runs.

use std::fmt;

use radiant_core::DType;

/// A value's type, and as much of its shape as is known without a request.
///
/// Exporters write graphs whose declared ranks are loose, so that no rank may be all there is to
/// know; operators that do not need one look at the shapes of each run instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) dtype: DType,
    /// The extent of each axis, `None` where it depends on the request; `None` for any rank.
    pub(crate) dims: Option<Vec<Option<usize>>>,
}

impl Fact {
    pub(crate) fn new(dtype: DType, dims: &[Option<usize>]) -> Self {
        Self { dtype, dims: Some(dims.to_vec()) }
    }

    /// A value of which only the type is known.
    pub(crate) fn of(dtype: DType) -> Self {
        Self { dtype, dims: None }
    }

    /// The same shape with elements of another type.
    pub(crate) fn with_dtype(&self, dtype: DType) -> Self {
        Self { dtype, dims: self.dims.clone() }
    }

    /// What several broadcast to, with elements of type `dtype`.
    pub(crate) fn broadcast(dtype: DType, operands: &[&Self]) -> Self {
        let ranks: Option<Vec<usize>> = operands.iter().map(|fact| fact.rank()).collect();
        let Some(rank) = ranks.map(|ranks| ranks.into_iter().max().unwrap_or(0)) else {
            return Self::of(dtype);
        };
        let extent = |fact: &Self, axis: usize| {
            let axis = (axis + fact.rank().unwrap_or(0)).checked_sub(rank);
            axis.map_or(Some(1), |axis| fact.dim(axis))
        };
        let dims = (0..rank).map(|axis| {
            let extents = operands.iter().map(|fact| extent(fact, axis));
            extents.reduce(|a, b| match (a, b) {
                (Some(1), dim) | (dim, Some(1)) => dim,
                (Some(dim), _) | (_, Some(dim)) => Some(dim),
                (None, None) => None,
            })?
        });
        Self { dtype, dims: Some(dims.collect()) }
    }

    /// The number of axes, if it is known.
    pub(crate) fn rank(&self) -> Option<usize> {
        self.dims.as_ref().map(Vec::len)
    }

    /// The extent of an axis, if it is known.
    pub(crate) fn dim(&self, axis: usize) -> Option<usize> {
        self.dims.as_ref()?.get(axis).copied().flatten()
    }

    /// The number of elements, if it is known.
    pub(crate) fn n_elements(&self) -> Option<usize> {
        self.dims.as_ref()?.iter().try_fold(1_usize, |n, dim| n.checked_mul((*dim)?))
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(dims) = &self.dims else { return write!(f, "{} of any rank", self.dtype) };
        let dims: Vec<_> =
            dims.iter().map(|dim| dim.map_or("-1".to_owned(), |dim| dim.to_string())).collect();
        write!(f, "{} [{}]", self.dtype, dims.join(", "))
    }
}
