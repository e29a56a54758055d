//! The rules for replies, as prost reads them.

use half::{bf16, f16};
use prost::Message as _;
use radiant_core::{DType, Tensor};

use crate::oip::proto::{encode_proto, encode_stream_error, encode_stream_reply};
use crate::oip::{Form, Reply, Request};
use crate::pb::inference::infer_parameter::ParameterChoice;
use crate::pb::inference::{ModelInferResponse, ModelStreamInferResponse};

fn encode(form: Form, outputs: &[Tensor]) -> ModelInferResponse {
    let request = Request { form, ..Request::default() };
    let reply = Reply { model: "m", version: "", id: "", request: &request, outputs };
    let mut out = Vec::new();
    encode_proto(&mut out, &reply).expect("a reply");
    ModelInferResponse::decode(out.as_slice()).expect("protobuf")
}

#[test]
fn raw_replies_have_an_entry_for_each_output_and_no_contents() {
    let outputs = [Tensor::new("a", &[2], vec![1_u16, 2]), Tensor::zeros("b", &[0, 3], DType::F64)];
    let reply = encode(Form::Raw, &outputs);
    assert_eq!(reply.raw_output_contents, [&b"\x01\0\x02\0"[..], b""]);
    assert!(reply.outputs.iter().all(|output| output.contents.is_none()));
    assert_eq!(reply.outputs[1].shape, [0, 3]);
    assert_eq!((reply.model_name.as_str(), reply.id.as_str()), ("m", ""));
}

#[test]
fn typed_replies_have_contents_where_there_are_elements() {
    let outputs = [Tensor::new("a", &[2], vec![1_u16, 2]), Tensor::zeros("b", &[0, 3], DType::F64)];
    let reply = encode(Form::Typed, &outputs);
    assert!(reply.raw_output_contents.is_empty());
    let contents = reply.outputs[0].contents.as_ref().expect("contents");
    assert_eq!(contents.uint_contents, [1, 2]);
    assert_eq!(reply.outputs[1].contents, None);
}

#[test]
fn a_typed_request_is_answered_raw_where_an_output_has_no_typed_form() {
    let half = Tensor::new("h", &[1], vec![f16::from_f32(0.5)]);
    let brain = Tensor::new("h", &[1], vec![bf16::from_f32(1.0)]);
    for (other, raw) in [(half, b"\x00\x38"), (brain, b"\x80\x3f")] {
        let reply = encode(Form::Typed, &[Tensor::new("a", &[1], vec![true]), other]);
        assert_eq!(reply.raw_output_contents, [&b"\x01"[..], raw]);
        assert!(reply.outputs.iter().all(|output| output.contents.is_none()));
    }
}

#[test]
fn a_scalar_has_an_empty_shape() {
    let reply = encode(Form::Typed, &[Tensor::new("a", &[], vec![1.5_f64])]);
    assert!(reply.outputs[0].shape.is_empty());
    assert_eq!(reply.outputs[0].contents.as_ref().expect("contents").fp64_contents, [1.5]);
}

#[test]
fn a_reply_is_appended_and_the_vector_grows_once() {
    let request = Request { form: Form::Raw, ..Request::default() };
    let outputs = [Tensor::zeros("a", &[1000], DType::F32)];
    let reply = Reply { model: "m", version: "1", id: "7", request: &request, outputs: &outputs };
    let mut out = b"abc".to_vec();
    encode_proto(&mut out, &reply).expect("a reply");
    assert!(out.starts_with(b"abc"));
    let mut exact = Vec::with_capacity(out.len() - 3);
    let capacity = exact.capacity();
    encode_proto(&mut exact, &reply).expect("a reply");
    assert_eq!((exact.len(), exact.capacity()), (out.len() - 3, capacity));
}

#[test]
fn streams_tell_which_reply_is_the_last() {
    let request = Request { form: Form::Raw, ..Request::default() };
    let reply = Reply { model: "m", version: "1", id: "7", request: &request, outputs: &[] };
    let is_final = |bytes: &[u8]| {
        let reply = ModelStreamInferResponse::decode(bytes).expect("protobuf");
        assert_eq!(reply.error_message, "");
        let reply = reply.infer_response.expect("a reply");
        assert_eq!((&*reply.model_name, &*reply.model_version, &*reply.id), ("m", "1", "7"));
        let parameter = reply.parameters.get("triton_final_response")?;
        parameter.parameter_choice.clone()
    };
    for (told, expected) in [
        (None, None),
        (Some(false), Some(ParameterChoice::BoolParam(false))),
        (Some(true), Some(ParameterChoice::BoolParam(true))),
    ] {
        let mut out = Vec::new();
        encode_stream_reply(&mut out, &reply, told).expect("a reply");
        assert_eq!(is_final(&out), expected);
    }
}

#[test]
fn a_failure_in_a_stream_has_its_text_and_its_id() {
    for id in ["", "7"] {
        let mut out = Vec::new();
        encode_stream_error(&mut out, "expected less", id);
        let reply = ModelStreamInferResponse::decode(out.as_slice()).expect("protobuf");
        assert_eq!(reply.error_message, "expected less");
        assert_eq!(reply.infer_response.expect("a reply").id, id);
    }
}
