//! Why a text is not JSON, and where.

use std::fmt;

/// A text is not JSON, or exceeds a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyntaxError {
    /// The offset of the first byte that does not fit, in bytes.
    pub at: usize,
    /// What could have stood there instead.
    pub expected: &'static str,
}

impl SyntaxError {
    pub(super) const fn new(at: usize, expected: &'static str) -> Self {
        Self { at, expected }
    }

    /// The line and the column of the place in `bytes`, both from 1; the column counts characters,
    /// as Python's messages do.
    pub fn place(&self, bytes: &[u8]) -> (usize, usize) {
        let before = bytes.get(..self.at).unwrap_or(bytes);
        let line = before.split(|&byte| byte == b'\n').count();
        let last = before.rsplit(|&byte| byte == b'\n').next().unwrap_or_default();
        // Bytes that continue a UTF-8 character begin no column.
        let column = last.iter().filter(|&&byte| byte & 0xC0 != 0x80).count();
        (line, column.wrapping_add(1))
    }

    /// The message for people, with the place in `bytes`.
    pub fn describe(&self, bytes: &[u8]) -> String {
        let (line, column) = self.place(bytes);
        format!("expected {} at line {line} column {column} (byte {})", self.expected, self.at)
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {} at byte {}", self.expected, self.at)
    }
}

impl std::error::Error for SyntaxError {}
