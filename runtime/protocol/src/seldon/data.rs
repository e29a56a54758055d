//! `data`: the array of a message, in one of three forms, and the names of its features.
//!
//! The scan passes over the bytes once. Plain numbers of the form that wins so far go straight into
//! the request's tensor; anything else is checked, and read again by its offset when the whole
//! message is known.

use radiant_core::{DType, Error, Map, Payload, Tensor, Value};

use super::request::{Fault, Reader};
use super::shape::Axes;
use super::{Kind, Request, numpy, tftensor};
use crate::Limits;

/// What stands in a `data` object; each offset is that of a value.
#[derive(Debug, Default)]
pub(super) struct Data {
    tensor: Option<TensorAt>,
    ndarray: Option<usize>,
    tftensor: Option<usize>,
    has_names: bool,
    /// Whether the numbers of the winning form are in the request's tensor already.
    is_loaded: bool,
}

/// What stands in a `tensor`.
#[derive(Debug, Default)]
struct TensorAt {
    /// Whether it is an object, as it should be.
    is_object: bool,
    shape: Option<usize>,
    values: Option<usize>,
}

impl Data {
    /// Scans the object that stands at the reader's cursor.
    pub(super) fn scan(reader: &mut Reader<'_, '_>, into: &mut Request) -> Result<Self, Fault> {
        let mut data = Self::default();
        reader.cursor.object_start()?;
        data.scan_entries(reader, into, true)?;
        Ok(data)
    }

    /// Scans an object of which the first key has been read, `ndarray`, and the cursor stands at its
    /// value.
    pub(super) fn scan_from_ndarray(
        reader: &mut Reader<'_, '_>,
        into: &mut Request,
    ) -> Result<Self, Fault> {
        let mut data = Self::default();
        data.scan_ndarray(reader, &mut into.payload)?;
        data.scan_entries(reader, into, false)?;
        Ok(data)
    }

    fn scan_entries(
        &mut self,
        reader: &mut Reader<'_, '_>,
        into: &mut Request,
        mut first: bool,
    ) -> Result<(), Fault> {
        while let Some(key) = reader.cursor.next_key(first)? {
            first = false;
            match &*key {
                "names" => {
                    reader.names(&mut into.names)?;
                    self.has_names = true;
                }
                "tensor" => self.scan_tensor(reader, &mut into.payload)?,
                "ndarray" if self.tensor.is_none() => {
                    self.scan_ndarray(reader, &mut into.payload)?;
                }
                "ndarray" => self.ndarray = Some(reader.pass()?),
                "tftensor" => self.tftensor = Some(reader.pass()?),
                _ => _ = reader.pass()?,
            }
        }
        Ok(())
    }

    fn scan_ndarray(
        &mut self,
        reader: &mut Reader<'_, '_>,
        payload: &mut Payload,
    ) -> Result<(), Fault> {
        let (at, is_loaded) = reader.numbers(payload)?;
        (self.ndarray, self.is_loaded) = (Some(at), is_loaded);
        Ok(())
    }

    fn scan_tensor(
        &mut self,
        reader: &mut Reader<'_, '_>,
        payload: &mut Payload,
    ) -> Result<(), Fault> {
        let mut tensor = TensorAt::default();
        self.is_loaded = false;
        if reader.cursor.peek() == Some(b'{') {
            tensor.is_object = true;
            reader.cursor.object_start()?;
            let mut first = true;
            while let Some(key) = reader.cursor.next_key(first)? {
                first = false;
                match &*key {
                    "shape" => tensor.shape = Some(reader.pass()?),
                    "values" => {
                        let (at, is_loaded) = reader.numbers(payload)?;
                        (tensor.values, self.is_loaded) = (Some(at), is_loaded);
                    }
                    _ => _ = reader.pass()?,
                }
            }
        } else {
            reader.pass()?;
        }
        self.tensor = Some(tensor);
        Ok(())
    }

    /// Reads what the scan has left, now that the form is known.
    pub(super) fn finish(self, reader: &Reader<'_, '_>, into: &mut Request) -> Result<(), Fault> {
        if !self.has_names {
            into.names.clear();
        }
        let Request { kind, payload, .. } = into;
        if let Some(tensor) = self.tensor {
            *kind = Kind::Tensor;
            return tensor.finish(reader, self.is_loaded, payload);
        }
        if let Some(at) = self.ndarray {
            *kind = Kind::NdArray;
            if !self.is_loaded {
                *payload = ndarray(reader.value_at(at)?, reader.want, reader.limits)?;
            }
        } else if let Some(at) = self.tftensor {
            *kind = Kind::TfTensor;
            *payload = from_tftensor(&reader.value_at(at)?, reader.want, reader.limits)?;
        } else {
            *kind = Kind::NdArray;
            empty(payload, reader.want);
        }
        Ok(())
    }
}

impl TensorAt {
    fn finish(
        &self,
        reader: &Reader<'_, '_>,
        is_loaded: bool,
        payload: &mut Payload,
    ) -> Result<(), Fault> {
        let limits = reader.limits;
        let shape = self.shape.ok_or_else(|| missing(self.is_object, "shape"))?;
        let values = self.values.ok_or_else(|| missing(self.is_object, "values"))?;
        if !is_loaded {
            *payload = values_of(reader.value_at(values)?, reader.want, limits)?;
        }
        let axes = Axes::read(&mut reader.at(shape), limits)?;
        let shaped = axes.and_then(|axes| axes.apply(payload, limits));
        Ok(shaped.map_err(|error| error.context("`data.tensor`"))?)
    }
}

/// Decodes a `data` of any kind that was read into a tree.
pub(super) fn decode_tree(
    data: &Value,
    want: Option<DType>,
    limits: &Limits,
    into: &mut Request,
) -> Result<(), Error> {
    into.kind = Kind::NdArray;
    into.names.clear();
    let Value::Map(data) = data else {
        check_not_object(data.kind())?;
        empty(&mut into.payload, want);
        return Ok(());
    };
    if let Some(names) = data.get("names") {
        into.names = names_of(names)?;
    }
    if let Some(tensor) = data.get("tensor") {
        into.kind = Kind::Tensor;
        into.payload = from_tensor(tensor, want, limits)?;
    } else if let Some(array) = data.get("ndarray") {
        into.payload = ndarray(array.clone(), want, limits)?;
    } else if let Some(tensor) = data.get("tftensor") {
        into.kind = Kind::TfTensor;
        into.payload = from_tftensor(tensor, want, limits)?;
    } else {
        empty(&mut into.payload, want);
    }
    Ok(())
}

/// A `data` that is an array or a string has none of the keys, like an empty object; the rest is
/// refused. `kind` as of [`Value::kind`].
pub(super) fn check_not_object(kind: &str) -> Result<(), Error> {
    if matches!(kind, "an array" | "a string") {
        return Ok(());
    }
    Err(Error::invalid_input(format!("`data`: expected an object, got {kind}")))
}

/// The tensor in `payload`, put there if there is none, to write into.
pub(super) fn buffer(payload: &mut Payload) -> &mut Tensor {
    if !matches!(payload, Payload::Array(_)) {
        *payload = Payload::Array(Tensor::default());
    }
    match payload {
        Payload::Array(tensor) => tensor,
        _ => unreachable!("the variant was just set"),
    }
}

/// An empty vector, as the wrapper gives the component where `data` has no array.
pub(super) fn empty(payload: &mut Payload, want: Option<DType>) {
    let tensor = buffer(payload);
    tensor.shape.set(&[0]);
    if want == Some(DType::F32) {
        tensor.data.reset::<f32>();
    } else {
        tensor.data.reset::<f64>();
    }
}

/// Gives numbers the element type that the model takes; leaves everything else to the model's own
/// check, which can name the input.
pub(super) fn land(payload: Payload, want: Option<DType>) -> Result<Payload, Error> {
    match (payload, want) {
        (Payload::Array(tensor), Some(want @ (DType::F32 | DType::F64)))
            if tensor.dtype().is_float() || tensor.dtype().is_integer() =>
        {
            numpy::cast(Payload::Array(tensor), want, "").map(Payload::Array)
        }
        (payload, _) => Ok(payload),
    }
}

pub(super) fn ndarray(
    array: Value,
    want: Option<DType>,
    limits: &Limits,
) -> Result<Payload, Error> {
    let payload = numpy::array(array, limits);
    land(payload.map_err(|error| error.context("`data.ndarray`"))?, want)
}

fn values_of(values: Value, want: Option<DType>, limits: &Limits) -> Result<Payload, Error> {
    let payload = numpy::array(values, limits);
    land(payload.map_err(|error| error.context("`data.tensor.values`"))?, want)
}

fn from_tensor(tensor: &Value, want: Option<DType>, limits: &Limits) -> Result<Payload, Error> {
    let fields = tensor.as_map();
    let field = |key: &str| {
        fields
            .and_then(|fields: &Map| fields.get(key))
            .ok_or_else(|| missing(fields.is_some(), key))
    };
    let (shape, values) = (field("shape")?, field("values")?);
    let mut payload = values_of(values.clone(), want, limits)?;
    let axes = Axes::from_value(shape, limits);
    let shaped = axes.and_then(|axes| axes.apply(&mut payload, limits));
    shaped.map_err(|error| error.context("`data.tensor`"))?;
    Ok(payload)
}

fn from_tftensor(tensor: &Value, want: Option<DType>, limits: &Limits) -> Result<Payload, Error> {
    let tensor = tftensor::decode(tensor, limits);
    let tensor = tensor.map_err(|error| error.context("`data.tftensor`"))?;
    land(Payload::Array(tensor), want)
}

#[cold]
fn missing(is_object: bool, key: &str) -> Error {
    Error::invalid_input(if is_object {
        format!("`data.tensor`: expected `shape` and `values`, got no `{key}`")
    } else {
        "`data.tensor`: expected an object with `shape` and `values`, got something else".to_owned()
    })
}

/// The names of features in a value: `null` is none.
pub(super) fn names_of(names: &Value) -> Result<Vec<String>, Error> {
    match names {
        Value::Null => Ok(Vec::new()),
        Value::List(names) => names.iter().map(name_of).collect(),
        other => Err(not_names("an array", other)),
    }
}

/// One feature's name; numbers, which are column indices to many clients, as Python's `str` does.
pub(super) fn name_of(name: &Value) -> Result<String, Error> {
    numpy::text(name).ok_or_else(|| not_names("strings", name))
}

#[cold]
fn not_names(expected: &str, got: &Value) -> Error {
    Error::invalid_input(format!("`data.names`: expected {expected}, got {}", got.kind()))
}
