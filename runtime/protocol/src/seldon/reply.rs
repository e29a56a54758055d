//! Replies: which form a payload goes back in, and its text.

use std::slice;

use radiant_core::{DType, Error, Payload, Shape, Strings, Tensor, TensorData, Value};

use super::meta::push_list;
use super::{Kind, binary, numpy, tftensor};
use crate::Limits;
use crate::json::{self, push_bool, push_f64, push_i64, push_string, push_u64};

/// Appends the body of a reply, with the newline that ends it.
///
/// An object goes back as `jsonData`, text as `strData`, bytes as `binData`, and a list as the array
/// that numpy makes of it. An array of numbers has the form of the request, of which a request
/// without `data` had `tensor`; an array of anything else is an `ndarray`. FP32 is widened before it
/// is printed. `class_names` name the columns of an array with two axes or more; without them they
/// are `t:0`, `t:1` and so on. `meta` is the text of the meta object, as
/// [`encode_meta`](super::encode_meta) writes it.
///
/// # Errors
/// [`InvalidInput`](radiant_core::ErrorKind::InvalidInput) for a payload without a form (`null`, a
/// bare number or truth value, a ragged list), `ModelFailed` for strings that are not UTF-8. `out`
/// is as it was before.
pub fn encode_reply(
    out: &mut Vec<u8>,
    kind: Kind,
    payload: &Payload,
    class_names: Option<&[String]>,
    meta: &[u8],
) -> Result<(), Error> {
    let push_meta = |out: &mut Vec<u8>| out.extend_from_slice(meta);
    match payload {
        Payload::Array(tensor) => encode_tensor_reply(out, kind, tensor, class_names, meta),
        Payload::Objects(objects) => {
            let push_data = |out: &mut Vec<u8>| {
                out.extend_from_slice(b"{\"names\":");
                push_names(out, &objects.shape, class_names);
                out.extend_from_slice(b",\"ndarray\":");
                let mut values = objects.values.iter();
                push_nested(out, objects.shape.dims(), &mut values, &|out, value| {
                    json::encode(value, out);
                });
                out.push(b'}');
                Ok(())
            };
            push_message(out, "data", push_data, push_meta)
        }
        Payload::Bytes(bytes) => {
            let push = |out: &mut Vec<u8>| {
                binary::push(out, bytes);
                Ok(())
            };
            push_message(out, "binData", push, push_meta)
        }
        Payload::Text(text) | Payload::Json(Value::Text(text)) => {
            let push = |out: &mut Vec<u8>| {
                push_string(out, text);
                Ok(())
            };
            push_message(out, "strData", push, push_meta)
        }
        Payload::Json(object @ Value::Map(_)) => {
            let push = |out: &mut Vec<u8>| {
                json::encode(object, out);
                Ok(())
            };
            push_message(out, "jsonData", push, push_meta)
        }
        Payload::Json(list @ Value::List(_)) => {
            encode_reply(out, kind, &array_of(list)?, class_names, meta)
        }
        Payload::Json(other) => Err(no_form(other)),
    }
}

/// Appends the body of a reply with one array: [`encode_reply`] without the copy into a payload.
/// Allocates nothing but room in `out`, except for a `tftensor`.
///
/// # Errors
/// As [`encode_reply`].
pub fn encode_tensor_reply(
    out: &mut Vec<u8>,
    kind: Kind,
    tensor: &Tensor,
    class_names: Option<&[String]>,
    meta: &[u8],
) -> Result<(), Error> {
    let push_data = |out: &mut Vec<u8>| {
        out.extend_from_slice(b"{\"names\":");
        push_names(out, &tensor.shape, class_names);
        match Form::of(kind, tensor.dtype()) {
            Form::NdArray => {
                out.extend_from_slice(b",\"ndarray\":");
                push_array(out, tensor.shape.dims(), &tensor.data)?;
            }
            Form::Tensor => {
                out.extend_from_slice(b",\"tensor\":{\"shape\":");
                push_list(out, tensor.shape.dims(), |out, &extent| push_u64(out, extent as u64));
                out.extend_from_slice(b",\"values\":");
                push_array(out, &[tensor.data.len()], &tensor.data)?;
                out.push(b'}');
            }
            Form::TfTensor => {
                out.extend_from_slice(b",\"tftensor\":");
                tftensor::push(out, tensor);
            }
        }
        out.push(b'}');
        Ok(())
    };
    push_message(out, "data", push_data, |out| out.extend_from_slice(meta))
}

/// The form of an array in a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    NdArray,
    Tensor,
    TfTensor,
}

impl Form {
    /// The form of an array of this element type in the reply to a request of this kind.
    pub(super) const fn of(kind: Kind, dtype: DType) -> Self {
        if !dtype.is_float() && !dtype.is_integer() {
            return Self::NdArray;
        }
        match kind {
            Kind::NdArray => Self::NdArray,
            Kind::TfTensor => Self::TfTensor,
            Kind::Tensor | Kind::Json | Kind::Text | Kind::Bytes | Kind::Custom => Self::Tensor,
        }
    }
}

/// Appends a message of one payload and its meta, in the order of their keys. Leaves `out` as it was
/// when the payload has no text.
pub(super) fn push_message(
    out: &mut Vec<u8>,
    key: &str,
    push_payload: impl FnOnce(&mut Vec<u8>) -> Result<(), Error>,
    push_meta: impl FnOnce(&mut Vec<u8>),
) -> Result<(), Error> {
    let start = out.len();
    let push_payload = |out: &mut Vec<u8>| {
        out.push(b'"');
        out.extend_from_slice(key.as_bytes());
        out.extend_from_slice(b"\":");
        push_payload(out)
    };
    out.push(b'{');
    let pushed = if key < "meta" {
        let pushed = push_payload(out);
        out.extend_from_slice(b",\"meta\":");
        push_meta(out);
        pushed
    } else {
        out.extend_from_slice(b"\"meta\":");
        push_meta(out);
        out.push(b',');
        push_payload(out)
    };
    out.extend_from_slice(b"}\n");
    if pushed.is_err() {
        out.truncate(start);
    }
    pushed
}

/// Appends the names of an array's columns: none for a vector or a scalar.
pub(super) fn push_names(out: &mut Vec<u8>, shape: &Shape, class_names: Option<&[String]>) {
    match (shape.dims(), class_names) {
        ([_, _, ..], Some(names)) => push_list(out, names, |out, name| push_string(out, name)),
        ([_, n_columns, ..], None) => {
            out.push(b'[');
            for column in 0..*n_columns {
                out.extend_from_slice(if column > 0 { b",\"t:" } else { b"\"t:" });
                push_u64(out, column as u64);
                out.push(b'"');
            }
            out.push(b']');
        }
        ([] | [_], _) => out.extend_from_slice(b"[]"),
    }
}

/// Appends nested arrays with the elements of `items`, row-major; a bare element without axes.
/// Recursion is as deep as there are axes.
pub(super) fn push_nested<T>(
    out: &mut Vec<u8>,
    dims: &[usize],
    items: &mut impl Iterator<Item = T>,
    push: &impl Fn(&mut Vec<u8>, T),
) {
    let Some((extent, inner)) = dims.split_first() else {
        if let Some(item) = items.next() {
            push(out, item);
        }
        return;
    };
    out.push(b'[');
    if inner.is_empty() {
        for (index, item) in items.take(*extent).enumerate() {
            if index > 0 {
                out.push(b',');
            }
            push(out, item);
        }
    } else {
        for index in 0..*extent {
            if index > 0 {
                out.push(b',');
            }
            push_nested(out, inner, items, push);
        }
    }
    out.push(b']');
}

/// Appends the elements of a tensor as nested arrays of these extents.
pub(super) fn push_array(
    out: &mut Vec<u8>,
    dims: &[usize],
    data: &TensorData,
) -> Result<(), Error> {
    match data {
        TensorData::Bool(values) => push_each(out, dims, values, push_bool),
        TensorData::U8(values) => push_each(out, dims, values, |out, v| push_u64(out, v.into())),
        TensorData::U16(values) => push_each(out, dims, values, |out, v| push_u64(out, v.into())),
        TensorData::U32(values) => push_each(out, dims, values, |out, v| push_u64(out, v.into())),
        TensorData::U64(values) => push_each(out, dims, values, push_u64),
        TensorData::I8(values) => push_each(out, dims, values, |out, v| push_i64(out, v.into())),
        TensorData::I16(values) => push_each(out, dims, values, |out, v| push_i64(out, v.into())),
        TensorData::I32(values) => push_each(out, dims, values, |out, v| push_i64(out, v.into())),
        TensorData::I64(values) => push_each(out, dims, values, push_i64),
        TensorData::F16(values) => push_each(out, dims, values, |out, v| push_f64(out, v.into())),
        TensorData::BF16(values) => push_each(out, dims, values, |out, v| push_f64(out, v.into())),
        TensorData::F32(values) => push_each(out, dims, values, |out, v| push_f64(out, v.into())),
        TensorData::F64(values) => push_each(out, dims, values, push_f64),
        TensorData::Bytes(strings) => return push_strings(out, dims, strings),
    }
    Ok(())
}

fn push_each<T: Copy>(
    out: &mut Vec<u8>,
    dims: &[usize],
    values: &[T],
    push: impl Fn(&mut Vec<u8>, T),
) {
    let mut values: std::iter::Copied<slice::Iter<'_, T>> = values.iter().copied();
    push_nested(out, dims, &mut values, &push);
}

/// Appends strings as nested arrays; missing ones are `null`.
///
/// # Errors
/// One of them is not text.
pub(super) fn push_strings(
    out: &mut Vec<u8>,
    dims: &[usize],
    strings: &Strings,
) -> Result<(), Error> {
    check_texts(strings)?;
    let text = |string: Option<_>| string.map(|string| str::from_utf8(string).unwrap_or_default());
    let mut texts = strings.iter_present().map(text);
    push_nested(out, dims, &mut texts, &|out, text| match text {
        Some(text) => push_string(out, text),
        None => out.extend_from_slice(b"null"),
    });
    Ok(())
}

/// Checks that strings are text.
///
/// # Errors
/// One of them is not.
pub(super) fn check_texts(strings: &Strings) -> Result<(), Error> {
    let Some(index) = strings.iter().position(|string| str::from_utf8(string).is_err()) else {
        return Ok(());
    };
    let message = format!("reply: expected strings of UTF-8, got other bytes at element {index}");
    Err(Error::model_failed(message))
}

/// The array that numpy makes of a list in a reply.
pub(super) fn array_of(list: &Value) -> Result<Payload, Error> {
    // What a component answers has no limit of its own.
    let limits = Limits { elements_max: usize::MAX, ..Limits::default() };
    numpy::array(list.clone(), &limits).map_err(|error| error.context("reply"))
}

#[cold]
pub(super) fn no_form(got: &Value) -> Error {
    Error::invalid_input(format!(
        "reply: expected an array, an object, a string or bytes, got {}",
        got.kind()
    ))
}
