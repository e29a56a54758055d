//! Nested arrays of numbers, straight into flat vectors.
//!
//! What is no rectangle of plain numbers is not an error here but [`Scan::Other`]: numpy gives such
//! arrays other types or other errors, which the codec finds out on the tree of the same text.

use radiant_core::{Element, Shape, TensorData};
use smallvec::SmallVec;

use super::number::{self, Parsed};
use super::{Cursor, SyntaxError};
use crate::Limits;

/// What stood where an array of numbers could stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scan {
    /// Numbers, which were read.
    Numbers,
    /// A value that is not plain numbers in a rectangle, or holds integers that would lose digits:
    /// the cursor is back before it, and the buffers are unspecified.
    Other,
}

/// An element type that JSON numbers are read into: `f32` or `f64`.
pub trait Number: Element + sealed::FromNumber {}

impl Number for f32 {}
impl Number for f64 {}

mod sealed {
    /// Kept out of reach, so that no other type can be a number.
    pub trait FromNumber: Sized {
        fn from_float(float: f64) -> Self;
        fn from_integer(negative: bool, magnitude: u64) -> Option<Self>;
    }
}

impl sealed::FromNumber for f64 {
    #[inline]
    fn from_float(float: f64) -> Self {
        float
    }

    #[inline]
    fn from_integer(negative: bool, magnitude: u64) -> Option<Self> {
        let float = magnitude as Self;
        // An integer has no negative zero.
        Some(if negative { 0.0 - float } else { float })
    }
}

impl sealed::FromNumber for f32 {
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "rounded as numpy rounds a float64 array")]
    fn from_float(float: f64) -> Self {
        float as Self
    }

    #[inline]
    fn from_integer(negative: bool, magnitude: u64) -> Option<Self> {
        // Beyond 2^53 one rounding (int64 to float32) and two (over float64) can differ.
        let exact = magnitude <= 1 << 53;
        exact.then(|| {
            Self::from_float(if negative { 0.0 - magnitude as f64 } else { magnitude as f64 })
        })
    }
}

impl Cursor<'_> {
    /// Reads a number, or a nested array of numbers, row-major into `values`, and its extents into
    /// `shape`; what they held is dropped, their memory is kept. A bare number has the shape `[]`,
    /// `[]` has `[0]`, `[[],[]]` has `[2, 0]`.
    ///
    /// Numbers are read as doubles, correctly rounded, and rounded once more for `f32`, as numpy
    /// does with an array that is given to a single precision model.
    ///
    /// # Errors
    /// What stands there is not JSON, or has too many elements. An error may lie behind the place
    /// where a scan stops for [`Scan::Other`]; reading the value again finds it.
    pub fn numbers<T: Number>(
        &mut self,
        limits: &Limits,
        shape: &mut Shape,
        values: &mut Vec<T>,
    ) -> Result<Scan, SyntaxError> {
        values.clear();
        self.scan(limits, shape, &mut Typed(values))
    }

    /// Reads as [`numbers`](Self::numbers) does, with the element type that numpy would find: I64 for
    /// integers, U64 for integers of which some fit no I64 and none is negative, F64 when any has a
    /// point or an exponent or is not finite, and when there is none at all.
    ///
    /// # Errors
    /// As [`numbers`](Self::numbers).
    pub fn numbers_exact(
        &mut self,
        limits: &Limits,
        shape: &mut Shape,
        data: &mut TensorData,
    ) -> Result<Scan, SyntaxError> {
        let mut exact = Exact { data, any_negative: false };
        exact.data.reset::<f64>();
        self.scan(limits, shape, &mut exact)
    }

    fn scan(
        &mut self,
        limits: &Limits,
        shape: &mut Shape,
        sink: &mut impl Sink,
    ) -> Result<Scan, SyntaxError> {
        let start = self.at;
        let scanned = Rectangle::new(limits).read(self, shape, sink);
        if let Ok(Scan::Other) = scanned {
            self.at = start;
        }
        scanned
    }
}

/// Where numbers go.
trait Sink {
    fn float(&mut self, float: f64);
    /// Takes an integer, or tells that it has no place here.
    fn integer(&mut self, negative: bool, magnitude: u64) -> bool;
    fn len(&self) -> usize;
}

struct Typed<'v, T>(&'v mut Vec<T>);

impl<T: Number> Sink for Typed<'_, T> {
    #[inline]
    fn float(&mut self, float: f64) {
        self.0.push(T::from_float(float));
    }

    #[inline]
    fn integer(&mut self, negative: bool, magnitude: u64) -> bool {
        T::from_integer(negative, magnitude).map(|value| self.0.push(value)).is_some()
    }

    #[inline]
    fn len(&self) -> usize {
        self.0.len()
    }
}

struct Exact<'d> {
    data: &'d mut TensorData,
    any_negative: bool,
}

impl Sink for Exact<'_> {
    fn float(&mut self, float: f64) {
        match self.data {
            TensorData::F64(_) => {}
            TensorData::I64(integers) => {
                let floats = integers.iter().map(|&integer| integer as f64).collect();
                *self.data = TensorData::F64(floats);
            }
            TensorData::U64(integers) => {
                let floats = integers.iter().map(|&integer| integer as f64).collect();
                *self.data = TensorData::F64(floats);
            }
            _ => {}
        }
        if let TensorData::F64(floats) = self.data {
            floats.push(float);
        }
    }

    fn integer(&mut self, negative: bool, magnitude: u64) -> bool {
        let signed = super::value::signed(negative, magnitude);
        self.any_negative |= negative && magnitude > 0;
        if self.data.is_empty() {
            *self.data = TensorData::I64(Vec::new());
        }
        match (&mut *self.data, signed) {
            (TensorData::F64(floats), Some(signed)) => floats.push(signed as f64),
            (TensorData::F64(floats), None) if !negative => floats.push(magnitude as f64),
            (TensorData::I64(integers), Some(signed)) => integers.push(signed),
            (TensorData::I64(integers), None) if !self.any_negative => {
                let mut wide: Vec<u64> = integers.iter().map(|i| i.unsigned_abs()).collect();
                wide.push(magnitude);
                *self.data = TensorData::U64(wide);
            }
            (TensorData::U64(integers), _) if !self.any_negative => integers.push(magnitude),
            _ => return false,
        }
        true
    }

    fn len(&self) -> usize {
        self.data.len()
    }
}

/// The extents of the arrays around the place that is being read.
struct Rectangle<'l> {
    limits: &'l Limits,
    /// The extent of each axis, once an array of that depth was closed.
    extents: SmallVec<[Option<usize>; 4]>,
    /// How many items each open array has so far.
    counts: SmallVec<[usize; 4]>,
    /// The number of axes, once an array without arrays in it was met.
    rank: Option<usize>,
}

impl<'l> Rectangle<'l> {
    fn new(limits: &'l Limits) -> Self {
        Self { limits, extents: SmallVec::new(), counts: SmallVec::new(), rank: None }
    }

    fn read(
        mut self,
        cursor: &mut Cursor<'_>,
        shape: &mut Shape,
        sink: &mut impl Sink,
    ) -> Result<Scan, SyntaxError> {
        if cursor.peek() != Some(b'[') {
            shape.set(&[]);
            return Ok(if item(cursor, sink)? { Scan::Numbers } else { Scan::Other });
        }
        loop {
            // A `[` stands here.
            cursor.bump();
            self.counts.push(0);
            let depth = self.counts.len();
            if depth > self.limits.rank_max.min(self.limits.depth()) {
                return Ok(Scan::Other);
            }
            let innermost = self.rank.is_none_or(|rank| rank == depth);
            if cursor.peek() == Some(b'[') {
                if self.rank == Some(depth) {
                    return Ok(Scan::Other);
                }
                continue;
            }
            if !innermost {
                return Ok(Scan::Other);
            }
            self.rank = Some(depth);
            let Some(count) = self.row(cursor, sink)? else { return Ok(Scan::Other) };
            if !self.close(count) {
                return Ok(Scan::Other);
            }
            if let Some(scan) = self.between(cursor)? {
                let extents = self.extents.iter().map(|extent| extent.unwrap_or_default());
                shape.set(&extents.collect::<SmallVec<[usize; 4]>>());
                return Ok(scan);
            }
        }
    }

    /// Reads the numbers of an innermost array and its `]`.
    fn row(
        &self,
        cursor: &mut Cursor<'_>,
        sink: &mut impl Sink,
    ) -> Result<Option<usize>, SyntaxError> {
        let mut count = 0_usize;
        while cursor.next_item(count == 0)? {
            if sink.len() >= self.limits.elements_max {
                return Err(cursor.expected("no more elements than the limit"));
            }
            if !item(cursor, sink)? {
                return Ok(None);
            }
            count = count.wrapping_add(1);
        }
        Ok(Some(count))
    }

    /// Passes what stands between two rows, up to the next `[`; at the end of the outermost array
    /// tells the result.
    fn between(&mut self, cursor: &mut Cursor<'_>) -> Result<Option<Scan>, SyntaxError> {
        while let Some(count) = self.counts.last_mut() {
            *count = count.wrapping_add(1);
            let count = *count;
            if cursor.next_item(false)? {
                return Ok((cursor.peek() != Some(b'[')).then_some(Scan::Other));
            }
            if !self.close(count) {
                return Ok(Some(Scan::Other));
            }
        }
        Ok(Some(Scan::Numbers))
    }

    /// Closes the innermost open array; tells whether it is as long as those beside it.
    fn close(&mut self, count: usize) -> bool {
        self.counts.pop();
        let axis = self.counts.len();
        if self.extents.len() <= axis {
            self.extents.resize(axis.wrapping_add(1), None);
        }
        match self.extents.get_mut(axis) {
            Some(Some(extent)) => *extent == count,
            Some(unknown) => {
                *unknown = Some(count);
                true
            }
            None => false,
        }
    }
}

/// Reads one number; tells false when a value of another kind stands there.
fn item(cursor: &mut Cursor<'_>, sink: &mut impl Sink) -> Result<bool, SyntaxError> {
    if let Some(b'"' | b'{' | b'[' | b't' | b'f' | b'n') = cursor.peek() {
        return Ok(false);
    }
    let (parsed, end) = number::parse(cursor.bytes, cursor.at)?;
    cursor.at = end;
    match parsed {
        Parsed::Float(float) => sink.float(float),
        Parsed::Integer { negative, magnitude } => return Ok(sink.integer(negative, magnitude)),
        Parsed::BigInteger => return Ok(false),
    }
    Ok(true)
}
