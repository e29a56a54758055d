//! Which tensor of a model an input of a request goes into.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use radiant_core::{DType, Error, Shape, Tensor, TensorSpec};
use smallvec::SmallVec;

/// The tensors that the inputs of one request go into: those of a model's signature, or as many as
/// come where there is none.
#[derive(Debug)]
pub(super) struct Slots<'s, 'i> {
    specs: Option<&'s [TensorSpec]>,
    /// Holds buffers of earlier requests until they are filled.
    tensors: &'i mut Vec<Tensor>,
    /// Which ones are filled, by index; without a signature always the first ones.
    filled: SmallVec<[bool; 16]>,
}

impl<'s, 'i> Slots<'s, 'i> {
    pub(super) fn new(specs: Option<&'s [TensorSpec]>, tensors: &'i mut Vec<Tensor>) -> Self {
        let mut slots = Self { specs, tensors, filled: SmallVec::new() };
        slots.restart();
        slots
    }

    /// Forgets what is filled.
    pub(super) fn restart(&mut self) {
        self.filled.clear();
        self.filled.resize(self.specs.map_or(0, <[TensorSpec]>::len), false);
    }

    /// The slot of an input of this name that is not filled yet.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        let Some(specs) = self.specs else { return Some(self.filled.len()) };
        let slot = specs.iter().position(|spec| *spec.name == *name)?;
        (self.filled.get(slot) == Some(&false)).then_some(slot)
    }

    /// As [`find`](Self::find), if the input there is of this element type.
    pub(super) fn find_typed(&self, name: &str, dtype: DType) -> Option<usize> {
        self.find(name).filter(|&slot| self.spec(slot).is_none_or(|spec| spec.dtype == dtype))
    }

    /// As [`find_typed`](Self::find_typed), telling why there is none.
    pub(super) fn claim(&self, name: &str, dtype: DType, dims: &Shape) -> Result<usize, Error> {
        let Some(slot) = self.find(name) else {
            let is_known = self.specs.unwrap_or_default().iter().any(|spec| *spec.name == *name);
            return Err(if is_known { duplicate(name) } else { self.unknown(name) });
        };
        match self.spec(slot) {
            Some(spec) if spec.dtype != dtype => Err(Error::invalid_input(format!(
                "input `{name}`: expected {spec}, got {dtype} {dims}"
            ))),
            Some(_) | None => Ok(slot),
        }
    }

    /// The tensor in a slot that [`find`](Self::find) gave; what it holds may be overwritten.
    pub(super) fn buffer(&mut self, slot: usize) -> &mut Tensor {
        if slot >= self.tensors.len() {
            self.tensors.resize_with(slot.saturating_add(1), Tensor::default);
        }
        #[expect(clippy::indexing_slicing, reason = "the vector was just made as long")]
        &mut self.tensors[slot]
    }

    /// Tells that the tensor in this slot has its data.
    pub(super) fn fill(&mut self, slot: usize, name: &str, dims: &Shape) {
        let spec_name = self.spec(slot).map(|spec| Arc::clone(&spec.name));
        let tensor = self.buffer(slot);
        tensor.shape.set(dims.dims());
        match spec_name {
            Some(name) => tensor.name = name,
            None if *tensor.name != *name => tensor.name = Arc::from(name),
            None => {}
        }
        match self.filled.get_mut(slot) {
            Some(filled) => *filled = true,
            None => self.filled.push(true),
        }
    }

    /// Checks that all inputs came, none of them twice, and drops the buffers that are left.
    pub(super) fn finish(self) -> Result<(), Error> {
        if self.filled.is_empty() || !self.filled.contains(&true) {
            return Err(self.none());
        }
        if let Some(missing) = self.filled.iter().position(|filled| !filled) {
            return Err(self.missing(missing));
        }
        self.tensors.truncate(self.filled.len());
        if self.specs.is_none() {
            let mut names: SmallVec<[&str; 16]> =
                self.tensors.iter().map(|tensor| &*tensor.name).collect();
            names.sort_unstable();
            let twice = names.iter().zip(names.iter().skip(1)).find(|(name, next)| name == next);
            if let Some((name, _)) = twice {
                return Err(duplicate(name));
            }
        }
        Ok(())
    }

    fn spec(&self, slot: usize) -> Option<&'s TensorSpec> {
        self.specs?.get(slot)
    }

    #[cold]
    fn unknown(&self, name: &str) -> Error {
        let expected = Listing(self.specs.unwrap_or_default());
        Error::invalid_input(format!("input `{name}`: the model has no such input: {expected}"))
    }

    #[cold]
    fn missing(&self, slot: usize) -> Error {
        let expected = Listing(self.specs.unwrap_or_default());
        let name = self.spec(slot).map_or("", |spec| &*spec.name);
        Error::invalid_input(format!("input `{name}` is missing: {expected}"))
    }

    #[cold]
    fn none(&self) -> Error {
        Error::invalid_input(match self.specs {
            Some(specs) => format!("`inputs`: {}, got none", Listing(specs)),
            None => "`inputs`: expected at least one input, got none".to_owned(),
        })
    }
}

#[cold]
fn duplicate(name: &str) -> Error {
    Error::invalid_input(format!("input `{name}` came twice"))
}

/// The inputs of a model for people: ``expected `x` FP32 [-1, 4] and `y` INT64 [-1, 1]``.
struct Listing<'s>(&'s [TensorSpec]);

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected")?;
        for (index, spec) in self.0.iter().enumerate() {
            if index > 0 {
                let is_last = index.saturating_add(1) == self.0.len();
                f.write_str(if is_last { " and" } else { "," })?;
            }
            f.write_char(' ')?;
            write!(f, "`{}` {spec}", spec.name)?;
        }
        if self.0.is_empty() { f.write_str(" no input") } else { Ok(()) }
    }
}
