//! Parameters of a request against those of a signature.

use radiant_core::schema::{ColumnType, Parameter};
use radiant_core::{Error, Value};

use super::PARAMETER;

/// Checks `params`. Ones that the signature does not know are passed over, and so are all where it
/// knows none: no model here has a use for any.
///
/// # Errors
/// They are no object, or one is not of its type.
pub(super) fn check(params: &Value, parameters: &[Parameter]) -> Result<(), Error> {
    let Value::Map(params) = params else {
        let got = params.kind();
        return Err(refused(format_args!("Parameters must be a dictionary. Got {got}.")));
    };
    for Parameter { name, kind, is_list } in parameters {
        let Some(value) = params.get(&**name) else { continue };
        let fits = match value {
            Value::List(values) if *is_list => values.iter().all(|value| is(value, kind)),
            value => !is_list && is(value, kind),
        };
        if !fits {
            let got = value.kind();
            return Err(refused(format_args!(
                "Invalid parameters found: '{name}': expected {kind}, got {got}"
            )));
        }
    }
    Ok(())
}

/// Whether a value is of a type, or goes into it without loss.
fn is(value: &Value, kind: &ColumnType) -> bool {
    match (value, kind) {
        (Value::Null, _) | (Value::Bool(_), ColumnType::Boolean) => true,
        (Value::Int(_) | Value::BigInt(_), kind) => matches!(
            kind,
            ColumnType::Integer | ColumnType::Long | ColumnType::Float | ColumnType::Double
        ),
        (Value::Float(_), kind) => matches!(kind, ColumnType::Float | ColumnType::Double),
        (Value::Text(_), kind) => matches!(kind, ColumnType::Text | ColumnType::Other(_)),
        (_, ColumnType::Other(_)) => true,
        _ => false,
    }
}

#[cold]
fn refused(message: impl std::fmt::Display) -> Error {
    Error::invalid_input(message.to_string()).with_refusal(400, PARAMETER)
}
