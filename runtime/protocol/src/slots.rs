//! Which tensor of a model an input of a request goes into, for every protocol that names inputs.
//!
//! [`Names`] tells inputs that come from those that do not, come twice or are not the model's;
//! [`Slots`] keeps the tensors with them, and does without a signature too. Neither reads a tensor
//! or compares shapes. Every message about the inputs of a request as a whole is made here.

use std::sync::Arc;

use radiant_core::{DType, Error, Shape, Tensor, TensorSpec};
use smallvec::SmallVec;

use crate::Inputs;

/// The inputs of a signature and which of them came.
///
/// # Cost
/// A comparison of names for each input that comes in the order of the signature, and a search from
/// its start for others. Allocates for signatures of more than 128 inputs only, and then once.
#[derive(Debug)]
pub(crate) struct Names<'s> {
    specs: &'s [TensorSpec],
    /// Whether the input at this index came.
    came: SmallVec<[bool; 128]>,
    /// Behind the one that came last: most clients keep to the order of the signature.
    next: usize,
}

impl<'s> Names<'s> {
    pub(crate) fn new(specs: &'s [TensorSpec]) -> Self {
        let mut names = Self { specs, came: SmallVec::new(), next: 0 };
        names.restart();
        names
    }

    /// Forgets what came.
    pub(crate) fn restart(&mut self) {
        self.next = 0;
        self.came.clear();
        self.came.resize(self.specs.len(), false);
    }

    /// The index of the input that this name means, came or not.
    fn find(&self, name: &str) -> Option<usize> {
        let has_name = |spec: &TensorSpec| *spec.name == *name;
        if self.specs.get(self.next).is_some_and(has_name) {
            return Some(self.next);
        }
        self.specs.iter().position(has_name)
    }

    /// The index of the input that this name means, which came with this call.
    ///
    /// # Errors
    /// The model has no such input, or it came before.
    pub(crate) fn take(&mut self, name: &str) -> Result<usize, Error> {
        let slot = self.find(name).ok_or_else(|| unknown(name, self.specs))?;
        match self.came.get_mut(slot) {
            Some(came) if !*came => *came = true,
            _ if self.specs.iter().any(|spec| *spec.name == *name) => return Err(twice(name)),
            _ => return Err(another(name)),
        }
        self.next = slot.saturating_add(1);
        Ok(slot)
    }

    /// Checks that all inputs came.
    ///
    /// # Errors
    /// One is missing.
    pub(crate) fn check_complete(&self) -> Result<(), Error> {
        match self.specs.iter().zip(&self.came).find(|(_, came)| !**came) {
            None => Ok(()),
            Some((spec, _)) => Err(missing(spec, self.specs)),
        }
    }
}

/// The tensors that the inputs of one request go into: those of a model's signature in its order, or
/// as they come where there is none, or it is a table.
#[derive(Debug)]
pub(crate) struct Slots<'s, 'i> {
    inputs: Inputs<'s>,
    names: Option<Names<'s>>,
    /// Hold buffers of earlier requests until they are filled.
    tensors: &'i mut Vec<Tensor>,
    /// How many inputs came.
    count: usize,
}

impl<'s, 'i> Slots<'s, 'i> {
    pub(crate) fn new(inputs: Inputs<'s>, tensors: &'i mut Vec<Tensor>) -> Self {
        let names = match inputs {
            Inputs::Declared(specs) => {
                tensors.resize_with(specs.len(), Tensor::default);
                Some(Names::new(specs))
            }
            Inputs::Any | Inputs::Table { .. } => None,
        };
        Self { inputs, names, tensors, count: 0 }
    }

    /// Forgets what came.
    pub(crate) fn restart(&mut self) {
        self.count = 0;
        if let Some(names) = &mut self.names {
            names.restart();
        }
    }

    /// The slot that an input of this name and type would be given: for who has data to read before
    /// everything is known that [`take`](Self::take) wants.
    pub(crate) fn find(&self, name: &str, dtype: DType) -> Option<usize> {
        let Some(names) = &self.names else { return Some(self.count) };
        let slot = names.find(name).filter(|&slot| names.came.get(slot) == Some(&false))?;
        self.spec(slot).is_some_and(|spec| spec.dtype == dtype).then_some(slot)
    }

    /// The slot of an input, whose tensor gets its name.
    ///
    /// # Errors
    /// The model has no such input, it came before, or too many came.
    pub(crate) fn take(&mut self, name: &str) -> Result<usize, Error> {
        let slot = match &mut self.names {
            Some(names) => names.take(name)?,
            None if self.tensors.iter().take(self.count).any(|tensor| *tensor.name == *name) => {
                return Err(twice(name));
            }
            None if self.count >= self.inputs.max() => return Err(too_many(self.inputs.max())),
            None => self.count,
        };
        self.count = self.count.saturating_add(1);
        let spec = self.spec(slot);
        let tensor = self.tensor(slot);
        match spec {
            Some(spec) => tensor.name = Arc::clone(&spec.name),
            None if *tensor.name != *name => tensor.name = Arc::from(name),
            None => {}
        }
        Ok(slot)
    }

    /// As [`take`](Self::take), for an input whose type is known before its data.
    ///
    /// # Errors
    /// The model takes another type too.
    pub(crate) fn take_typed(
        &mut self,
        name: &str,
        dtype: DType,
        shape: &Shape,
    ) -> Result<usize, Error> {
        let slot = self.take(name)?;
        self.spec(slot).map_or(Ok(()), |spec| check_type(spec, dtype, shape))?;
        Ok(slot)
    }

    /// What the model takes in this slot, if it has a signature.
    pub(crate) fn spec(&self, slot: usize) -> Option<&'s TensorSpec> {
        self.names.as_ref()?.specs.get(slot)
    }

    /// Whether `null` among floats or texts is a missing value.
    pub(crate) fn takes_nulls(&self) -> bool {
        self.inputs.is_table()
    }

    /// The tensor in this slot, whose data and shape may be overwritten.
    pub(crate) fn tensor(&mut self, slot: usize) -> &mut Tensor {
        if slot >= self.tensors.len() {
            self.tensors.resize_with(slot.saturating_add(1), Tensor::default);
        }
        #[expect(clippy::indexing_slicing, reason = "the vector was just made as long")]
        &mut self.tensors[slot]
    }

    /// Checks that all inputs came, without a signature that one did, and drops the buffers that are
    /// left.
    ///
    /// # Errors
    /// An input is missing.
    pub(crate) fn finish(self) -> Result<(), Error> {
        match &self.names {
            Some(names) if self.count == 0 && !names.specs.is_empty() => Err(none(names.specs)),
            Some(names) => names.check_complete(),
            None if self.count == 0 => match self.inputs.specs() {
                Some(specs) => Err(none(specs)),
                None => Err(Error::invalid_input("`inputs`: expected one or more, got none")),
            },
            None => {
                self.tensors.truncate(self.count);
                Ok(())
            }
        }
    }
}

/// Checks that an input is of the type that the model takes.
///
/// # Errors
/// It is of another type.
pub(crate) fn check_type(spec: &TensorSpec, dtype: DType, shape: &Shape) -> Result<(), Error> {
    if spec.dtype == dtype { Ok(()) } else { Err(mistyped(spec, dtype, shape)) }
}

/// A client's name in an error: in backticks, and cut where it would fill the message.
#[cold]
pub(crate) fn quoted(name: &str) -> String {
    const CHARS_MAX: usize = 64;
    match name.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("`{}...`", name.get(..end).unwrap_or_default()),
        None => format!("`{name}`"),
    }
}

/// The inputs of a model for people: `` `x` FP32 [-1, 4], `y` INT64 [-1] ``.
#[cold]
pub(crate) fn listed(specs: &[TensorSpec]) -> String {
    if specs.is_empty() {
        return "no input".to_owned();
    }
    let specs: Vec<_> = specs.iter().map(|spec| format!("`{}` {spec}", spec.name)).collect();
    specs.join(", ")
}

#[cold]
fn mistyped(spec: &TensorSpec, dtype: DType, shape: &Shape) -> Error {
    Error::invalid_input(format!("input `{}`: expected {spec}, got {dtype} {shape}", spec.name))
}

#[cold]
fn unknown(name: &str, specs: &[TensorSpec]) -> Error {
    let (name, listed) = (quoted(name), listed(specs));
    Error::invalid_input(format!("input {name}: the model has no such input: expected {listed}"))
}

#[cold]
fn twice(name: &str) -> Error {
    Error::invalid_input(format!("input {}: expected it once, got it twice", quoted(name)))
}

#[cold]
fn another(name: &str) -> Error {
    let name = quoted(name);
    Error::invalid_input(format!("`inputs`: expected one, of any name, got {name} as well"))
}

#[cold]
fn missing(spec: &TensorSpec, specs: &[TensorSpec]) -> Error {
    let (name, listed) = (&spec.name, listed(specs));
    Error::invalid_input(format!("input `{name}` is missing: expected {listed}"))
}

#[cold]
fn none(specs: &[TensorSpec]) -> Error {
    Error::invalid_input(format!("`inputs`: expected {}, got none", listed(specs)))
}

#[cold]
fn too_many(max: usize) -> Error {
    Error::invalid_input(format!("`inputs`: expected at most {max}, got more"))
}

#[cfg(test)]
mod tests {
    use radiant_core::Form;

    use super::*;
    use crate::inputs::UNSIGNED_MAX;

    fn specs(names: &[&str]) -> Vec<TensorSpec> {
        names.iter().map(|&name| TensorSpec::new(name, DType::F32, vec![None])).collect()
    }

    fn message<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
        result.expect_err("is refused").message().to_owned()
    }

    #[test]
    fn inputs_are_found_in_any_order() {
        let specs = specs(&["a", "b", "c"]);
        for (order, slots) in [("abc", [0, 1, 2]), ("cab", [2, 0, 1]), ("bca", [1, 2, 0])] {
            let mut tensors = Vec::new();
            let mut names = Slots::new(Inputs::Declared(&specs), &mut tensors);
            for (name, slot) in order.chars().zip(slots) {
                let name = name.to_string();
                assert_eq!(names.find(&name, DType::F32), Some(slot));
                assert_eq!(names.find(&name, DType::F64), None);
                assert_eq!(names.take(&name).expect("is free"), slot);
                assert_eq!(names.find(&name, DType::F32), None);
            }
            names.finish().expect("all came");
            let names: Vec<_> = tensors.iter().map(|tensor| &*tensor.name).collect();
            assert_eq!(names, ["a", "b", "c"]);
        }
    }

    #[test]
    fn what_is_wrong_with_the_inputs_is_told_with_those_that_the_model_has() {
        let specs = specs(&["a", "b"]);
        let listed = "expected `a` FP32 [-1], `b` FP32 [-1]";
        let mut tensors = Vec::new();
        let mut slots = Slots::new(Inputs::Declared(&specs), &mut tensors);
        let unknown = message(slots.take("c"));
        assert_eq!(unknown, format!("input `c`: the model has no such input: {listed}"));
        let mistyped = message(slots.take_typed("b", DType::F64, &Shape::from([2, 1])));
        assert_eq!(mistyped, "input `b`: expected FP32 [-1], got FP64 [2, 1]");
        assert_eq!(message(slots.take("b")), "input `b`: expected it once, got it twice");
        assert_eq!(message(slots.finish()), format!("input `a` is missing: {listed}"));
        let slots = Slots::new(Inputs::Declared(&specs), &mut tensors);
        assert_eq!(message(slots.finish()), format!("`inputs`: {listed}, got none"));
        let mut slots = Slots::new(Inputs::Declared(&[]), &mut tensors);
        let unknown = message(slots.take("a"));
        assert_eq!(unknown, "input `a`: the model has no such input: expected no input");
        slots.finish().expect("a model may have no input");
        let long = "n".repeat(1000);
        let shown = format!("input `{}...`: the model has", "n".repeat(64));
        assert!(message(Names::new(&specs).take(&long)).starts_with(&shown));
    }

    #[test]
    fn without_a_signature_inputs_are_taken_as_they_come() {
        let mut tensors = vec![Tensor::default(); 3];
        let mut slots = Slots::new(Inputs::Any, &mut tensors);
        assert_eq!(slots.take("b").expect("is the first"), 0);
        assert_eq!(slots.take_typed("a", DType::F32, &Shape::default()).expect("is another"), 1);
        assert_eq!(message(slots.take("b")), "input `b`: expected it once, got it twice");
        slots.finish().expect("two came");
        assert_eq!(tensors.len(), 2);
        let slots = Slots::new(Inputs::Any, &mut tensors);
        assert_eq!(message(slots.finish()), "`inputs`: expected one or more, got none");
        let mut slots = Slots::new(Inputs::Any, &mut tensors);
        for index in 0..UNSIGNED_MAX {
            slots.take(&index.to_string()).expect("is not too many");
        }
        assert_eq!(message(slots.take("x")), "`inputs`: expected at most 1024, got more");
    }

    #[test]
    fn what_came_is_forgotten_on_demand() {
        let specs = specs(&["a"]);
        for specs in [None, Some(&specs[..])] {
            let mut tensors = Vec::new();
            let mut slots = Slots::new(specs.into(), &mut tensors);
            slots.take("a").expect("is free");
            slots.restart();
            slots.take("a").expect("is free again");
            slots.finish().expect("came");
            assert_eq!(tensors.len(), 1);
        }
    }

    #[test]
    fn a_table_brings_what_it_likes() {
        let specs = specs(&["a", "b"]);
        for form in [Form::Matrix, Form::Frame] {
            let table = Inputs::Table { form, specs: &specs };
            let mut tensors = Vec::new();
            let mut slots = Slots::new(table, &mut tensors);
            for (slot, name) in ["z", "b", "a"].into_iter().enumerate() {
                assert_eq!(slots.find(name, DType::Bytes), Some(slot));
                let taken = slots.take_typed(name, DType::Bytes, &Shape::from([2]));
                assert_eq!(taken.expect("is another"), slot);
                assert!(slots.takes_nulls());
            }
            assert_eq!(message(slots.take("b")), "input `b`: expected it once, got it twice");
            slots.finish().expect("three came");
            let names: Vec<_> = tensors.iter().map(|tensor| &*tensor.name).collect();
            assert_eq!(names, ["z", "b", "a"]);
            let none = "`inputs`: expected `a` FP32 [-1], `b` FP32 [-1], got none";
            assert_eq!(message(Slots::new(table, &mut tensors).finish()), none);
            let mut slots = Slots::new(table, &mut tensors);
            for index in 0..UNSIGNED_MAX + 2 {
                slots.take(&index.to_string()).expect("is not too many");
            }
            assert_eq!(message(slots.take("x")), "`inputs`: expected at most 1026, got more");
        }
    }

    #[test]
    fn columns_are_named_where_they_have_names() {
        let specs = specs(&["a", "b"]);
        let names = |form, n: usize| {
            let mut columns = vec![Tensor::default(); n];
            let named = Inputs::Table { form, specs: &specs }.name_columns(&mut columns);
            named.map(|()| columns.iter().map(|column| column.name.to_string()).collect::<Vec<_>>())
        };
        assert_eq!(names(Form::Frame, 2).expect("are two"), ["a", "b"]);
        assert_eq!(names(Form::Frame, 1).expect("is whole"), [""]);
        assert_eq!(names(Form::Matrix, 3).expect("have none"), ["", "", ""]);
        let wrong = "expected 2 columns, `a` FP32 [-1], `b` FP32 [-1], got 3";
        assert_eq!(message(names(Form::Frame, 3)), wrong);
    }
}
