//! Integers that tell an operator what to do: axes, extents, bounds, indices.

use radiant_core::{DType, Error, TensorData};

use crate::Unsupported;
use crate::registers::Inputs;

use crate::op::NodeContext;

/// Integers of either width.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ints<'a> {
    I64(&'a [i64]),
    I32(&'a [i32]),
}

impl<'a> Ints<'a> {
    /// The elements of the input at `index`, which are integers.
    ///
    /// # Errors
    /// When the plan let another type pass.
    pub(super) fn read(inputs: Inputs<'a>, index: usize) -> Result<Self, Error> {
        let data = inputs.view(index)?.data;
        Self::of(data).ok_or_else(|| {
            let got = data.dtype();
            Error::internal(format!("step input {index}: expected integers, got {got}"))
        })
    }

    fn of(data: &'a TensorData) -> Option<Self> {
        match data {
            TensorData::I64(values) => Some(Self::I64(values)),
            TensorData::I32(values) => Some(Self::I32(values)),
            _ => None,
        }
    }

    pub(super) fn len(self) -> usize {
        match self {
            Self::I64(values) => values.len(),
            Self::I32(values) => values.len(),
        }
    }

    /// The integer at `index`, which is below the length.
    #[inline]
    pub(super) fn at(self, index: usize) -> i64 {
        match self {
            Self::I64(values) => values[index],
            Self::I32(values) => values[index].into(),
        }
    }

    pub(super) fn iter(self) -> impl DoubleEndedIterator<Item = i64> + ExactSizeIterator + Clone {
        (0..self.len()).map(move |index| self.at(index))
    }

    /// The only integer.
    ///
    /// # Errors
    /// When there is none, or another.
    pub(super) fn sole(self) -> Result<i64, Error> {
        if self.len() == 1 {
            return Ok(self.at(0));
        }
        Err(Error::model_failed(format!("expected one integer, got {}", self.len())))
    }
}

/// Where a list of integers comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// An attribute of the node, or what its absence means.
    Fixed(Vec<i64>),
    /// The input at this index.
    Input(usize),
}

impl Source {
    /// The input at `index`, unless it is left out.
    ///
    /// # Errors
    /// When it is of another type than integers.
    pub(super) fn input(
        context: &NodeContext<'_>,
        index: usize,
    ) -> Result<Option<Self>, Unsupported> {
        if context.optional(index).is_none() {
            return Ok(None);
        }
        context.expect_dtypes(index, &[DType::I64, DType::I32])?;
        Ok(Some(Self::Input(index)))
    }

    /// The attribute of this name, unless the node has none.
    ///
    /// # Errors
    /// When it is of another type.
    pub(super) fn attribute(
        context: &NodeContext<'_>,
        name: &str,
    ) -> Result<Option<Self>, Unsupported> {
        if context.node.attribute(name).is_none() {
            return Ok(None);
        }
        Ok(Some(Self::Fixed(context.node.ints(name)?.to_vec())))
    }

    /// An attribute before operator set `since`, and an input from then on.
    ///
    /// # Errors
    /// As [`input`](Self::input) and [`attribute`](Self::attribute).
    pub(super) fn attribute_until(
        context: &NodeContext<'_>,
        since: i64,
        name: &str,
        index: usize,
    ) -> Result<Option<Self>, Unsupported> {
        if context.opset < since {
            Self::attribute(context, name)
        } else {
            Self::input(context, index)
        }
    }

    /// The integers of this run.
    ///
    /// # Errors
    /// As [`Ints::read`].
    pub(super) fn read<'a>(&'a self, inputs: Inputs<'a>) -> Result<Ints<'a>, Error> {
        match self {
            Self::Fixed(values) => Ok(Ints::I64(values)),
            Self::Input(index) => Ints::read(inputs, *index),
        }
    }

    /// The integers, if they are known before anything runs.
    pub(super) fn known(&self, context: &NodeContext<'_>) -> Option<Vec<i64>> {
        match self {
            Self::Fixed(values) => Some(values.clone()),
            Self::Input(index) => context.constant_ints(*index),
        }
    }
}

/// The place that an index means on an axis of this extent: negative ones count from the end.
///
/// # Errors
/// When there is no such place.
#[inline]
pub(super) fn place(index: i64, extent: usize) -> Result<usize, Error> {
    let from_start = if index < 0 { index.saturating_add_unsigned(extent as u64) } else { index };
    match usize::try_from(from_start) {
        Ok(at) if at < extent => Ok(at),
        _ => Err(out_of_range(index, extent)),
    }
}

#[cold]
fn out_of_range(index: i64, extent: usize) -> Error {
    Error::model_failed(format!("expected an index of an axis of {extent}, got {index}"))
}

/// An extent that a model or a request gives.
///
/// # Errors
/// When it is negative.
pub(super) fn extent(value: i64) -> Result<usize, Error> {
    usize::try_from(value)
        .map_err(|_negative| Error::model_failed(format!("expected an extent, got {value}")))
}

/// Turns what is wrong with constants into a refusal of the node.
pub(super) fn known<T>(
    context: &NodeContext<'_>,
    result: Result<T, Error>,
) -> Result<T, Unsupported> {
    result.map_err(|error| context.refuse(error.to_string()))
}
