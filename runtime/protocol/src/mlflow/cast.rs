//! Values to the type of a signature's column, as numpy's `astype` does where nothing is lost but a
//! fraction.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use radiant_core::schema::ColumnType;
use radiant_core::{DType, Strings, TensorData, Value};

use crate::seldon::numpy;

/// The values in the type of a column.
///
/// Integers that came as floats lose their fraction, as in numpy. What numpy would wrap around or
/// guess is refused: integers beyond their type, `null` and texts for truth values, but for `true` and
/// `True`.
///
/// # Errors
/// The message: a value is not of the type, in Python's words where it has some.
pub(super) fn cast(values: &[Value], kind: &ColumnType) -> Result<TensorData, String> {
    Ok(match kind {
        ColumnType::Double => TensorData::F64(collect(values, float)?),
        ColumnType::Float => TensorData::F32(collect(values, single)?),
        ColumnType::Long => TensorData::I64(collect(values, integer)?),
        ColumnType::Integer => TensorData::I32(collect(values, narrow_integer)?),
        ColumnType::Boolean => TensorData::Bool(collect(values, truth)?),
        ColumnType::Text => TensorData::Bytes(texts(values)?),
        ColumnType::Binary => TensorData::Bytes(binary(values)?),
        ColumnType::Other(name) => return Err(format!("columns of type {name} are not supported")),
    })
}

/// The column type of a tensor's elements, for those that a table can hold.
pub(super) fn kind_of(dtype: DType) -> Option<ColumnType> {
    Some(match dtype {
        DType::Bool => ColumnType::Boolean,
        DType::I32 => ColumnType::Integer,
        DType::I64 => ColumnType::Long,
        DType::F32 => ColumnType::Float,
        DType::F64 => ColumnType::Double,
        DType::Bytes => ColumnType::Text,
        DType::U8
        | DType::U16
        | DType::U32
        | DType::U64
        | DType::I8
        | DType::I16
        | DType::F16
        | DType::BF16 => return None,
    })
}

fn collect<T>(
    values: &[Value],
    one: impl Fn(&Value) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    values.iter().map(one).collect()
}

fn float(value: &Value) -> Result<f64, String> {
    Ok(match value {
        Value::Null => f64::NAN,
        Value::Bool(truth) => f64::from(u8::from(*truth)),
        Value::Int(integer) => *integer as f64,
        Value::BigInt(digits) => digits.parse().unwrap_or(f64::NAN),
        Value::Float(float) => *float,
        Value::Text(text) => text
            .trim()
            .parse()
            .map_err(|_| format!("could not convert string to float: '{}'", shown(text)))?,
        Value::List(_) | Value::Map(_) => return Err(no_number(value)),
    })
}

#[expect(clippy::cast_possible_truncation, reason = "rounded to single precision, as numpy")]
fn single(value: &Value) -> Result<f32, String> {
    match value {
        // Rounded once, from all of their digits.
        Value::Int(integer) => Ok(*integer as f32),
        other => float(other).map(|float| float as f32),
    }
}

fn integer(value: &Value) -> Result<i64, String> {
    match value {
        Value::Null => Err("int() argument must be a string, a bytes-like object or a real \
                            number, not 'NoneType'"
            .to_owned()),
        Value::Bool(truth) => Ok(i64::from(*truth)),
        Value::Int(integer) => Ok(*integer),
        Value::BigInt(digits) => {
            Err(format!("Python integer {} out of bounds for int64", shown(digits)))
        }
        Value::Float(float) => truncated(*float),
        Value::Text(text) => text
            .trim()
            .parse()
            .map_err(|_| format!("invalid literal for int() with base 10: '{}'", shown(text))),
        Value::List(_) | Value::Map(_) => Err(no_number(value)),
    }
}

/// The integer part, if it fits.
fn truncated(float: f64) -> Result<i64, String> {
    if !float.is_finite() {
        return Err("Cannot convert non-finite values (NA or inf) to integer".to_owned());
    }
    let whole = float.trunc();
    let limit = 2_f64.powi(63);
    if (-limit..limit).contains(&whole) {
        #[expect(clippy::cast_possible_truncation, reason = "in range, as was just seen")]
        return Ok(whole as i64);
    }
    Err(format!("{float} out of bounds for int64"))
}

fn narrow_integer(value: &Value) -> Result<i32, String> {
    let wide = integer(value)?;
    i32::try_from(wide).map_err(|_| format!("Python integer {wide} out of bounds for int32"))
}

fn truth(value: &Value) -> Result<bool, String> {
    match value {
        Value::Bool(truth) => Ok(*truth),
        Value::Int(integer) => Ok(*integer != 0),
        Value::Float(float) if !float.is_nan() => Ok(*float != 0.0),
        Value::Text(text) if matches!(text.as_str(), "true" | "True") => Ok(true),
        Value::Text(text) => Err(format!("expected true or false, got '{}'", shown(text))),
        other => Err(format!("expected true or false, got {}", other.kind())),
    }
}

fn texts(values: &[Value]) -> Result<Strings, String> {
    let mut texts = Strings::new();
    for value in values {
        match value {
            Value::Text(text) => texts.push(text.as_bytes()),
            Value::Null => texts.push_missing(),
            Value::Float(float) if float.is_nan() => texts.push_missing(),
            other => match numpy::text(other) {
                Some(text) => texts.push(text.as_bytes()),
                None => return Err(format!("expected a string, got {}", other.kind())),
            },
        }
    }
    Ok(texts)
}

fn binary(values: &[Value]) -> Result<Strings, String> {
    let mut strings = Strings::new();
    for value in values {
        let Value::Text(text) = value else {
            return Err(format!("expected base64, got {}", value.kind()));
        };
        let plain: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        strings.push(&STANDARD.decode(plain).map_err(|error| error.to_string())?);
    }
    Ok(strings)
}

#[cold]
fn no_number(value: &Value) -> String {
    format!("expected a number, got {}", value.kind())
}

/// A text in an error, cut where it would fill the message.
fn shown(text: &str) -> String {
    text.chars().take(64).collect()
}
