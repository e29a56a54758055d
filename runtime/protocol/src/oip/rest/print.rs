//! Objects and lists of JSON, written key by key.

use crate::json::{push_bool, push_i64, push_string, push_u64};

/// An object that is being written.
#[derive(Debug)]
pub(in crate::oip) struct Object<'o> {
    out: &'o mut Vec<u8>,
    is_empty: bool,
}

impl<'o> Object<'o> {
    pub(in crate::oip) fn open(out: &'o mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, is_empty: true }
    }

    /// Writes a key; the value is the caller's to append.
    pub(in crate::oip) fn key(&mut self, key: &str) -> &mut Vec<u8> {
        if !self.is_empty {
            self.out.push(b',');
        }
        self.is_empty = false;
        push_string(self.out, key);
        self.out.push(b':');
        self.out
    }

    pub(in crate::oip) fn text(&mut self, key: &str, value: &str) {
        push_string(self.key(key), value);
    }

    pub(in crate::oip) fn unsigned(&mut self, key: &str, value: u64) {
        push_u64(self.key(key), value);
    }

    pub(in crate::oip) fn signed(&mut self, key: &str, value: i64) {
        push_i64(self.key(key), value);
    }

    pub(in crate::oip) fn boolean(&mut self, key: &str, value: bool) {
        push_bool(self.key(key), value);
    }

    pub(in crate::oip) fn close(self) {
        self.out.push(b'}');
    }
}

/// Appends a list, each item as `push` writes it.
#[inline]
pub(in crate::oip) fn push_list<T>(
    out: &mut Vec<u8>,
    items: impl IntoIterator<Item = T>,
    mut push: impl FnMut(&mut Vec<u8>, T),
) {
    out.push(b'[');
    let mut items = items.into_iter();
    if let Some(first) = items.next() {
        push(out, first);
    }
    for item in items {
        out.push(b',');
        push(out, item);
    }
    out.push(b']');
}
