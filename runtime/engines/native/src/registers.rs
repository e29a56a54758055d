//! Where intermediate values live while a plan runs.
//!
//! A thread keeps one set of buffers and every run on it uses them again, so that a warm run
//! allocates nothing. Outputs are exchanged with what the caller brought, not copied. Large buffers
//! are given back after a run.

use std::cell::RefCell;
use std::ops::Range;

use half::{bf16, f16};

use radiant_core::{Cancel, Element, Error, Shape, Strings, Tensor, TensorData};

/// Elements that one value may have: what constants and requests can ask an operator to make is
/// refused beyond it, before it is allocated.
const ELEMENTS_MAX: usize = 1 << 28;

/// Axes that one value may have.
pub(crate) const RANK_MAX: usize = 16;

/// A buffer of more elements than this is given back after a run.
const KEPT_ELEMENTS_MAX: usize = 1 << 20;

/// A value without a name: what a step writes.
#[derive(Debug)]
pub(crate) struct Buffer {
    pub(crate) shape: Shape,
    pub(crate) data: TensorData,
}

impl Default for Buffer {
    fn default() -> Self {
        Self { shape: Shape::from([0]), data: TensorData::F32(Vec::new()) }
    }
}

impl Buffer {
    /// An empty vector of `T` to fill, of the shape `dims`.
    ///
    /// # Errors
    /// When the shape has more elements than a value may have.
    pub(crate) fn reset<T: Element>(&mut self, dims: &[usize]) -> Result<&mut Vec<T>, Error> {
        let n_elements = self.set_shape(dims)?;
        let values = self.data.reset();
        values.reserve(n_elements);
        Ok(values)
    }

    /// An empty column of strings to fill, of the shape `dims`.
    ///
    /// # Errors
    /// As [`reset`](Self::reset).
    pub(crate) fn reset_strings(&mut self, dims: &[usize]) -> Result<&mut Strings, Error> {
        self.set_shape(dims)?;
        Ok(self.data.reset_strings())
    }

    /// The elements of `view` in the shape `dims`, which has as many.
    ///
    /// # Errors
    /// As [`reset`](Self::reset).
    pub(crate) fn copy(&mut self, view: View<'_>, dims: &[usize]) -> Result<(), Error> {
        self.set_shape(dims)?;
        copy(view.data, &mut self.data);
        Ok(())
    }

    /// Sets the shape, and tells its number of elements.
    ///
    /// # Errors
    /// As [`reset`](Self::reset).
    pub(crate) fn set_shape(&mut self, dims: &[usize]) -> Result<usize, Error> {
        self.shape.set(dims);
        let n_elements = self.shape.n_elements().ok().filter(|&n| n <= ELEMENTS_MAX);
        n_elements.filter(|_| dims.len() <= RANK_MAX).ok_or_else(|| {
            Error::model_failed(format!(
                "expected a result of at most {ELEMENTS_MAX} elements and {RANK_MAX} axes, got {}",
                self.shape
            ))
        })
    }
}

/// Makes `to` equal to `from`, keeping its allocation where the types agree.
pub(crate) fn copy(from: &TensorData, to: &mut TensorData) {
    if from.dtype() != to.dtype() {
        to.clone_from(from);
        return;
    }
    reset_as(from, to);
    // The types agree and the range is all there is.
    drop(append(from, 0..from.len(), to));
}

/// Empties `to` and makes it of the type of `like`, keeping its allocation where they agree.
pub(crate) fn reset_as(like: &TensorData, to: &mut TensorData) {
    macro_rules! reset {
        ($($variant:ident $type:ty),*) => {
            match like {
                $(TensorData::$variant(_) => drop(to.reset::<$type>()),)*
                TensorData::Bytes(_) => drop(to.reset_strings()),
            }
        };
    }
    reset!(
        Bool bool, U8 u8, U16 u16, U32 u32, U64 u64, I8 i8, I16 i16, I32 i32, I64 i64, F16 f16,
        BF16 bf16, F32 f32, F64 f64
    );
}

/// Appends some elements of `from` to `to`, which is of the same type.
///
/// # Errors
/// When the types differ, or there are not as many elements.
pub(crate) fn append(
    from: &TensorData,
    range: Range<usize>,
    to: &mut TensorData,
) -> Result<(), Error> {
    let missing = || Error::internal(format!("no elements {range:?}"));
    macro_rules! append {
        ($($variant:ident),*) => {
            match (from, to) {
                $((TensorData::$variant(from), TensorData::$variant(to)) => {
                    to.extend_from_slice(from.get(range.clone()).ok_or_else(missing)?);
                })*
                (TensorData::Bytes(from), TensorData::Bytes(to)) => {
                    for at in range.clone() {
                        to.push(from.get(at).ok_or_else(missing)?);
                    }
                }
                _ => return Err(Error::internal("elements of two types")),
            }
        };
    }
    append!(Bool, U8, U16, U32, U64, I8, I16, I32, I64, F16, BF16, F32, F64);
    Ok(())
}

thread_local! {
    /// Sets of registers; a plan inside a plan takes one of its own.
    static REGISTERS: RefCell<Vec<Vec<Buffer>>> = const { RefCell::new(Vec::new()) };
}

/// Runs `body` with at least `n_registers` buffers of this thread, which hold anything.
///
/// If `body` panics, its buffers are gone and the next run makes new ones.
pub(crate) fn with_registers<T>(n_registers: usize, body: impl FnOnce(&mut [Buffer]) -> T) -> T {
    let mut registers = REGISTERS.with_borrow_mut(Vec::pop).unwrap_or_default();
    if registers.len() < n_registers {
        registers.resize_with(n_registers, Buffer::default);
    }
    let result = body(&mut registers);
    for buffer in &mut registers {
        if buffer.data.len() > KEPT_ELEMENTS_MAX {
            *buffer = Buffer::default();
        }
    }
    REGISTERS.with_borrow_mut(|kept| kept.push(registers));
    result
}

/// Where a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    /// An input of the model.
    Input(usize),
    /// A constant of the plan.
    Constant(usize),
    /// What a step wrote.
    Register(usize),
    /// A value of the plan around this one.
    Outer(usize),
    /// An optional input that is left out.
    Absent,
}

/// All values that exist while a plan runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Values<'a> {
    pub(crate) inputs: &'a [Tensor],
    pub(crate) constants: &'a [Tensor],
    pub(crate) registers: &'a [Buffer],
    /// Values that a plan inside a plan reads of the one around it.
    pub(crate) outer: &'a [View<'a>],
    /// Whether anybody still waits for the run's answer.
    pub(crate) cancel: &'a Cancel,
}

/// A value to read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) shape: &'a Shape,
    pub(crate) data: &'a TensorData,
}

impl<'a> Values<'a> {
    /// The value at `slot`; in a plan that was compiled, `None` is an input that is left out.
    pub(crate) fn get(&self, slot: Slot) -> Option<View<'a>> {
        let tensor = |tensor: &'a Tensor| View { shape: &tensor.shape, data: &tensor.data };
        match slot {
            Slot::Input(at) => self.inputs.get(at).map(tensor),
            Slot::Constant(at) => self.constants.get(at).map(tensor),
            Slot::Register(at) => {
                let buffer = self.registers.get(at)?;
                Some(View { shape: &buffer.shape, data: &buffer.data })
            }
            Slot::Outer(at) => self.outer.get(at).copied(),
            Slot::Absent => None,
        }
    }
}

/// What one step reads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inputs<'a> {
    pub(crate) slots: &'a [Slot],
    pub(crate) values: Values<'a>,
}

impl<'a> Inputs<'a> {
    /// The number of inputs, those left out in the middle included.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// The input at `index`, unless it is left out.
    pub(crate) fn optional(&self, index: usize) -> Option<View<'a>> {
        self.slots.get(index).and_then(|&slot| self.values.get(slot))
    }

    /// The input at `index`.
    pub(crate) fn view(&self, index: usize) -> Result<View<'a>, Error> {
        self.optional(index).ok_or_else(|| Error::internal(format!("step has no input {index}")))
    }

    /// The elements of the input at `index`, whose type the plan has made sure of.
    pub(crate) fn slice<T: Element>(&self, index: usize) -> Result<&'a [T], Error> {
        let view = self.view(index)?;
        T::slice(view.data).ok_or_else(|| {
            let (expected, got) = (T::DTYPE, view.data.dtype());
            Error::internal(format!("step input {index}: expected {expected}, got {got}"))
        })
    }
}
