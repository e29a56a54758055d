//! `PredictRequest` and `PredictResponse`, beside what prost makes of them.

use std::sync::Arc;

use proptest::prelude::*;
use prost::Message as _;
use radiant_core::{DType, Error, Form, Tensor, TensorSpec};

use super::spec;
use crate::pb::tensorflow::TensorProto;
use crate::pb::tensorflow::serving as pb;
use crate::pb::tensorflow::serving::model_spec::VersionChoice;
use crate::tf::tests::tensor;
use crate::tfs::{ModelSpec, Request, decode_proto, encode_proto, target};
use crate::{Inputs, Limits, tf};

fn proto(tensor: &Tensor) -> TensorProto {
    let mut out = Vec::new();
    tf::encode(&mut out, tensor);
    TensorProto::decode(&out[..]).expect("is a TensorProto")
}

fn message(inputs: &[Tensor]) -> pb::PredictRequest {
    let model_spec = pb::ModelSpec {
        name: "iris".to_owned(),
        signature_name: "serving_default".to_owned(),
        version_choice: Some(VersionChoice::Version(3)),
    };
    pb::PredictRequest {
        model_spec: Some(model_spec),
        inputs: inputs.iter().map(|input| (input.name.to_string(), proto(input))).collect(),
        output_filter: vec!["y".to_owned(), "z".to_owned()],
    }
}

fn read(message: &[u8], specs: Option<&[TensorSpec]>) -> Result<(Request, Vec<Tensor>), Error> {
    let mut request = Request { outputs: vec!["old".to_owned()], ..Request::default() };
    let mut inputs = vec![Tensor::new("old", &[1], vec![1_i64]); 3];
    decode_proto(message, specs.into(), &Limits::default(), &mut request, &mut inputs)?;
    Ok((request, inputs))
}

#[track_caller]
fn refuse(message: &pb::PredictRequest, specs: &[TensorSpec], expected: &str) {
    let error = read(&message.encode_to_vec(), Some(specs)).expect_err("is refused");
    assert_eq!(error.message(), expected);
}

fn x() -> Tensor {
    Tensor::new("x", &[1, 2], vec![1.5_f32, 2.5])
}

#[test]
fn the_target_is_read_from_any_request() {
    let message = message(&[x()]).encode_to_vec();
    let expected = ModelSpec {
        name: "iris",
        version: Some(3),
        version_label: "",
        signature_name: "serving_default",
    };
    assert_eq!(target(&message).expect("has a target"), expected);
    let model_spec = pb::ModelSpec {
        name: "m".to_owned(),
        version_choice: Some(VersionChoice::VersionLabel("stable".to_owned())),
        ..pb::ModelSpec::default()
    };
    let message = pb::GetModelStatusRequest { model_spec: Some(model_spec) }.encode_to_vec();
    let expected = ModelSpec { name: "m", version_label: "stable", ..ModelSpec::default() };
    assert_eq!(target(&message).expect("has a target"), expected);
    let model_spec =
        pb::ModelSpec { version_choice: Some(VersionChoice::Version(0)), ..<_>::default() };
    let message = pb::GetModelMetadataRequest { model_spec: Some(model_spec), ..<_>::default() };
    let got = target(&message.encode_to_vec()).map(|spec| spec.version);
    assert_eq!(got.expect("has a target"), Some(0));
    assert_eq!(target(&[]).expect("has no target"), ModelSpec::default());
    assert!(target(&[0x0A, 5, 0x0A]).is_err());
}

#[test]
fn inputs_come_in_the_order_of_the_signature() {
    let b = Tensor::strings("b", &[2], ["u", "v"].into_iter().collect());
    let message = message(&[b.clone(), x()]).encode_to_vec();
    let specs = [spec("x", DType::F32, &[-1, 2]), spec("b", DType::Bytes, &[-1])];
    let (request, inputs) = read(&message, Some(&specs)).expect("decodes");
    assert_eq!(inputs, [x(), b]);
    assert_eq!(request.outputs, ["y", "z"]);
    assert_eq!(request.signature_name, "serving_default");
    let (_, inputs) = read(&message, None).expect("decodes");
    assert_eq!(inputs.len(), 2);
    assert!(inputs.contains(&x()));
}

#[test]
fn inputs_that_do_not_fit_are_refused() {
    let specs = [spec("x", DType::F64, &[-1, 4])];
    let expected = "input `x`: expected FP64 [-1, 4], got FP32 [1, 2]";
    refuse(&message(&[x()]), &specs, expected);
    let specs = [spec("x", DType::F32, &[-1, 2]), spec("b", DType::Bytes, &[-1])];
    refuse(
        &message(&[x()]),
        &specs,
        "input `b` is missing: expected `x` FP32 [-1, 2], `b` BYTES [-1]",
    );
    let other = Tensor { name: "y".into(), ..x() };
    let expected = "input `y`: the model has no such input: expected `x` FP32 [-1, 2]";
    refuse(&message(&[other]), &specs[..1], expected);
    let mut twice = message(&[x()]).encode_to_vec();
    twice.extend_from_slice(&message(&[x()]).encode_to_vec());
    for specs in [None, Some(&specs[..])] {
        let error = read(&twice, specs).expect_err("comes twice");
        assert_eq!(error.message(), "input `x`: expected it once, got it twice");
    }
    let mut wrong = message(&[x()]);
    for tensor in wrong.inputs.values_mut() {
        tensor.tensor_content = vec![0; 3].into();
    }
    refuse(&wrong, &specs[..1], "input `x`: `tensor_content`: expected 8 bytes, got 3");
}

#[test]
fn short_lists_of_all_inputs_are_filled_from_one_purse() {
    let zeros = |name: &str| {
        let dims = [Some(1 << 19)].map(|size| crate::pb::tensorflow::tensor_shape_proto::Dim {
            size: size.unwrap_or(0),
            name: String::new(),
        });
        let shape =
            crate::pb::tensorflow::TensorShapeProto { dim: dims.into(), unknown_rank: false };
        let tensor = TensorProto { dtype: 1, tensor_shape: Some(shape), ..TensorProto::default() };
        (name.to_owned(), tensor)
    };
    let names = ["a", "b", "c"];
    let message = |n: usize| {
        let inputs = names.iter().take(n).map(|name| zeros(name)).collect();
        pb::PredictRequest { inputs, ..pb::PredictRequest::default() }.encode_to_vec()
    };
    assert!(read(&message(2), None).is_ok());
    let error = read(&message(3), None).expect_err("2^20 elements are enough");
    assert!(error.message().contains("`float_val`: expected 524288 elements"), "{error}");
}

#[test]
fn the_response_tells_the_version_and_the_signature() {
    let mut out = Vec::new();
    encode_proto(&mut out, "iris", Some(0), &Request::default(), &[x()]);
    let response = pb::PredictResponse::decode(&out[..]).expect("is a response");
    let model_spec = pb::ModelSpec {
        name: "iris".to_owned(),
        signature_name: "serving_default".to_owned(),
        version_choice: Some(VersionChoice::Version(0)),
    };
    assert_eq!(response.model_spec, Some(model_spec));
    let float_val = &response.outputs.get("x").expect("the output").float_val;
    assert_eq!(float_val, &[1.5, 2.5]);
}

#[test]
fn columns_of_a_table_without_names_cannot_come_in_a_map() {
    let specs = [spec("a", DType::F64, &[-1, 2])];
    let tensors = ["z", "a"].map(|name| Tensor { name: name.into(), ..x() });
    let message = message(&tensors).encode_to_vec();
    let read = |form| {
        let (mut request, mut inputs) = (Request::default(), Vec::new());
        let expected = Inputs::Table { form, specs: &specs };
        decode_proto(&message, expected, &Limits::default(), &mut request, &mut inputs)
            .map(|()| inputs.len())
            .map_err(|error| error.message().to_owned())
    };
    assert_eq!(read(Form::Frame), Ok(2));
    assert!(read(Form::Matrix).expect_err("has no order").ends_with("have no order"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_prost_writes_is_read_and_what_is_written_prost_reads(a in tensor(), b in tensor()) {
        let tensors = [Tensor { name: "a".into(), ..a }, Tensor { name: "b".into(), ..b }];
        let specs = tensors.each_ref().map(|tensor| spec(&tensor.name, tensor.dtype(), &[]));
        let (_, inputs) = read(&message(&tensors).encode_to_vec(), Some(&specs)).unwrap();
        prop_assert_eq!(&inputs[..], &tensors);

        let mut out = Vec::new();
        encode_proto(&mut out, "m", None, &Request::default(), &tensors);
        let response = pb::PredictResponse::decode(&out[..]).unwrap();
        prop_assert_eq!(response.encoded_len(), out.len());
        for tensor in &tensors {
            let message = response.outputs[&*tensor.name].encode_to_vec();
            let mut got = Tensor { name: Arc::clone(&tensor.name), ..Tensor::default() };
            tf::decode(&message, &Limits::default(), &mut got.shape, &mut got.data).unwrap();
            prop_assert_eq!(&got, tensor);
        }
    }

    #[test]
    fn cut_and_changed_messages_never_panic(
        a in tensor(),
        at in any::<prop::sample::Index>(),
        byte: u8,
    ) {
        let a = Tensor { name: "a".into(), ..a };
        let mut bytes = message(&[a]).encode_to_vec();
        let at = at.index(bytes.len());
        drop(read(&bytes[..at], None));
        drop(target(&bytes[..at]));
        bytes[at] = byte;
        drop(target(&bytes));
        if let Ok((_, inputs)) = read(&bytes, None) {
            for input in inputs {
                prop_assert_eq!(input.shape.n_elements(), Ok(input.data.len()));
            }
        }
    }
}
