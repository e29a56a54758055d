//! Columns of byte strings.

use std::fmt;

/// Byte strings, back to back in one buffer: two allocations for a column of any length.
///
/// An element may be missing, which is no string, and not equal to an empty one. Who does not ask
/// sees an empty string in its place. Only requests to models that take tables have missing texts;
/// a column without any costs nothing more, one with some a bit for each element.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Strings {
    bytes: Vec<u8>,
    // Invariant: not decreasing, and the last end is `bytes.len()`.
    ends: Vec<usize>,
    /// A bit for each element, set where it is missing.
    // Invariant: ends with the word of the last missing element, so that equal columns are equal here.
    missing: Vec<u64>,
}

/// The bits of a word of `missing`.
const WORD: usize = u64::BITS as usize;

impl Strings {
    /// An empty column.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of strings.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no string.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The total length of all strings, in bytes.
    pub fn n_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Appends one string.
    pub fn push(&mut self, string: &[u8]) {
        self.bytes.extend_from_slice(string);
        self.ends.push(self.bytes.len());
    }

    /// Appends a missing element.
    pub fn push_missing(&mut self) {
        let index = self.ends.len();
        self.missing.resize(index / WORD + 1, 0);
        if let Some(word) = self.missing.last_mut() {
            *word |= 1 << (index % WORD);
        }
        self.ends.push(self.bytes.len());
    }

    /// Appends the element of another column at this index, missing or not; nothing where there is
    /// none.
    pub fn push_from(&mut self, other: &Self, index: usize) {
        if other.is_missing(index) {
            self.push_missing();
        } else if let Some(string) = other.get(index) {
            self.push(string);
        }
    }

    /// Whether any element is missing.
    pub fn has_missing(&self) -> bool {
        !self.missing.is_empty()
    }

    /// Whether the element at `index` is missing.
    #[inline]
    pub fn is_missing(&self, index: usize) -> bool {
        self.missing.get(index / WORD).is_some_and(|word| (word >> (index % WORD)) & 1 == 1)
    }

    /// The string at `index`, if there are as many; an empty one for a missing element.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)?;
        let start = if index == 0 { 0 } else { *self.ends.get(index - 1)? };
        self.bytes.get(start..end)
    }

    /// All elements in order, `None` for missing ones.
    pub fn iter_present(&self) -> impl Iterator<Item = Option<&[u8]>> {
        let present = |(index, string)| (!self.is_missing(index)).then_some(string);
        self.iter().enumerate().map(present)
    }

    /// All strings in order, empty ones for missing elements.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let string = self.bytes.get(start..end).unwrap_or_default();
            start = end;
            string
        })
    }

    /// Removes all strings, keeping what was allocated.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.missing.clear();
    }
}

impl<'a> FromIterator<Option<&'a str>> for Strings {
    fn from_iter<I: IntoIterator<Item = Option<&'a str>>>(strings: I) -> Self {
        let mut column = Self::new();
        strings.into_iter().for_each(|string| match string {
            Some(string) => column.push(string.as_bytes()),
            None => column.push_missing(),
        });
        column
    }
}

impl<'a> FromIterator<&'a str> for Strings {
    fn from_iter<I: IntoIterator<Item = &'a str>>(strings: I) -> Self {
        let mut column = Self::new();
        strings.into_iter().for_each(|string| column.push(string.as_bytes()));
        column
    }
}

impl fmt::Debug for Strings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_list();
        for string in self.iter_present() {
            match string {
                Some(string) => list.entry(&String::from_utf8_lossy(string)),
                None => list.entry(&None::<&str>),
            };
        }
        list.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_come_back_in_order_with_their_lengths() {
        let column: Strings = ["a", "", "böb"].into_iter().collect();
        assert_eq!(column.iter().collect::<Vec<_>>(), [&b"a"[..], b"", "böb".as_bytes()]);
        assert_eq!(column.get(1), Some(&b""[..]));
        assert_eq!(column.get(3), None);
        assert_eq!((column.len(), column.n_bytes()), (3, 5));
    }

    #[test]
    fn a_missing_element_is_no_empty_string() {
        let column: Strings = [Some("a"), None, Some("")].into_iter().collect();
        assert_eq!(column.iter().collect::<Vec<_>>(), [&b"a"[..], b"", b""]);
        assert_eq!(column.iter_present().collect::<Vec<_>>(), [Some(&b"a"[..]), None, Some(b"")]);
        assert_eq!(
            (column.is_missing(1), column.is_missing(2), column.get(1)),
            (true, false, Some(&b""[..]))
        );
        assert!(column.has_missing() && !column.is_missing(1000));
        assert_eq!(format!("{column:?}"), r#"["a", None, ""]"#);
        let texts: Strings = ["a", "", ""].into_iter().collect();
        assert_ne!(column, texts);
        assert!(!texts.has_missing());
    }

    #[test]
    fn equal_columns_are_equal_however_they_came_about() {
        let mut long = Strings::new();
        (0..200)
            .for_each(|index| if index % 70 == 3 { long.push_missing() } else { long.push(b"x") });
        assert!(long.is_missing(73) && long.is_missing(143) && !long.is_missing(74));
        let mut copy = Strings::new();
        copy.push_missing();
        copy.clear();
        (0..200).for_each(|index| copy.push_from(&long, index));
        copy.push_from(&long, 200);
        assert_eq!(copy, long);
        let is_missing = |index: &usize| long.is_missing(*index);
        assert_eq!((0..300).filter(is_missing).collect::<Vec<_>>(), [3, 73, 143]);
    }
}
