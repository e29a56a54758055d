//! TensorFlow Serving's predict API and KServe V1: REST and gRPC.
//!
//! A REST body comes in rows (`instances`, one value or object of named values per row) or in
//! columns (`inputs`, one tensor or an object of named tensors), and the reply has the same form:
//! `predictions` or `outputs`. Over gRPC, `PredictRequest` and `PredictResponse` are read and written
//! on the wire, without messages in between.
//!
//! Source: "RESTful API" of TensorFlow Serving's documentation and `tensorflow_serving/apis/*.proto`
//! of TensorFlow Serving 2; "V1 Inference Protocol" of KServe's documentation.
//!
//! Not here: `classify`, `regress` and `MultiInference`, whose inputs are `tf.Example`s.

mod bytes;
mod metadata;
mod predict;
mod reply;
mod request;
mod rows;
mod status;
mod untyped;

#[cfg(test)]
mod tests;

use radiant_core::{Error, ErrorKind};

pub use self::metadata::{check_metadata_request, metadata_json, metadata_message};
pub use self::predict::{ModelSpec, decode_proto, encode_proto, target};
pub use self::reply::encode_json;
pub use self::request::decode_json;
pub use self::status::{State, VersionStatus, models_json, status_json, status_message};
use crate::json::push_string;

/// The only signature that models have here, and the one that is meant where a request names none.
pub const DEFAULT_SIGNATURE: &str = "serving_default";

/// How many outputs may be asked for.
const OUTPUTS_MAX: usize = 1024;

/// What a request says apart from its tensors. Decoding into one again keeps what it has allocated.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Request {
    /// The signature that is asked for; empty where the request names none.
    pub signature_name: String,
    /// In which form inputs came and outputs go; without meaning over gRPC.
    pub form: Form,
    /// `output_filter`: the outputs that are asked for; all of the model's where there are none.
    pub outputs: Vec<String>,
}

/// How tensors are laid out in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// `instances` and `predictions`: row by row.
    #[default]
    Rows,
    /// `inputs` and `outputs`: tensor by tensor.
    Columns,
}

impl Request {
    /// Forgets what was decoded before, keeping the allocations.
    pub fn clear(&mut self) {
        self.signature_name.clear();
        self.form = Form::default();
        self.outputs.clear();
    }

    /// Checks that the signature is one that models have here.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] for any name but none and [`DEFAULT_SIGNATURE`].
    pub fn check_signature(&self) -> Result<(), Error> {
        let got = self.signature_name.as_str();
        if got.is_empty() || got == DEFAULT_SIGNATURE {
            return Ok(());
        }
        let message = format!("expected the signature `{DEFAULT_SIGNATURE}`, got `{got}`");
        Err(Error::invalid_input(message))
    }
}

/// The HTTP status that tells this kind of failure.
///
/// As for the Open Inference Protocol, but what is not offered is 501, as TensorFlow Serving tells
/// `UNIMPLEMENTED`.
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

/// Appends the body of an error reply: `{"error":"..."}`.
pub fn encode_error(out: &mut Vec<u8>, message: &str) {
    out.extend_from_slice(br#"{"error":"#);
    push_string(out, message);
    out.push(b'}');
}

/// The number of a version that is spelt as digits, or as `v` and digits.
pub fn version_number(version: &str) -> Option<i64> {
    let digits = version.strip_prefix('v').unwrap_or(version);
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}
