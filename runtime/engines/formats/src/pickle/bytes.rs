//! Reading the bytes of a pickle one piece after another.

use super::vm::Machine;
use crate::error::FormatError;

/// The longest name of a module or class.
const NAME_BYTES_MAX: usize = 1024;

impl Machine {
    pub(crate) fn byte(&mut self) -> Result<u8, FormatError> {
        let Some(byte) = self.store.bytes.get(self.at).copied() else {
            return Err(self.truncated(1));
        };
        self.at = self.at.saturating_add(1);
        Ok(byte)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], FormatError> {
        let chunk = self.store.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<N>());
        let Some(chunk) = chunk.copied() else { return Err(self.truncated(N)) };
        self.at = self.at.saturating_add(N);
        Ok(chunk)
    }

    pub(super) fn u32(&mut self) -> Result<u32, FormatError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// Steps over bytes, which must be there.
    pub(crate) fn skip(&mut self, len: usize) -> Result<(), FormatError> {
        let end = self.at.checked_add(len).filter(|end| *end <= self.store.bytes.len());
        let Some(end) = end else { return Err(self.truncated(len)) };
        self.at = end;
        Ok(())
    }

    pub(super) fn span(&self, start: usize, len: usize) -> &[u8] {
        self.store.bytes.get(start..start.saturating_add(len)).unwrap_or(&[])
    }

    /// Where the text up to the next line feed is; steps over both.
    pub(super) fn line(&mut self) -> Result<(usize, usize), FormatError> {
        let start = self.at;
        let rest = self.store.bytes.get(start..).unwrap_or(&[]);
        let Some(len) = rest.iter().position(|byte| *byte == b'\n') else {
            return Err(self.damaged("a line feed", "the end of the file"));
        };
        self.at = start.saturating_add(len).saturating_add(1);
        let len = if rest.get(..len).is_some_and(|line| line.ends_with(b"\r")) {
            len.saturating_sub(1)
        } else {
            len
        };
        Ok((start, len))
    }

    /// A line that names a module or class.
    pub(super) fn line_text(&mut self) -> Result<String, FormatError> {
        let (start, len) = self.line()?;
        match std::str::from_utf8(self.span(start, len)) {
            Ok(text) => self.name(text),
            Err(_) => Err(self.damaged("a name in UTF-8", "other bytes")),
        }
    }

    /// A name, unless it is far longer than any.
    pub(super) fn name(&self, text: &str) -> Result<String, FormatError> {
        FormatError::check_limit(self.here(), "bytes of a name", NAME_BYTES_MAX, text.len())?;
        Ok(text.to_owned())
    }

    pub(super) fn line_number(&mut self) -> Result<u64, FormatError> {
        let (start, len) = self.line()?;
        let text = std::str::from_utf8(self.span(start, len)).ok();
        let number = text.and_then(|text| text.trim().parse().ok());
        number.ok_or_else(|| self.damaged("a number of the memo", "another text"))
    }

    fn truncated(&self, wanted: usize) -> FormatError {
        let left = self.store.bytes.len().saturating_sub(self.at);
        self.damaged(format_args!("{wanted} more bytes"), left)
    }
}
