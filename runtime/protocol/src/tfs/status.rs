//! Which versions of a model there are, and whether they serve.

use super::version_number;
use crate::json::{push_bool, push_i64, push_string};
use crate::pb::tensorflow::error::Code;
use crate::pb::tensorflow::serving::model_version_status;
use crate::pb::tensorflow::serving::{GetModelStatusResponse, ModelVersionStatus, StatusProto};

/// Where a version stands in its life, as TensorFlow Serving tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Known, and not being loaded yet.
    Start,
    /// Being loaded.
    Loading,
    /// Serving.
    Available,
    /// Being drained.
    Unloading,
    /// Unloaded, or failed to load.
    End,
}

/// One version of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionStatus<'a> {
    /// The version as it is spelt here.
    pub version: &'a str,
    /// Where it stands.
    pub state: State,
    /// Why it failed, if it did.
    pub error: Option<&'a str>,
}

impl State {
    const fn message(self) -> model_version_status::State {
        use model_version_status::State as Message;
        match self {
            Self::Start => Message::Start,
            Self::Loading => Message::Loading,
            Self::Available => Message::Available,
            Self::Unloading => Message::Unloading,
            Self::End => Message::End,
        }
    }
}

impl VersionStatus<'_> {
    const fn code(&self) -> Code {
        if self.error.is_some() { Code::Internal } else { Code::Ok }
    }
}

/// Appends the status of a model: `model_version_status` as TensorFlow Serving tells it (numbers of
/// 64 bits are strings in protobuf's JSON), `name` and `ready` as KServe V1 does. A version without a
/// number goes as it is spelt.
pub fn status_json(out: &mut Vec<u8>, model: &str, ready: bool, versions: &[VersionStatus<'_>]) {
    out.extend_from_slice(br#"{"name":"#);
    push_string(out, model);
    out.extend_from_slice(br#","ready":"#);
    push_bool(out, ready);
    out.extend_from_slice(br#","model_version_status":["#);
    for (index, status) in versions.iter().enumerate() {
        out.extend_from_slice(if index > 0 { br#",{"version":"# } else { br#"{"version":"# });
        match version_number(status.version) {
            None => push_string(out, status.version),
            Some(number) => {
                out.push(b'"');
                push_i64(out, number);
                out.push(b'"');
            }
        }
        out.extend_from_slice(br#","state":"#);
        push_string(out, status.state.message().as_str_name());
        out.extend_from_slice(br#","status":{"error_code":"#);
        push_string(out, status.code().as_str_name());
        out.extend_from_slice(br#","error_message":"#);
        push_string(out, status.error.unwrap_or_default());
        out.extend_from_slice(b"}}");
    }
    out.extend_from_slice(b"]}");
}

/// The status of a model over gRPC. A version without a number has 0.
pub fn status_message(versions: &[VersionStatus<'_>]) -> GetModelStatusResponse {
    let message = |status: &VersionStatus<'_>| ModelVersionStatus {
        version: version_number(status.version).unwrap_or_default(),
        state: status.state.message().into(),
        status: Some(StatusProto {
            error_code: status.code().into(),
            error_message: status.error.unwrap_or_default().to_owned(),
        }),
    };
    GetModelStatusResponse { model_version_status: versions.iter().map(message).collect() }
}

/// Appends the list of models as KServe V1 tells it: `{"models":[...]}`.
pub fn models_json<'a>(out: &mut Vec<u8>, models: impl IntoIterator<Item = &'a str>) {
    out.extend_from_slice(br#"{"models":["#);
    for (index, model) in models.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push_string(out, model);
    }
    out.extend_from_slice(b"]}");
}
