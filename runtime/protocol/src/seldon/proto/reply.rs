//! Replies: which form a payload goes back in, and its bytes.

use radiant_core::{Error, Payload, Shape, Strings, Tensor, TensorData, Value};

use super::lists::{Lists, field_len, push_items, push_words};
use super::message_field::{BIN_DATA, CUSTOM_DATA, DATA, JSON_DATA, META, STR_DATA};
use super::request::check_any;
use super::{data_field, value, value_field};
use crate::json::push_u64;
use crate::seldon::Kind;
use crate::seldon::feedback_reply::list_dims;
use crate::seldon::reply::{Form, array_of, check_texts, no_form};
use crate::tf;
use crate::wire::{push_bytes, push_head, push_message, push_varint, varint_len};

/// Appends a reply, a `SeldonMessage`.
///
/// An object goes back as `jsonData`, text as `strData`, bytes as `binData`, and a list as the array
/// that numpy makes of it. An array of numbers has the form of the request, of which a request
/// without `data` had `tensor`; an array of anything else is an `ndarray`. All numbers become
/// doubles. `class_names` name the columns of an array with two axes or more; without them they are
/// `t:0`, `t:1` and so on. Bytes in reply to `customData` are an encoded `google.protobuf.Any`, as
/// the request's were. `meta` is an encoded `Meta`, as [`encode_meta`](super::encode_meta) writes
/// it; the field is there even if it is empty.
///
/// # Errors
/// [`InvalidInput`](radiant_core::ErrorKind::InvalidInput) for a payload without a form (`null`, a
/// bare number or truth value, a ragged list), `ModelFailed` for what the message cannot hold: strings
/// that are not UTF-8, an `ndarray` without axes, an extent beyond `int32`, an `Any` that is none.
/// `out` is as it was before.
pub fn encode_reply(
    out: &mut Vec<u8>,
    kind: Kind,
    payload: &Payload,
    class_names: Option<&[String]>,
    meta: &[u8],
) -> Result<(), Error> {
    match payload {
        Payload::Array(tensor) => return encode_tensor_reply(out, kind, tensor, class_names, meta),
        Payload::Objects(objects) => {
            let dims = list_dims(&objects.shape)?;
            let names = Names::of(&objects.shape, class_names);
            push_bytes(out, META, meta);
            push_any_lists(out, &names, dims, objects.values.iter(), value::push);
        }
        Payload::Bytes(bytes) => {
            let field = if kind == Kind::Custom { CUSTOM_DATA } else { BIN_DATA };
            if field == CUSTOM_DATA {
                check_any(bytes).map_err(|error| {
                    Error::model_failed("reply: expected an encoded `google.protobuf.Any`")
                        .with_source(error)
                })?;
            }
            push_bytes(out, META, meta);
            push_bytes(out, field, bytes);
        }
        Payload::Text(text) | Payload::Json(Value::Text(text)) => {
            push_bytes(out, META, meta);
            push_bytes(out, STR_DATA, text.as_bytes());
        }
        Payload::Json(object @ Value::Map(_)) => {
            push_bytes(out, META, meta);
            push_message(out, JSON_DATA, |out| value::push(out, object));
        }
        Payload::Json(list @ Value::List(_)) => {
            return encode_reply(out, kind, &array_of(list)?, class_names, meta);
        }
        Payload::Json(other) => return Err(no_form(other)),
    }
    Ok(())
}

/// Appends a reply with one array: [`encode_reply`] without the copy into a payload. Allocates
/// nothing but room in `out`.
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
    let Tensor { shape, data, .. } = tensor;
    if shape.n_elements() != Ok(data.len()) {
        let got = data.len();
        return Err(Error::internal(format!("reply: shape {shape} holds {got} elements")));
    }
    let head = Head { meta, names: Names::of(shape, class_names) };
    match (Form::of(kind, tensor.dtype()), data) {
        (Form::NdArray, TensorData::Bytes(strings)) => {
            push_strings(out, &head, list_dims(shape)?, strings)?;
        }
        (Form::NdArray, data) => {
            let lists = Lists::new(list_dims(shape)?, data);
            head.push(out, data_field::NDARRAY, lists.len());
            lists.push(out, data);
        }
        (Form::Tensor, data) => {
            let shape_len = packed_shape_len(shape)?;
            let values_len = data.len().saturating_mul(8);
            let fields = [shape_len, values_len].into_iter().filter(|&length| length > 0);
            head.push(out, data_field::TENSOR, fields.map(field_len).sum());
            push_tensor(out, shape, shape_len, data);
        }
        (Form::TfTensor, _) => {
            head.push(out, data_field::TFTENSOR, tf::encoded_len(tensor));
            tf::encode(out, tensor);
        }
    }
    Ok(())
}

/// What stands before an array in a message.
struct Head<'a> {
    meta: &'a [u8],
    names: Names<'a>,
}

impl Head<'_> {
    /// Appends everything before the content of an array, which has this field and length.
    fn push(&self, out: &mut Vec<u8>, field: u32, length: usize) {
        let data_len = self.names.len().saturating_add(field_len(length));
        out.reserve(field_len(self.meta.len()).saturating_add(field_len(data_len)));
        push_bytes(out, META, self.meta);
        push_head(out, DATA, data_len);
        self.names.push(out);
        push_head(out, field, length);
    }
}

/// The names of an array's columns: none for a vector or a scalar.
enum Names<'a> {
    Given(&'a [String]),
    /// `t:0` and so on.
    Numbered(usize),
}

impl<'a> Names<'a> {
    fn of(shape: &Shape, class_names: Option<&'a [String]>) -> Self {
        match (shape.dims(), class_names) {
            ([_, _, ..], Some(names)) => Self::Given(names),
            ([_, n_columns, ..], None) => Self::Numbered(*n_columns),
            ([] | [_], _) => Self::Numbered(0),
        }
    }

    /// The length of all names with their keys.
    fn len(&self) -> usize {
        match self {
            Self::Given(names) => names.iter().map(|name| field_len(name.len())).sum(),
            Self::Numbered(n_columns) => {
                (0..*n_columns).map(|column| field_len(numbered_len(column))).sum()
            }
        }
    }

    fn push(&self, out: &mut Vec<u8>) {
        match self {
            Self::Given(names) => {
                names.iter().for_each(|name| push_bytes(out, data_field::NAMES, name.as_bytes()));
            }
            Self::Numbered(n_columns) => {
                for column in 0..*n_columns {
                    push_head(out, data_field::NAMES, numbered_len(column));
                    out.extend_from_slice(b"t:");
                    push_u64(out, column as u64);
                }
            }
        }
    }
}

/// The length of `t:` and the digits of the column.
fn numbered_len(column: usize) -> usize {
    let digits_less_one = column.checked_ilog10().unwrap_or_default();
    usize::try_from(digits_less_one).unwrap_or_default().saturating_add(3)
}

/// The length of the extents as packed `int32`; 0 without axes.
///
/// # Errors
/// One of them is too large.
fn packed_shape_len(shape: &Shape) -> Result<usize, Error> {
    let mut length = 0_usize;
    for &extent in shape.dims() {
        if i32::try_from(extent).is_err() {
            return Err(Error::model_failed(format!(
                "reply: expected extents of 32 bits in a `tensor`, got {shape}"
            )));
        }
        length = length.saturating_add(varint_len(extent as u64));
    }
    Ok(length)
}

/// Appends the content of a `Tensor`.
fn push_tensor(out: &mut Vec<u8>, shape: &Shape, shape_len: usize, data: &TensorData) {
    if shape_len > 0 {
        push_head(out, 1, shape_len);
        shape.dims().iter().for_each(|&extent| push_varint(out, extent as u64));
    }
    if data.is_empty() {
        return;
    }
    push_head(out, 2, data.len().saturating_mul(8));
    match data {
        TensorData::Bool(v) => push_doubles(out, v, |truth| f64::from(u8::from(truth))),
        TensorData::U8(v) => push_doubles(out, v, f64::from),
        TensorData::U16(v) => push_doubles(out, v, f64::from),
        TensorData::U32(v) => push_doubles(out, v, f64::from),
        TensorData::U64(v) => push_doubles(out, v, |integer| integer as f64),
        TensorData::I8(v) => push_doubles(out, v, f64::from),
        TensorData::I16(v) => push_doubles(out, v, f64::from),
        TensorData::I32(v) => push_doubles(out, v, f64::from),
        TensorData::I64(v) => push_doubles(out, v, |integer| integer as f64),
        TensorData::F16(v) => push_doubles(out, v, f64::from),
        TensorData::BF16(v) => push_doubles(out, v, f64::from),
        TensorData::F32(v) => push_doubles(out, v, f64::from),
        TensorData::F64(v) => push_doubles(out, v, |double| double),
        // Strings never have this form.
        TensorData::Bytes(_) => {}
    }
}

fn push_doubles<T: Copy>(out: &mut Vec<u8>, values: &[T], double: impl Fn(T) -> f64) {
    push_words(out, values, |value| double(value).to_le_bytes());
}

fn push_strings(
    out: &mut Vec<u8>,
    head: &Head<'_>,
    dims: &[usize],
    strings: &Strings,
) -> Result<(), Error> {
    check_texts(strings)?;
    push_bytes(out, META, head.meta);
    push_any_lists(out, &head.names, dims, strings.iter_present(), |out, string| match string {
        Some(string) => push_bytes(out, value_field::STRING, string),
        None => value::push(out, &Value::Null),
    });
    Ok(())
}

/// Appends `data` with an `ndarray` of items that `push` writes.
fn push_any_lists<T>(
    out: &mut Vec<u8>,
    names: &Names<'_>,
    dims: &[usize],
    mut items: impl Iterator<Item = T>,
    push: impl Fn(&mut Vec<u8>, T),
) {
    push_message(out, DATA, |out| {
        names.push(out);
        push_message(out, data_field::NDARRAY, |out| push_items(out, dims, &mut items, &push));
    });
}
