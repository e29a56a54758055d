//! Predictions over gRPC: `ModelInferRequest`, `ModelInferResponse` and `ModelStreamInferResponse` on
//! the wire, without messages in between.
//!
//! Requests are read in passes over borrowed bytes, straight into the tensors that the model takes;
//! replies are measured first and then written with one copy of each tensor. What comes raw goes
//! raw, what comes typed goes typed, as the clients of all servers can read; FP16 and BF16 have no
//! typed form. Tensors in shared memory are refused.
//!
//! Limits: [`Limits`](crate::Limits) for shapes, and a fixed number of inputs, of requested outputs
//! and of parameters. Names in errors are cut.
//!
//! Source: `grpc_service.proto` of Triton and of the Open Inference Protocol.

mod decode;
mod encode;
mod parameters;
mod repository;
#[cfg(test)]
mod tests;
mod typed;

use radiant_core::Error;

pub use decode::decode_proto;
pub use encode::{encode_proto, encode_stream_error, encode_stream_reply};
pub use repository::repository_model;

use crate::wire::Fields;

/// How many parameters, and how many requested outputs, one request may have: each takes far more
/// memory than its bytes on the wire.
const ITEMS_MAX: usize = 1024;

/// Field numbers of the messages.
mod field {
    /// In requests and replies.
    pub(super) const MODEL_NAME: u32 = 1;
    pub(super) const MODEL_VERSION: u32 = 2;
    pub(super) const ID: u32 = 3;
    pub(super) const PARAMETERS: u32 = 4;
    /// In requests.
    pub(super) const INPUTS: u32 = 5;
    pub(super) const REQUESTED_OUTPUTS: u32 = 6;
    pub(super) const RAW_INPUT_CONTENTS: u32 = 7;
    /// In replies.
    pub(super) const OUTPUTS: u32 = 5;
    pub(super) const RAW_OUTPUT_CONTENTS: u32 = 6;
    /// In one tensor.
    pub(super) const NAME: u32 = 1;
    pub(super) const DATATYPE: u32 = 2;
    pub(super) const SHAPE: u32 = 3;
    pub(super) const TENSOR_PARAMETERS: u32 = 4;
    pub(super) const CONTENTS: u32 = 5;
    /// In one requested output.
    pub(super) const OUTPUT_PARAMETERS: u32 = 2;
    /// In an entry of a map.
    pub(super) const KEY: u32 = 1;
    pub(super) const VALUE: u32 = 2;
    /// In replies of a stream.
    pub(super) const ERROR_MESSAGE: u32 = 1;
    pub(super) const INFER_RESPONSE: u32 = 2;
}

/// For which model a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Target<'a> {
    /// The model's name.
    pub model: &'a str,
    /// The model's version; empty where any will do.
    pub version: &'a str,
    /// The client's id; empty where none came.
    pub id: &'a str,
}

/// For which model a `ModelInferRequest` is: what has to be known to decode the rest.
///
/// # Errors
/// The message is not protobuf, or a name is not UTF-8.
///
/// # Cost
/// One step for each field of the message itself; nothing inside of inputs is looked at.
pub fn target(message: &[u8]) -> Result<Target<'_>, Error> {
    let mut target = Target::default();
    let mut fields = Fields::new(message);
    while let Some((number, content)) = fields.next()? {
        match number {
            field::MODEL_NAME => target.model = content.text()?,
            field::MODEL_VERSION => target.version = content.text()?,
            field::ID => target.id = content.text()?,
            _ => {}
        }
    }
    Ok(target)
}
