//! The codec against messages that others wrote, and against prost.

mod differential;
mod golden;
mod refusals;
mod replies;

use prost::Message as _;
use radiant_core::{DType, Tensor, TensorSpec};

use super::decode_proto;
use crate::Limits;
use crate::oip::Request;
use crate::pb::inference::model_infer_request::{InferInputTensor, InferRequestedOutputTensor};
use crate::pb::inference::{
    InferParameter, InferTensorContents, ModelInferRequest, infer_parameter::ParameterChoice,
};

fn spec(name: &str, dtype: DType, dims: &[Option<usize>]) -> TensorSpec {
    TensorSpec::new(name, dtype, dims.to_vec())
}

/// What a message holds, or why it is refused.
fn decode(
    message: &[u8],
    specs: Option<&[TensorSpec]>,
) -> Result<(Request, Vec<Tensor>), radiant_core::Error> {
    let (mut request, mut inputs) = (Request::default(), Vec::new());
    decode_proto(message, specs.into(), &Limits::default(), &mut request, &mut inputs)?;
    Ok((request, inputs))
}

fn input(name: &str, datatype: &str, shape: &[i64]) -> InferInputTensor {
    InferInputTensor {
        name: name.to_owned(),
        datatype: datatype.to_owned(),
        shape: shape.to_vec(),
        ..Default::default()
    }
}

fn typed(mut input: InferInputTensor, contents: InferTensorContents) -> InferInputTensor {
    input.contents = Some(contents);
    input
}

fn floats(values: &[f32]) -> InferTensorContents {
    InferTensorContents { fp32_contents: values.to_vec(), ..Default::default() }
}

fn parameter(choice: ParameterChoice) -> InferParameter {
    InferParameter { parameter_choice: Some(choice) }
}

/// A message with these inputs and raw contents.
fn message(inputs: Vec<InferInputTensor>, raws: &[&[u8]]) -> Vec<u8> {
    let raw_input_contents = raws.iter().map(|raw| raw.to_vec().into()).collect();
    ModelInferRequest { inputs, raw_input_contents, ..Default::default() }.encode_to_vec()
}

/// A message that asks for an output with a parameter.
fn asking(name: &str, key: &str, choice: ParameterChoice) -> ModelInferRequest {
    let parameters = [(key.to_owned(), parameter(choice))].into();
    ModelInferRequest {
        inputs: vec![typed(input("x", "FP32", &[1]), floats(&[1.0]))],
        outputs: vec![InferRequestedOutputTensor { name: name.to_owned(), parameters }],
        ..Default::default()
    }
}
