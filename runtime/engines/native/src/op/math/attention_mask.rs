//! Which keys a query of Attention attends to, and what is added to its scores.

use radiant_core::{Error, TensorData};

use crate::registers::{Inputs, View};

use super::attention::Extents;
use super::number::Real;
use crate::op::broadcast::{self, PerAxis};

/// The keys that a query attends to because of where it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) is_causal: bool,
    /// Positions before and after a query; `None` is all.
    pub(super) before: Option<usize>,
    pub(super) after: Option<usize>,
}

/// What is added to scores.
pub(super) struct Bias<'a, T> {
    window: Window,
    extents: Extents,
    mask: Option<Mask<'a, T>>,
    /// Keys of each batch that are no padding.
    valid: Option<&'a [i64]>,
}

/// A mask of `[batches, heads, queries, keys]`, of which keys that it lacks at the end are masked.
struct Mask<'a, T> {
    values: Values<'a, T>,
    steps: PerAxis,
    n_keys: usize,
}

enum Values<'a, T> {
    Allowed(&'a [bool]),
    Added(&'a [T]),
}

impl<'a, T: Real> Mask<'a, T> {
    fn of(view: View<'a>, extents: Extents) -> Result<Self, Error> {
        let Extents { n_batches, n_heads, n_queries, n_keys, .. } = extents;
        let n_given = view.shape.dims().last().copied().unwrap_or(0);
        let dims = [n_batches, n_heads, n_queries, n_given];
        let to = dims.as_slice().into();
        let fits = (1..=4).contains(&view.shape.rank()) && n_given <= n_keys;
        if !fits || broadcast::shape(&[view.shape, &to])? != to {
            let what = format!("mask {} does not broadcast to {to} or fewer keys", view.shape);
            return Err(Error::model_failed(what));
        }
        let values = match view.data {
            TensorData::Bool(allowed) => Values::Allowed(allowed),
            other => Values::Added(
                T::slice(other).ok_or_else(|| Error::internal("the mask is of another type"))?,
            ),
        };
        Ok(Self { values, steps: broadcast::strides(view.shape, &dims), n_keys: n_given })
    }

    /// What is added to the score at these indices.
    fn at(&self, row: usize, key: usize) -> T {
        if key >= self.n_keys {
            return T::LOWEST;
        }
        let at = row + key * self.steps[3];
        match self.values {
            Values::Allowed(allowed) if allowed[at] => T::default(),
            Values::Allowed(_) => T::LOWEST,
            Values::Added(values) => values[at],
        }
    }
}

impl<'a, T: Real> Bias<'a, T> {
    /// Reads the mask and the numbers of valid keys, which are the inputs at these indices.
    pub(super) fn of(
        inputs: Inputs<'a>,
        (mask, valid): (usize, usize),
        window: Window,
        extents: Extents,
    ) -> Result<Self, Error> {
        let mask = inputs.optional(mask).map(|view| Mask::of(view, extents)).transpose()?;
        let valid = inputs.optional(valid).map(|_| inputs.slice::<i64>(valid)).transpose()?;
        if let Some(valid) = valid
            && valid.len() != extents.n_batches
        {
            let (expected, got) = (extents.n_batches, valid.len());
            return Err(Error::model_failed(format!("expected {expected} lengths, got {got}")));
        }
        Ok(Self { window, extents, mask, valid })
    }

    /// The number of keys.
    pub(super) fn n_keys(&self) -> usize {
        self.extents.n_keys
    }

    /// Adds to the scores of a query and tells whether it attends to nothing.
    pub(super) fn add(&self, row: &mut [T], batch: usize, head: usize, query: usize) -> bool {
        let valid = self.valid.and_then(|valid| valid.get(batch).copied());
        // Where the query is among the keys.
        let offset = match valid {
            Some(valid) => valid.saturating_sub(signed(self.extents.n_queries)),
            None => signed(self.extents.n_past),
        };
        let position = offset.saturating_add(signed(query));
        let before = self.window.before.map_or(i64::MIN, |n| position.saturating_sub(signed(n)));
        let after = self.window.after.map_or(i64::MAX, |n| position.saturating_add(signed(n)));
        let after = if self.window.is_causal { after.min(position) } else { after };
        let row_of_mask = self
            .mask
            .as_ref()
            .map_or(0, |mask| batch * mask.steps[0] + head * mask.steps[1] + query * mask.steps[2]);
        let mut is_masked = true;
        for (key, score) in row.iter_mut().enumerate() {
            let at = signed(key);
            let is_seen = (before..=after).contains(&at) && valid.is_none_or(|valid| at < valid);
            let mut bias =
                self.mask.as_ref().map_or(T::default(), |mask| mask.at(row_of_mask, key));
            if !is_seen {
                bias = bias + T::LOWEST;
            }
            is_masked &= bias == T::LOWEST;
            *score = *score + bias;
        }
        is_masked
    }
}

fn signed(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
