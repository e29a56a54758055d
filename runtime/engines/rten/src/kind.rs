//! What the gate knows of a value: its element type, and of INT64 how far it can be trusted.

use std::fmt;

use radiant_core::DType;
use radiant_onnx::pb::TensorProto;

/// The largest number that rten's integers hold.
pub(crate) const MAX: u64 = i32::MAX as u64;
/// How many entries an axis may have: more do not fit a server's memory.
pub(crate) const EXTENT: u64 = 1 << 28;

/// The element type of a value in the file, with what matters of its past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// FP32.
    F32,
    /// FP32 that a division gave. rten multiplies by a reciprocal where the divisor is one number,
    /// so a whole quotient may come out a little below the whole number.
    Quotient,
    I32(Int),
    I64(Int),
    Bool,
    I8,
    U8,
}

/// Whole numbers: INT32, or INT64 of which rten holds 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Int {
    /// The largest magnitude.
    pub(crate) bound: u64,
    pub(crate) truth: Truth,
    /// The INT64 input of the model, by its index, that such numbers come from: of what a request
    /// says there, 32 bits at most arrive.
    pub(crate) input: Option<usize>,
}

/// What rten's 32 bits say of the true number. Ordered: what joins is as bad as the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Truth {
    /// They are the number.
    Exact,
    /// They are its low bits: products of extents. As the shape of a tensor that exists, the number
    /// is small, and then they are the number.
    Wrapped,
    /// They are the nearest number that fits. As an index or end of a slice that means the same.
    Saturated,
}

impl Kind {
    /// The kind of the model's input with this index and type, or `None` where rten has no such
    /// type.
    pub(crate) fn of_request(index: usize, dtype: DType) -> Option<Self> {
        Some(match dtype {
            DType::F32 => Self::F32,
            DType::I32 => Self::I32(Int::ANY),
            DType::I64 => Self::I64(Int { input: Some(index), ..Int::ANY }),
            DType::Bool => Self::Bool,
            DType::I8 => Self::I8,
            DType::U8 => Self::U8,
            _ => return None,
        })
    }

    /// The kind of a constant, or `None` where rten has no such type.
    pub(crate) fn of_constant(constant: &TensorProto) -> Option<Self> {
        let largest = match radiant_onnx::dtype_of(constant.data_type)? {
            DType::I64 => {
                let raw = constant.raw_data.as_chunks().0.iter();
                let raw = raw.map(|word| i64::from_le_bytes(*word));
                raw.chain(constant.int64_data.iter().copied()).map(i64::unsigned_abs).max()
            }
            DType::I32 => {
                let raw = constant.raw_data.as_chunks().0.iter();
                let raw = raw.map(|word| i32::from_le_bytes(*word));
                let numbers = raw.chain(constant.int32_data.iter().copied());
                return Some(Self::I32(Int {
                    bound: numbers.map(i32::unsigned_abs).max().unwrap_or(0).into(),
                    ..Int::ANY
                }));
            }
            other => return Self::of_request(0, other),
        };
        Some(Self::I64(Int::known(largest.unwrap_or(0))))
    }

    /// The element type.
    pub(crate) fn dtype(self) -> DType {
        match self {
            Self::F32 | Self::Quotient => DType::F32,
            Self::I32(_) => DType::I32,
            Self::I64(_) => DType::I64,
            Self::Bool => DType::Bool,
            Self::I8 => DType::I8,
            Self::U8 => DType::U8,
        }
    }

    /// Extents and positions.
    pub(crate) fn extent() -> Self {
        Self::I64(Int::known(EXTENT))
    }

    /// A value that is one or the other, or has elements of both; `None` if the types differ.
    pub(crate) fn join(self, other: Self) -> Option<Self> {
        Some(match (self, other) {
            (Self::I32(a), Self::I32(b)) => Self::I32(a.join(b)),
            (Self::I64(a), Self::I64(b)) => Self::I64(a.join(b)),
            (Self::F32, Self::Quotient) | (Self::Quotient, Self::F32) => Self::Quotient,
            (a, b) if a == b => a,
            _ => return None,
        })
    }

    /// Why the numbers themselves cannot be shown or compared, if so.
    pub(crate) fn untrue(self) -> Option<&'static str> {
        match self {
            Self::I64(Int { truth: Truth::Wrapped, .. }) => {
                Some("a product of extents may need more than the 32 bits that rten has")
            }
            Self::I64(Int { truth: Truth::Saturated, .. }) => {
                Some("INT64 numbers may need more than the 32 bits that rten has")
            }
            _ => None,
        }
    }
}

impl Int {
    /// Any numbers of 32 bits.
    pub(crate) const ANY: Self = Self { bound: MAX + 1, truth: Truth::Exact, input: None };

    /// Constants up to this magnitude.
    pub(crate) fn known(bound: u64) -> Self {
        let truth = if bound <= MAX { Truth::Exact } else { Truth::Saturated };
        Self { bound, truth, input: None }
    }

    pub(crate) fn join(self, other: Self) -> Self {
        Self {
            bound: self.bound.max(other.bound),
            truth: self.truth.max(other.truth),
            input: self.input.or(other.input),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.dtype().fmt(f)
    }
}
