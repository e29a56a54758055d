//! The model repository extension: what is asked about models, and of them.

use radiant_core::{Error, ErrorKind};

use super::fault::{Fault, other_kind};
use crate::Limits;
use crate::json::Cursor;

/// Decodes a request for the index of models: whether only those that are ready are asked for. An
/// empty body asks for all.
///
/// # Errors
/// [`InvalidInput`](ErrorKind::InvalidInput): the body is no JSON object, or `ready` no boolean.
pub fn decode_index(body: &[u8], limits: &Limits) -> Result<bool, Error> {
    let mut cursor = Cursor::new(body);
    let mut ready_only = false;
    let mut key = |cursor: &mut Cursor<'_>, key: &str| {
        match (key, cursor.peek()) {
            ("ready", Some(b't' | b'f')) => ready_only = cursor.skip_value(limits)? == b"true",
            ("ready", Some(b'n')) => {
                cursor.skip_value(limits)?;
                ready_only = false;
            }
            ("ready", _) => return Err(other_kind(cursor, "`ready`", "a boolean")),
            _ => _ = cursor.skip_value(limits)?,
        }
        Ok(())
    };
    message(&mut cursor, &mut key).map_err(|fault| fault.into_error(body))?;
    Ok(ready_only)
}

/// Checks a request to load or to unload a model. An empty body, and parameters such as
/// `unload_dependents` that change nothing here, are fine.
///
/// # Errors
/// [`InvalidInput`](ErrorKind::InvalidInput): the body is no JSON object.
/// [`Unsupported`](ErrorKind::Unsupported): the request brings a configuration or files of its own.
pub fn decode_load(body: &[u8], limits: &Limits) -> Result<(), Error> {
    let mut cursor = Cursor::new(body);
    let mut key = |cursor: &mut Cursor<'_>, key: &str| match (key, cursor.peek()) {
        ("parameters", Some(b'{')) => load_parameters(cursor, limits),
        ("parameters", Some(b'n')) | (_, None) => Ok(_ = cursor.skip_value(limits)?),
        ("parameters", Some(_)) => Err(other_kind(cursor, "`parameters`", "an object")),
        (_, Some(_)) => Ok(_ = cursor.skip_value(limits)?),
    };
    message(&mut cursor, &mut key).map_err(|fault| fault.into_error(body))
}

fn load_parameters(cursor: &mut Cursor<'_>, limits: &Limits) -> Result<(), Fault> {
    let mut first = true;
    cursor.object_start()?;
    while let Some(key) = cursor.next_key(first)? {
        first = false;
        let is_null = cursor.peek() == Some(b'n');
        cursor.skip_value(limits)?;
        if !is_null && (key == "config" || key.starts_with("file:")) {
            return Err(override_refused(&key).into());
        }
    }
    Ok(())
}

/// Reads an object key by key, or nothing.
fn message<'a>(
    cursor: &mut Cursor<'a>,
    key: &mut dyn FnMut(&mut Cursor<'a>, &str) -> Result<(), Fault>,
) -> Result<(), Fault> {
    match cursor.peek() {
        None => return Ok(()),
        Some(b'{') => cursor.object_start()?,
        Some(_) => return Err(other_kind(cursor, "request", "a JSON object")),
    }
    let mut first = true;
    while let Some(name) = cursor.next_key(first)? {
        first = false;
        key(cursor, &name)?;
    }
    Ok(cursor.finish()?)
}

#[cold]
fn override_refused(name: &str) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        format!(
            "`parameters.{name}`: models are loaded as they are stored, without a configuration or \
             files from the request"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_is_of_all_models_unless_ready_ones_are_asked_for() {
        let cases: [(&str, Result<bool, &str>); 8] = [
            ("", Ok(false)),
            (" \n", Ok(false)),
            ("{}", Ok(false)),
            (r#"{"ready":true}"#, Ok(true)),
            (r#"{"x":[],"ready":false}"#, Ok(false)),
            (r#"{"ready":null}"#, Ok(false)),
            (r#"{"ready":"yes"}"#, Err("`ready`: expected a boolean, got a string")),
            ("[]", Err("request: expected a JSON object, got an array")),
        ];
        for (body, expected) in cases {
            let got = decode_index(body.as_bytes(), &Limits::default());
            let got = got.map_err(|error| error.to_string());
            assert_eq!(got, expected.map_err(str::to_owned), "{body}");
        }
    }

    #[test]
    fn a_load_brings_no_model_of_its_own() {
        let decode = |body: &str| decode_load(body.as_bytes(), &Limits::default());
        let other = r#"{"x":1,"parameters":{"unload_dependents":true,"b":{},"config":null}}"#;
        for body in ["", "{}", r#"{"parameters":null}"#, other] {
            assert!(decode(body).is_ok(), "{body}");
        }
        for body in [r#"{"parameters":{"config":"{}"}}"#, r#"{"parameters":{"file:1/m":"AA=="}}"#] {
            let error = decode(body).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        }
        let error = decode(r#"{"parameters":1}"#).unwrap_err();
        assert_eq!(error.to_string(), "`parameters`: expected an object, got a number");
    }
}
