//! Little-endian numbers, one after the other.

use crate::{FormatError, Place};

/// What is left of some bytes.
#[derive(Debug, Clone)]
pub(super) struct Bytes<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Bytes<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(super) fn place(&self) -> Place {
        Place::Byte(self.at as u64)
    }

    pub(super) fn left(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    pub(super) fn take(&mut self, n: usize) -> Result<&'a [u8], FormatError> {
        let end = self.at.saturating_add(n);
        let Some(bytes) = self.bytes.get(self.at..end) else {
            let (expected, got) = (format_args!("{n} bytes"), self.left());
            return Err(FormatError::damaged(self.place(), expected, got));
        };
        self.at = end;
        Ok(bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, FormatError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(super) fn i32(&mut self) -> Result<i32, FormatError> {
        Ok(i32::from_le_bytes(self.array()?))
    }

    pub(super) fn f32(&mut self) -> Result<f32, FormatError> {
        Ok(f32::from_le_bytes(self.array()?))
    }

    /// A number of items that take so many bytes at least, which must be there.
    pub(super) fn count(&mut self, item_bytes: usize) -> Result<usize, FormatError> {
        let place = self.place();
        let n = u64::from_le_bytes(self.array()?);
        let most = self.left().checked_div(item_bytes).unwrap_or(0);
        match usize::try_from(n) {
            Ok(n) if n <= most => Ok(n),
            _ => Err(FormatError::damaged(place, format_args!("at most {most} items"), n)),
        }
    }

    /// A list of numbers with its length.
    pub(super) fn f32s(&mut self) -> Result<Vec<f32>, FormatError> {
        let n = self.count(4)?;
        (0..n).map(|_| self.f32()).collect()
    }

    /// A text with its length. What is no UTF-8 in it is replaced.
    pub(super) fn text(&mut self) -> Result<String, FormatError> {
        let n = self.count(1)?;
        Ok(String::from_utf8_lossy(self.take(n)?).into_owned())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], FormatError> {
        let bytes = self.take(N)?;
        // As many as were asked for.
        Ok(bytes.first_chunk().copied().unwrap_or([0; N]))
    }
}
