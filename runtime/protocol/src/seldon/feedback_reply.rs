//! Replies to feedback, which pass through protobuf's JSON printer in the wrapper: every number is a
//! double, and what has the default value of its field is left out.

use radiant_core::{Error, Map, Payload, Shape, Tensor, TensorData, Value};

use super::fields::{float, shortest};
use super::meta::{encode_with, push_list, push_map};
use super::numpy::{cast, text};
use super::reply::{Form, array_of, no_form, push_message, push_names, push_nested, push_strings};
use super::tftensor::push_float;
use super::{Kind, Meta, binary, tftensor};
use crate::json::{push_bool, push_string, push_u64};

/// Appends the body of a reply to feedback, with the newline that ends it. `kind` is that of the
/// original request ([`FeedbackRequest::kind`](super::FeedbackRequest::kind)); no reply is an empty
/// vector. The forms are those of [`encode_reply`](super::encode_reply).
///
/// # Errors
/// As [`encode_reply`](super::encode_reply), and `ModelFailed` for an `ndarray` without axes, which
/// the message cannot hold. `out` is as it was before.
pub fn encode_feedback_reply(
    out: &mut Vec<u8>,
    kind: Kind,
    reply: Option<&Payload>,
    class_names: Option<&[String]>,
    meta: &Meta,
) -> Result<(), Error> {
    let push_meta = |out: &mut Vec<u8>| push_meta(out, meta);
    let infallible = |push: &dyn Fn(&mut Vec<u8>), out: &mut Vec<u8>| {
        push(out);
        Ok(())
    };
    match reply {
        None => {
            let empty = Tensor { data: TensorData::F64(Vec::new()), ..Tensor::default() };
            push_message(out, "data", |out| push_tensor(out, kind, &empty, class_names), push_meta)
        }
        Some(Payload::Array(tensor)) => {
            push_message(out, "data", |out| push_tensor(out, kind, tensor, class_names), push_meta)
        }
        Some(Payload::Objects(objects)) => {
            let push_data = |out: &mut Vec<u8>| {
                push_array_start(out, &objects.shape, class_names, "ndarray");
                let mut values = objects.values.iter();
                push_nested(out, list_dims(&objects.shape)?, &mut values, &push_value);
                out.push(b'}');
                Ok(())
            };
            push_message(out, "data", push_data, push_meta)
        }
        Some(Payload::Bytes(bytes)) => {
            let push = |out: &mut Vec<u8>| infallible(&|out| binary::push(out, bytes), out);
            push_message(out, "binData", push, push_meta)
        }
        Some(Payload::Text(text) | Payload::Json(Value::Text(text))) => {
            let push = |out: &mut Vec<u8>| infallible(&|out| push_string(out, text), out);
            push_message(out, "strData", push, push_meta)
        }
        Some(Payload::Json(object @ Value::Map(_))) => {
            let push = |out: &mut Vec<u8>| infallible(&|out| push_value(out, object), out);
            push_message(out, "jsonData", push, push_meta)
        }
        Some(Payload::Json(list @ Value::List(_))) => {
            encode_feedback_reply(out, kind, Some(&array_of(list)?), class_names, meta)
        }
        Some(Payload::Json(other)) => Err(no_form(other)),
    }
}

fn push_tensor(
    out: &mut Vec<u8>,
    kind: Kind,
    tensor: &Tensor,
    class_names: Option<&[String]>,
) -> Result<(), Error> {
    match Form::of(kind, tensor.dtype()) {
        Form::NdArray => {
            push_array_start(out, &tensor.shape, class_names, "ndarray");
            let dims = list_dims(&tensor.shape)?;
            match &tensor.data {
                TensorData::Bool(values) => {
                    push_nested(out, dims, &mut values.iter(), &|out, truth| {
                        push_bool(out, *truth);
                    });
                }
                TensorData::Bytes(strings) => push_strings(out, dims, strings)?,
                _ => push_doubles(out, dims, tensor)?,
            }
        }
        Form::Tensor => {
            push_array_start(out, &tensor.shape, class_names, "tensor");
            let mut separator = b'{';
            let mut key = |out: &mut Vec<u8>, key: &[u8]| {
                out.push(separator);
                out.extend_from_slice(key);
                separator = b',';
            };
            if tensor.shape.rank() > 0 {
                key(out, b"\"shape\":");
                push_list(out, tensor.shape.dims(), |out, &extent| push_u64(out, extent as u64));
            }
            if !tensor.data.is_empty() {
                key(out, b"\"values\":");
                push_doubles(out, &[tensor.data.len()], tensor)?;
            }
            out.push(b'}');
        }
        Form::TfTensor => {
            push_array_start(out, &tensor.shape, class_names, "tftensor");
            tftensor::push(out, tensor);
        }
    }
    out.push(b'}');
    Ok(())
}

/// Appends what stands before an array in `data`. A shape and class names without columns give no
/// names, and those are left out.
fn push_array_start(out: &mut Vec<u8>, shape: &Shape, class_names: Option<&[String]>, key: &str) {
    let mut names = Vec::new();
    push_names(&mut names, shape, class_names);
    out.push(b'{');
    if names != b"[]" {
        out.extend_from_slice(b"\"names\":");
        out.extend_from_slice(&names);
        out.push(b',');
    }
    push_string(out, key);
    out.push(b':');
}

/// The axes of a list, of which there is at least one.
pub(super) fn list_dims(shape: &Shape) -> Result<&[usize], Error> {
    if shape.rank() == 0 {
        return Err(Error::model_failed("reply: expected an array with axes, got a bare element"));
    }
    Ok(shape.dims())
}

fn push_doubles(out: &mut Vec<u8>, dims: &[usize], tensor: &Tensor) -> Result<(), Error> {
    let doubles = cast(Payload::Array(tensor.clone()), radiant_core::DType::F64, "reply")?;
    let values = doubles.as_slice::<f64>().unwrap_or_default();
    push_nested(out, dims, &mut values.iter(), &|out, value| push_float(out, *value));
    Ok(())
}

/// Appends a `google.protobuf.Value`.
fn push_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(truth) => push_bool(out, *truth),
        Value::Int(integer) => push_float(out, *integer as f64),
        Value::BigInt(digits) => push_float(out, digits.parse().unwrap_or(f64::NAN)),
        Value::Float(float) => push_float(out, *float),
        Value::Text(text) => push_string(out, text),
        Value::List(items) => push_list(out, items, push_value),
        Value::Map(map) => push_map(out, map, push_value),
    }
}

fn push_meta(out: &mut Vec<u8>, meta: &Meta) {
    encode_with(out, meta, push_metric, push_value);
}

/// Appends a `Metric`, without what has its default: a counter's type, a value of 0, no tags.
fn push_metric(out: &mut Vec<u8>, metric: &Value) {
    let empty = Map::new();
    let metric = metric.as_map().unwrap_or(&empty);
    let mut entries = Vec::new();
    if let Some(Value::Text(key)) = metric.get("key")
        && !key.is_empty()
    {
        entries.push(("key", quoted(key)));
    }
    if let Some(Value::Map(tags)) = metric.get("tags")
        && !tags.is_empty()
    {
        let mut shown = Vec::new();
        push_map(&mut shown, tags, |out, tag| push_string(out, &text(tag).unwrap_or_default()));
        entries.push(("tags", shown));
    }
    if let Some(name) = type_name(metric.get("type")) {
        entries.push(("type", quoted(name)));
    }
    let value = metric.get("value").and_then(|value| float(value, "value").ok());
    if let Some(value) = value.filter(|&value| value != 0.0) {
        let mut shown = Vec::new();
        push_float(&mut shown, shortest(value));
        entries.push(("value", shown));
    }
    out.push(b'{');
    for (index, (name, shown)) in entries.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push_string(out, name);
        out.push(b':');
        out.extend_from_slice(shown);
    }
    out.push(b'}');
}

/// The name of a metric's type, unless it is the default.
fn type_name(value: Option<&Value>) -> Option<&str> {
    match value {
        Some(Value::Int(1)) => Some("GAUGE"),
        Some(Value::Int(2)) => Some("TIMER"),
        Some(Value::Text(name)) if name != "COUNTER" => Some(name),
        _ => None,
    }
}

fn quoted(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    push_string(&mut out, text);
    out
}
