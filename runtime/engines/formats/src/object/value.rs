//! What a decoded file is made of: inert values in one arena, which name each other by number.
//!
//! There are no pointers between values, so cycles are harmless, sharing is free, and dropping the
//! arena is flat however deep the values are nested.

use std::rc::Rc;

use crate::numpy::DType;

/// The number of a value in its [`Graph`](super::Graph).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ValueId(u32);

impl ValueId {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const TRUE: Self = Self(1);
    pub(crate) const FALSE: Self = Self(2);
    pub(crate) const EMPTY_TUPLE: Self = Self(3);

    pub(crate) fn from_index(index: usize) -> Option<Self> {
        u32::try_from(index).ok().filter(|id| *id != u32::MAX).map(Self)
    }

    pub(crate) fn index(self) -> usize {
        // A u32 fits on every machine that this is built for.
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// A piece of the file's bytes, or bytes that had to be made because the file holds them escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Blob {
    Span { start: usize, len: usize },
    Owned(Box<[u8]>),
}

impl Blob {
    /// The bytes, given those of the file.
    pub(crate) fn of<'a>(&'a self, file: &'a [u8]) -> &'a [u8] {
        match self {
            Self::Span { start, len } => {
                start.checked_add(*len).and_then(|end| file.get(*start..end)).unwrap_or(&[])
            }
            Self::Owned(bytes) => bytes,
        }
    }
}

/// One value.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    None,
    Bool(bool),
    Int(i64),
    /// A whole number that 64 bits do not hold; nothing reads it.
    BigInt,
    Float(f64),
    /// Text in UTF-8, checked when it is read.
    Str(Blob),
    /// A string of Python 2: bytes, which read as text are Latin-1.
    OldStr(Blob),
    Bytes(Blob),
    List(Vec<ValueId>),
    Tuple(Box<[ValueId]>),
    Set(Vec<ValueId>),
    Dict(Vec<(ValueId, ValueId)>),
    /// A class or function by name: the number of the name in the graph's table.
    Global(u32),
    Object(Box<Object>),
    Array(Box<ArrayValue>),
}

/// How an object came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Made {
    /// Its callee was called.
    Call,
    /// Its callee is its class.
    New,
}

/// Something that Python would have made by calling something.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) callee: ValueId,
    pub(crate) made: Made,
    /// A tuple.
    pub(crate) args: ValueId,
    pub(crate) kwargs: Option<ValueId>,
    pub(crate) state: Option<ValueId>,
    /// What was appended to it: it is a kind of list or set.
    pub(crate) items: Vec<ValueId>,
    /// What was set in it: it is a kind of dict.
    pub(crate) pairs: Vec<(ValueId, ValueId)>,
    /// The array that it stands for, in files of joblib.
    pub(crate) array: Option<Box<ArrayValue>>,
}

/// An array whose layout is known.
#[derive(Debug, Clone)]
pub(crate) enum ArrayValue {
    /// Numbers or text: as many bytes as shape and type ask for, checked.
    Plain { dtype: Rc<DType>, shape: Box<[usize]>, fortran: bool, data: Blob },
    /// Python objects: as many as the shape asks for, checked; in row-major order.
    Objects { shape: Box<[usize]>, items: Box<[ValueId]> },
    /// Whatever array this value is.
    Nested(ValueId),
}

/// A module and a name in it, as some file spells them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Global {
    pub(crate) module: Box<str>,
    pub(crate) name: Box<str>,
    /// The byte where the file names it first.
    pub(crate) offset: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_as_small_as_the_limits_say() {
        // An instruction of one byte makes at most one value, one box behind it, and one place each
        // on the stack and in the memo; growing vectors are twice as large.
        assert!(size_of::<Value>() <= 32 && size_of::<Option<ValueId>>() <= 8);
        assert!(size_of::<Object>() <= 96, "{}", size_of::<Object>());
    }
}
