//! Arrays as nested `google.protobuf.ListValue`s.
//!
//! Numbers and truth values have one length each, so that the length of every list is known from the
//! shape before the first byte is written.

use radiant_core::TensorData;
use smallvec::SmallVec;

use super::ndarray::{ITEM_HEAD, ITEM_LEN};
use super::{ITEMS, value_field};
use crate::wire::{push_head, push_message, varint_len};

/// Nested lists of items that all have the same length.
#[derive(Debug)]
pub(super) struct Lists<'a> {
    dims: &'a [usize],
    /// The length of the content of a list on each axis, in bytes.
    lengths: SmallVec<[usize; 4]>,
}

/// The length of a truth value in a list.
const BOOL_LEN: usize = 4;

impl<'a> Lists<'a> {
    /// The lists for an array of numbers, or of truth values, with at least one axis.
    pub(super) fn new(dims: &'a [usize], data: &TensorData) -> Self {
        let is_bool = matches!(data, TensorData::Bool(_));
        let mut item_len = if is_bool { BOOL_LEN } else { ITEM_LEN };
        let mut lengths = SmallVec::new();
        for extent in dims.iter().rev() {
            let length = extent.saturating_mul(item_len);
            lengths.push(length);
            // The list is a field of a `Value`, which is a field of the list around it.
            item_len = field_len(field_len(length));
        }
        lengths.reverse();
        Self { dims, lengths }
    }

    /// The length of the outermost list's content.
    pub(super) fn len(&self) -> usize {
        self.lengths.first().copied().unwrap_or_default()
    }

    /// Appends the content of the outermost list. What holds no numbers has no place here, and
    /// nothing is appended.
    pub(super) fn push(&self, out: &mut Vec<u8>, data: &TensorData) {
        match data {
            // The key and the length of the item, the key of `bool_value`, the value.
            TensorData::Bool(v) => self.words(out, v, |truth| [0x0a, 2, 0x20, u8::from(truth)]),
            TensorData::U8(v) => self.numbers(out, v, f64::from),
            TensorData::U16(v) => self.numbers(out, v, f64::from),
            TensorData::U32(v) => self.numbers(out, v, f64::from),
            TensorData::U64(v) => self.numbers(out, v, |integer| integer as f64),
            TensorData::I8(v) => self.numbers(out, v, f64::from),
            TensorData::I16(v) => self.numbers(out, v, f64::from),
            TensorData::I32(v) => self.numbers(out, v, f64::from),
            TensorData::I64(v) => self.numbers(out, v, |integer| integer as f64),
            TensorData::F16(v) => self.numbers(out, v, f64::from),
            TensorData::BF16(v) => self.numbers(out, v, f64::from),
            TensorData::F32(v) => self.numbers(out, v, f64::from),
            TensorData::F64(v) => self.numbers(out, v, |double| double),
            TensorData::Bytes(_) => {}
        }
    }

    #[expect(clippy::many_single_char_names, reason = "the bytes of a double")]
    fn numbers<T: Copy>(&self, out: &mut Vec<u8>, values: &[T], double: impl Fn(T) -> f64) {
        self.words(out, values, |value| {
            let [head_a, head_b, head_c] = ITEM_HEAD;
            let [a, b, c, d, e, f, g, h] = double(value).to_le_bytes();
            [head_a, head_b, head_c, a, b, c, d, e, f, g, h]
        });
    }

    fn words<T: Copy, const N: usize>(
        &self,
        out: &mut Vec<u8>,
        values: &[T],
        word: impl Fn(T) -> [u8; N],
    ) {
        out.reserve(self.len());
        push_rows(out, self.dims, &self.lengths, &mut { values }, &word);
    }
}

/// Appends the content of a list on the first of these axes. Recursion is as deep as there are axes.
fn push_rows<T: Copy, const N: usize>(
    out: &mut Vec<u8>,
    dims: &[usize],
    lengths: &[usize],
    values: &mut &[T],
    word: &impl Fn(T) -> [u8; N],
) {
    match (dims, lengths) {
        ([], _) | (_, []) => {}
        ([extent], _) => {
            let (row, rest) = values.split_at_checked(*extent).unwrap_or((values, &[]));
            push_words(out, row, word);
            *values = rest;
        }
        ([extent, dims @ ..], [_, lengths @ ..]) => {
            let length = lengths.first().copied().unwrap_or_default();
            for _ in 0..*extent {
                push_head(out, ITEMS, field_len(length));
                push_head(out, value_field::LIST, length);
                push_rows(out, dims, lengths, values, word);
            }
        }
    }
}

/// Appends `N` bytes for each value.
pub(super) fn push_words<T: Copy, const N: usize>(
    out: &mut Vec<u8>,
    values: &[T],
    word: impl Fn(T) -> [u8; N],
) {
    let start = out.len();
    out.resize(start.saturating_add(values.len().saturating_mul(N)), 0);
    let (words, _) = out.get_mut(start..).unwrap_or_default().as_chunks_mut::<N>();
    for (slot, &value) in words.iter_mut().zip(values) {
        *slot = word(value);
    }
}

/// The length of a field of bytes with a number below 16.
pub(super) const fn field_len(length: usize) -> usize {
    length.saturating_add(varint_len(length as u64)).saturating_add(1)
}

/// Appends the content of nested lists of any items. Recursion is as deep as there are axes.
pub(super) fn push_items<T>(
    out: &mut Vec<u8>,
    dims: &[usize],
    items: &mut impl Iterator<Item = T>,
    push: &impl Fn(&mut Vec<u8>, T),
) {
    match dims {
        [] => {}
        [extent] => {
            for item in items.take(*extent) {
                push_message(out, ITEMS, |out| push(out, item));
            }
        }
        [extent, dims @ ..] => {
            for _ in 0..*extent {
                push_message(out, ITEMS, |out| {
                    push_message(out, value_field::LIST, |out| push_items(out, dims, items, push));
                });
            }
        }
    }
}
