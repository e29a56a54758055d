//! Where intermediate values live while a plan runs.
//!
//! A thread keeps one set of buffers and every run on it uses them again, so that a warm run
//! allocates nothing. Outputs are exchanged with what the caller brought, not copied. A thread keeps
//! as much memory as its largest run needed.

use std::cell::Cell;

use radiant_core::{Element, Error, Shape, Tensor, TensorData};

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
    pub(crate) fn reset<T: Element>(&mut self, dims: &[usize]) -> &mut Vec<T> {
        self.shape.set(dims);
        self.data.reset()
    }
}

thread_local! {
    static REGISTERS: Cell<Vec<Buffer>> = const { Cell::new(Vec::new()) };
}

/// Runs `body` with at least `n_registers` buffers of this thread, which hold anything.
///
/// If `body` panics, its buffers are gone and the next run makes new ones.
pub(crate) fn with_registers<T>(n_registers: usize, body: impl FnOnce(&mut [Buffer]) -> T) -> T {
    let mut registers = REGISTERS.take();
    if registers.len() < n_registers {
        registers.resize_with(n_registers, Buffer::default);
    }
    let result = body(&mut registers);
    REGISTERS.set(registers);
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
}

/// All values that exist while a plan runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Values<'a> {
    pub(crate) inputs: &'a [Tensor],
    pub(crate) constants: &'a [Tensor],
    pub(crate) registers: &'a [Buffer],
}

/// A value to read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) shape: &'a Shape,
    pub(crate) data: &'a TensorData,
}

impl<'a> Values<'a> {
    /// The value at `slot`; `None` never happens in a plan that was compiled.
    pub(crate) fn get(&self, slot: Slot) -> Option<View<'a>> {
        let tensor = |tensor: &'a Tensor| View { shape: &tensor.shape, data: &tensor.data };
        match slot {
            Slot::Input(at) => self.inputs.get(at).map(tensor),
            Slot::Constant(at) => self.constants.get(at).map(tensor),
            Slot::Register(at) => {
                let buffer = self.registers.get(at)?;
                Some(View { shape: &buffer.shape, data: &buffer.data })
            }
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
    /// The input at `index`.
    pub(crate) fn view(&self, index: usize) -> Result<View<'a>, Error> {
        let view = self.slots.get(index).and_then(|&slot| self.values.get(slot));
        view.ok_or_else(|| Error::internal(format!("step has no input {index}")))
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
