//! MLflow's scoring protocol: tables and arrays as JSON or CSV, what a model's signature makes of them,
//! and predictions as JSON.
//!
//! [`decode_json`] and [`decode_csv`] read a body into [`Data`]; [`bind`] makes a model's inputs of it,
//! by the schema of its MLflow signature where it has one; [`encode_predictions`] writes the answer.
//!
//! Source: `mlflow/pyfunc/scoring_server/__init__.py`, `mlflow/utils/proto_json_utils.py` and
//! `mlflow/models/utils.py` of MLflow 3.17.2, whose answers were recorded. What is refused here, and
//! was guessed or wrapped around there, is listed in `docs/compatibility.md`.
//!
//! Not here: Parquet, columns of dates, arrays and objects, and what language models are asked.

mod bind;
mod body;
mod cast;
mod csv;
mod enforce;
mod frame;
mod params;
mod reply;

#[cfg(test)]
mod recorded_tests;
#[cfg(test)]
mod tests;

pub use bind::{bind, bind_table};
pub use body::{Request, decode_json};
pub use csv::decode_csv;
pub use frame::{Data, Frame};
pub use reply::{encode_error, encode_predictions, http_status};

use radiant_core::Error;

/// The version of MLflow whose protocol this is.
pub const VERSION: &str = "3.17.2";

/// What a request's body may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentType {
    /// `application/json`.
    Json,
    /// `text/csv`.
    Csv,
}

impl ContentType {
    /// Parses the header, of which `charset` may be `utf-8` alone.
    ///
    /// # Errors
    /// The text of the reply, of status 415.
    pub fn parse(header: &str) -> Result<Self, String> {
        let mut parts = header.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default();
        for parameter in parts {
            match parameter.split_once('=').unwrap_or((parameter, "")) {
                ("charset", charset) if charset.eq_ignore_ascii_case("utf-8") => {}
                ("charset", _) => return Err("The scoring server only supports UTF-8".to_owned()),
                (other, _) => {
                    return Err(format!("Unrecognized content type parameters: {other}"));
                }
            }
        }
        match kind {
            "application/json" => Ok(Self::Json),
            "text/csv" => Ok(Self::Csv),
            _ => Err(format!(
                "This predictor only supports the following content types: Types: ['text/csv', \
                 'application/json']. Got '{header}'."
            )),
        }
    }
}

/// MLflow's class of an error about the input of a signature.
const SCHEMA: &str = "SCHEMA_ENFORCEMENT_FAILED";
/// MLflow's class of an error about a parameter.
const PARAMETER: &str = "INVALID_PARAMETER_VALUE";

/// What cannot be read.
#[cold]
fn invalid(message: impl std::fmt::Display) -> Error {
    Error::invalid_input(format!("Invalid input. {message}"))
}

/// What the signature does not allow.
#[cold]
fn mismatch(schema: &radiant_core::schema::Schema, message: impl std::fmt::Display) -> Error {
    let text =
        format!("Failed to enforce schema of the data with schema '{schema}'. Error: {message}");
    Error::invalid_input(text).with_refusal(400, SCHEMA)
}

/// Texts as Python lists them: `['a', 'b']`.
#[cold]
fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("'{name}'")).collect();
    format!("[{}]", quoted.join(", "))
}
