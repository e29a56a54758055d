//! `DefaultData`: the array of a message, in one of three forms, and the names of its features.

use radiant_core::{DType, Element, Error, Payload, Shape, Value};
use smallvec::SmallVec;

use super::data_field::{NAMES, NDARRAY, TENSOR, TFTENSOR};
use super::request::int32;
use super::value::{Budget, too_many};
use super::{ndarray, value};
use crate::Limits;
use crate::seldon::data::{buffer, empty, land, ndarray as typed_ndarray};
use crate::seldon::shape::Axes;
use crate::seldon::{Kind, Request};
use crate::tf;
use crate::wire::{Content, Fields, malformed};

/// Decodes a `DefaultData`; without an array it is an empty vector.
///
/// # Errors
/// The bytes are not of the wire format, a limit is exceeded, or the elements do not fill the shape.
pub(super) fn decode(
    data: &[u8],
    want: Option<DType>,
    limits: &Limits,
    into: &mut Request,
) -> Result<(), Error> {
    let (mut n_names, mut array) = (0_usize, None);
    let mut fields = Fields::new(data);
    while let Some((number, content)) = fields.next()? {
        match number {
            NAMES => {
                if n_names >= limits.elements_max {
                    return Err(too_many(limits).context("`data.names`"));
                }
                set_name(&mut into.names, n_names, content.text()?);
                n_names = n_names.saturating_add(1);
            }
            TENSOR..=TFTENSOR => array = Some((number, content)),
            _ => {}
        }
    }
    into.names.truncate(n_names);
    let Request { kind, payload, .. } = into;
    match array {
        Some((TENSOR, content)) => {
            *kind = Kind::Tensor;
            decode_tensor(content.bytes()?, want, limits, payload)
                .map_err(|error| error.context("`data.tensor`"))
        }
        Some((NDARRAY, content)) => {
            *kind = Kind::NdArray;
            decode_ndarray(content.bytes()?, want, limits, payload)
        }
        Some((_, content)) => {
            *kind = Kind::TfTensor;
            decode_tftensor(content.bytes()?, want, limits, payload)
                .map_err(|error| error.context("`data.tftensor`"))
        }
        None => {
            *kind = Kind::NdArray;
            empty(payload, want);
            Ok(())
        }
    }
}

/// Sets the name at `index`, which is at most the number of names, keeping the string that is there.
fn set_name(names: &mut Vec<String>, index: usize, name: &str) {
    match names.get_mut(index) {
        Some(slot) => {
            slot.clear();
            slot.push_str(name);
        }
        None => names.push(name.to_owned()),
    }
}

/// A type that doubles are read as.
pub(super) trait Float: Element {
    fn from_double(bytes: [u8; 8]) -> Self;
}

impl Float for f64 {
    fn from_double(bytes: [u8; 8]) -> Self {
        Self::from_le_bytes(bytes)
    }
}

impl Float for f32 {
    #[expect(clippy::cast_possible_truncation, reason = "rounded to single precision, as numpy")]
    fn from_double(bytes: [u8; 8]) -> Self {
        f64::from_le_bytes(bytes) as Self
    }
}

fn decode_tensor(
    message: &[u8],
    want: Option<DType>,
    limits: &Limits,
    payload: &mut Payload,
) -> Result<(), Error> {
    let tensor = buffer(payload);
    tensor.shape = if want == Some(DType::F32) {
        tensor_values::<f32>(message, limits, tensor.data.reset())?
    } else {
        tensor_values::<f64>(message, limits, tensor.data.reset())?
    };
    Ok(())
}

/// Reads the values of a `Tensor` and gives its shape.
fn tensor_values<T: Float>(
    message: &[u8],
    limits: &Limits,
    values: &mut Vec<T>,
) -> Result<Shape, Error> {
    let mut axes = SmallVec::<[i64; 4]>::new();
    let mut fields = Fields::new(message);
    while let Some((number, content)) = fields.next()? {
        match number {
            1 => content.varints(|axis| {
                if axes.len() >= limits.rank_max {
                    return Err(too_many_axes(limits));
                }
                axes.push(i64::from(int32(axis)));
                Ok(())
            })?,
            2 => push_values(content, limits, values)?,
            _ => {}
        }
    }
    if axes.is_empty() && values.len() != 1 {
        let n_values = values.len();
        return Err(Error::invalid_input(format!(
            "expected a `shape` for {n_values} values, got none"
        )));
    }
    let axes: Axes = axes.into_iter().collect();
    if let Some(n_elements) = axes.n_elements()
        && n_elements != values.len()
    {
        let got = values.len();
        return Err(Error::invalid_input(format!(
            "expected {n_elements} values for shape {axes}, got {got}"
        )));
    }
    axes.resolve(values.len(), limits)
}

/// Appends the doubles of a field, packed or not.
fn push_values<T: Float>(
    content: Content<'_>,
    limits: &Limits,
    values: &mut Vec<T>,
) -> Result<(), Error> {
    let one;
    let doubles = match content {
        Content::Bytes(packed) => {
            let (doubles, rest) = packed.as_chunks::<8>();
            if !rest.is_empty() {
                return Err(malformed("expected packed doubles of eight bytes each"));
            }
            doubles
        }
        Content::Fixed64(double) => {
            one = [double];
            &one
        }
        _ => return Err(malformed("expected a field of doubles")),
    };
    if doubles.len() > limits.elements_max.saturating_sub(values.len()) {
        return Err(too_many(limits));
    }
    values.extend(doubles.iter().map(|&double| T::from_double(double)));
    Ok(())
}

fn decode_ndarray(
    list: &[u8],
    want: Option<DType>,
    limits: &Limits,
    payload: &mut Payload,
) -> Result<(), Error> {
    let tensor = buffer(payload);
    let shape = &mut tensor.shape;
    let is_read = if want == Some(DType::F32) {
        ndarray::read::<f32>(list, limits, shape, tensor.data.reset())
    } else {
        ndarray::read::<f64>(list, limits, shape, tensor.data.reset())
    };
    let named = |error: Error| error.context("`data.ndarray`");
    if !is_read.map_err(named)? {
        let tree = value::decode_list(list, &mut Budget::new(limits)).map_err(named)?;
        *payload = typed_ndarray(tree, want, limits)?;
    }
    Ok(())
}

fn decode_tftensor(
    message: &[u8],
    want: Option<DType>,
    limits: &Limits,
    payload: &mut Payload,
) -> Result<(), Error> {
    let tensor = buffer(payload);
    tf::decode(message, limits, &mut tensor.shape, &mut tensor.data)?;
    let decoded = std::mem::replace(payload, Payload::Json(Value::Null));
    *payload = land(decoded, want)?;
    Ok(())
}

#[cold]
fn too_many_axes(limits: &Limits) -> Error {
    Error::invalid_input(format!("`shape`: expected at most {} axes, got more", limits.rank_max))
}
