//! The rules for requests: what is read, and what is refused with which words.

use prost::Message as _;
use radiant_core::{DType, ErrorKind, Tensor, TensorData, TensorSpec};

use super::{asking, decode, floats, input, message, parameter, spec, typed};
use crate::inputs::UNSIGNED_MAX;
use crate::oip::proto::{ITEMS_MAX, Target, decode_proto, field, target};
use crate::oip::{Form, Parameter, Request, RequestedOutput};
use crate::pb::inference::infer_parameter::ParameterChoice;
use crate::pb::inference::model_infer_request::InferRequestedOutputTensor;
use crate::pb::inference::{InferTensorContents, ModelInferRequest};
use crate::wire::{push_bytes, push_message};
use crate::{Inputs, Limits};

fn refusal(message: &[u8], specs: Option<&[TensorSpec]>) -> String {
    decode(message, specs).expect_err("a message to refuse").message().to_owned()
}

/// A typed input with one element in each of the given fields.
fn filled(dtype: &str, contents: InferTensorContents) -> Vec<u8> {
    message(vec![typed(input("x", dtype, &[1]), contents)], &[])
}

#[test]
fn contents_that_do_not_go_together_are_refused() {
    let check = |message: &[u8], expected: &str| assert_eq!(refusal(message, None), expected);
    let x = || input("x", "FP32", &[1]);
    let raw = &[0_u8; 4][..];
    check(
        &message(vec![x(), input("y", "FP32", &[1])], &[raw]),
        "`raw_input_contents`: expected one entry for each input, 2 in all, got 1",
    );
    check(
        &message(vec![x()], &[raw, raw]),
        "`raw_input_contents`: expected one entry for each input, 1 in all, got 2",
    );
    check(
        &message(vec![typed(x(), floats(&[1.0]))], &[raw]),
        "input `x`: expected either `contents` or `raw_input_contents`, got both",
    );
    check(
        &filled("INT64", floats(&[1.0])),
        "input `x`: expected the elements of INT64 in `int64_contents`, got `fp32_contents`",
    );
    let both = InferTensorContents { fp64_contents: vec![1.0], ..floats(&[1.0]) };
    check(
        &filled("FP32", both),
        "input `x`: expected elements in one field of `contents`, got `fp32_contents` and \
         `fp64_contents`",
    );
    for dtype in ["FP16", "BF16"] {
        let expected = format!(
            "input `x`: {dtype} has no typed form: expected `raw_input_contents`, got \
             `fp32_contents`"
        );
        check(&filled(dtype, floats(&[1.0])), &expected);
        let expected = format!(
            "input `x`: expected 1 element of {dtype} in `raw_input_contents`, the only place for \
             them, got 0"
        );
        check(&message(vec![input("x", dtype, &[1])], &[]), &expected);
    }
    check(
        &message(vec![x()], &[]),
        "input `x`: expected 1 element of FP32 in `fp32_contents` or `raw_input_contents`, got 0",
    );
}

#[test]
fn contents_that_do_not_fit_the_type_or_the_shape_are_refused() {
    let check = |message: &[u8], expected: &str| assert_eq!(refusal(message, None), expected);
    let ints = |value| InferTensorContents { int_contents: vec![value], ..Default::default() };
    let uints = |value| InferTensorContents { uint_contents: vec![value], ..Default::default() };
    for (contents, dtype, range, got) in [
        (ints(-129), "INT8", "-128 to 127", "-129"),
        (ints(128), "INT8", "-128 to 127", "128"),
        (ints(-32_769), "INT16", "-32768 to 32767", "-32769"),
        (uints(256), "UINT8", "0 to 255", "256"),
        (uints(65_536), "UINT16", "0 to 65535", "65536"),
    ] {
        let expected = format!("input `x`: expected {dtype} from {range}, got {got} at element 0");
        check(&filled(dtype, contents), &expected);
    }
    let count = |values: &[f32], got: &str| {
        let message = message(vec![typed(input("x", "FP32", &[1, 4]), floats(values))], &[]);
        let expected = format!(
            "input `x`: expected 4 elements of FP32 in `fp32_contents` or `raw_input_contents`, \
             got {got}"
        );
        check(&message, &expected);
    };
    count(&[1.0; 3], "3");
    count(&[1.0; 5], "5");
    check(
        &message(vec![input("x", "BYTES", &[1])], &[b"\x05\0\0\0abc"]),
        "input `x`: expected 1 element of length-prefixed BYTES, got 7 bytes that break off in \
         element 0",
    );
    check(
        &message(vec![input("x", "BOOL", &[1])], &[&[2]]),
        "input `x`: expected 0 or 1 for each BOOL, got 2 at element 0",
    );
}

#[test]
fn shapes_that_cannot_be_are_refused() {
    let check = |shape: &[i64], expected: &str| {
        let message = message(vec![input("x", "FP32", shape)], &[&[]]);
        assert_eq!(refusal(&message, None), format!("input `x`: {expected}"));
    };
    check(&[1, -1], "expected extents of 0 or more, got shape [1, -1]");
    check(
        &[1 << 32, 1 << 32],
        "expected at most 16777216 elements, got shape [4294967296, 4294967296]",
    );
    check(&[1 << 24, 2], "expected at most 16777216 elements, got shape [16777216, 2]");
    check(&[1 << 40, 0], "expected at most 16777216 elements, got shape [1099511627776, 0]");
    check(&[1; 33], "expected at most 32 axes in the shape");
}

#[test]
fn names_and_types_are_those_of_the_signature() {
    let specs = [spec("x", DType::F32, &[None, Some(4)]), spec("y", DType::I64, &[None, Some(1)])];
    let listing = "expected `x` FP32 [-1, 4], `y` INT64 [-1, 1]";
    let x = || input("x", "FP32", &[0, 4]);
    let y = || input("y", "INT64", &[0, 1]);
    let check = |inputs: Vec<_>, expected: &str| {
        let raws = vec![&[][..]; inputs.len()];
        assert_eq!(refusal(&message(inputs, &raws), Some(&specs)), expected);
    };
    check(
        vec![x(), input("z", "FP32", &[0])],
        &format!("input `z`: the model has no such input: {listing}"),
    );
    check(vec![x(), x()], "input `x`: expected it once, got it twice");
    check(vec![x()], &format!("input `y` is missing: {listing}"));
    check(vec![], &format!("`inputs`: {listing}, got none"));
    check(
        vec![input("x", "FP64", &[0, 3]), y()],
        "input `x`: expected FP32 [-1, 4], got FP64 [0, 3]",
    );
    let legal = "BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, FP16, BF16, FP32, \
                 FP64, BYTES";
    for wrong in ["fp32", "FP31", ""] {
        let expected = format!("input `x`: expected a datatype of {legal}, got `{wrong}`");
        check(vec![input("x", wrong, &[0, 4])], &expected);
    }
    let long = "n".repeat(1000);
    let shown = format!("{}...", "n".repeat(64));
    check(
        vec![input(&long, "FP32", &[0])],
        &format!("input `{shown}`: the model has no such input: {listing}"),
    );
}

#[test]
fn inputs_without_a_signature_are_taken_once_each() {
    let x = || input("x", "FP32", &[0]);
    assert_eq!(
        refusal(&message(vec![x(), x()], &[]), None),
        "input `x`: expected it once, got it twice"
    );
    assert_eq!(refusal(&message(vec![], &[]), None), "`inputs`: expected one or more, got none");
    let many = (0..=UNSIGNED_MAX).map(|index| input(&index.to_string(), "FP32", &[0])).collect();
    assert_eq!(refusal(&message(many, &[]), None), "`inputs`: expected at most 1024, got more");
}

#[test]
fn inputs_come_in_the_order_of_the_signature_into_the_memory_there_is() {
    let specs = [spec("x", DType::F32, &[None]), spec("y", DType::I64, &[None])];
    let (mut request, mut inputs) = (Request::default(), vec![Tensor::default()]);
    inputs[0].data = TensorData::F32(Vec::with_capacity(64));
    let y = InferTensorContents { int64_contents: vec![7], ..Default::default() };
    let sent = message(
        vec![
            typed(input("y", "INT64", &[1]), y),
            typed(input("x", "FP32", &[2]), floats(&[1., 2.])),
        ],
        &[],
    );
    let limits = Limits::default();
    decode_proto(&sent, Inputs::Declared(&specs), &limits, &mut request, &mut inputs)
        .expect("two inputs");
    assert_eq!(
        inputs,
        [Tensor::new("x", &[2], vec![1_f32, 2.]), Tensor::new("y", &[1], vec![7_i64])]
    );
    assert!(matches!(&inputs[0].data, TensorData::F32(values) if values.capacity() == 64));
    assert!(std::sync::Arc::ptr_eq(&inputs[0].name, &specs[0].name));

    let one = message(vec![input("z", "UINT8", &[1])], &[&[9]]);
    decode_proto(&one, Inputs::Any, &limits, &mut request, &mut inputs).expect("one input");
    assert_eq!(inputs, [Tensor::new("z", &[1], vec![9_u8])]);
}

#[test]
fn empty_tensors_are_read_in_every_form() {
    let x = || input("x", "FP32", &[0, 4]);
    let expected = Tensor::zeros("x", &[0, 4], DType::F32);
    let with_contents = typed(x(), InferTensorContents::default());
    for (sent, form) in [
        (message(vec![x()], &[&[]]), Form::Raw),
        (message(vec![x()], &[]), Form::Raw),
        (message(vec![with_contents.clone()], &[]), Form::Typed),
        // As MLServer leaves them in its own messages.
        (message(vec![with_contents], &[&[]]), Form::Raw),
    ] {
        let (request, inputs) = decode(&sent, None).expect("an empty tensor");
        assert_eq!((request.form, &inputs[0]), (form, &expected));
    }
}

#[test]
fn lists_are_read_packed_or_not_and_in_pieces() {
    // A request for one input with these bytes for the shape and for each part of `contents`.
    let sent = |dtype: &str, shape: &[u8], contents: &[&[u8]]| {
        let mut message = Vec::new();
        push_message(&mut message, field::INPUTS, |body| {
            push_bytes(body, field::NAME, b"x");
            push_bytes(body, field::DATATYPE, dtype.as_bytes());
            body.extend_from_slice(shape);
            for part in contents {
                push_bytes(body, field::CONTENTS, part);
            }
        });
        message
    };
    let check = |dtype, shape: &[u8], contents: &[&[u8]], expected: TensorData| {
        let (_, inputs) = decode(&sent(dtype, shape, contents), None).expect(dtype);
        assert_eq!(inputs[0].data, expected);
    };
    let (packed, single) = (&[0x1a, 1, 2][..], &[0x18, 2][..]);
    let ones = || TensorData::F32(vec![1.0, 1.0]);
    check("FP32", packed, &[b"\x32\x08\0\0\x80\x3f\0\0\x80\x3f"], ones());
    check("FP32", single, &[b"\x35\0\0\x80\x3f\x35\0\0\x80\x3f"], ones());
    check("FP32", single, &[b"\x35\0\0\x80\x3f", b"\x32\x04\0\0\x80\x3f"], ones());
    let doubles = b"\x39\0\0\0\0\0\0\xf0\x3f\x3a\x08\0\0\0\0\0\0\xf0\x3f";
    check("FP64", single, &[doubles], TensorData::F64(vec![1.0, 1.0]));
    check("INT16", packed, &[b"\x10\x07\x12\x01\x08"], TensorData::I16(vec![7, 8]));
    check("BOOL", packed, &[b"\x0a\x01\x01\x08\x00"], TensorData::Bool(vec![true, false]));
    let texts = TensorData::Bytes(["a", ""].into_iter().collect());
    check("BYTES", packed, &[b"\x42\x01a", b"\x42\x00"], texts);

    for contents in [&b"\x32\x07\0\0\x80\x3f\0\0\x80"[..], b"\x30\x01", b"\x31\0\0\0\0\0\0\0\0"] {
        let error = refusal(&sent("FP32", packed, &[contents]), None);
        assert!(error.contains("floating point"), "{error}");
    }
}

#[test]
fn what_stands_beside_the_tensors_is_read() {
    use ParameterChoice::{BoolParam, DoubleParam, Int64Param, StringParam, Uint64Param};
    let mut sent = asking("y", "classification", Int64Param(3));
    (sent.model_name, sent.model_version, sent.id) = ("m".into(), "v2".into(), "7".into());
    let choices = [
        ("bool", BoolParam(false), Parameter::Bool(false)),
        ("int", Int64Param(-5), Parameter::Int(-5)),
        ("text", StringParam("x".into()), Parameter::Text("x".into())),
        ("float", DoubleParam(0.5), Parameter::Float(0.5)),
        ("small", Uint64Param(5), Parameter::Int(5)),
        ("large", Uint64Param(u64::MAX), Parameter::Uint(u64::MAX)),
    ];
    for (name, choice, _) in &choices {
        sent.parameters.insert((*name).to_owned(), parameter(choice.clone()));
    }
    let sent = sent.encode_to_vec();
    let target = target(&sent).expect("a target");
    assert_eq!(target, Target { model: "m", version: "v2", id: "7" });
    let (request, _) = decode(&sent, None).expect("a request");
    assert_eq!((request.id.as_str(), request.parameters.len()), ("7", choices.len()));
    for (name, _, expected) in &choices {
        assert_eq!(request.parameter(name), Some(expected));
    }
    let expected = RequestedOutput { name: "y".into(), binary: None, classes: 3 };
    assert_eq!(request.outputs, [expected]);

    let binary = asking("y", "binary_data", BoolParam(true)).encode_to_vec();
    let (request, _) = decode(&binary, None).expect("a request");
    assert_eq!(request.outputs[0], RequestedOutput { name: "y".into(), ..Default::default() });
}

#[test]
fn outputs_that_cannot_be_given_are_refused() {
    let check = |choice: ParameterChoice| {
        let sent = asking("y", "classification", choice).encode_to_vec();
        assert_eq!(
            refusal(&sent, None),
            "output `y`: `classification`: expected the number of classes, an `int64_param` of 0 \
             or more"
        );
    };
    check(ParameterChoice::Int64Param(-1));
    check(ParameterChoice::StringParam("3".into()));
}

#[test]
fn shared_memory_is_not_supported() {
    let region = ParameterChoice::StringParam("region".into());
    let mut x = input("x", "FP32", &[1]);
    x.parameters.insert("shared_memory_region".into(), parameter(region.clone()));
    let output = asking("y", "shared_memory_region", region).encode_to_vec();
    for (sent, tensor) in [(message(vec![x], &[]), "input `x`"), (output, "output `y`")] {
        let error = decode(&sent, None).expect_err("shared memory");
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert_eq!(
            error.message(),
            format!("{tensor}: expected the tensor in the message, got a region of shared memory")
        );
    }
}

#[test]
fn parameters_and_outputs_are_bounded() {
    let entry =
        (0..=ITEMS_MAX).map(|n| (n.to_string(), parameter(ParameterChoice::BoolParam(true))));
    let sent = ModelInferRequest { parameters: entry.collect(), ..Default::default() };
    assert_eq!(refusal(&sent.encode_to_vec(), None), "expected at most 1024 parameters");
    let outputs = vec![InferRequestedOutputTensor::default(); ITEMS_MAX + 1];
    let sent = ModelInferRequest { outputs, ..Default::default() };
    assert_eq!(refusal(&sent.encode_to_vec(), None), "expected at most 1024 outputs");
}

#[test]
fn the_last_of_two_fields_counts() {
    let twice = b"\x0a\x01a\x1a\x011\x0a\x01b\x1a\x012";
    assert_eq!(target(twice).expect("a target"), Target { model: "b", version: "", id: "2" });
    assert!(target(b"\x0a\x01\xff").is_err());
    assert!(target(b"\x0a\x05a").is_err());
}
