//! Status, metadata, errors and version numbers.

use prost::Message as _;
use radiant_core::{Blame, DType, Error, ErrorKind, Signature};
use serde_json::{Value, json};

use super::spec;
use crate::pb::tensorflow::DataType;
use crate::pb::tensorflow::serving as pb;
use crate::pb::tensorflow::serving::model_spec::VersionChoice;
use crate::tfs::{
    State, VersionStatus, check_metadata_request, encode_error, http_status, metadata_json,
    metadata_message, models_json, status_json, status_message, version_number,
};

fn parsed(out: &[u8]) -> Value {
    serde_json::from_slice(out).expect("is JSON")
}

fn versions() -> [VersionStatus<'static>; 3] {
    [
        VersionStatus { version: "v12", state: State::Available, error: None },
        VersionStatus { version: "2", state: State::End, error: Some("no \"file\"") },
        VersionStatus { version: "main", state: State::Loading, error: None },
    ]
}

#[test]
fn the_status_serves_both_protocols() {
    let mut out = Vec::new();
    status_json(&mut out, "m\"x", true, &versions());
    let ok = json!({"error_code": "OK", "error_message": ""});
    let failed = json!({"error_code": "INTERNAL", "error_message": "no \"file\""});
    assert_eq!(
        parsed(&out),
        json!({"name": "m\"x", "ready": true, "model_version_status": [
            {"version": "12", "state": "AVAILABLE", "status": ok},
            {"version": "2", "state": "END", "status": failed},
            {"version": "main", "state": "LOADING", "status": ok},
        ]})
    );
    let message = status_message(&versions()).model_version_status;
    let numbers: Vec<_> = message.iter().map(|status| (status.version, status.state)).collect();
    assert_eq!(numbers, [(12, 30), (2, 50), (0, 20)]);
    let failed = message[1].status.as_ref().expect("has a status");
    assert_eq!((failed.error_code, failed.error_message.as_str()), (13, "no \"file\""));

    out.clear();
    models_json(&mut out, ["a", "b"]);
    assert_eq!(out, br#"{"models":["a","b"]}"#);
    out.clear();
    status_json(&mut out, "m", false, &[]);
    assert_eq!(parsed(&out), json!({"name": "m", "ready": false, "model_version_status": []}));
}

#[test]
fn the_metadata_is_a_signature_of_tensorflow() {
    let inputs = vec![spec("x", DType::F32, &[-1, 4]), spec("t", DType::Bytes, &[])];
    let signature = Signature::new(inputs, vec![spec("y", DType::I64, &[-1])]);
    let mut out = Vec::new();
    metadata_json(&mut out, "iris", Some(3), Some(&signature));
    let info = |name: &str, dtype: &str, sizes: &[&str]| {
        let dim: Vec<_> = sizes.iter().map(|size| json!({"size": size, "name": ""})).collect();
        let tensor_shape = json!({"dim": dim, "unknown_rank": false});
        json!({"dtype": dtype, "tensor_shape": tensor_shape, "name": name})
    };
    let definition = json!({
        "inputs": {"x": info("x", "DT_FLOAT", &["-1", "4"]), "t": info("t", "DT_STRING", &[])},
        "outputs": {"y": info("y", "DT_INT64", &["-1"])},
        "method_name": "tensorflow/serving/predict",
    });
    assert_eq!(
        parsed(&out),
        json!({
            "model_spec": {"name": "iris", "signature_name": "", "version": "3"},
            "metadata": {"signature_def": {"signature_def": {"serving_default": definition}}},
        })
    );

    let message = metadata_message("iris", Some(3), Some(&signature));
    let model_spec = message.model_spec.expect("has a model");
    assert_eq!(model_spec.version_choice, Some(VersionChoice::Version(3)));
    let any = message.metadata.get("signature_def").expect("is what there is");
    assert_eq!(any.type_url, "type.googleapis.com/tensorflow.serving.SignatureDefMap");
    let map = pb::SignatureDefMap::decode(&any.value[..]).expect("is of its type");
    let definition = map.signature_def.get("serving_default").expect("the default");
    assert_eq!(definition.method_name, "tensorflow/serving/predict");
    let x = definition.inputs.get("x").expect("the input");
    assert_eq!(x.dtype(), DataType::DtFloat);
    let sizes: Vec<_> =
        x.tensor_shape.as_ref().expect("a shape").dim.iter().map(|dim| dim.size).collect();
    assert_eq!((sizes, definition.inputs.len(), definition.outputs.len()), (vec![-1, 4], 2, 1));
}

#[test]
fn a_model_without_a_signature_has_metadata_without_tensors() {
    let mut out = Vec::new();
    metadata_json(&mut out, "m", None, None);
    let metadata = parsed(&out);
    let path = "/metadata/signature_def/signature_def/serving_default/inputs";
    assert_eq!(metadata.pointer(path), Some(&json!({})));
    assert_eq!(metadata.pointer("/model_spec/version"), Some(&json!("")));
    assert_eq!(metadata_message("m", None, None).metadata.len(), 1);
}

#[test]
fn metadata_other_than_the_signature_is_refused() {
    let request = |fields: &[&str]| pb::GetModelMetadataRequest {
        metadata_field: fields.iter().map(|&field| field.to_owned()).collect(),
        ..pb::GetModelMetadataRequest::default()
    };
    assert!(check_metadata_request(&request(&["signature_def"])).is_ok());
    for (fields, got) in [(&[][..], "got none"), (&["signature_def", "graph"], "got `graph`")] {
        let error = check_metadata_request(&request(fields)).expect_err(got);
        assert!(error.message().ends_with(got), "{error}");
    }
}

#[test]
fn errors_are_an_object_with_their_text() {
    let mut out = Vec::new();
    encode_error(&mut out, "input `x`: \"1\"");
    assert_eq!(out, br#"{"error":"input `x`: \"1\""}"#);
    assert_eq!(http_status(ErrorKind::Unsupported), 501);
    for kind in ErrorKind::ALL {
        let client = Error::new(kind, "").blame() == Blame::Client;
        let expected = client && kind != ErrorKind::Unsupported;
        assert_eq!(http_status(kind) < 500, expected, "{kind:?}");
    }
}

#[test]
fn version_numbers_are_digits_behind_a_v_or_nothing() {
    for (version, number) in [
        ("1", Some(1)),
        ("v12", Some(12)),
        ("007", Some(7)),
        ("9223372036854775807", Some(i64::MAX)),
    ] {
        assert_eq!(version_number(version), number, "{version}");
    }
    for version in ["", "v", "vv1", "-1", "+1", "1.0", "1a", "main", "9223372036854775808"] {
        assert_eq!(version_number(version), None, "{version}");
    }
}
