//! Rectangles of numbers in a `google.protobuf.ListValue`, read on the wire.
//!
//! A number in a list takes eleven bytes, of which the first three are always the same: the key and
//! the length of the item, and the key of `number_value`. A row is checked and copied as such; what
//! looks otherwise is left to the tree, which reads everything and tells what is wrong with it.

use radiant_core::{Error, Shape};
use smallvec::SmallVec;

use super::data::Float;
use super::value::{NUMBER_KEY, too_many};
use super::{ITEMS, value_field};
use crate::Limits;
use crate::wire::{Content, Fields};

/// What stands before each double in a list of numbers.
pub(super) const ITEM_HEAD: [u8; 3] = [0x0a, 9, NUMBER_KEY];

/// The length of a number in a list.
pub(super) const ITEM_LEN: usize = 11;

/// Reads nested lists of numbers into `shape` and the empty `values`, row-major. `false` where there
/// is anything else in them, or they are ragged or nested too deep: `shape` and `values` are
/// unspecified then. Allocates once, at most what the message takes.
///
/// # Errors
/// The bytes break off, or there are more elements than `limits` allow.
pub(super) fn read<T: Float>(
    list: &[u8],
    limits: &Limits,
    shape: &mut Shape,
    values: &mut Vec<T>,
) -> Result<bool, Error> {
    values.reserve(list.len().div_euclid(ITEM_LEN).min(limits.elements_max));
    let mut walk = Walk {
        values,
        extents: SmallVec::new(),
        rank: None,
        // Each axis is one level of the stack.
        rank_max: limits.rank_max.min(limits.depth()),
        limits,
    };
    let is_read = walk.list(list, 0)?;
    shape.set(&walk.extents);
    Ok(is_read)
}

struct Walk<'a, T> {
    values: &'a mut Vec<T>,
    /// The extents of the axes entered so far; those of lists that are still being read are 0.
    extents: SmallVec<[usize; 4]>,
    /// How many axes there are, once the first row of numbers has been met.
    rank: Option<usize>,
    rank_max: usize,
    limits: &'a Limits,
}

impl<T: Float> Walk<'_, T> {
    fn list(&mut self, list: &[u8], axis: usize) -> Result<bool, Error> {
        if axis >= self.rank_max {
            return Ok(false);
        }
        if list.is_empty() || list.starts_with(&ITEM_HEAD) {
            self.row(list, axis)
        } else {
            self.rows(list, axis)
        }
    }

    /// A list of numbers.
    fn row(&mut self, list: &[u8], axis: usize) -> Result<bool, Error> {
        let (items, rest) = list.as_chunks::<ITEM_LEN>();
        let rank = axis.saturating_add(1);
        let is_row = rest.is_empty() && items.iter().all(|item| item.starts_with(&ITEM_HEAD));
        if !is_row || *self.rank.get_or_insert(rank) != rank || !self.fits(axis, items.len()) {
            return Ok(false);
        }
        if items.len() > self.limits.elements_max.saturating_sub(self.values.len()) {
            return Err(too_many(self.limits));
        }
        self.values.extend(items.iter().map(|item| {
            let [_, _, _, double @ ..] = *item;
            T::from_double(double)
        }));
        Ok(true)
    }

    /// A list of lists.
    fn rows(&mut self, list: &[u8], axis: usize) -> Result<bool, Error> {
        let is_first = self.extents.len() == axis;
        if is_first {
            self.extents.push(0);
        }
        let mut n_items = 0_usize;
        let mut items = Fields::new(list);
        while let Some((number, content)) = items.next()? {
            let Some(inner) = (number == ITEMS).then(|| only_list(content)).transpose()?.flatten()
            else {
                return Ok(false);
            };
            if !self.list(inner, axis.saturating_add(1))? {
                return Ok(false);
            }
            n_items = n_items.saturating_add(1);
        }
        if is_first && let Some(extent) = self.extents.get_mut(axis) {
            *extent = n_items;
        }
        Ok(n_items > 0 && self.fits(axis, n_items))
    }

    /// Whether a list on this axis has the extent of the first one there.
    fn fits(&mut self, axis: usize, extent: usize) -> bool {
        if self.extents.len() == axis {
            self.extents.push(extent);
        }
        self.extents.get(axis) == Some(&extent)
    }
}

/// The content of an item that is a list and nothing else.
fn only_list(item: Content<'_>) -> Result<Option<&[u8]>, Error> {
    let mut fields = Fields::new(item.bytes()?);
    Ok(match (fields.next()?, fields.next()?) {
        (Some((value_field::LIST, Content::Bytes(list))), None) => Some(list),
        _ => None,
    })
}
