//! The messages of predictions by gRPC, as far as a client of rows needs them.
//!
//! Numbers and names are those of `seldon.protos` and `inference`, as Seldon Core v1 and the Open
//! Inference Protocol publish them.

use std::collections::HashMap;

use prost::{Message, Oneof};
use prost_types::{ListValue, Value};

/// `seldon.protos.SeldonMessage`, without payloads of TensorFlow.
#[derive(Clone, PartialEq, Message)]
pub(super) struct SeldonMessage {
    #[prost(message, optional, tag = "2")]
    pub(super) meta: Option<Meta>,
    #[prost(oneof = "Content", tags = "3, 4, 5, 6")]
    pub(super) content: Option<Content>,
}

/// What a message holds.
#[derive(Clone, PartialEq, Oneof)]
pub(super) enum Content {
    #[prost(message, tag = "3")]
    Data(DefaultData),
    #[prost(bytes = "vec", tag = "4")]
    Binary(Vec<u8>),
    #[prost(string, tag = "5")]
    Text(String),
    #[prost(message, tag = "6")]
    Json(Value),
}

/// `seldon.protos.DefaultData`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct DefaultData {
    #[prost(string, repeated, tag = "1")]
    pub(super) names: Vec<String>,
    #[prost(oneof = "Rows", tags = "2, 3")]
    pub(super) rows: Option<Rows>,
}

/// The two forms of rows.
#[derive(Clone, PartialEq, Oneof)]
pub(super) enum Rows {
    #[prost(message, tag = "2")]
    Tensor(Tensor),
    #[prost(message, tag = "3")]
    Lists(ListValue),
}

/// `seldon.protos.Tensor`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Tensor {
    #[prost(int32, repeated, tag = "1")]
    pub(super) shape: Vec<i32>,
    #[prost(double, repeated, tag = "2")]
    pub(super) values: Vec<f64>,
}

/// `seldon.protos.Meta`, without metrics.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Meta {
    #[prost(string, tag = "1")]
    pub(super) puid: String,
    #[prost(map = "string, message", tag = "2")]
    pub(super) tags: HashMap<String, Value>,
    #[prost(map = "string, int32", tag = "3")]
    pub(super) routing: HashMap<String, i32>,
    #[prost(map = "string, string", tag = "4")]
    pub(super) request_path: HashMap<String, String>,
}

/// `inference.ModelInferRequest`, without parameters.
#[derive(Clone, PartialEq, Message)]
pub(super) struct InferRequest {
    #[prost(string, tag = "1")]
    pub(super) model_name: String,
    #[prost(string, tag = "3")]
    pub(super) id: String,
    #[prost(message, repeated, tag = "5")]
    pub(super) inputs: Vec<InferTensor>,
    #[prost(message, repeated, tag = "6")]
    pub(super) outputs: Vec<WantedOutput>,
}

/// `inference.ModelInferRequest.InferRequestedOutputTensor`, by its name alone.
#[derive(Clone, PartialEq, Message)]
pub(super) struct WantedOutput {
    #[prost(string, tag = "1")]
    pub(super) name: String,
}

/// `inference.ModelInferResponse`, without parameters.
#[derive(Clone, PartialEq, Message)]
pub(super) struct InferResponse {
    #[prost(string, tag = "1")]
    pub(super) model_name: String,
    #[prost(string, tag = "2")]
    pub(super) model_version: String,
    #[prost(string, tag = "3")]
    pub(super) id: String,
    #[prost(message, repeated, tag = "5")]
    pub(super) outputs: Vec<InferTensor>,
    #[prost(bytes = "vec", repeated, tag = "6")]
    pub(super) raw: Vec<Vec<u8>>,
}

/// An input or an output: `inference` has two messages of the same form.
#[derive(Clone, PartialEq, Message)]
pub(super) struct InferTensor {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(string, tag = "2")]
    pub(super) datatype: String,
    #[prost(int64, repeated, tag = "3")]
    pub(super) shape: Vec<i64>,
    #[prost(message, optional, tag = "5")]
    pub(super) contents: Option<Contents>,
}

/// `inference.InferTensorContents`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Contents {
    #[prost(bool, repeated, tag = "1")]
    pub(super) bools: Vec<bool>,
    #[prost(int32, repeated, tag = "2")]
    pub(super) ints: Vec<i32>,
    #[prost(int64, repeated, tag = "3")]
    pub(super) int64s: Vec<i64>,
    #[prost(uint32, repeated, tag = "4")]
    pub(super) uints: Vec<u32>,
    #[prost(uint64, repeated, tag = "5")]
    pub(super) uint64s: Vec<u64>,
    #[prost(float, repeated, tag = "6")]
    pub(super) floats: Vec<f32>,
    #[prost(double, repeated, tag = "7")]
    pub(super) doubles: Vec<f64>,
    #[prost(bytes = "vec", repeated, tag = "8")]
    pub(super) texts: Vec<Vec<u8>>,
}
