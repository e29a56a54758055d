//! The protocols that questions are asked in.

mod grpc;
mod rest;

use crate::support::http;

pub(super) use grpc::V2_STREAM;

use super::question::Question;

/// A form of request over REST or gRPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    /// Seldon v1, a list of rows.
    Ndarray,
    /// Seldon v1, a list of values and a shape.
    Tensor,
    /// The Open Inference Protocol as JSON.
    V2,
    /// The same with bytes behind the JSON.
    V2Binary,
    /// TensorFlow Serving.
    Tensorflow,
    /// Seldon v1 over gRPC.
    GrpcTensor,
    /// The Open Inference Protocol over gRPC, typed.
    GrpcV2,
    /// The same with raw bytes.
    GrpcV2Raw,
    /// The same, question after question on one call.
    GrpcV2Stream,
    /// TensorFlow Serving over gRPC.
    GrpcTensorflow,
}

/// A request in bytes.
#[derive(Debug)]
pub(crate) enum Encoded {
    Rest(http::Request),
    /// A method and its message.
    Grpc(&'static str, Vec<u8>),
}

impl Encoded {
    /// The same request with so many bytes more, which mean nothing.
    pub(crate) fn padded(mut self, n_bytes: usize) -> Self {
        match &mut self {
            _ if n_bytes == 0 => {}
            Self::Rest(request) => {
                let body = request.body.get_or_insert_default();
                body.resize(body.len() + n_bytes, b' ');
            }
            Self::Grpc(_, message) => grpc::pad(message, n_bytes),
        }
        self
    }
}

impl Wire {
    /// All forms; those of Seldon v1 reach the main model only.
    pub(crate) const ALL: [Self; 10] = [
        Self::Ndarray,
        Self::Tensor,
        Self::V2,
        Self::V2Binary,
        Self::Tensorflow,
        Self::GrpcTensor,
        Self::GrpcV2,
        Self::GrpcV2Raw,
        Self::GrpcV2Stream,
        Self::GrpcTensorflow,
    ];

    /// The forms whose requests name a model.
    pub(crate) const NAMING: [Self; 7] = [
        Self::V2,
        Self::V2Binary,
        Self::Tensorflow,
        Self::GrpcV2,
        Self::GrpcV2Raw,
        Self::GrpcV2Stream,
        Self::GrpcTensorflow,
    ];

    /// The forms that can be followed by bytes that mean nothing.
    pub(crate) const PADDED: [Self; 9] = [
        Self::Ndarray,
        Self::Tensor,
        Self::V2,
        Self::Tensorflow,
        Self::GrpcTensor,
        Self::GrpcV2,
        Self::GrpcV2Raw,
        Self::GrpcV2Stream,
        Self::GrpcTensorflow,
    ];

    pub(crate) fn is_grpc(self) -> bool {
        match self {
            Self::Ndarray | Self::Tensor | Self::V2 | Self::V2Binary | Self::Tensorflow => false,
            Self::GrpcTensor
            | Self::GrpcV2
            | Self::GrpcV2Raw
            | Self::GrpcV2Stream
            | Self::GrpcTensorflow => true,
        }
    }

    /// The request that asks `model` this question.
    pub(crate) fn encode(self, question: &Question, model: &str) -> Encoded {
        match self {
            Self::Ndarray => Encoded::Rest(rest::ndarray(question)),
            Self::Tensor => Encoded::Rest(rest::tensor(question)),
            Self::V2 => Encoded::Rest(rest::v2(question, model)),
            Self::V2Binary => Encoded::Rest(rest::v2_binary(question, model)),
            Self::Tensorflow => Encoded::Rest(rest::tensorflow(question, model)),
            Self::GrpcTensor => Encoded::Grpc(grpc::SELDON, grpc::tensor(question)),
            Self::GrpcV2 => Encoded::Grpc(grpc::V2, grpc::v2(question, model)),
            Self::GrpcV2Raw => Encoded::Grpc(grpc::V2, grpc::v2_raw(question, model)),
            Self::GrpcV2Stream => Encoded::Grpc(grpc::V2_STREAM, grpc::v2(question, model)),
            Self::GrpcTensorflow => {
                Encoded::Grpc(grpc::TENSORFLOW, grpc::tensorflow(question, model))
            }
        }
    }

    /// Checks that a reply of status 200 is this question's own.
    ///
    /// # Errors
    /// When it is not.
    pub(crate) fn check_rest(self, question: &Question, reply: &http::Reply) -> Result<(), String> {
        let checked = match self {
            Self::Ndarray => rest::check_seldon(question, reply, "/data/ndarray"),
            Self::Tensor => rest::check_seldon(question, reply, "/data/tensor/values"),
            Self::V2 | Self::V2Binary => rest::check_v2(question, reply),
            Self::Tensorflow => rest::check_tensorflow(question, reply),
            _ => Err("a gRPC request was answered over REST".to_owned()),
        };
        checked.map_err(|error| format!("{self:?}: {error}"))
    }

    /// Checks that the message of a call that went well is this question's own.
    ///
    /// # Errors
    /// When it is not.
    pub(crate) fn check_grpc(self, question: &Question, message: &[u8]) -> Result<(), String> {
        let checked = match self {
            Self::GrpcTensor => grpc::check_seldon(question, message),
            Self::GrpcV2 | Self::GrpcV2Raw => grpc::check_v2(question, message),
            Self::GrpcV2Stream => grpc::check_v2_stream(question, message),
            Self::GrpcTensorflow => grpc::check_tensorflow(question, message),
            _ => Err("a REST request was answered over gRPC".to_owned()),
        };
        checked.map_err(|error| format!("{self:?}: {error}"))
    }
}

/// Numbers of eight bytes, of the type that a reply names.
fn whole_numbers(datatype: &str, bytes: &[u8]) -> Result<Vec<u64>, String> {
    let numbers = bytes.chunks(8).map(|number| {
        let bits: [u8; 8] = number.try_into().ok()?;
        match datatype {
            "INT64" => Some(u64::from_le_bytes(bits)),
            "FP64" => whole(f64::from_le_bytes(bits)),
            _ => None,
        }
    });
    numbers.collect::<Option<_>>().ok_or_else(|| format!("no whole numbers of {datatype}"))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked before")]
fn whole(number: f64) -> Option<u64> {
    let is_whole = number >= 0.0 && number < 2.0_f64.powi(53) && number.fract() == 0.0;
    is_whole.then_some(number as u64)
}
