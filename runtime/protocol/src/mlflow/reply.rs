//! Predictions and errors as MLflow writes them, with a space behind each comma and colon.

use radiant_core::{Answers, Error, ErrorKind, Shape, Tensor, TensorData};

use super::{PARAMETER, SCHEMA};
use crate::json::{push_bool, push_f64, push_i64, push_string, push_u64};

/// Appends `{"predictions": ...}`: the first output, or all by name where that is what the model
/// answers.
///
/// Numbers are those that Python's `tolist` gives: FP32 is widened, NaN and infinities are bare words.
/// Missing texts are `null`.
///
/// # Errors
/// [`ErrorKind::ModelFailed`] for strings that are not UTF-8. `out` is unspecified then.
pub fn encode_predictions(
    out: &mut Vec<u8>,
    answers: Answers,
    outputs: &[Tensor],
) -> Result<(), Error> {
    out.extend_from_slice(b"{\"predictions\": ");
    match (answers, outputs) {
        (Answers::First, [only, ..]) => push_tensor(out, only)?,
        (Answers::First | Answers::All, outputs) => {
            out.push(b'{');
            for (index, output) in outputs.iter().enumerate() {
                if index > 0 {
                    out.extend_from_slice(b", ");
                }
                push_string(out, &output.name);
                out.extend_from_slice(b": ");
                push_tensor(out, output)?;
            }
            out.push(b'}');
        }
    }
    out.push(b'}');
    Ok(())
}

fn push_tensor(out: &mut Vec<u8>, tensor: &Tensor) -> Result<(), Error> {
    let Tensor { shape, data, name } = tensor;
    match data {
        TensorData::Bool(values) => push_each(out, shape, values, push_bool),
        TensorData::U8(values) => push_each(out, shape, values, |out, v| push_u64(out, v.into())),
        TensorData::U16(values) => push_each(out, shape, values, |out, v| push_u64(out, v.into())),
        TensorData::U32(values) => push_each(out, shape, values, |out, v| push_u64(out, v.into())),
        TensorData::U64(values) => push_each(out, shape, values, push_u64),
        TensorData::I8(values) => push_each(out, shape, values, |out, v| push_i64(out, v.into())),
        TensorData::I16(values) => push_each(out, shape, values, |out, v| push_i64(out, v.into())),
        TensorData::I32(values) => push_each(out, shape, values, |out, v| push_i64(out, v.into())),
        TensorData::I64(values) => push_each(out, shape, values, push_i64),
        TensorData::F16(values) => push_each(out, shape, values, |out, v| push_f64(out, v.into())),
        TensorData::BF16(values) => push_each(out, shape, values, |out, v| push_f64(out, v.into())),
        TensorData::F32(values) => push_each(out, shape, values, |out, v| push_f64(out, v.into())),
        TensorData::F64(values) => push_each(out, shape, values, push_f64),
        TensorData::Bytes(strings) => {
            let text = |(index, string): (usize, Option<_>)| match string.map(str::from_utf8) {
                Some(Ok(text)) => Ok(Some(text)),
                Some(Err(_)) => Err(Error::model_failed(format!(
                    "output `{name}`: expected strings of UTF-8, got other bytes at element {index}"
                ))),
                None => Ok(None),
            };
            let texts = strings.iter_present().enumerate().map(text);
            let texts = texts.collect::<Result<Vec<Option<&str>>, Error>>()?;
            push_each(out, shape, &texts, |out, text| match text {
                Some(text) => push_string(out, text),
                None => out.extend_from_slice(b"null"),
            });
        }
    }
    Ok(())
}

fn push_each<T: Copy>(
    out: &mut Vec<u8>,
    shape: &Shape,
    values: &[T],
    push: impl Fn(&mut Vec<u8>, T),
) {
    push_nested(out, shape.dims(), &mut values.iter().copied(), &push);
}

/// Recurses once for each axis.
fn push_nested<T>(
    out: &mut Vec<u8>,
    dims: &[usize],
    items: &mut impl Iterator<Item = T>,
    push: &impl Fn(&mut Vec<u8>, T),
) {
    let Some((extent, inner)) = dims.split_first() else {
        items.next().into_iter().for_each(|item| push(out, item));
        return;
    };
    out.push(b'[');
    for index in 0..*extent {
        if index > 0 {
            out.extend_from_slice(b", ");
        }
        push_nested(out, inner, items, push);
    }
    out.push(b']');
}

/// The HTTP status that tells this kind of failure.
pub const fn http_status(kind: ErrorKind) -> u16 {
    match kind {
        ErrorKind::InvalidInput => 400,
        ErrorKind::NotFound => 404,
        ErrorKind::TooLarge => 413,
        ErrorKind::ClientLimit => 429,
        ErrorKind::ModelFailed | ErrorKind::Internal => 500,
        ErrorKind::Unsupported => 501,
        ErrorKind::Upstream => 502,
        ErrorKind::NotReady | ErrorKind::Overloaded => 503,
        ErrorKind::DeadlineExceeded => 504,
    }
}

/// Appends the body of an error reply. `class` is the reason of an error's
/// [`Refusal`](radiant_core::Refusal), if it has one of MLflow's.
pub fn encode_error(out: &mut Vec<u8>, status: u16, class: &str, message: &str) {
    let (code, rest) = match (status, class) {
        (_, SCHEMA) => (
            "INVALID_PARAMETER_VALUE",
            r#", "sqlstate": "KAM01", "error_class": "SCHEMA_ENFORCEMENT_FAILED""#,
        ),
        (_, PARAMETER) => (
            "INVALID_PARAMETER_VALUE",
            r#", "sqlstate": "KAM00", "error_class": "INVALID_PARAMETER_VALUE""#,
        ),
        (404 | 405, _) => ("ENDPOINT_NOT_FOUND", ""),
        (501, _) => ("NOT_IMPLEMENTED", ""),
        (503 | 504, _) => ("TEMPORARILY_UNAVAILABLE", ""),
        (500.., _) => ("INTERNAL_ERROR", ""),
        _ => ("BAD_REQUEST", r#", "sqlstate": "KAM00", "error_class": "INVALID_PARAMETER_VALUE""#),
    };
    out.extend_from_slice(b"{\"error_code\": \"");
    out.extend_from_slice(code.as_bytes());
    out.extend_from_slice(b"\", \"message\": ");
    push_string(out, message);
    out.extend_from_slice(rest.as_bytes());
    out.push(b'}');
}
