//! Where the numbers of an array go: into a vector of one type, or of the type that numpy would find.

use radiant_core::{Element, TensorData};

#[cfg(target_arch = "x86_64")]
use super::simd::Decimals;
use super::value::signed;

/// An element type that JSON numbers are read into: `f32` or `f64`.
pub trait Number: Element + sealed::FromNumber {}

impl Number for f32 {}
impl Number for f64 {}

mod sealed {
    /// Out of reach, so that no other type can be a number.
    pub trait FromNumber: Sized {
        fn from_float(float: f64) -> Self;
        /// `None` for an integer that would lose digits in a way that numpy does not.
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
        // Integers beyond 64 bits are objects to numpy.
        let fits = !negative || magnitude <= 1 << 63;
        fits.then(|| integer_as_float(negative, magnitude))
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
        // Beyond 2^53 one rounding (int64 to float32) and two (through a double) can differ.
        let is_exact = magnitude <= 1 << 53;
        is_exact.then(|| Self::from_float(integer_as_float(negative, magnitude)))
    }
}

/// The integer as a double, rounded once; zero has no sign.
#[inline]
fn integer_as_float(negative: bool, magnitude: u64) -> f64 {
    let float = magnitude as f64;
    if negative { 0.0 - float } else { float }
}

/// Takes numbers one by one, or many at once.
pub(super) trait Sink {
    /// How many numbers were taken.
    fn len(&self) -> usize;

    /// Makes room for as many more numbers.
    fn reserve(&mut self, additional: usize);

    /// Takes a number that has a point or an exponent or is not finite.
    fn float(&mut self, float: f64);

    /// Takes an integer, or tells that it has no place here.
    fn integer(&mut self, negative: bool, magnitude: u64) -> bool;

    /// Takes many numbers, which are given as doubles too, or tells that one has no place here.
    #[cfg(target_arch = "x86_64")]
    fn decimals(&mut self, batch: &Decimals, floats: &[f64]) -> bool;
}

/// A vector of one type.
#[derive(Debug)]
pub(super) struct Typed<'v, T>(pub(super) &'v mut Vec<T>);

impl<T: Number> Sink for Typed<'_, T> {
    #[inline]
    fn len(&self) -> usize {
        self.0.len()
    }

    fn reserve(&mut self, additional: usize) {
        self.0.reserve(additional);
    }

    #[inline]
    fn float(&mut self, float: f64) {
        self.0.push(T::from_float(float));
    }

    #[inline]
    fn integer(&mut self, negative: bool, magnitude: u64) -> bool {
        T::from_integer(negative, magnitude).map(|value| self.0.push(value)).is_some()
    }

    #[cfg(target_arch = "x86_64")]
    #[inline]
    fn decimals(&mut self, _batch: &Decimals, floats: &[f64]) -> bool {
        self.0.extend(floats.iter().map(|&float| T::from_float(float)));
        true
    }
}

/// Tensor data of the type that numpy would find: I64, U64 when an integer fits no I64, F64 when
/// there is a float.
#[derive(Debug)]
pub(super) struct Exact<'d> {
    data: &'d mut TensorData,
    any_negative: bool,
}

impl<'d> Exact<'d> {
    /// Drops what `data` holds, but not its memory if it may be used again: an array without numbers
    /// is F64, and so are most with some.
    pub(super) fn new(data: &'d mut TensorData) -> Self {
        data.reset::<f64>();
        Self { data, any_negative: false }
    }

    /// Makes the data F64.
    fn widen(&mut self) -> &mut Vec<f64> {
        let floats = match self.data {
            TensorData::I64(integers) => integers.iter().map(|&integer| integer as f64).collect(),
            TensorData::U64(integers) => integers.iter().map(|&integer| integer as f64).collect(),
            TensorData::F64(floats) => std::mem::take(floats),
            _ => Vec::new(),
        };
        let data = self.data.reset::<f64>();
        *data = floats;
        data
    }
}

impl Sink for Exact<'_> {
    #[inline]
    fn len(&self) -> usize {
        self.data.len()
    }

    fn reserve(&mut self, additional: usize) {
        match self.data {
            TensorData::I64(integers) => integers.reserve(additional),
            TensorData::U64(integers) => integers.reserve(additional),
            TensorData::F64(floats) => floats.reserve(additional),
            _ => {}
        }
    }

    fn float(&mut self, float: f64) {
        match self.data {
            TensorData::F64(floats) => floats.push(float),
            _ => self.widen().push(float),
        }
    }

    fn integer(&mut self, negative: bool, magnitude: u64) -> bool {
        let signed = signed(negative, magnitude);
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

    #[cfg(target_arch = "x86_64")]
    fn decimals(&mut self, batch: &Decimals, floats: &[f64]) -> bool {
        let is_float = self.data.dtype().is_float() && !self.data.is_empty();
        if batch.are_integers() && !is_float {
            return batch.integers().all(|i| self.integer(i.is_negative(), i.unsigned_abs()));
        }
        self.widen().extend_from_slice(floats);
        true
    }
}
