//! One input of a request: its fields in any order, its data in one pass where the type is known
//! before it.

use std::borrow::Cow;

use radiant_core::{DType, Error, Shape};

use super::fault::{Fault, other_kind};
use super::request::Reader;
use crate::json::{Cursor, TypedError};
use crate::oip::{datatype, raw};

/// What an input has so far. Of two equal keys the last counts.
#[derive(Debug, Default)]
struct Input<'a> {
    name: Option<Cow<'a, str>>,
    datatype: Option<Cow<'a, str>>,
    dims: Option<Shape>,
    /// The offset of `data`.
    data_at: Option<usize>,
    /// Where `data` was read to, and as what.
    read: Option<(usize, DType)>,
    /// `parameters.binary_data_size`.
    binary: Option<usize>,
}

impl<'a> Reader<'a, '_, '_> {
    /// Reads the input at the cursor, which is the one at `index`.
    pub(super) fn input(&mut self, index: usize) -> Result<(), Fault> {
        if self.cursor.peek() != Some(b'{') {
            return Err(other_kind(&mut self.cursor, &format!("`inputs[{index}]`"), "an object"));
        }
        self.cursor.object_start()?;
        let mut input = Input::default();
        let mut first = true;
        while let Some(key) = self.cursor.next_key(first)? {
            first = false;
            match &*key {
                "name" => input.name = Some(self.text(|| input.place(index, "name"))?),
                "datatype" => input.datatype = Some(self.text(|| input.place(index, "datatype"))?),
                "shape" => input.dims = Some(self.dims(&|| input.place(index, "shape"))?),
                "parameters" => {
                    input.binary = self.input_parameters(&|| input.place(index, "parameters"))?;
                }
                "data" => self.data(&mut input)?,
                _ => _ = self.cursor.skip_value(self.limits)?,
            }
        }
        self.finish_input(&input, index)
    }

    /// Passes over `data`, or reads it at once if it is known as what and where to.
    fn data(&mut self, input: &mut Input<'a>) -> Result<(), Fault> {
        (input.data_at, input.read) = (None, None);
        if self.cursor.peek() == Some(b'n') {
            self.cursor.skip_value(self.limits)?;
            return Ok(());
        }
        input.data_at = Some(self.cursor.position());
        let dtype = input.datatype.as_deref().and_then(datatype::find);
        let target = input.name.as_deref().zip(dtype).and_then(|(name, dtype)| {
            let slot = self.slots.find(name, dtype)?;
            Some((name, slot, dtype))
        });
        let Some((name, slot, dtype)) = target else {
            self.cursor.skip_value(self.limits)?;
            return Ok(());
        };
        self.cursor.take_nulls(self.slots.takes_nulls());
        let tensor = self.slots.tensor(slot);
        self.cursor
            .tensor(dtype, self.limits, &mut tensor.shape, &mut tensor.data)
            .map_err(|error| self.refuse(name, error))?;
        input.read = Some((slot, dtype));
        Ok(())
    }

    /// Puts the tensor into its slot.
    fn finish_input(&mut self, input: &Input<'a>, index: usize) -> Result<(), Fault> {
        let missing = |key: &str| {
            let place = input.place(index, key);
            Error::invalid_input(format!("{place}: expected a value, got none"))
        };
        let name = input.name.as_deref().ok_or_else(|| missing("name"))?;
        let datatype = input.datatype.as_deref().ok_or_else(|| missing("datatype"))?;
        let dtype = datatype::parse(datatype)
            .map_err(|error| error.context(format_args!("input `{name}`")))?;
        let dims = input.dims.as_ref().ok_or_else(|| missing("shape"))?;
        let slot = self.slots.take_typed(name, dtype, dims)?;
        let n_elements = dims.n_elements().map_err(|_| too_large(name, dims))?;
        match (input.data_at, input.binary) {
            (Some(at), None) => {
                if input.read != Some((slot, dtype)) {
                    self.data_later(name, at, (slot, dtype))?;
                }
                let n_came = self.slots.tensor(slot).data.len();
                if n_came != n_elements {
                    return Err(wrong_count(name, dims, n_elements, n_came).into());
                }
            }
            (None, Some(n_bytes)) => {
                let bytes = self.take_binary(name, n_bytes)?;
                let data = &mut self.slots.tensor(slot).data;
                raw::read(bytes, dtype, n_elements, self.limits, data)
                    .map_err(|error| error.context(format_args!("input `{name}`")))?;
            }
            (Some(_), Some(_)) => return Err(one_of(name, "both").into()),
            (None, None) => return Err(one_of(name, "neither").into()),
        }
        self.slots.tensor(slot).shape.set(dims.dims());
        Ok(())
    }

    /// Reads the data at an offset that was passed.
    fn data_later(
        &mut self,
        name: &str,
        at: usize,
        (slot, dtype): (usize, DType),
    ) -> Result<(), Error> {
        let mut cursor = self.cursor.clone();
        cursor.seek(at);
        cursor.take_nulls(self.slots.takes_nulls());
        let tensor = self.slots.tensor(slot);
        cursor
            .tensor(dtype, self.limits, &mut tensor.shape, &mut tensor.data)
            .map_err(|error| self.refuse(name, error))
    }

    fn refuse(&self, name: &str, error: TypedError) -> Error {
        error.into_error(format_args!("input `{name}`"), self.head)
    }

    /// The next bytes behind the JSON.
    fn take_binary(&mut self, name: &str, n_bytes: usize) -> Result<&'a [u8], Error> {
        let Some(tail) = self.tail else {
            return Err(Error::invalid_input(format!(
                "input `{name}`: `binary_data_size` needs the header \
                 `Inference-Header-Content-Length`, which tells where the binary data begins"
            )));
        };
        let Some((bytes, rest)) = tail.split_at_checked(n_bytes) else {
            let n_left = tail.len();
            return Err(Error::invalid_input(format!(
                "input `{name}`: expected {n_bytes} bytes of binary data, got {n_left}"
            )));
        };
        self.tail = Some(rest);
        Ok(bytes)
    }

    /// Reads `shape`.
    fn dims(&mut self, place: &dyn Fn() -> String) -> Result<Shape, Fault> {
        if self.cursor.peek() != Some(b'[') {
            return Err(other_kind(&mut self.cursor, &place(), "an array of integers"));
        }
        self.cursor.array_start()?;
        let mut dims = Shape::default();
        while self.cursor.next_item(dims.rank() == 0)? {
            if dims.rank() >= self.limits.rank_max {
                let rank_max = self.limits.rank_max;
                let place = place();
                return Err(Error::invalid_input(format!(
                    "{place}: expected at most {rank_max} axes, got more"
                ))
                .into());
            }
            dims.push(self.count(place)?);
        }
        Ok(dims)
    }

    /// Reads an integer that counts something.
    pub(super) fn count(&mut self, place: &dyn Fn() -> String) -> Result<usize, Fault> {
        if !matches!(self.cursor.peek(), Some(b'-' | b'0'..=b'9')) {
            return Err(other_kind(&mut self.cursor, &place(), "an integer from 0"));
        }
        let digits = std::str::from_utf8(self.cursor.skip_value(self.limits)?).unwrap_or("");
        let count = digits.parse().map_err(|_| {
            let got: String = digits.chars().take(32).collect();
            Error::invalid_input(format!("{}: expected an integer from 0, got {got}", place()))
        })?;
        Ok(count)
    }

    /// Reads the parameters of an input; gives `binary_data_size`.
    fn input_parameters(&mut self, place: &dyn Fn() -> String) -> Result<Option<usize>, Fault> {
        if !self.enter_parameters(place)? {
            return Ok(None);
        }
        let (mut first, mut size) = (true, None);
        while let Some(key) = self.cursor.next_key(first)? {
            first = false;
            match &*key {
                "binary_data_size" if self.cursor.peek() != Some(b'n') => {
                    size = Some(self.count(&|| format!("{}: `{key}`", place()))?);
                }
                "shared_memory_region" => return Err(super::request::shared_memory(place).into()),
                _ => _ = self.cursor.skip_value(self.limits)?,
            }
        }
        Ok(size)
    }

    /// A cursor's string, of which `place` tells what it is.
    pub(super) fn text(&mut self, place: impl Fn() -> String) -> Result<Cow<'a, str>, Fault> {
        text(&mut self.cursor, place)
    }
}

/// Reads a string, of which `place` tells what it is.
pub(super) fn text<'a>(
    cursor: &mut Cursor<'a>,
    place: impl Fn() -> String,
) -> Result<Cow<'a, str>, Fault> {
    if cursor.peek() != Some(b'"') {
        return Err(other_kind(cursor, &place(), "a string"));
    }
    Ok(cursor.string()?)
}

impl Input<'_> {
    /// Where in the request a field is, for people.
    fn place(&self, index: usize, key: &str) -> String {
        match &self.name {
            Some(name) => format!("input `{name}`: `{key}`"),
            None => format!("`inputs[{index}].{key}`"),
        }
    }
}

#[cold]
fn too_large(name: &str, dims: &Shape) -> Error {
    Error::invalid_input(format!("input `{name}`: shape {dims} has too many elements"))
}

#[cold]
fn wrong_count(name: &str, dims: &Shape, expected: usize, got: usize) -> Error {
    Error::invalid_input(format!(
        "input `{name}`: expected {expected} elements for shape {dims}, got {got}"
    ))
}

#[cold]
fn one_of(name: &str, got: &str) -> Error {
    Error::invalid_input(format!(
        "input `{name}`: expected one of `data` and `parameters.binary_data_size`, got {got}"
    ))
}
