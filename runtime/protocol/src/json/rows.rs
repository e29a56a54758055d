//! Nested arrays of numbers, straight into flat vectors.
//!
//! What is no rectangle of plain numbers is not an error here but [`Scan::Other`]: numpy gives such
//! arrays other types or other errors, which the codec finds out on the tree of the same text.

use radiant_core::{Shape, TensorData};
use smallvec::SmallVec;

use super::number::{self, Parsed};
#[cfg(target_arch = "x86_64")]
use super::simd::{PlainNumbers, Stop};
use super::sink::{Exact, Number, Sink, Typed};
use super::{Cursor, SyntaxError, small};
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
        self.peek();
        if let Some((end, extents)) = small::matrix(self.bytes, self.at, &mut Typed(values))
            && values.len() <= limits.elements_max
            && limits.rank_max.min(limits.depth()) >= extents.len()
        {
            self.at = end;
            shape.set(&extents);
            return Ok(Scan::Numbers);
        }
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
        self.peek();
        if let Some((end, extents)) = small::matrix(self.bytes, self.at, &mut Exact::new(data))
            && data.len() <= limits.elements_max
            && limits.rank_max.min(limits.depth()) >= extents.len()
        {
            self.at = end;
            shape.set(&extents);
            return Ok(Scan::Numbers);
        }
        self.scan(limits, shape, &mut Exact::new(data))
    }

    fn scan(
        &mut self,
        limits: &Limits,
        shape: &mut Shape,
        sink: &mut impl Sink,
    ) -> Result<Scan, SyntaxError> {
        self.peek();
        let start = self.at;
        #[cfg(target_arch = "x86_64")]
        let mut plain = PlainNumbers::new(self.bytes, start);
        let mut reader = Reader {
            cursor: self,
            limits,
            sink,
            extents: SmallVec::new(),
            open: SmallVec::new(),
            #[cfg(target_arch = "x86_64")]
            plain: &mut plain,
        };
        if reader.read()? {
            shape.set(&reader.extents);
            Ok(Scan::Numbers)
        } else {
            self.at = start;
            Ok(Scan::Other)
        }
    }
}

/// The extent of an axis of which no array was closed yet.
const UNKNOWN: usize = usize::MAX;

/// Reads one array. Where a method gives a `bool` or an `Option`, `false` and `None` tell that the
/// array is no rectangle of numbers.
struct Reader<'r, 'a, S> {
    cursor: &'r mut Cursor<'a>,
    limits: &'r Limits,
    sink: &'r mut S,
    /// The extent of each axis; empty until the first innermost array was met.
    extents: SmallVec<[usize; 4]>,
    /// How many items each array that is open has so far.
    open: SmallVec<[usize; 4]>,
    #[cfg(target_arch = "x86_64")]
    plain: &'r mut Option<PlainNumbers<'a>>,
}

impl<S: Sink> Reader<'_, '_, S> {
    fn read(&mut self) -> Result<bool, SyntaxError> {
        if self.cursor.peek() != Some(b'[') {
            return self.item();
        }
        while self.descend() {
            let Some(count) = self.row()? else { return Ok(false) };
            if !self.close(count) {
                return Ok(false);
            }
            match self.ascend()? {
                Next::Array => {}
                Next::End => return Ok(true),
                Next::Other => return Ok(false),
            }
        }
        Ok(false)
    }

    /// Passes the `[`s that stand here, up to the one of an innermost array.
    fn descend(&mut self) -> bool {
        while self.cursor.peek() == Some(b'[') {
            self.cursor.bump();
            self.open.push(0);
            if self.open.len() > self.limits.rank_max.min(self.limits.depth()) {
                return false;
            }
            if self.open.len() == self.extents.len() {
                return true;
            }
        }
        if self.extents.is_empty() {
            self.extents.resize(self.open.len(), UNKNOWN);
        }
        self.open.len() == self.extents.len()
    }

    /// Reads the numbers of an innermost array and its `]`, and gives their count.
    fn row(&mut self) -> Result<Option<usize>, SyntaxError> {
        let (start, before) = (self.cursor.at, self.sink.len());
        if before == 0 {
            let text_len = self.cursor.bytes.len().wrapping_sub(start);
            self.sink.reserve(text_len.wrapping_div(4).min(1024));
        }
        let mut more = self.cursor.next_item(true)?;
        while more {
            #[cfg(target_arch = "x86_64")]
            if let Some(plain) = self.plain {
                let room = self.limits.elements_max.saturating_sub(self.sink.len());
                match plain.row(self.cursor.at, room, self.sink) {
                    Stop::Ended(at) => {
                        self.cursor.at = at;
                        break;
                    }
                    Stop::Before(at) => self.cursor.at = at,
                    Stop::Refused => return Ok(None),
                }
            }
            if self.sink.len() >= self.limits.elements_max {
                return Err(self.cursor.expected("no more elements than the limit"));
            }
            if !self.item()? {
                return Ok(None);
            }
            more = self.cursor.next_item(false)?;
        }
        let count = self.sink.len().wrapping_sub(before);
        if before == 0 {
            self.reserve(count, self.cursor.at.wrapping_sub(start));
        }
        Ok(Some(count))
    }

    /// Makes room for the rows to come, if they are like the first one.
    fn reserve(&mut self, count: usize, row_len: usize) {
        let text_len = self.cursor.bytes.len().wrapping_sub(self.cursor.at);
        if text_len < row_len {
            return;
        }
        let n_rows = text_len.checked_div(row_len).unwrap_or(0);
        let room = self.limits.elements_max.saturating_sub(self.sink.len());
        self.sink.reserve(n_rows.saturating_mul(count).min(room));
    }

    /// Reads one number.
    #[inline]
    fn item(&mut self) -> Result<bool, SyntaxError> {
        let bytes = self.cursor.bytes;
        let (parsed, end) = match number::parse_common(bytes, self.cursor.at) {
            Some(found) => found,
            None if matches!(self.cursor.peek(), Some(b'"' | b'{' | b'[' | b't' | b'f' | b'n')) => {
                return Ok(false);
            }
            None => number::parse_any(bytes, self.cursor.at)?,
        };
        self.cursor.at = end;
        match parsed {
            Parsed::Float(float) => self.sink.float(float),
            Parsed::Integer { negative, magnitude } => {
                return Ok(self.sink.integer(negative, magnitude));
            }
            Parsed::BigInteger => return Ok(false),
        }
        Ok(true)
    }

    /// Passes what stands between two innermost arrays.
    fn ascend(&mut self) -> Result<Next, SyntaxError> {
        while let Some(count) = self.open.last_mut() {
            *count = count.wrapping_add(1);
            let count = *count;
            if self.cursor.next_item(false)? {
                let is_array = self.cursor.peek() == Some(b'[');
                return Ok(if is_array { Next::Array } else { Next::Other });
            }
            if !self.close(count) {
                return Ok(Next::Other);
            }
        }
        Ok(Next::End)
    }

    /// Closes the innermost array that is open: it must be as long as those beside it.
    fn close(&mut self, count: usize) -> bool {
        self.open.pop();
        match self.extents.get_mut(self.open.len()) {
            Some(extent) if *extent == UNKNOWN => {
                *extent = count;
                true
            }
            Some(extent) => *extent == count,
            None => false,
        }
    }
}

/// What stands behind an innermost array.
enum Next {
    /// A further array.
    Array,
    /// Nothing: all arrays are closed.
    End,
    /// Something else.
    Other,
}
