//! Arrays as readers see them.

use std::borrow::Cow;
use std::rc::Rc;

use super::dtype::{DType, Kind};
use super::layout::{Elements, Layout, RawArray};
use crate::error::{FormatError, Place};
use crate::object::Node;
use crate::object::value::ValueId;

/// An array of a file: its shape, its type, and its elements in whatever form the file has them.
///
/// Every conversion gives the elements in row-major order and in this machine's byte order, and
/// takes what it allocates out of what the file may be read for
/// ([`Limits::read_ratio_max`](crate::Limits::read_ratio_max)).
#[derive(Debug, Clone)]
pub struct Array<'g> {
    node: Node<'g>,
    /// The field of a record that this is.
    field: Option<String>,
    dtype: Rc<DType>,
    layout: Layout,
    elements: Elements<'g>,
    /// Where in an element its field begins.
    base: usize,
}

impl<'g> Array<'g> {
    pub(crate) fn new(node: Node<'g>, raw: RawArray<'g>) -> Self {
        let RawArray { dtype, layout, elements } = raw;
        Self { node, field: None, dtype, layout, elements, base: 0 }
    }

    /// The lengths of the axes; none for a single number.
    pub fn shape(&self) -> &[usize] {
        self.layout.shape()
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.layout.len()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The type of the elements.
    pub fn dtype(&self) -> &DType {
        &self.dtype
    }

    /// The value that is this array.
    pub fn node(&self) -> Node<'g> {
        self.node
    }

    /// Where the array is, for messages.
    pub fn place(&self) -> Place {
        match (&self.field, self.node.place()) {
            (Some(field), Place::Path(path)) => Place::Path(format!("{path}['{field}']")),
            (_, place) => place,
        }
    }

    /// The error that something else is expected here.
    pub fn expected(&self, expected: impl std::fmt::Display) -> FormatError {
        let got = format!("an array of {} with shape {:?}", self.dtype, self.shape());
        FormatError::damaged(self.place(), expected, got)
    }

    /// Makes sure that the array has these axes.
    ///
    /// # Errors
    /// If it has others.
    pub fn check_shape(&self, shape: &[usize]) -> Result<(), FormatError> {
        if self.shape() == shape {
            return Ok(());
        }
        Err(self.expected(format_args!("shape {shape:?}")))
    }

    /// One field of all records.
    ///
    /// # Errors
    /// If this is no array of records or they have no such field.
    pub fn field(&self, name: &str) -> Result<Array<'_>, FormatError> {
        let field = self.dtype.field(name);
        let field = field.ok_or_else(|| self.expected(format_args!("records with `{name}`")))?;
        let elements = match &self.elements {
            Elements::Bytes(bytes) => Elements::Bytes(Cow::Borrowed(bytes.as_ref())),
            Elements::Objects(items) => Elements::Objects(items),
        };
        Ok(Array {
            node: self.node,
            field: Some(name.to_owned()),
            dtype: Rc::new(field.dtype.clone()),
            layout: self.layout.of_field(),
            elements,
            base: self.base.saturating_add(field.offset),
        })
    }

    /// Whether records have a field of this name.
    pub fn has_field(&self, name: &str) -> bool {
        self.dtype.field(name).is_some()
    }

    /// Numbers as f64; whole numbers and truth values are converted.
    ///
    /// # Errors
    /// If the elements are something else, half-precision numbers included.
    pub fn to_f64(&self) -> Result<Vec<f64>, FormatError> {
        match (self.dtype.kind, self.dtype.size) {
            (Kind::Float, 8) => self.each::<f64, _>(|x| x),
            (Kind::Float, 4) => self.each::<f32, _>(f64::from),
            (Kind::Int, 8) => self.each::<i64, _>(|x| x as f64),
            (Kind::Int, 4) => self.each::<i32, _>(f64::from),
            (Kind::Int, 2) => self.each::<i16, _>(f64::from),
            (Kind::Int, 1) => self.each::<i8, _>(f64::from),
            (Kind::UInt, 8) => self.each::<u64, _>(|x| x as f64),
            (Kind::UInt, 4) => self.each::<u32, _>(f64::from),
            (Kind::UInt, 2) => self.each::<u16, _>(f64::from),
            (Kind::UInt, 1) => self.each::<u8, _>(f64::from),
            (Kind::Bool, _) => self.each::<u8, _>(|x| f64::from(u8::from(x != 0))),
            _ => Err(self.expected("numbers")),
        }
    }

    /// Numbers of type f32 as they are.
    ///
    /// # Errors
    /// If the elements are of another type: f64 is not rounded here.
    pub fn to_f32(&self) -> Result<Vec<f32>, FormatError> {
        match (self.dtype.kind, self.dtype.size) {
            (Kind::Float, 4) => self.each::<f32, _>(|x| x),
            _ => Err(self.expected("numbers of type f4")),
        }
    }

    /// Whole numbers; truth values are 0 and 1.
    ///
    /// # Errors
    /// If the elements are something else, or do not fit.
    pub fn to_i64(&self) -> Result<Vec<i64>, FormatError> {
        match (self.dtype.kind, self.dtype.size) {
            (Kind::Int, 8) => self.each::<i64, _>(|x| x),
            (Kind::Int, 4) => self.each::<i32, _>(i64::from),
            (Kind::Int, 2) => self.each::<i16, _>(i64::from),
            (Kind::Int, 1) => self.each::<i8, _>(i64::from),
            (Kind::UInt, 8) => {
                let wide = self.each::<u64, _>(|x| x)?;
                let fit: Option<Vec<i64>> = wide.iter().map(|x| i64::try_from(*x).ok()).collect();
                fit.ok_or_else(|| self.expected("whole numbers below 2^63"))
            }
            (Kind::UInt, 4) => self.each::<u32, _>(i64::from),
            (Kind::UInt, 2) => self.each::<u16, _>(i64::from),
            (Kind::UInt, 1) => self.each::<u8, _>(i64::from),
            (Kind::Bool, _) => self.each::<u8, _>(|x| i64::from(x != 0)),
            _ => Err(self.expected("whole numbers")),
        }
    }

    /// Whole numbers of type u1, u2 or u4.
    ///
    /// # Errors
    /// If the elements are of another type.
    pub fn to_u32(&self) -> Result<Vec<u32>, FormatError> {
        match (self.dtype.kind, self.dtype.size) {
            (Kind::UInt, 4) => self.each::<u32, _>(|x| x),
            (Kind::UInt, 2) => self.each::<u16, _>(u32::from),
            (Kind::UInt, 1) => self.each::<u8, _>(u32::from),
            _ => Err(self.expected("whole numbers of type u4")),
        }
    }

    /// Whole numbers of type u1, or truth values.
    ///
    /// # Errors
    /// If the elements are of another type.
    pub fn to_u8(&self) -> Result<Vec<u8>, FormatError> {
        match (self.dtype.kind, self.dtype.size) {
            (Kind::UInt, 1) | (Kind::Bool, _) => self.each::<u8, _>(|x| x),
            _ => Err(self.expected("whole numbers of type u1")),
        }
    }

    /// Truth values.
    ///
    /// # Errors
    /// If the elements are something else.
    pub fn to_bool(&self) -> Result<Vec<bool>, FormatError> {
        match self.dtype.kind {
            Kind::Bool => self.each::<u8, _>(|x| x != 0),
            _ => Err(self.expected("truth values")),
        }
    }

    /// Texts: of fixed length, bytes of fixed length that are ASCII, or objects that are text.
    ///
    /// # Errors
    /// If the elements are something else.
    pub fn to_text(&self) -> Result<Vec<String>, FormatError> {
        match self.dtype.kind {
            Kind::Text => self.texts(utf32),
            Kind::Bytes => self.texts(ascii),
            Kind::Object => {
                self.to_nodes()?.iter().map(|node| node.text().map(Cow::into_owned)).collect()
            }
            _ => Err(self.expected("texts")),
        }
    }

    /// Python objects.
    ///
    /// # Errors
    /// If the elements are something else.
    pub fn to_nodes(&self) -> Result<Vec<Node<'g>>, FormatError> {
        let (Elements::Objects(items), None) = (&self.elements, &self.field) else {
            return Err(self.expected("objects"));
        };
        self.spend(size_of::<Node<'_>>())?;
        let node = |(at, offset): (usize, usize)| {
            items.get(offset).map(|id: &ValueId| self.node.element(*id, at))
        };
        Ok(self.layout.offsets().enumerate().filter_map(node).collect())
    }

    fn each<S: Element, T>(&self, convert: impl Fn(S) -> T) -> Result<Vec<T>, FormatError> {
        let Elements::Bytes(bytes) = &self.elements else { return Err(self.expected("numbers")) };
        self.spend(size_of::<T>())?;
        let big = self.dtype.big_endian;
        if self.layout.is_contiguous() {
            let chunks = bytes.chunks_exact(S::SIZE);
            return Ok(if big {
                chunks.map(|chunk| convert(S::from_big(chunk))).collect()
            } else {
                chunks.map(|chunk| convert(S::from_little(chunk))).collect()
            });
        }
        let read = |offset: usize| {
            let start = self.base.saturating_add(offset);
            let chunk = bytes.get(start..start.saturating_add(S::SIZE)).unwrap_or(&[]);
            convert(if big { S::from_big(chunk) } else { S::from_little(chunk) })
        };
        Ok(self.layout.offsets().map(read).collect())
    }

    fn texts(&self, decode: fn(&[u8], bool) -> Option<String>) -> Result<Vec<String>, FormatError> {
        let Elements::Bytes(bytes) = &self.elements else { return Err(self.expected("texts")) };
        self.spend(self.dtype.size.saturating_add(size_of::<String>()))?;
        let read = |offset: usize| {
            let start = self.base.saturating_add(offset);
            let chunk = bytes.get(start..start.saturating_add(self.dtype.size)).unwrap_or(&[]);
            decode(chunk, self.dtype.big_endian)
        };
        let texts: Option<Vec<String>> = self.layout.offsets().map(read).collect();
        texts.ok_or_else(|| self.expected("text of whole characters"))
    }

    fn spend(&self, each: usize) -> Result<(), FormatError> {
        self.node.spend(self.len().saturating_mul(each))
    }
}

/// Text of four bytes a character; what is missing is zero.
fn utf32(bytes: &[u8], big: bool) -> Option<String> {
    let (chunks, _) = bytes.as_chunks::<4>();
    let used =
        chunks.iter().rposition(|chunk| *chunk != [0; 4]).map_or(0, |at| at.saturating_add(1));
    let code = |chunk: &[u8; 4]| {
        char::from_u32(if big { u32::from_be_bytes(*chunk) } else { u32::from_le_bytes(*chunk) })
    };
    chunks.get(..used)?.iter().map(code).collect()
}

/// Bytes that are ASCII; what is missing is zero.
fn ascii(bytes: &[u8], _big: bool) -> Option<String> {
    let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |at| at.saturating_add(1));
    let text = bytes.get(..used)?;
    text.is_ascii().then(|| text.iter().map(|byte| char::from(*byte)).collect())
}

/// A number as it lies in a file.
trait Element: Copy {
    const SIZE: usize;
    /// The number whose bytes these are; 0 if there are too few, which a checked array never has.
    fn from_little(bytes: &[u8]) -> Self;
    fn from_big(bytes: &[u8]) -> Self;
}

macro_rules! elements {
    ($($number:ty),*) => {$(
        impl Element for $number {
            const SIZE: usize = size_of::<$number>();

            #[inline]
            fn from_little(bytes: &[u8]) -> Self {
                bytes.first_chunk().map(|chunk| Self::from_le_bytes(*chunk)).unwrap_or_default()
            }

            #[inline]
            fn from_big(bytes: &[u8]) -> Self {
                bytes.first_chunk().map(|chunk| Self::from_be_bytes(*chunk)).unwrap_or_default()
            }
        }
    )*};
}

elements!(u8, i8, u16, i16, u32, i32, u64, i64, f32, f64);
