//! Fields of protobuf messages in JSON, read strictly.
//!
//! Source: protobuf's JSON mapping, in the reading of the Python package 3.20: a field that the
//! message does not have is an error, `null` is a field that is not set, numbers may be strings.

use radiant_core::{Error, Map, Value};

/// The fields of the message named `message`, all of which are in `known`.
///
/// # Errors
/// The value is no object, or has another field.
pub(super) fn fields(value: Value, message: &str, known: &[&str]) -> Result<Map, Error> {
    let Value::Map(fields) = value else {
        return Err(mistyped(message, "an object", &value));
    };
    match fields.keys().find(|key| !known.contains(&key.as_str())) {
        None => Ok(fields),
        Some(unknown) => Err(Error::invalid_input(format!(
            "message `{message}` has no field `{unknown}`, expected one of `{}`",
            known.join("`, `")
        ))),
    }
}

/// Takes a field out, unless it is not set.
pub(super) fn take(fields: &mut Map, name: &str) -> Option<Value> {
    fields.remove(name).filter(|value| *value != Value::Null)
}

/// A map field.
pub(super) fn map(value: Option<Value>, field: &str) -> Result<Map, Error> {
    match value {
        None => Ok(Map::new()),
        Some(Value::Map(map)) => Ok(map),
        Some(other) => Err(mistyped(field, "an object", &other)),
    }
}

/// A repeated field.
pub(super) fn list(value: Option<Value>, field: &str) -> Result<Vec<Value>, Error> {
    match value {
        None => Ok(Vec::new()),
        Some(Value::List(items)) => Ok(items),
        Some(other) => Err(mistyped(field, "an array", &other)),
    }
}

/// A string.
pub(super) fn string(value: Value, field: &str) -> Result<String, Error> {
    match value {
        Value::Text(text) => Ok(text),
        other => Err(mistyped(field, "a string", &other)),
    }
}

/// A double.
pub(super) fn double(value: &Value, field: &str) -> Result<f64, Error> {
    let number = match value {
        Value::Int(integer) => Some(*integer as f64),
        Value::BigInt(digits) => digits.parse().ok(),
        Value::Float(float) => Some(*float),
        Value::Text(text) => match text.as_str() {
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            "NaN" => Some(f64::NAN),
            // Rust reads more spellings of what is not a number than protobuf does.
            digits => digits.parse().ok().filter(|number: &f64| number.is_finite()),
        },
        Value::Null | Value::Bool(_) | Value::List(_) | Value::Map(_) => None,
    };
    number.ok_or_else(|| mistyped(field, "a number", value))
}

/// A float.
///
/// # Errors
/// Also a number beyond the range of a float.
#[expect(clippy::cast_possible_truncation, reason = "the field has single precision")]
pub(super) fn float(value: &Value, field: &str) -> Result<f32, Error> {
    let number = double(value, field)?;
    let float = number as f32;
    if number.is_finite() && !float.is_finite() {
        return Err(Error::invalid_input(format!(
            "`{field}`: expected a number of single precision, got one beyond its range"
        )));
    }
    Ok(float)
}

/// An int32.
pub(super) fn int32(value: &Value, field: &str) -> Result<i32, Error> {
    let integer = match value {
        Value::Int(integer) => i32::try_from(*integer).ok(),
        Value::Text(digits) => digits.parse().ok(),
        #[expect(clippy::cast_possible_truncation, reason = "integral and in range")]
        Value::Float(float) if float.fract() == 0.0 && float.abs() < 2_147_483_648.0 => {
            Some(*float as i32)
        }
        _ => None,
    };
    integer.ok_or_else(|| mistyped(field, "a 32-bit integer", value))
}

/// A value without a schema as it comes out of protobuf, where every number is a double.
pub(super) fn doubles(value: Value) -> Value {
    match value {
        Value::Int(integer) => Value::Float(integer as f64),
        Value::BigInt(digits) => Value::Float(digits.parse().unwrap_or(f64::NAN)),
        Value::List(items) => Value::List(items.into_iter().map(doubles).collect()),
        Value::Map(map) => {
            Value::Map(map.into_iter().map(|(key, value)| (key, doubles(value))).collect())
        }
        Value::Null | Value::Bool(_) | Value::Float(_) | Value::Text(_) => value,
    }
}

/// The double with the fewest digits that is this float when rounded: what protobuf prints.
pub(super) fn shortest(float: f32) -> f64 {
    float.to_string().parse().unwrap_or(f64::from(float))
}

#[cold]
pub(super) fn mistyped(field: &str, expected: &str, got: &Value) -> Error {
    Error::invalid_input(format!("`{field}`: expected {expected}, got {}", got.kind()))
}
