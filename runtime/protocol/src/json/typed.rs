//! Nested arrays whose element type is declared beside them, straight into tensor data.
//!
//! Unlike [`Cursor::numbers`] this knows what has to stand there: whatever else stands there is an
//! error that names the element. No value changes its kind on the way: `1.0` is no integer, `"1"`
//! no number, `1` no truth value, `null` nothing at all unless a model knows missing values. Only what
//! JSON cannot spell is taken as text: `"NaN"`, `"Infinity"` and `"-Infinity"` (as protobuf's JSON
//! does) beside the bare words.

use std::fmt;

use half::{bf16, f16};
use radiant_core::{DType, Element, Error, Shape, Strings, TensorData};
use smallvec::SmallVec;

use super::number::{self, Parsed};
use super::value::signed;
use super::{Cursor, Number, Scan, SyntaxError};
use crate::Limits;

/// Why a tensor could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypedError {
    /// What stands there is not JSON, or exceeds a limit.
    Syntax(SyntaxError),
    /// What stands there is JSON, but no tensor of the declared type.
    Refused {
        /// The offset of what does not fit, in bytes.
        at: usize,
        /// Which element, what was expected, what came.
        message: Box<str>,
    },
}

impl TypedError {
    /// The error for the client; `tensor` says which one it was, such as ``input `x` ``, and `body`
    /// is what the cursor was made of.
    #[cold]
    pub fn into_error(self, tensor: impl fmt::Display, body: &[u8]) -> Error {
        Error::invalid_input(match self {
            Self::Syntax(error) => format!("request is not JSON: {}", error.describe(body)),
            Self::Refused { message, .. } => format!("{tensor}: {message}"),
        })
    }
}

impl From<SyntaxError> for TypedError {
    fn from(error: SyntaxError) -> Self {
        Self::Syntax(error)
    }
}

impl fmt::Display for TypedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(error) => error.fmt(f),
            Self::Refused { message, .. } => f.write_str(message),
        }
    }
}

impl std::error::Error for TypedError {}

impl Cursor<'_> {
    /// Reads a nested array of elements of type `dtype`, row-major into `data`, and its extents into
    /// `shape`; memory that they have is used again where the type is the same. A bare element has
    /// the shape `[]`, `[]` has `[0]`, `[[],[]]` has `[2, 0]`.
    ///
    /// Floating point numbers are rounded to doubles first, as the Python clients do; one that is
    /// finite as text must be finite in its type. 64-bit integers are exact.
    ///
    /// # Errors
    /// What stands there is not JSON, no rectangle of such elements, or has too many axes or
    /// elements. `shape` and `data` are unspecified then.
    pub fn tensor(
        &mut self,
        dtype: DType,
        limits: &Limits,
        shape: &mut Shape,
        data: &mut TensorData,
    ) -> Result<(), TypedError> {
        match dtype {
            DType::Bool => self.walk(limits, shape, &mut Booleans(data.reset())),
            DType::U8 => self.walk(limits, shape, &mut Integers::<u8>(data.reset())),
            DType::U16 => self.walk(limits, shape, &mut Integers::<u16>(data.reset())),
            DType::U32 => self.walk(limits, shape, &mut Integers::<u32>(data.reset())),
            DType::U64 => self.walk(limits, shape, &mut Integers::<u64>(data.reset())),
            DType::I8 => self.walk(limits, shape, &mut Integers::<i8>(data.reset())),
            DType::I16 => self.walk(limits, shape, &mut Integers::<i16>(data.reset())),
            DType::I32 => self.walk(limits, shape, &mut Integers::<i32>(data.reset())),
            DType::I64 => self.walk(limits, shape, &mut Integers::<i64>(data.reset())),
            DType::F16 => self.walk(limits, shape, &mut Floats::<f16>(data.reset())),
            DType::BF16 => self.walk(limits, shape, &mut Floats::<bf16>(data.reset())),
            DType::F32 => self.plain_floats::<f32>(limits, shape, data),
            DType::F64 => self.plain_floats::<f64>(limits, shape, data),
            DType::Bytes => self.walk(limits, shape, &mut Texts(data.reset_strings())),
        }
    }

    /// Reads plain numbers the fast way, and anything else element by element.
    fn plain_floats<T: Number + Float>(
        &mut self,
        limits: &Limits,
        shape: &mut Shape,
        data: &mut TensorData,
    ) -> Result<(), TypedError> {
        let start = self.at;
        let values = data.reset::<T>();
        // What is infinite may have been a number that is too large.
        if self.numbers(limits, shape, values)? == Scan::Numbers
            && !values.iter().any(Float::is_infinite)
        {
            return Ok(());
        }
        self.at = start;
        values.clear();
        self.walk(limits, shape, &mut Floats(values))
    }

    fn walk<E: Elements>(
        &mut self,
        limits: &Limits,
        shape: &mut Shape,
        elements: &mut E,
    ) -> Result<(), TypedError> {
        let mut walk = Walk { cursor: self, limits, extents: SmallVec::new(), elements };
        if walk.cursor.peek() == Some(b'[') {
            walk.array(0)?;
        } else {
            walk.element()?;
        }
        shape.set(&walk.extents);
        Ok(())
    }
}

/// The extent of an axis of which no array was closed yet.
const UNKNOWN: usize = usize::MAX;

/// A tensor that is being read.
struct Walk<'w, 'a, E> {
    cursor: &'w mut Cursor<'a>,
    limits: &'w Limits,
    /// The extent of each axis; empty until the first innermost array was met.
    extents: SmallVec<[usize; 4]>,
    elements: &'w mut E,
}

impl<E: Elements> Walk<'_, '_, E> {
    /// Reads the array whose `[` stands here, and which is one of those along `axis`. Recurses at
    /// most as deep as the limits allow.
    fn array(&mut self, axis: usize) -> Result<(), TypedError> {
        let at = self.cursor.at;
        let rank_max = self.limits.rank_max.min(self.limits.depth());
        if axis >= rank_max {
            return Err(refused(at, format!("expected at most {rank_max} axes, got more")));
        }
        self.cursor.bump();
        let inner = axis.wrapping_add(1);
        let has_arrays = self.cursor.peek() == Some(b'[');
        if self.extents.is_empty() && !has_arrays {
            self.extents.resize(inner, UNKNOWN);
        }
        let count = if has_arrays { self.arrays(inner)? } else { self.row(inner)? };
        match self.extents.get_mut(axis) {
            Some(extent) if *extent != UNKNOWN && *extent != count => {
                let expected = *extent;
                Err(self.ragged(at, axis, expected, count))
            }
            Some(extent) => {
                *extent = count;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Reads arrays along `axis` and the `]` behind them, and gives their count.
    fn arrays(&mut self, axis: usize) -> Result<usize, TypedError> {
        if !self.extents.is_empty() && axis >= self.extents.len() {
            return Err(self.unfit());
        }
        let mut count = 0_usize;
        while self.cursor.next_item(count == 0)? {
            if self.cursor.peek() != Some(b'[') {
                return Err(self.unfit_for("an array"));
            }
            self.array(axis)?;
            count = count.wrapping_add(1);
        }
        Ok(count)
    }

    /// Reads the elements of an innermost array and the `]` behind them, and gives their count.
    fn row(&mut self, rank: usize) -> Result<usize, TypedError> {
        let before = self.elements.len();
        let mut more = self.cursor.next_item(true)?;
        if more && rank != self.extents.len() {
            return Err(self.unfit_for("an array"));
        }
        if before == 0 {
            let text_len = self.cursor.bytes.len().wrapping_sub(self.cursor.at);
            self.elements.reserve(text_len.wrapping_div(4).min(1024));
        }
        while more {
            if self.elements.len() >= self.limits.elements_max {
                return Err(self.cursor.expected("no more elements than the limit").into());
            }
            self.element()?;
            more = self.cursor.next_item(false)?;
        }
        Ok(self.elements.len().wrapping_sub(before))
    }

    #[inline]
    fn element(&mut self) -> Result<(), TypedError> {
        if self.elements.take(self.cursor)? { Ok(()) } else { Err(self.unfit()) }
    }

    /// Tells that what stands here is no element.
    #[cold]
    fn unfit(&mut self) -> TypedError {
        self.unfit_for(&E::expected())
    }

    #[cold]
    fn unfit_for(&mut self, expected: &str) -> TypedError {
        let at = self.cursor.at;
        match self.cursor.skip_value(self.limits) {
            Ok(value) => {
                let got = spell(value);
                refused(at, format!("{}: expected {expected}, got {got}", self.place()))
            }
            Err(error) => error.into(),
        }
    }

    /// Tells that the array at `at` is not as long as those beside it.
    #[cold]
    fn ragged(&self, at: usize, axis: usize, expected: usize, got: usize) -> TypedError {
        let place = self.place();
        let each = format!("expected {expected} items in each array along axis {axis}");
        refused(at, format!("{place}: {each}, got {got}"))
    }

    fn place(&self) -> String {
        format!("element {}", self.elements.len())
    }
}

#[cold]
fn refused(at: usize, message: String) -> TypedError {
    TypedError::Refused { at, message: message.into() }
}

/// A value for people: scalars as they stand there, but not more than a few characters.
fn spell(value: &[u8]) -> String {
    match value.first() {
        Some(b'[') => "an array".to_owned(),
        Some(b'{') => "an object".to_owned(),
        _ => {
            let text = String::from_utf8_lossy(value);
            let mut head: String = text.chars().take(32).collect();
            if head.len() < text.len() {
                head.push_str("...");
            }
            head
        }
    }
}

/// Takes elements one by one.
trait Elements {
    /// What each element has to be.
    fn expected() -> String;

    /// How many were taken.
    fn len(&self) -> usize;

    /// Makes room for as many more.
    fn reserve(&mut self, additional: usize);

    /// Takes the element at the cursor. `false` tells that it is something else, and that the
    /// cursor is still before it.
    fn take(&mut self, cursor: &mut Cursor<'_>) -> Result<bool, SyntaxError>;
}

/// Reads the number that stands here; `None` when it is a value of another kind.
#[inline]
fn number_at(cursor: &Cursor<'_>) -> Result<Option<(Parsed, usize)>, SyntaxError> {
    let found = number::parse_common(cursor.bytes, cursor.at);
    if found.is_some() {
        return Ok(found);
    }
    match cursor.bytes.get(cursor.at) {
        Some(b'"' | b'{' | b'[' | b't' | b'f' | b'n') => Ok(None),
        _ => number::parse_any(cursor.bytes, cursor.at).map(Some),
    }
}

/// An integer type.
trait Integer: Element + fmt::Display {
    const RANGE: (Self, Self);

    fn from_parts(negative: bool, magnitude: u64) -> Option<Self>;
}

macro_rules! integer {
    ($($type:ty),*; $convert:expr) => {$(
        impl Integer for $type {
            const RANGE: (Self, Self) = (Self::MIN, Self::MAX);

            #[inline]
            fn from_parts(negative: bool, magnitude: u64) -> Option<Self> {
                Self::try_from($convert(negative, magnitude)?).ok()
            }
        }
    )*};
}

integer!(i8, i16, i32, i64; signed);
integer!(u8, u16, u32, u64; unsigned);

fn unsigned(negative: bool, magnitude: u64) -> Option<u64> {
    (!negative || magnitude == 0).then_some(magnitude)
}

struct Integers<'v, T>(&'v mut Vec<T>);

impl<T: Integer> Elements for Integers<'_, T> {
    fn expected() -> String {
        let (min, max) = T::RANGE;
        format!("an integer from {min} to {max} ({})", T::DTYPE)
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn reserve(&mut self, additional: usize) {
        self.0.reserve(additional);
    }

    #[inline]
    fn take(&mut self, cursor: &mut Cursor<'_>) -> Result<bool, SyntaxError> {
        let Some((Parsed::Integer { negative, magnitude }, end)) = number_at(cursor)? else {
            return Ok(false);
        };
        let Some(integer) = T::from_parts(negative, magnitude) else { return Ok(false) };
        self.0.push(integer);
        cursor.at = end;
        Ok(true)
    }
}

/// A floating point type.
trait Float: Element {
    fn from_f64(float: f64) -> Self;
    fn is_infinite(&self) -> bool;
}

macro_rules! float {
    ($($type:ty: $convert:expr),*) => {$(
        impl Float for $type {
            #[inline]
            fn from_f64(float: f64) -> Self {
                $convert(float)
            }

            #[inline]
            fn is_infinite(&self) -> bool {
                <$type>::is_infinite(*self)
            }
        }
    )*};
}

float!(f16: Self::from_f64, bf16: Self::from_f64, f32: narrow, f64: std::convert::identity);

#[expect(clippy::cast_possible_truncation, reason = "rounds to nearest")]
fn narrow(float: f64) -> f32 {
    float as f32
}

struct Floats<'v, T>(&'v mut Vec<T>);

impl<T: Float> Elements for Floats<'_, T> {
    fn expected() -> String {
        format!("a number within the range of {}", T::DTYPE)
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn reserve(&mut self, additional: usize) {
        self.0.reserve(additional);
    }

    fn take(&mut self, cursor: &mut Cursor<'_>) -> Result<bool, SyntaxError> {
        let (value, end) = match number_at(cursor)? {
            Some((Parsed::Float(float), end)) => (T::from_f64(float), end),
            Some((Parsed::Integer { .. } | Parsed::BigInteger, end)) => {
                let digits = cursor.bytes.get(cursor.at..end).unwrap_or_default();
                // Cannot fail: JSON's grammar is a part of what the parser reads.
                let float: f64 = fast_float2::parse(digits).unwrap_or(f64::NAN);
                // An integer zero has no sign.
                (T::from_f64(float + 0.0), end)
            }
            None => match word_at(cursor) {
                Some((float, end)) => (T::from_f64(float), end),
                None => return Ok(false),
            },
        };
        let text = cursor.bytes.get(cursor.at..end).unwrap_or_default();
        if value.is_infinite() && !text.contains(&b'I') {
            return Ok(false);
        }
        self.0.push(value);
        cursor.at = end;
        Ok(true)
    }
}

/// Reads the name of what is not finite, in quotes, or `null` where that may be.
fn word_at(cursor: &Cursor<'_>) -> Option<(f64, usize)> {
    let words: [(&[u8], f64); 3] = [
        (b"\"NaN\"", f64::NAN),
        (b"\"Infinity\"", f64::INFINITY),
        (b"\"-Infinity\"", f64::NEG_INFINITY),
    ];
    let rest = cursor.rest();
    let null: Option<(&[u8], f64)> = cursor.takes_nulls.then_some((b"null", f64::NAN));
    let (word, float) = words.into_iter().chain(null).find(|(word, _)| rest.starts_with(word))?;
    Some((float, cursor.at.wrapping_add(word.len())))
}

struct Booleans<'v>(&'v mut Vec<bool>);

impl Elements for Booleans<'_> {
    fn expected() -> String {
        "`true` or `false` (BOOL)".to_owned()
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn reserve(&mut self, additional: usize) {
        self.0.reserve(additional);
    }

    #[inline]
    fn take(&mut self, cursor: &mut Cursor<'_>) -> Result<bool, SyntaxError> {
        let truth = cursor.bytes.get(cursor.at) == Some(&b't');
        if !truth && cursor.bytes.get(cursor.at) != Some(&b'f') {
            return Ok(false);
        }
        cursor.literal(if truth { "true" } else { "false" })?;
        self.0.push(truth);
        Ok(true)
    }
}

struct Texts<'v>(&'v mut Strings);

impl Elements for Texts<'_> {
    fn expected() -> String {
        "a string (BYTES)".to_owned()
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn reserve(&mut self, _additional: usize) {}

    #[inline]
    fn take(&mut self, cursor: &mut Cursor<'_>) -> Result<bool, SyntaxError> {
        match cursor.bytes.get(cursor.at) {
            Some(b'"') => self.0.push(cursor.string()?.as_bytes()),
            Some(b'n') if cursor.takes_nulls => {
                cursor.literal("null")?;
                self.0.push_missing();
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

#[cfg(test)]
#[path = "tests/typed.rs"]
mod tests;
