//! What is asked: the same flower and the same picture in the words of each protocol.
//!
//! Protobuf is written by prost, so that no code of the server has a part in what it is asked.

use anyhow::Result;
use bytes::Bytes;
use prost::Message as _;
use prost_types::value::Kind;
use prost_types::{ListValue, Value};
use radiant_protocol::pb::inference::ModelInferRequest;
use radiant_protocol::pb::inference::model_infer_request::InferInputTensor;
use radiant_protocol::pb::seldon::protos::{
    DefaultData, SeldonMessage, Tensor, default_data, seldon_message,
};

use crate::load::{GrpcRequest, HttpRequest, Request};

const JSON: &str = "Content-Type: application/json\r\n";

const IRIS: [f64; 4] = [5.1, 3.5, 1.4, 0.2];

const SELDON_IRIS: &str = r#"{"data":{"ndarray":[[5.1,3.5,1.4,0.2]]}}"#;

/// The first held-out picture of the digits.
const SELDON_DIGIT: &str = r#"{"data":{"ndarray":[[0,0,7,16,14,3,0,0,0,0,9,14,11,15,0,0,0,0,1,5,0,15,5,0,0,0,0,0,0,16,5,0,0,0,0,0,3,16,4,0,0,0,0,1,12,14,1,0,0,0,5,12,16,16,14,1,0,0,8,16,14,10,13,3]]}}"#;

const V2_IRIS_PATH: &str = "/v2/models/iris/infer";
const V2_IRIS: &str = r#"{"inputs":[{"name":"float_input","datatype":"FP32","shape":[1,4],"data":[5.1,3.5,1.4,0.2]}]}"#;
/// The same with the numbers behind it, as clients write it that want them so in the reply too.
const V2_IRIS_BINARY: &str = r#"{"inputs":[{"name":"float_input","shape":[1,4],"datatype":"FP32","parameters":{"binary_data_size":16}}],"parameters":{"binary_data_output":true}}"#;

const MODEL_INFER: &str = "/inference.GRPCInferenceService/ModelInfer";
const MODEL_PREDICT: &str = "/seldon.protos.Model/Predict";

/// Rows of the large request: as many numbers as 64 pictures of 28 x 28.
const N_DIGITS: i64 = 784;
const N_PIXELS: i64 = 64;

pub(crate) fn seldon_iris() -> Result<Request> {
    http("/predict", JSON, SELDON_IRIS.as_bytes())
}

pub(crate) fn seldon_iris_orchestrator() -> Result<Request> {
    http("/api/v1.0/predictions", JSON, SELDON_IRIS.as_bytes())
}

pub(crate) fn seldon_digit() -> Result<Request> {
    http("/predict", JSON, SELDON_DIGIT.as_bytes())
}

pub(crate) fn v2_iris_json() -> Result<Request> {
    http(V2_IRIS_PATH, JSON, V2_IRIS.as_bytes())
}

pub(crate) fn v2_iris_binary() -> Result<Request> {
    let headers = format!(
        "Content-Type: application/octet-stream\r\nInference-Header-Content-Length: {}\r\n",
        V2_IRIS_BINARY.len()
    );
    let body = [V2_IRIS_BINARY.as_bytes(), &raw(IRIS)].concat();
    http(V2_IRIS_PATH, &headers, &body)
}

pub(crate) fn v2_iris_raw() -> Result<Request> {
    v2_raw("iris", "float_input", [1, 4], raw(IRIS))
}

pub(crate) fn v2_digits_raw() -> Result<Request> {
    // Grey values from 0 to 16, none like its neighbour.
    let pixels = (0..N_DIGITS * N_PIXELS).map(|index| (index * 7 % 17) as f64);
    v2_raw("digits-mlp", "pixels", [N_DIGITS, N_PIXELS], raw(pixels))
}

/// A tensor of 200 kB, given back as it is.
pub(crate) fn v2_echo_raw() -> Result<Request> {
    let values = (0_u16..784).map(f64::from).cycle().take(64 * 784);
    v2_raw("echo", "x", [64, 784], raw(values))
}

pub(crate) fn seldon_iris_ndarray() -> Result<Request> {
    let value = |kind| Value { kind: Some(kind) };
    let row = IRIS.map(|number| value(Kind::NumberValue(number))).to_vec();
    let row = value(Kind::ListValue(ListValue { values: row }));
    seldon_grpc(default_data::DataOneof::Ndarray(ListValue { values: vec![row] }))
}

pub(crate) fn seldon_iris_tensor() -> Result<Request> {
    let tensor = Tensor { shape: vec![1, 4], values: IRIS.to_vec() };
    seldon_grpc(default_data::DataOneof::Tensor(tensor))
}

#[expect(clippy::unnecessary_wraps, reason = "one kind of function makes every request")]
fn http(path: &'static str, headers: &str, body: &[u8]) -> Result<Request> {
    Ok(Request::Http(HttpRequest::new(path, headers, body)))
}

/// The numbers in single precision, as they lie in memory.
fn raw(numbers: impl IntoIterator<Item = f64>) -> Vec<u8> {
    #[expect(clippy::cast_possible_truncation, reason = "the models take single precision")]
    numbers.into_iter().flat_map(|number| (number as f32).to_le_bytes()).collect()
}

fn v2_raw(model: &str, input: &str, shape: [i64; 2], numbers: Vec<u8>) -> Result<Request> {
    let input = InferInputTensor {
        name: input.to_owned(),
        datatype: "FP32".to_owned(),
        shape: shape.to_vec(),
        ..InferInputTensor::default()
    };
    let message = ModelInferRequest {
        model_name: model.to_owned(),
        inputs: vec![input],
        raw_input_contents: vec![Bytes::from(numbers)],
        ..ModelInferRequest::default()
    };
    Ok(Request::Grpc(GrpcRequest::new(MODEL_INFER, &message.encode_to_vec())?))
}

fn seldon_grpc(data: default_data::DataOneof) -> Result<Request> {
    let data = DefaultData { names: Vec::new(), data_oneof: Some(data) };
    let message = SeldonMessage {
        data_oneof: Some(seldon_message::DataOneof::Data(data)),
        ..SeldonMessage::default()
    };
    Ok(Request::Grpc(GrpcRequest::new(MODEL_PREDICT, &message.encode_to_vec())?))
}
