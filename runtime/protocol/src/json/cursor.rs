//! The pull scanner: white space, punctuation, keys, items, and values that are passed over.

use std::borrow::Cow;
use std::fmt;

use super::{SyntaxError, number, text};
use crate::Limits;

/// A place in a JSON text, from which values are pulled one by one.
///
/// After an error the place is unspecified; [`seek`](Self::seek) makes it known again. Nothing is
/// looked at twice: syntax is checked where the cursor passes, so a text is known to be JSON only
/// after [`finish`](Self::finish).
#[derive(Clone)]
pub struct Cursor<'a> {
    pub(super) bytes: &'a [u8],
    // Invariant: `at <= bytes.len()`.
    pub(super) at: usize,
    pub(super) takes_nulls: bool,
}

impl<'a> Cursor<'a> {
    /// A cursor at the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, takes_nulls: false }
    }

    /// Whether the tensors of floats that are read from here on may have `null` for NaN, and those of
    /// strings `null` for a missing one. At first they may not.
    pub(crate) fn take_nulls(&mut self, takes: bool) {
        self.takes_nulls = takes;
    }

    /// The offset of the next byte.
    pub fn position(&self) -> usize {
        self.at
    }

    /// Goes to an offset, or to the end if that lies behind it.
    pub fn seek(&mut self, at: usize) {
        self.at = at.min(self.bytes.len());
    }

    /// Passes white space and tells the byte behind it, which stays unread; `None` at the end.
    #[inline]
    pub fn peek(&mut self) -> Option<u8> {
        loop {
            match self.bytes.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.bump(),
                other => return other.copied(),
            }
        }
    }

    /// Passes the `{` of an object.
    ///
    /// # Errors
    /// Something else stands there.
    pub fn object_start(&mut self) -> Result<(), SyntaxError> {
        self.pass(b'{', "an object")
    }

    /// Passes to the value of the next entry of an object, over the `,`, the key and the `:`, and
    /// gives the key; passes the `}` and gives `None` at the object's end. `first` tells that no
    /// entry was read yet. A key without escapes is borrowed.
    ///
    /// # Errors
    /// What stands there is no entry and no end of an object.
    #[inline]
    pub fn next_key(&mut self, first: bool) -> Result<Option<Cow<'a, str>>, SyntaxError> {
        match (self.peek(), first) {
            (Some(b'}'), _) => {
                self.bump();
                return Ok(None);
            }
            (Some(b'"'), true) => {}
            (Some(b','), false) => {
                self.bump();
                if self.peek() != Some(b'"') {
                    return Err(self.expected("a key in double quotes"));
                }
            }
            (_, true) => return Err(self.expected("a key in double quotes or `}`")),
            (_, false) => return Err(self.expected("`,` or `}`")),
        }
        let key = self.string()?;
        self.pass(b':', "`:`")?;
        Ok(Some(key))
    }

    /// What has not been read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Passes the `[` of an array.
    ///
    /// # Errors
    /// Something else stands there.
    pub fn array_start(&mut self) -> Result<(), SyntaxError> {
        self.pass(b'[', "an array")
    }

    /// Passes to the next item of an array, over the `,`, and gives true; passes the `]` and gives
    /// false at the array's end. `first` tells that no item was read yet.
    ///
    /// # Errors
    /// What stands there is neither `,` nor `]`.
    #[inline]
    pub fn next_item(&mut self, first: bool) -> Result<bool, SyntaxError> {
        match (self.peek(), first) {
            (Some(b']'), _) => {
                self.bump();
                Ok(false)
            }
            (Some(_), true) => Ok(true),
            (None, true) => Err(self.expected("a value or `]`")),
            (Some(b','), false) => {
                self.bump();
                if self.peek() == Some(b']') { Err(self.expected("a value")) } else { Ok(true) }
            }
            (_, false) => Err(self.expected("`,` or `]`")),
        }
    }

    /// Reads a string; one without escapes is borrowed.
    ///
    /// # Errors
    /// No string stands there, or it holds a control character, a wrong escape or invalid UTF-8.
    pub fn string(&mut self) -> Result<Cow<'a, str>, SyntaxError> {
        self.pass(b'"', "a string")?;
        let raw = text::scan(self.bytes, self.at)?;
        self.at = raw.end;
        Ok(raw.decode())
    }

    /// Passes over a value of any kind, checks it, and gives its bytes without the white space
    /// around them. Allocates nothing.
    ///
    /// # Errors
    /// What stands there is no value, or it is nested too deep.
    pub fn skip_value(&mut self, limits: &Limits) -> Result<&'a [u8], SyntaxError> {
        self.peek();
        let start = self.at;
        self.skip_nested(limits.depth())?;
        Ok(self.bytes.get(start..self.at).unwrap_or_default())
    }

    fn skip_nested(&mut self, depth_left: usize) -> Result<(), SyntaxError> {
        match self.peek() {
            Some(b'[') => {
                let depth_left = self.descend(depth_left)?;
                let mut first = true;
                while self.next_item(first)? {
                    self.skip_nested(depth_left)?;
                    first = false;
                }
            }
            Some(b'{') => {
                let depth_left = self.descend(depth_left)?;
                let mut first = true;
                while self.next_key(first)?.is_some() {
                    self.skip_nested(depth_left)?;
                    first = false;
                }
            }
            Some(b'"') => {
                self.bump();
                self.at = text::scan(self.bytes, self.at)?.end;
            }
            Some(b't') => self.literal("true")?,
            Some(b'f') => self.literal("false")?,
            Some(b'n') => self.literal("null")?,
            _ => self.at = number::parse(self.bytes, self.at)?.1,
        }
        Ok(())
    }

    /// Checks that only white space is left, and passes it.
    ///
    /// # Errors
    /// Something else is left.
    pub fn finish(&mut self) -> Result<(), SyntaxError> {
        if self.peek().is_none() { Ok(()) } else { Err(self.expected("the end")) }
    }

    /// Passes the bracket of an array or object that is one level deeper than what is around it.
    pub(super) fn descend(&mut self, depth_left: usize) -> Result<usize, SyntaxError> {
        let deeper = depth_left.checked_sub(1);
        let deeper = deeper.ok_or_else(|| self.expected("no deeper nesting than the limit"))?;
        self.bump();
        Ok(deeper)
    }

    /// Passes `word`, whose first letter stands here.
    pub(super) fn literal(&mut self, word: &'static str) -> Result<(), SyntaxError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word.as_bytes()) {
            return Err(self.expected("a value"));
        }
        self.at = self.at.wrapping_add(word.len());
        Ok(())
    }

    pub(super) fn expected(&self, expected: &'static str) -> SyntaxError {
        SyntaxError::new(self.at, expected)
    }

    /// Passes the next byte, of which the caller knows that it is there.
    #[inline]
    pub(super) fn bump(&mut self) {
        self.at = self.at.wrapping_add(1);
    }

    fn pass(&mut self, byte: u8, expected: &'static str) -> Result<(), SyntaxError> {
        if self.peek() != Some(byte) {
            return Err(self.expected(expected));
        }
        self.bump();
        Ok(())
    }
}

impl fmt::Debug for Cursor<'_> {
    /// The place only: bodies are not for logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cursor").field("at", &self.at).field("len", &self.bytes.len()).finish()
    }
}
