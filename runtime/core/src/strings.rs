//! Columns of byte strings.

use std::fmt;

/// Byte strings, back to back in one buffer: two allocations for a column of any length.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Strings {
    bytes: Vec<u8>,
    // Invariant: not decreasing, and the last end is `bytes.len()`.
    ends: Vec<usize>,
}

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

    /// The string at `index`, if there are as many.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)?;
        let start = if index == 0 { 0 } else { *self.ends.get(index - 1)? };
        self.bytes.get(start..end)
    }

    /// All strings in order.
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
        f.debug_list().entries(self.iter().map(String::from_utf8_lossy)).finish()
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
}
