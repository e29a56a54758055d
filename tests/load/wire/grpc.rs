//! Questions and answers as protobuf, by the compiled messages.

use bytes::Bytes;
use radiant_protocol::pb::inference::infer_parameter::ParameterChoice;
use radiant_protocol::pb::inference::model_infer_request::{
    InferInputTensor, InferRequestedOutputTensor,
};
use radiant_protocol::pb::inference::{
    InferParameter, InferTensorContents, ModelInferRequest, ModelInferResponse,
    ModelStreamInferResponse,
};
use radiant_protocol::pb::seldon::protos::default_data::DataOneof as Array;
use radiant_protocol::pb::seldon::protos::seldon_message::DataOneof as Data;
use radiant_protocol::pb::seldon::protos::{DefaultData, Meta, SeldonMessage, Tensor};
use radiant_protocol::pb::tensorflow::serving::{ModelSpec, PredictRequest, PredictResponse};
use radiant_protocol::pb::tensorflow::tensor_shape_proto::Dim;
use radiant_protocol::pb::tensorflow::{DataType, TensorProto, TensorShapeProto};
use radiant_protocol::pb::{Message, encode};

use crate::load::question::{Number, Question};

use super::{whole, whole_numbers};

pub(super) const SELDON: &str = "/seldon.protos.Seldon/Predict";
pub(super) const V2: &str = "/inference.GRPCInferenceService/ModelInfer";
pub(in crate::load) const V2_STREAM: &str = "/inference.GRPCInferenceService/ModelStreamInfer";
pub(super) const TENSORFLOW: &str = "/tensorflow.serving.PredictionService/Predict";

/// A field that no message has, with so many bytes.
#[derive(Clone, PartialEq, Message)]
struct Padding {
    #[prost(bytes = "bytes", tag = "1000")]
    bytes: Bytes,
}

/// Appends so many bytes that mean nothing.
pub(super) fn pad(message: &mut Vec<u8>, n_bytes: usize) {
    message.extend(encode(&Padding { bytes: vec![b' '; n_bytes].into() }));
}

pub(super) fn tensor(question: &Question) -> Vec<u8> {
    let shape = [question.n_rows(), question.n_columns].map(|dim| i32::try_from(dim).expect("few"));
    let values = question.values().map(|value| value as f64).collect();
    let array = Array::Tensor(Tensor { shape: shape.into(), values });
    let data = DefaultData { names: Vec::new(), data_oneof: Some(array) };
    let meta = Meta { puid: question.id(), ..Meta::default() };
    encode(&SeldonMessage { status: None, meta: Some(meta), data_oneof: Some(Data::Data(data)) })
}

pub(super) fn check_seldon(question: &Question, message: &[u8]) -> Result<(), String> {
    let reply: SeldonMessage = decode(message)?;
    if reply.meta.as_ref().map(|meta| &meta.puid) != Some(&question.id()) {
        return Err(format!("expected the puid {}, got {reply:?}", question.id()));
    }
    let Some(Data::Data(DefaultData { data_oneof: Some(Array::Tensor(tensor)), .. })) =
        &reply.data_oneof
    else {
        return Err(format!("expected a tensor, got {reply:?}"));
    };
    question.unnamed().check(&[("answer", floats(&tensor.values)?)])
}

pub(super) fn v2(question: &Question, model: &str) -> Vec<u8> {
    encode(&infer(question, model, Some(contents(question))))
}

pub(super) fn v2_raw(question: &Question, model: &str) -> Vec<u8> {
    let raw_input_contents = vec![Bytes::from(question.bytes())];
    encode(&ModelInferRequest { raw_input_contents, ..infer(question, model, None) })
}

fn infer(
    question: &Question,
    model: &str,
    contents: Option<InferTensorContents>,
) -> ModelInferRequest {
    let shape = [question.n_rows(), question.n_columns].map(u64::cast_signed).into();
    let datatype = question.number.datatype().to_owned();
    let input =
        InferInputTensor { name: "x".to_owned(), datatype, shape, contents, ..Default::default() };
    let own =
        InferParameter { parameter_choice: Some(ParameterChoice::StringParam(question.id())) };
    let outputs = question
        .outputs
        .iter()
        .map(|name| InferRequestedOutputTensor { name: (*name).to_owned(), ..Default::default() });
    ModelInferRequest {
        model_name: model.to_owned(),
        id: question.id(),
        parameters: question.has_parameter.then(|| ("own".to_owned(), own)).into_iter().collect(),
        inputs: vec![input],
        outputs: outputs.collect(),
        ..Default::default()
    }
}

fn contents(question: &Question) -> InferTensorContents {
    let mut contents = InferTensorContents::default();
    match question.number {
        Number::I32 => contents.int_contents = question.values().map(narrow).collect(),
        Number::I64 => contents.int64_contents = question.values().map(u64::cast_signed).collect(),
        Number::F32 => contents.fp32_contents = question.values().map(|v| v as f32).collect(),
        Number::F64 => contents.fp64_contents = question.values().map(|v| v as f64).collect(),
    }
    contents
}

pub(super) fn check_v2_stream(question: &Question, message: &[u8]) -> Result<(), String> {
    let reply: ModelStreamInferResponse = decode(message)?;
    match reply.infer_response {
        Some(own) if reply.error_message.is_empty() => check_response(question, &own),
        _ => Err(format!("expected an answer, got {reply:?}")),
    }
}

pub(super) fn check_v2(question: &Question, message: &[u8]) -> Result<(), String> {
    check_response(question, &decode(message)?)
}

fn check_response(question: &Question, reply: &ModelInferResponse) -> Result<(), String> {
    if reply.id != question.id() {
        return Err(format!("expected the id {}, got {reply:?}", question.id()));
    }
    let mut raw = reply.raw_output_contents.iter();
    let mut got = Vec::with_capacity(reply.outputs.len());
    for output in &reply.outputs {
        let values = match (&output.contents, raw.next()) {
            (None, Some(bytes)) => whole_numbers(&output.datatype, bytes)?,
            (Some(contents), None) if output.datatype == "INT64" => {
                contents.int64_contents.iter().map(|value| value.cast_unsigned()).collect()
            }
            (Some(contents), None) => floats(&contents.fp64_contents)?,
            _ => return Err(format!("expected one kind of contents, got {reply:?}")),
        };
        got.push((output.name.as_str(), values));
    }
    question.check(&got)
}

pub(super) fn tensorflow(question: &Question, model: &str) -> Vec<u8> {
    let dims = [question.n_rows(), question.n_columns];
    let dim = dims.map(|size| Dim { size: size.cast_signed(), ..Default::default() }).into();
    let tensor_shape = Some(TensorShapeProto { dim, ..Default::default() });
    let mut tensor = TensorProto { tensor_shape, ..Default::default() };
    let dtype = match question.number {
        Number::I32 => {
            tensor.int_val = question.values().map(narrow).collect();
            DataType::DtInt32
        }
        Number::I64 => {
            tensor.int64_val = question.values().map(u64::cast_signed).collect();
            DataType::DtInt64
        }
        Number::F32 => {
            tensor.tensor_content = question.bytes().into();
            DataType::DtFloat
        }
        Number::F64 => {
            tensor.double_val = question.values().map(|value| value as f64).collect();
            DataType::DtDouble
        }
    };
    tensor.dtype = dtype.into();
    encode(&PredictRequest {
        model_spec: Some(ModelSpec { name: model.to_owned(), ..Default::default() }),
        inputs: [("x".to_owned(), tensor)].into(),
        output_filter: question.outputs.iter().map(|name| (*name).to_owned()).collect(),
    })
}

pub(super) fn check_tensorflow(question: &Question, message: &[u8]) -> Result<(), String> {
    let reply: PredictResponse = decode(message)?;
    let expected = if question.outputs.is_empty() { &["answer"][..] } else { question.outputs };
    if reply.outputs.len() != expected.len() {
        return Err(format!("expected the outputs {expected:?}, got {reply:?}"));
    }
    let mut got = Vec::with_capacity(expected.len());
    // A map has no order.
    for name in expected {
        let Some(tensor) = reply.outputs.get(*name) else {
            return Err(format!("expected the output {name}, got {reply:?}"));
        };
        let values = match (&tensor.int64_val[..], &tensor.double_val[..]) {
            ([], []) if tensor.dtype() == DataType::DtInt64 => {
                whole_numbers("INT64", &tensor.tensor_content)?
            }
            ([], []) => whole_numbers("FP64", &tensor.tensor_content)?,
            (integers, []) => integers.iter().map(|value| value.cast_unsigned()).collect(),
            (_, numbers) => floats(numbers)?,
        };
        got.push((*name, values));
    }
    question.check(&got)
}

fn decode<M: Message + Default>(message: &[u8]) -> Result<M, String> {
    M::decode(message).map_err(|error| error.to_string())
}

fn floats(values: &[f64]) -> Result<Vec<u64>, String> {
    let whole: Option<Vec<u64>> = values.iter().map(|&value| whole(value)).collect();
    whole.ok_or_else(|| format!("no whole numbers: {values:?}"))
}

fn narrow(value: u64) -> i32 {
    i32::try_from(value).expect("the numbers are whole in all types")
}
