//! Elements of one type, as the operators that only move elements see them.
//!
//! Such an operator is written once, as [`Move`], for any [`Column`]; [`Moving`] finds the element
//! type at each run. Nothing here computes with elements.

use std::cmp::Ordering;
use std::ops::Range;

use radiant_core::{DType, Element, Error, Strings, TensorData};

use crate::op::{Op, Outputs};
use crate::registers::{Buffer, Inputs};

/// Bytes that the strings of one value may have together: what repeats strings ends there.
const STRING_BYTES_MAX: usize = 1 << 28;

/// Growing elements of one type.
pub(super) trait Column: Sized {
    /// Elements to read.
    type Elements: ?Sized;

    /// An empty column in place of what is in `buffer`, to be filled to the shape `dims`.
    ///
    /// # Errors
    /// When the shape has more elements than a value may have.
    fn reset<'a>(buffer: &'a mut Buffer, dims: &[usize]) -> Result<&'a mut Self, Error>;

    /// The elements of a value, if they are of this type.
    fn elements(data: &TensorData) -> Option<&Self::Elements>;

    /// Appends the elements of `from` in `range`.
    fn append(&mut self, from: &Self::Elements, range: Range<usize>);

    /// Appends `n` elements of `from`, each `step` after the one before, from `start`.
    fn append_spaced(&mut self, from: &Self::Elements, start: usize, step: isize, n: usize);

    /// Appends element `at` of `from` `n` times.
    fn repeat(&mut self, from: &Self::Elements, at: usize, n: usize);

    /// Appends `n` zeros, `false` or empty strings.
    fn append_zeros(&mut self, n: usize);

    /// The order of two elements of `from`; what is no number is greater than all numbers and equal
    /// to itself.
    fn compare(from: &Self::Elements, a: usize, b: usize) -> Ordering;

    /// Appends `n` elements, all of `from`, some of them replaced: `each` is called with a function
    /// that puts so many elements of `updates`, from a place on, to a place; the last one counts.
    ///
    /// # Errors
    /// That of `each`.
    fn overlay(
        &mut self,
        from: &Self::Elements,
        updates: &Self::Elements,
        n: usize,
        each: impl FnOnce(&mut dyn FnMut(Put)) -> Result<(), Error>,
    ) -> Result<(), Error>;
}

/// A run of elements that replaces others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Put {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) n: usize,
}

impl<T: Element + Default + PartialOrd> Column for Vec<T> {
    type Elements = [T];

    fn reset<'a>(buffer: &'a mut Buffer, dims: &[usize]) -> Result<&'a mut Self, Error> {
        buffer.reset(dims)
    }

    fn elements(data: &TensorData) -> Option<&[T]> {
        T::slice(data)
    }

    #[inline]
    fn append(&mut self, from: &[T], range: Range<usize>) {
        // Most runs of small tensors are one element.
        if range.len() == 1 {
            self.push(from[range.start]);
        } else {
            self.extend_from_slice(&from[range]);
        }
    }

    #[inline]
    fn append_spaced(&mut self, from: &[T], start: usize, step: isize, n: usize) {
        let mut at = start;
        self.extend((0..n).map(|_| {
            let value = from[at];
            at = at.wrapping_add_signed(step);
            value
        }));
    }

    #[inline]
    fn repeat(&mut self, from: &[T], at: usize, n: usize) {
        self.extend(std::iter::repeat_n(from[at], n));
    }

    fn append_zeros(&mut self, n: usize) {
        self.extend(std::iter::repeat_n(T::default(), n));
    }

    #[expect(clippy::eq_op, reason = "what is no number is not equal to itself")]
    fn compare(from: &[T], a: usize, b: usize) -> Ordering {
        let (a, b) = (from[a], from[b]);
        a.partial_cmp(&b).unwrap_or_else(|| (a != a).cmp(&(b != b)))
    }

    fn overlay(
        &mut self,
        from: &[T],
        updates: &[T],
        n: usize,
        each: impl FnOnce(&mut dyn FnMut(Put)) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.extend_from_slice(&from[..n]);
        each(&mut |put| {
            self[put.to..put.to + put.n].copy_from_slice(&updates[put.from..put.from + put.n]);
        })
    }
}

impl Column for Strings {
    type Elements = Self;

    fn reset<'a>(buffer: &'a mut Buffer, dims: &[usize]) -> Result<&'a mut Self, Error> {
        buffer.reset_strings(dims)
    }

    fn elements(data: &TensorData) -> Option<&Self> {
        match data {
            TensorData::Bytes(strings) => Some(strings),
            _ => None,
        }
    }

    fn append(&mut self, from: &Self, range: Range<usize>) {
        for at in range {
            push(self, from, at);
        }
    }

    fn append_spaced(&mut self, from: &Self, start: usize, step: isize, n: usize) {
        let mut at = start;
        for _ in 0..n {
            push(self, from, at);
            at = at.wrapping_add_signed(step);
        }
    }

    fn repeat(&mut self, from: &Self, at: usize, n: usize) {
        for _ in 0..n {
            push(self, from, at);
        }
    }

    fn append_zeros(&mut self, n: usize) {
        for _ in 0..n {
            self.push(&[]);
        }
    }

    fn compare(from: &Self, a: usize, b: usize) -> Ordering {
        from.get(a).cmp(&from.get(b))
    }

    fn overlay(
        &mut self,
        from: &Self,
        updates: &Self,
        n: usize,
        each: impl FnOnce(&mut dyn FnMut(Put)) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut updated: Vec<Option<usize>> = vec![None; n];
        each(&mut |put| {
            (0..put.n).for_each(|i| updated[put.to + i] = Some(put.from + i));
        })?;
        for (at, updated) in updated.into_iter().enumerate() {
            match updated {
                Some(updated) => push(self, updates, updated),
                None => push(self, from, at),
            }
        }
        Ok(())
    }
}

/// Appends one string, or nothing once there are too many bytes: [`check`] sees that it is missing.
fn push(to: &mut Strings, from: &Strings, at: usize) {
    if to.n_bytes() <= STRING_BYTES_MAX {
        to.push(from.get(at).unwrap_or_default());
    }
}

/// Refuses a value whose elements do not fill its shape.
fn check(buffer: &Buffer) -> Result<(), Error> {
    let (expected, got) = (&buffer.shape, buffer.data.len());
    if expected.n_elements() == Ok(got) {
        return Ok(());
    }
    Err(match buffer.data {
        TensorData::Bytes(_) => Error::model_failed(format!(
            "expected a result of at most {STRING_BYTES_MAX} bytes of strings, got more"
        )),
        _ => Error::internal(format!("expected the elements of {expected}, got {got}")),
    })
}

/// The elements of the input at `index`, whose type the plan has made sure of.
pub(super) fn elements<C: Column>(inputs: Inputs<'_>, index: usize) -> Result<&C::Elements, Error> {
    elements_of::<C>(inputs.view(index)?.data)
}

/// The elements of `data`, whose type the plan has made sure of.
pub(super) fn elements_of<C: Column>(data: &TensorData) -> Result<&C::Elements, Error> {
    C::elements(data).ok_or_else(|| {
        let got = data.dtype();
        Error::internal(format!("expected elements of the type that is moved, got {got}"))
    })
}

/// An operator that moves elements of any type.
pub(super) trait Move: Send + Sync {
    /// The input whose elements are moved.
    const MOVED: usize = 0;

    /// Computes the outputs; those of the type that is moved are checked to be full afterwards.
    ///
    /// # Errors
    /// When the extents of the inputs do not fit, or a value is out of the operator's range.
    fn run<C: Column>(&self, inputs: Inputs<'_>, outputs: Outputs<'_>) -> Result<(), Error>;
}

/// [`Move`] as an operator.
pub(super) struct Moving<M>(pub(super) M);

impl<M: Move> Op for Moving<M> {
    fn run(&self, inputs: Inputs<'_>, outputs: Outputs<'_>) -> Result<(), Error> {
        let Outputs { buffers, needed_for, wanted } = outputs;
        let outputs = Outputs { buffers: &mut *buffers, needed_for, wanted };
        let op = &self.0;
        match inputs.view(M::MOVED)?.data.dtype() {
            DType::Bool => op.run::<Vec<bool>>(inputs, outputs),
            DType::U8 => op.run::<Vec<u8>>(inputs, outputs),
            DType::U16 => op.run::<Vec<u16>>(inputs, outputs),
            DType::U32 => op.run::<Vec<u32>>(inputs, outputs),
            DType::U64 => op.run::<Vec<u64>>(inputs, outputs),
            DType::I8 => op.run::<Vec<i8>>(inputs, outputs),
            DType::I16 => op.run::<Vec<i16>>(inputs, outputs),
            DType::I32 => op.run::<Vec<i32>>(inputs, outputs),
            DType::I64 => op.run::<Vec<i64>>(inputs, outputs),
            DType::F16 => op.run::<Vec<half::f16>>(inputs, outputs),
            DType::BF16 => op.run::<Vec<half::bf16>>(inputs, outputs),
            DType::F32 => op.run::<Vec<f32>>(inputs, outputs),
            DType::F64 => op.run::<Vec<f64>>(inputs, outputs),
            DType::Bytes => op.run::<Strings>(inputs, outputs),
        }?;
        let written = buffers.iter().zip(needed_for).filter(|(_, of)| **of & wanted != 0);
        written.into_iter().try_for_each(|(buffer, _)| check(buffer))
    }
}
