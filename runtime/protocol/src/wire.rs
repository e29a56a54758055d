//! The protobuf wire format, read and written field by field without messages in between
//! (protobuf.dev, "Encoding").
//!
//! Reading borrows: strings and bytes are slices of the message. Groups, which proto3 does not have,
//! are refused. Nothing here recurses.

use radiant_core::Error;

/// The value of one field, as its wire type tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content<'a> {
    Varint(u64),
    Fixed64([u8; 8]),
    Bytes(&'a [u8]),
    Fixed32([u8; 4]),
}

/// The fields of a message, in the order in which they came.
#[derive(Debug, Clone)]
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(crate) const fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    /// The next field's number and content; `None` at the end.
    ///
    /// # Errors
    /// The bytes break off, or are not of the wire format.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<Option<(u32, Content<'a>)>, Error> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).unwrap_or(0);
        if number == 0 {
            return Err(malformed("expected a field number from 1 to 2^29-1"));
        }
        let content = match key & 7 {
            0 => Content::Varint(self.varint()?),
            1 => Content::Fixed64(self.fixed()?),
            2 => {
                let length = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
                Content::Bytes(self.take(length)?)
            }
            5 => Content::Fixed32(self.fixed()?),
            _ => return Err(malformed("expected a wire type of proto3 (0, 1, 2 or 5)")),
        };
        Ok(Some((number, content)))
    }

    #[inline]
    fn varint(&mut self) -> Result<u64, Error> {
        let (value, rest) = varint(self.rest)?;
        self.rest = rest;
        Ok(value)
    }

    #[inline]
    fn take(&mut self, length: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or_else(broken_off)?;
        self.rest = rest;
        Ok(taken)
    }

    #[inline]
    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or_else(broken_off)?;
        self.rest = rest;
        Ok(*taken)
    }
}

impl<'a> Content<'a> {
    /// The bytes of a field that holds bytes, a message or packed numbers.
    ///
    /// # Errors
    /// The field has another wire type.
    pub(crate) fn bytes(self) -> Result<&'a [u8], Error> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(malformed("expected a field of bytes")),
        }
    }

    /// The text of a `string` field.
    ///
    /// # Errors
    /// The field has another wire type, or is not UTF-8.
    pub(crate) fn text(self) -> Result<&'a str, Error> {
        str::from_utf8(self.bytes()?).map_err(|_| malformed("expected a string of UTF-8"))
    }

    /// The number of a field of varints: integers, booleans, enums.
    ///
    /// # Errors
    /// The field has another wire type.
    pub(crate) fn varint(self) -> Result<u64, Error> {
        match self {
            Self::Varint(value) => Ok(value),
            _ => Err(malformed("expected a field of a varint")),
        }
    }

    /// Gives `each` all numbers of a repeated varint field's occurrence, packed or not.
    ///
    /// # Errors
    /// The bytes break off, or what `each` says.
    pub(crate) fn varints(
        self,
        mut each: impl FnMut(u64) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut rest = match self {
            Self::Varint(value) => return each(value),
            other => other.bytes()?,
        };
        while !rest.is_empty() {
            let (value, after) = varint(rest)?;
            rest = after;
            each(value)?;
        }
        Ok(())
    }
}

/// The varint at the start of `bytes`, and what follows it. Bits beyond the 64th are dropped.
///
/// # Errors
/// The bytes break off, or the varint has more than ten bytes.
#[inline]
pub(crate) fn varint(bytes: &[u8]) -> Result<(u64, &[u8]), Error> {
    if let [first, rest @ ..] = bytes
        && *first < 0x80
    {
        return Ok((u64::from(*first), rest));
    }
    let mut value = 0_u64;
    for (index, &byte) in bytes.iter().take(10).enumerate() {
        let shift = u32::try_from(index).unwrap_or(0).wrapping_mul(7);
        value |= u64::from(byte & 0x7f).wrapping_shl(shift);
        if byte < 0x80 {
            return Ok((value, bytes.get(index.wrapping_add(1)..).unwrap_or_default()));
        }
    }
    Err(if bytes.len() < 10 { broken_off() } else { malformed("expected a varint of ten bytes") })
}

/// Appends a varint.
#[inline]
pub(crate) fn push_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f).unwrap_or(0) | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap_or(0));
}

/// The number of bytes of a varint.
pub(crate) const fn varint_len(value: u64) -> usize {
    let n_bits = 64_u32.wrapping_sub((value | 1).leading_zeros());
    n_bits.div_ceil(7) as usize
}

/// Appends a `string`, `bytes` or message field whose content is at hand.
#[inline]
pub(crate) fn push_bytes(out: &mut Vec<u8>, field: u32, bytes: &[u8]) {
    push_head(out, field, bytes.len());
    out.extend_from_slice(bytes);
}

/// Appends the key and the length of a field of `length` bytes, which the caller appends next.
#[inline]
pub(crate) fn push_head(out: &mut Vec<u8>, field: u32, length: usize) {
    push_varint(out, u64::from(field) << 3 | 2);
    push_varint(out, length as u64);
}

/// Appends a varint field.
#[inline]
pub(crate) fn push_uint(out: &mut Vec<u8>, field: u32, value: u64) {
    push_varint(out, u64::from(field) << 3);
    push_varint(out, value);
}

/// Appends a message field that `push` writes. Its content is moved once to make room for its
/// length: for small messages; where the length is known, [`push_head`] costs less.
pub(crate) fn push_message(out: &mut Vec<u8>, field: u32, push: impl FnOnce(&mut Vec<u8>)) {
    push_varint(out, u64::from(field) << 3 | 2);
    let start = out.len();
    out.push(0);
    push(out);
    let length = out.len().saturating_sub(start).saturating_sub(1);
    if length < 0x80 {
        if let Some(byte) = out.get_mut(start) {
            *byte = u8::try_from(length).unwrap_or(0);
        }
        return;
    }
    let mut prefix = Vec::with_capacity(10);
    push_varint(&mut prefix, length as u64);
    out.splice(start..=start, prefix);
}

#[cold]
pub(crate) fn malformed(expected: &str) -> Error {
    Error::invalid_input(format!("the message is not protobuf: {expected}"))
}

#[cold]
fn broken_off() -> Error {
    malformed("it breaks off within a field")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut out = Vec::new();
        push_uint(&mut out, 1, 300);
        push_bytes(&mut out, 2, b"text");
        push_message(&mut out, 3, |out| push_bytes(out, 1, &[7; 200]));
        let mut fields = Fields::new(&out);
        assert_eq!(fields.next().unwrap(), Some((1, Content::Varint(300))));
        let (number, content) = fields.next().unwrap().unwrap();
        assert_eq!((number, content.text().unwrap()), (2, "text"));
        let (number, content) = fields.next().unwrap().unwrap();
        let mut inner = Fields::new(content.bytes().unwrap());
        assert_eq!(number, 3);
        assert_eq!(inner.next().unwrap(), Some((1, Content::Bytes(&[7; 200]))));
        assert_eq!(fields.next().unwrap(), None);
    }

    #[test]
    fn varints_have_their_length() {
        for value in [0, 1, 127, 128, 16_383, 16_384, u64::MAX >> 1, u64::MAX] {
            let mut out = Vec::new();
            push_varint(&mut out, value);
            assert_eq!(out.len(), varint_len(value), "{value}");
            assert_eq!(varint(&out).unwrap(), (value, &[][..]));
        }
    }

    #[test]
    fn hostile_bytes_are_errors() {
        for bytes in [&[0x0a][..], &[0x0a, 5, 1], &[0xff; 11], &[0x0b], &[0x00], &[0x09, 1, 2]] {
            assert!(Fields::new(bytes).next().is_err(), "{bytes:?}");
        }
    }
}
