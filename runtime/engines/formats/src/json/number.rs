//! Numbers in the forms that files have them in.

use std::str::FromStr;

/// How a number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Decimal digits, `NaN`, `Infinity`, `-Infinity`, `true` or `false`, between commas.
    Text,
    // The others are big-endian.
    I8,
    U8,
    I16,
    I32,
    I64,
    F32,
    F64,
}

impl Form {
    /// Bytes of one number; a text has one at least.
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::Text | Self::I8 | Self::U8 => 1,
            Self::I16 => 2,
            Self::I32 | Self::F32 => 4,
            Self::I64 | Self::F64 => 8,
        }
    }
}

/// One number, not yet in a type.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Number<'a> {
    Text(&'a str),
    Whole(i64),
    Single(f32),
    Double(f64),
}

/// Some numbers, one after the other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Numbers<'a> {
    bytes: &'a [u8],
    form: Form,
    n: u32,
}

impl<'a> Numbers<'a> {
    pub(crate) fn new(bytes: &'a [u8], form: Form, start: u32, n: u32) -> Self {
        Self { bytes: bytes.get(start as usize..).unwrap_or_default(), form, n }
    }

    /// The first number as it is written.
    pub(crate) fn text(self) -> Option<&'a str> {
        match self.form.split(self.bytes)?.0 {
            Number::Text(text) => Some(text),
            Number::Whole(_) | Number::Single(_) | Number::Double(_) => None,
        }
    }

    /// The first number; `None` if it is none of the type.
    pub(crate) fn first<T: Element>(self) -> Option<T> {
        T::of(self.form.split(self.bytes)?.0)
    }

    /// The numbers up to the first that is none of the type.
    pub(crate) fn all<T: Element>(self) -> Vec<T> {
        match self.form {
            Form::Text => self.texts(),
            Form::I8 => self.chunks(|bytes| Number::Whole(i8::from_be_bytes(bytes).into())),
            Form::U8 => self.chunks(|bytes| Number::Whole(u8::from_be_bytes(bytes).into())),
            Form::I16 => self.chunks(|bytes| Number::Whole(i16::from_be_bytes(bytes).into())),
            Form::I32 => self.chunks(|bytes| Number::Whole(i32::from_be_bytes(bytes).into())),
            Form::I64 => self.chunks(|bytes| Number::Whole(i64::from_be_bytes(bytes))),
            Form::F32 => self.chunks(|bytes| Number::Single(f32::from_be_bytes(bytes))),
            Form::F64 => self.chunks(|bytes| Number::Double(f64::from_be_bytes(bytes))),
        }
    }

    /// Numbers of `N` bytes. The loop is compiled for each form and type, as there are millions.
    fn chunks<const N: usize, T: Element>(self, of: impl Fn([u8; N]) -> Number<'a>) -> Vec<T> {
        let (chunks, _) = self.bytes.as_chunks::<N>();
        let chunks = chunks.get(..self.n as usize).unwrap_or(chunks);
        let mut all_fit = true;
        let fitting = |bytes: &[u8; N]| {
            let number = T::of(of(*bytes));
            all_fit &= number.is_some();
            number.unwrap_or_default()
        };
        let list = chunks.iter().map(fitting).collect();
        if all_fit {
            return list;
        }
        chunks.iter().map_while(|bytes| T::of(of(*bytes))).collect()
    }

    fn texts<T: Element>(self) -> Vec<T> {
        let mut rest = self.bytes;
        let numbers = (0..self.n).map_while(|_| {
            let (number, after) = Form::Text.split(rest)?;
            rest = after;
            T::of(number)
        });
        // A number is a byte at least.
        let mut list = Vec::with_capacity((self.n as usize).min(self.bytes.len()));
        list.extend(numbers);
        list
    }
}

/// What a number can become.
pub(crate) trait Element: Default {
    /// The number in this type; `None` if it is none.
    fn of(number: Number<'_>) -> Option<Self>;
}

impl Element for f32 {
    #[expect(clippy::inline_always, reason = "loops over numbers of one form need no branch then")]
    #[inline(always)]
    fn of(number: Number<'_>) -> Option<Self> {
        match number {
            Number::Text(text) => parse(text),
            Number::Whole(whole) => Some(whole as Self),
            Number::Single(single) => Some(single),
            #[expect(clippy::cast_possible_truncation, reason = "single precision is asked for")]
            Number::Double(double) => Some(double as Self),
        }
    }
}

impl Element for f64 {
    #[expect(clippy::inline_always, reason = "loops over numbers of one form need no branch then")]
    #[inline(always)]
    fn of(number: Number<'_>) -> Option<Self> {
        match number {
            Number::Text(text) => parse(text),
            Number::Whole(whole) => Some(whole as Self),
            Number::Single(single) => Some(single.into()),
            Number::Double(double) => Some(double),
        }
    }
}

impl Element for i64 {
    #[expect(clippy::inline_always, reason = "loops over numbers of one form need no branch then")]
    #[inline(always)]
    fn of(number: Number<'_>) -> Option<Self> {
        match number {
            Number::Text(text) => text.parse().ok(),
            Number::Whole(whole) => Some(whole),
            Number::Single(_) | Number::Double(_) => None,
        }
    }
}

impl Element for bool {
    #[expect(clippy::inline_always, reason = "loops over numbers of one form need no branch then")]
    #[inline(always)]
    fn of(number: Number<'_>) -> Option<Self> {
        match number {
            Number::Text("true" | "1") | Number::Whole(1) => Some(true),
            Number::Text("false" | "0") | Number::Whole(0) => Some(false),
            Number::Text(_) | Number::Whole(_) | Number::Single(_) | Number::Double(_) => None,
        }
    }
}

impl Form {
    fn split(self, bytes: &[u8]) -> Option<(Number<'_>, &[u8])> {
        Some(match self {
            Self::Text => {
                let is_blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == b',';
                let start = bytes.iter().position(|byte| !is_blank(byte))?;
                let bytes = bytes.get(start..)?;
                let is_end = |byte: &u8| is_blank(byte) || matches!(byte, b']' | b'}');
                let end = bytes.iter().position(is_end).unwrap_or(bytes.len());
                let (text, rest) = bytes.split_at_checked(end)?;
                (Number::Text(std::str::from_utf8(text).ok()?), rest)
            }
            Self::I8 => {
                let (bytes, rest) = bytes.split_first_chunk()?;
                (Number::Whole(i8::from_be_bytes(*bytes).into()), rest)
            }
            Self::U8 => {
                let (byte, rest) = bytes.split_first()?;
                (Number::Whole((*byte).into()), rest)
            }
            Self::I16 => {
                let (bytes, rest) = bytes.split_first_chunk()?;
                (Number::Whole(i16::from_be_bytes(*bytes).into()), rest)
            }
            Self::I32 => {
                let (bytes, rest) = bytes.split_first_chunk()?;
                (Number::Whole(i32::from_be_bytes(*bytes).into()), rest)
            }
            Self::I64 => {
                let (bytes, rest) = bytes.split_first_chunk()?;
                (Number::Whole(i64::from_be_bytes(*bytes)), rest)
            }
            Self::F32 => {
                let (bytes, rest) = bytes.split_first_chunk()?;
                (Number::Single(f32::from_be_bytes(*bytes)), rest)
            }
            Self::F64 => {
                let (bytes, rest) = bytes.split_first_chunk()?;
                (Number::Double(f64::from_be_bytes(*bytes)), rest)
            }
        })
    }
}

/// A decimal number or one of the words that JSON lacks, rounded once.
fn parse<T: FromStr + From<f32>>(text: &str) -> Option<T> {
    match text {
        "NaN" => Some(f32::NAN.into()),
        "Infinity" => Some(f32::INFINITY.into()),
        "-Infinity" => Some(f32::NEG_INFINITY.into()),
        // Rust also reads words such as `inf`, which JSON does not have.
        _ if text.bytes().all(is_of_number) => text.parse().ok(),
        _ => None,
    }
}

fn is_of_number(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')
}
