//! Strings in JSON: text, or bytes as `{"b64": "..."}`.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use radiant_core::{DType, Shape, Strings, TensorData, Value};

use crate::Limits;
use crate::json::{Cursor, TypedError, push_string};

/// The only key of an object that stands for bytes.
const KEY: &str = "b64";

/// Base64 that takes padding and does without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Reads a tensor of a declared type as [`Cursor::tensor`] does, and bytes within it.
///
/// # Errors
/// As [`Cursor::tensor`], and for what is not base64.
pub(super) fn tensor(
    cursor: &mut Cursor<'_>,
    dtype: DType,
    limits: &Limits,
    shape: &mut Shape,
    data: &mut TensorData,
) -> Result<(), TypedError> {
    cursor.peek();
    let start = cursor.position();
    let at = match cursor.tensor(dtype, limits, shape, data) {
        Err(TypedError::Refused { at, .. }) if dtype == DType::Bytes => at,
        other => return other,
    };
    // Nothing but an object can be more than the typed reader takes, but its message is as good.
    cursor.seek(start);
    let value = cursor.value(limits)?;
    strings(&value, limits, shape, data.reset_strings())
        .map_err(|message| TypedError::Refused { at, message: message.into() })
}

/// Whether an object that stands for bytes stands here, going by its first entry.
pub(super) fn is_next(cursor: &Cursor<'_>) -> bool {
    let mut ahead = cursor.clone();
    let key = ahead.object_start().and_then(|()| ahead.next_key(true));
    key.is_ok_and(|key| key.as_deref() == Some(KEY)) && ahead.peek() == Some(b'"')
}

/// Whether the first element of a nested list is an object that stands for bytes.
pub(super) fn are_in(value: &Value) -> bool {
    let mut first = value;
    while let Some(item) = first.as_list().and_then(<[Value]>::first) {
        first = item;
    }
    base64(first).is_some()
}

/// The spelling of the bytes that an object stands for.
fn base64(value: &Value) -> Option<&str> {
    let map = value.as_map().filter(|map| map.len() == 1)?;
    map.get(KEY)?.as_text()
}

/// Takes the strings of a nested list row-major. Recursion is as deep as there are axes.
///
/// # Errors
/// The message: no rectangle, too many axes, or neither text nor base64.
pub(super) fn strings(
    value: &Value,
    limits: &Limits,
    shape: &mut Shape,
    strings: &mut Strings,
) -> Result<(), String> {
    shape.set(&[]);
    let mut first = Some(value);
    while let Some(Value::List(items)) = first {
        if shape.rank() >= limits.rank_max {
            return Err(format!("expected at most {} axes, got more", limits.rank_max));
        }
        shape.push(items.len());
        first = items.first();
    }
    flatten(value, shape.dims(), strings)
}

fn flatten(value: &Value, dims: &[usize], strings: &mut Strings) -> Result<(), String> {
    let index = strings.len();
    match (value, dims) {
        (Value::List(items), [extent, inner @ ..]) if items.len() == *extent => {
            items.iter().try_for_each(|item| flatten(item, inner, strings))
        }
        (Value::List(items), [extent, ..]) => Err(format!(
            "element {index}: expected an array of {extent} as its first neighbour is, got one of {}",
            items.len()
        )),
        (other, [extent, ..]) => Err(format!(
            "element {index}: expected an array of {extent} as its first neighbour is, got {}",
            other.kind()
        )),
        (Value::Text(text), []) => {
            strings.push(text.as_bytes());
            Ok(())
        }
        (other, []) => {
            let Some(text) = base64(other) else {
                return Err(format!(
                    "element {index}: expected a string or {{\"b64\": ...}}, got {}",
                    other.kind()
                ));
            };
            let bytes = BASE64.decode(text);
            strings.push(&bytes.map_err(|error| format!("element {index}: `b64`: {error}"))?);
            Ok(())
        }
    }
}

/// Appends a string as text, or as `{"b64": "..."}` where that is wanted or it is no UTF-8.
pub(super) fn push(out: &mut Vec<u8>, string: &[u8], as_bytes: bool) {
    match str::from_utf8(string) {
        Ok(text) if !as_bytes => push_string(out, text),
        _ => {
            out.extend_from_slice(br#"{"b64":""#);
            out.extend_from_slice(BASE64.encode(string).as_bytes());
            out.extend_from_slice(br#""}"#);
        }
    }
}
