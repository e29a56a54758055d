//! Types of array elements.

use std::fmt;

/// What an element is; its size stands in [`DType::size`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `b1`.
    Bool,
    /// `i1` to `i8`.
    Int,
    /// `u1` to `u8`.
    UInt,
    /// `f2` to `f8`.
    Float,
    /// Text of fixed length, four bytes a character.
    Text,
    /// Bytes of fixed length.
    Bytes,
    /// Python objects.
    Object,
    /// Named fields.
    Record,
    /// Complex numbers, times, and plain bytes without fields: nothing reads them.
    Other(char),
}

/// The type of an array's elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DType {
    /// What an element is.
    pub kind: Kind,
    /// Bytes of an element, padding included.
    pub size: usize,
    /// Whether numbers have their high byte first.
    pub big_endian: bool,
    /// The fields of a record, each within `size`.
    pub fields: Vec<Field>,
}

/// A field of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Where it begins in the record, in bytes.
    pub offset: usize,
    /// What it is.
    pub dtype: DType,
}

impl DType {
    /// A type without fields.
    pub(crate) fn plain(kind: Kind, size: usize, big_endian: bool) -> Self {
        Self { kind, size, big_endian, fields: Vec::new() }
    }

    /// Reads a code such as `<f8`, `|b1`, `U12` or `O`; records are written in another way.
    ///
    /// `None` if it is not a code.
    pub(crate) fn parse(code: &str) -> Option<Self> {
        let (big_endian, rest) = match code.split_at_checked(1)? {
            ("<" | "=" | "|", rest) => (false, rest),
            (">", rest) => (true, rest),
            _ => (false, code),
        };
        let mut letters = rest.chars();
        let letter = letters.next()?;
        let digits = letters.as_str();
        // Times carry a unit: `M8[ns]`.
        let digits = digits.split('[').next().unwrap_or_default();
        let count = if digits.is_empty() { None } else { Some(digits.parse::<usize>().ok()?) };
        let (kind, size) = match (letter, count) {
            ('?', None) | ('b', Some(1)) => (Kind::Bool, 1),
            ('i', Some(size @ (1 | 2 | 4 | 8))) => (Kind::Int, size),
            ('u', Some(size @ (1 | 2 | 4 | 8))) => (Kind::UInt, size),
            ('f', Some(size @ (2 | 4 | 8))) => (Kind::Float, size),
            ('U', count) => (Kind::Text, count.unwrap_or(0).checked_mul(4)?),
            ('S' | 'a', count) => (Kind::Bytes, count.unwrap_or(0)),
            ('O', _) => (Kind::Object, count.unwrap_or(8)),
            ('V', count) => (Kind::Other('V'), count.unwrap_or(0)),
            ('c' | 'f' | 'M' | 'm', Some(size)) => (Kind::Other(letter), size),
            _ => return None,
        };
        Some(Self::plain(kind, size, big_endian))
    }

    /// The field of a name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().rfind(|field| field.name == name)
    }

    /// Whether elements are Python objects, or records that hold some.
    pub(crate) fn has_objects(&self) -> bool {
        // Records are parsed to a limited depth, so this recursion is limited too.
        self.kind == Kind::Object || self.fields.iter().any(|field| field.dtype.has_objects())
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = match self.kind {
            Kind::Bool => 'b',
            Kind::Int => 'i',
            Kind::UInt => 'u',
            Kind::Float => 'f',
            Kind::Text => return write!(f, "U{}", self.size.checked_div(4).unwrap_or(0)),
            Kind::Bytes => 'S',
            Kind::Object => return f.write_str("object"),
            Kind::Record => return f.write_str("record"),
            Kind::Other(letter) => letter,
        };
        write!(f, "{letter}{}", self.size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_with_their_byte_order() {
        let cases = [
            ("f8", Kind::Float, 8, false),
            (">f4", Kind::Float, 4, true),
            ("|b1", Kind::Bool, 1, false),
            ("?", Kind::Bool, 1, false),
            ("<U3", Kind::Text, 12, false),
            ("S7", Kind::Bytes, 7, false),
            ("O8", Kind::Object, 8, false),
            ("O", Kind::Object, 8, false),
            ("V64", Kind::Other('V'), 64, false),
            ("<M8[ns]", Kind::Other('M'), 8, false),
            ("c16", Kind::Other('c'), 16, false),
            ("f16", Kind::Other('f'), 16, false),
        ];
        for (code, kind, size, big_endian) in cases {
            assert_eq!(DType::parse(code), Some(DType::plain(kind, size, big_endian)), "{code}");
        }
    }

    #[test]
    fn other_texts_are_no_codes() {
        for code in ["", "<", "x4", "i3", "f", "é8", "U-1", "i8x", "U99999999999999999999"] {
            assert_eq!(DType::parse(code), None, "{code}");
        }
    }
}
