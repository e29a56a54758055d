//! Payloads as arrays of numbers, the way `numpy.asarray(x, dtype=float)` sees them.
//!
//! Covers what the recorded requests contain, and fails like a Python class on everything else; it
//! is no general numpy.

use radiant_core::{Element, Error, Payload, Shape, Tensor, TensorData, Value};

/// The payload as 64-bit floats.
///
/// # Errors
/// [`ErrorKind::ModelFailed`](radiant_core::ErrorKind::ModelFailed), as an exception in a
/// component's code, for what is no array of numbers.
pub(crate) fn floats(payload: &Payload) -> Result<(Shape, Vec<f64>), Error> {
    match payload {
        Payload::Array(tensor) => Ok((tensor.shape.clone(), numbers(&tensor.data)?)),
        Payload::Json(value) => nested(value),
        Payload::Text(text) => Ok((Shape::default(), vec![number(text)?])),
        Payload::Objects(_) => Err(Error::model_failed("float() needs a string or a number")),
        Payload::Bytes(_) => Err(Error::model_failed("could not convert bytes to float")),
    }
}

/// The payload's values twice: integers stay integers, truth values become them.
///
/// # Errors
/// As [`floats`].
pub(crate) fn doubled(payload: &Payload) -> Result<Tensor, Error> {
    if let Payload::Array(tensor) = payload {
        let integers: Option<Vec<i64>> = match &tensor.data {
            TensorData::I64(values) => Some(values.clone()),
            TensorData::Bool(values) => Some(values.iter().map(|&value| value.into()).collect()),
            _ => None,
        };
        if let Some(integers) = integers {
            let doubled = integers.iter().map(|value| value.wrapping_mul(2)).collect();
            return Ok(tensor_of(&tensor.shape, doubled));
        }
    }
    let (shape, values) = floats(payload)?;
    Ok(tensor_of(&shape, values.iter().map(|value| value * 2.0).collect()))
}

/// An unnamed tensor.
pub(crate) fn tensor_of<T: Element>(shape: &Shape, values: Vec<T>) -> Tensor {
    Tensor::new("", shape.dims(), values)
}

fn numbers(data: &TensorData) -> Result<Vec<f64>, Error> {
    match data {
        TensorData::Bool(values) => {
            Ok(values.iter().map(|&value| if value { 1.0 } else { 0.0 }).collect())
        }
        TensorData::I64(values) => Ok(values.iter().map(|&value| value as f64).collect()),
        TensorData::U64(values) => Ok(values.iter().map(|&value| value as f64).collect()),
        TensorData::F64(values) => Ok(values.clone()),
        TensorData::Bytes(values) => {
            values.iter().map(|value| number(&String::from_utf8_lossy(value))).collect()
        }
        other => Err(Error::model_failed(format!("no conversion from {}", other.dtype()))),
    }
}

fn nested(value: &Value) -> Result<(Shape, Vec<f64>), Error> {
    match value {
        Value::Int(integer) => Ok((Shape::default(), vec![*integer as f64])),
        Value::Float(float) => Ok((Shape::default(), vec![*float])),
        Value::Text(text) => Ok((Shape::default(), vec![number(text)?])),
        Value::List(items) => {
            let parts = items.iter().map(nested).collect::<Result<Vec<_>, _>>()?;
            let inner = parts.first().map(|(shape, _)| shape.clone()).unwrap_or_default();
            if parts.iter().any(|(shape, _)| *shape != inner) {
                return Err(Error::model_failed("setting an array element with a sequence"));
            }
            let mut shape = Shape::new(&[items.len()]);
            inner.dims().iter().for_each(|&dim| shape.push(dim));
            Ok((shape, parts.into_iter().flat_map(|(_, values)| values).collect()))
        }
        other => Err(Error::model_failed(format!("{} is no number", other.kind()))),
    }
}

fn number(text: &str) -> Result<f64, Error> {
    let parsed = text.trim().parse();
    parsed.map_err(|_| Error::model_failed(format!("could not convert string to float: '{text}'")))
}
