//! Where the inputs of a request go: into the tensors of the model's signature, or one after the
//! other where there is none.

use std::sync::Arc;

use radiant_core::{DType, Error, Shape, Tensor, TensorSpec};
use smallvec::SmallVec;

use super::ITEMS_MAX;

/// The tensors to decode into, and which of them were filled.
pub(super) struct Slots<'a> {
    specs: Option<&'a [TensorSpec]>,
    tensors: &'a mut Vec<Tensor>,
    /// With a signature, whether the tensor at this index was filled.
    filled: SmallVec<[bool; 16]>,
    /// Without one, how many were filled.
    n_filled: usize,
}

impl<'a> Slots<'a> {
    /// Slots in `tensors`, whose memory is used again.
    pub(super) fn new(specs: Option<&'a [TensorSpec]>, tensors: &'a mut Vec<Tensor>) -> Self {
        let n_specs = specs.unwrap_or_default().len();
        if specs.is_some() {
            tensors.resize_with(n_specs, Tensor::default);
        }
        Self { specs, tensors, filled: SmallVec::from_elem(false, n_specs), n_filled: 0 }
    }

    /// The tensor that is to hold this input, with its name and its shape.
    ///
    /// # Errors
    /// The model has no such input, takes another type, or the input was there already.
    pub(super) fn take(
        &mut self,
        name: &str,
        dtype: DType,
        shape: Shape,
    ) -> Result<&mut Tensor, Error> {
        let index = match self.specs {
            Some(specs) => self.place(specs, name, dtype, &shape)?,
            None => self.append(name)?,
        };
        let tensor = self.tensors.get_mut(index);
        let tensor = tensor.ok_or_else(|| Error::internal("there is no slot for an input"))?;
        match self.specs.and_then(|specs| specs.get(index)) {
            Some(spec) => tensor.name = Arc::clone(&spec.name),
            None if &*tensor.name != name => tensor.name = name.into(),
            None => {}
        }
        tensor.shape = shape;
        Ok(tensor)
    }

    fn place(
        &mut self,
        specs: &[TensorSpec],
        name: &str,
        dtype: DType,
        shape: &Shape,
    ) -> Result<usize, Error> {
        let index = specs.iter().position(|spec| &*spec.name == name);
        let index = index.ok_or_else(|| unknown(specs))?;
        if let Some(spec) = specs.get(index)
            && spec.dtype != dtype
        {
            return Err(Error::invalid_input(format!("expected {spec}, got {dtype} {shape}")));
        }
        match self.filled.get_mut(index) {
            Some(filled) if !*filled => *filled = true,
            _ => return Err(again()),
        }
        Ok(index)
    }

    fn append(&mut self, name: &str) -> Result<usize, Error> {
        let index = self.n_filled;
        if self.tensors.iter().take(index).any(|tensor| &*tensor.name == name) {
            return Err(again());
        }
        if index >= ITEMS_MAX {
            return Err(Error::invalid_input(format!("expected at most {ITEMS_MAX} inputs")));
        }
        if index >= self.tensors.len() {
            self.tensors.push(Tensor::default());
        }
        self.n_filled = index.saturating_add(1);
        Ok(index)
    }

    /// Checks that all inputs came; where there is no signature, that there was one.
    ///
    /// # Errors
    /// An input is missing.
    pub(super) fn finish(self) -> Result<(), Error> {
        let Some(specs) = self.specs else {
            self.tensors.truncate(self.n_filled);
            if self.n_filled == 0 {
                return Err(Error::invalid_input("expected at least one input, got none"));
            }
            return Ok(());
        };
        if self.filled.iter().all(|filled| *filled) {
            return Ok(());
        }
        let missing = specs.iter().zip(&self.filled).find(|(_, filled)| !**filled);
        let name = missing.map_or("", |(spec, _)| &*spec.name);
        let expected = listing(specs);
        Err(Error::invalid_input(format!("input `{name}` is missing: {expected}")))
    }
}

#[cold]
fn unknown(specs: &[TensorSpec]) -> Error {
    Error::invalid_input(format!("the model has no such input: {}", listing(specs)))
}

#[cold]
fn again() -> Error {
    Error::invalid_input("expected it once, got it twice")
}

/// The inputs of a model for people.
fn listing(specs: &[TensorSpec]) -> String {
    let inputs: Vec<_> = specs.iter().map(|spec| format!("`{}` {spec}", spec.name)).collect();
    format!("expected {}", inputs.join(", "))
}
