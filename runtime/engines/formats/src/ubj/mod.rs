//! UBJSON as XGBoost writes models in it.
//!
//! It is binary JSON with big-endian numbers and gives the same [`Document`]. Keys have no marker of
//! their own, which is as the format has it; lists may state a type and a number of items. Types
//! without bytes in lists and numbers in high precision are refused: nothing writes them.

#[cfg(test)]
mod tests;

use crate::json::{Builder, Document, Form, Kind, NONE, Span};
use crate::{FormatError, Limits, Place};

/// Reads a UBJSON file.
///
/// Cost: one pass; 28 bytes for each value, where a list of numbers is one value.
///
/// # Errors
/// When the bytes are not UBJSON, or have more values or levels than [`Limits`] allow.
pub fn parse<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Document<'a>, FormatError> {
    let mut parser =
        Parser { bytes, at: 0, builder: Builder::new(bytes, limits)?, left: Vec::new() };
    parser.value(Span { start: 0, len: 0 })?;
    while !parser.builder.is_complete() {
        parser.step()?;
    }
    if parser.at < bytes.len() {
        return Err(parser.wrong("the end of the file"));
    }
    Ok(parser.builder.finish(bytes, false))
}

struct Parser<'a, 'l> {
    bytes: &'a [u8],
    at: usize,
    builder: Builder<'l>,
    /// For all that is open: how many values are still to come, where that was stated.
    left: Vec<Option<u64>>,
}

/// What a list or an object states of itself.
struct Header {
    form: Option<Form>,
    n: Option<u64>,
}

impl Parser<'_, '_> {
    /// Goes on after a value: to the end of what is open or to its next value.
    fn step(&mut self) -> Result<(), FormatError> {
        let in_object = self.builder.in_object() == Some(true);
        let end = if in_object { b'}' } else { b']' };
        match self.left.last_mut() {
            Some(Some(0)) => {
                self.close();
                return Ok(());
            }
            Some(Some(left)) => *left = left.saturating_sub(1),
            Some(None) | None => {
                while self.peek() == Some(b'N') {
                    self.forward(1);
                }
                if self.peek() == Some(end) {
                    self.forward(1);
                    self.close();
                    return Ok(());
                }
            }
        }
        let mut key = Span { start: self.offset(), len: 0 };
        if in_object {
            key = self.text()?;
        }
        self.value(key)
    }

    fn close(&mut self) {
        self.left.pop();
        self.builder.close();
    }

    fn value(&mut self, key: Span) -> Result<(), FormatError> {
        let kind = match self.marker("a value")? {
            b'Z' => Kind::Null,
            b'T' => Kind::Bool(true),
            b'F' => Kind::Bool(false),
            b'S' => Kind::Text(self.text()?),
            b'C' => Kind::Text(self.bytes(1)?),
            b'{' => {
                let header = self.header()?;
                if header.form.is_some() {
                    return Err(self.unsupported("an object with one type for all its values"));
                }
                self.left.push(header.n);
                Kind::Object(NONE)
            }
            b'[' => self.list()?,
            marker => {
                let Some(form) = form(marker) else {
                    self.at = self.at.saturating_sub(1);
                    return Err(self.wrong("a value"));
                };
                Kind::Number(form, self.bytes(form.bytes() as u64)?.start)
            }
        };
        self.builder.add(key, kind)
    }

    fn list(&mut self) -> Result<Kind, FormatError> {
        let header = self.header()?;
        let (Some(form), Some(n)) = (header.form, header.n) else {
            self.left.push(header.n);
            return Ok(Kind::List(NONE));
        };
        let n_bytes = n.saturating_mul(form.bytes() as u64);
        let start = self.bytes(n_bytes)?.start;
        // No more than the bytes that were just found.
        let len = u32::try_from(n).unwrap_or(u32::MAX);
        Ok(Kind::Numbers(form, Span { start, len }))
    }

    /// `$` with a type and `#` with a number of items, if they are there.
    fn header(&mut self) -> Result<Header, FormatError> {
        let mut header = Header { form: None, n: None };
        if self.peek() == Some(b'$') {
            self.forward(1);
            let marker = self.marker("a type")?;
            let Some(form) = form(marker) else {
                return Err(self.unsupported(format_args!("type `{}`", marker.escape_ascii())));
            };
            header.form = Some(form);
            if self.peek() != Some(b'#') {
                return Err(self.wrong("`#`"));
            }
        }
        if self.peek() == Some(b'#') {
            self.forward(1);
            header.n = Some(self.length()?);
        }
        Ok(header)
    }

    fn text(&mut self) -> Result<Span, FormatError> {
        let n = self.length()?;
        self.bytes(n)
    }

    fn length(&mut self) -> Result<u64, FormatError> {
        let at = self.at;
        let length = match self.marker("a length")? {
            b'U' => self.array().map(|[byte]| Some(u64::from(byte))),
            b'i' => self.array().map(|bytes| i8::from_be_bytes(bytes).try_into().ok()),
            b'I' => self.array().map(|bytes| i16::from_be_bytes(bytes).try_into().ok()),
            b'l' => self.array().map(|bytes| i32::from_be_bytes(bytes).try_into().ok()),
            b'L' => self.array().map(|bytes| i64::from_be_bytes(bytes).try_into().ok()),
            _ => Ok(None),
        }?;
        length.ok_or_else(|| {
            let place = Place::Byte(at as u64);
            FormatError::damaged(place, "a length", "something else")
        })
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], FormatError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some(&array) = rest.first_chunk() else {
            return Err(self.wrong("a number"));
        };
        self.forward(N);
        Ok(array)
    }

    /// So many bytes, which must be there.
    fn bytes(&mut self, n: u64) -> Result<Span, FormatError> {
        let left = self.bytes.len().saturating_sub(self.at) as u64;
        if n > left {
            let place = Place::Byte(self.at as u64);
            let expected = format_args!("{n} bytes");
            return Err(FormatError::damaged(place, expected, format_args!("{left}")));
        }
        let start = self.offset();
        // At most what is left of the file, whose length was checked.
        let len = u32::try_from(n).unwrap_or(u32::MAX);
        self.forward(len as usize);
        Ok(Span { start, len })
    }

    fn marker(&mut self, expected: &str) -> Result<u8, FormatError> {
        let Some(marker) = self.peek() else { return Err(self.wrong(expected)) };
        self.forward(1);
        Ok(marker)
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn forward(&mut self, n: usize) {
        self.at = self.at.saturating_add(n);
    }

    fn offset(&self) -> u32 {
        // The file's length was checked.
        u32::try_from(self.at).unwrap_or(u32::MAX)
    }

    fn unsupported(&self, what: impl std::fmt::Display) -> FormatError {
        FormatError::unsupported(Place::Byte(self.at as u64), what, "save the model as JSON")
    }

    fn wrong(&self, expected: &str) -> FormatError {
        let got = match self.peek() {
            Some(byte) => format!("`{}`", byte.escape_ascii()),
            None => "the end of the file".to_owned(),
        };
        FormatError::damaged(Place::Byte(self.at as u64), expected, got)
    }
}

/// The form of numbers with this marker.
fn form(marker: u8) -> Option<Form> {
    Some(match marker {
        b'i' => Form::I8,
        b'U' => Form::U8,
        b'I' => Form::I16,
        b'l' => Form::I32,
        b'L' => Form::I64,
        b'd' => Form::F32,
        b'D' => Form::F64,
        _ => return None,
    })
}
