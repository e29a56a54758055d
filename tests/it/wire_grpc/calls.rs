//! V2 calls with one message: the code of each mistake, and the form of each answer.

use serde_json::{Value, json};

use super::{INFER, assert_code, content, start, two_numbers, v2};
use crate::support::grpc::Client;

#[test]
fn each_mistake_in_a_request_has_its_code() {
    let server = start(&[]);
    let mut client = Client::connect(server.grpc);
    for (code, what, place, value) in [
        ("NOT_FOUND", "an unknown model", "/model_name", json!("nope")),
        ("NOT_FOUND", "no model", "/model_name", json!("")),
        ("NOT_FOUND", "an unknown version", "/model_version", json!("9")),
        ("INVALID_ARGUMENT", "no inputs", "/inputs", json!([])),
        ("INVALID_ARGUMENT", "an unknown input", "/inputs/0/name", json!("y")),
        ("INVALID_ARGUMENT", "an unknown datatype", "/inputs/0/datatype", json!("FLOAT")),
        ("INVALID_ARGUMENT", "a datatype in small letters", "/inputs/0/datatype", json!("fp32")),
        ("INVALID_ARGUMENT", "no datatype", "/inputs/0/datatype", json!("")),
        ("INVALID_ARGUMENT", "another datatype", "/inputs/0/datatype", json!("FP64")),
        ("INVALID_ARGUMENT", "another rank", "/inputs/0/shape", json!([1, 2])),
        ("INVALID_ARGUMENT", "an extent below zero", "/inputs/0/shape", json!([-2])),
        ("INVALID_ARGUMENT", "a shape beyond counting", "/inputs/0/shape", json!([i64::MAX, 4])),
        ("INVALID_ARGUMENT", "too few elements", "/inputs/0/shape", json!([3])),
        ("INVALID_ARGUMENT", "no elements", "/inputs/0/contents", json!({})),
        (
            "INVALID_ARGUMENT",
            "another field",
            "/inputs/0/contents",
            json!({"fp64_contents": [1, 2]}),
        ),
        ("INVALID_ARGUMENT", "two fields", "/inputs/0/contents/int_contents", json!([1, 2])),
        ("INVALID_ARGUMENT", "an unknown output", "/outputs", json!([{"name": "nope"}])),
        ("INVALID_ARGUMENT", "typed and raw", "/raw_input_contents", json!(["AADAPwAAIEA="])),
    ] {
        let mut request = two_numbers();
        set(&mut request, place, value);
        assert_code(&v2(&mut client, "ModelInfer", &request), code, what);
    }
    let mut twice = two_numbers();
    let again = twice.pointer("/inputs/0").expect("an input").clone();
    twice["inputs"].as_array_mut().expect("a list").push(again);
    assert_code(&v2(&mut client, "ModelInfer", &twice), "INVALID_ARGUMENT", "an input twice");
    assert_eq!(v2(&mut client, "ModelInfer", &two_numbers()).status_name(), "OK");
}

/// Puts a value at a place whose parent is there.
fn set(request: &mut Value, place: &str, value: Value) {
    let (parent, name) = place.rsplit_once('/').expect("a place");
    request.pointer_mut(parent).expect("the parent")[name] = value;
}

#[test]
fn raw_contents_must_be_as_many_and_as_long_as_the_inputs_say() {
    let server = start(&["bytes=builtin:identity1-bytes"]);
    let mut client = Client::connect(server.grpc);
    let full = "AADAPwAAIEA=";
    for (what, model, datatype, raw) in [
        ("too short", "fp32", "FP32", vec!["AADA"]),
        ("too long", "fp32", "FP32", vec!["AADAPwAAIEAAACBA"]),
        ("too few", "fp32", "FP32", vec![]),
        ("too many", "fp32", "FP32", vec![full, full]),
        ("a string that is shorter than it says", "bytes", "BYTES", vec!["CQAAAGFi"]),
        ("half a length of a string", "bytes", "BYTES", vec!["CQA="]),
    ] {
        let request = json!({
            "model_name": model,
            "inputs": [{"name": "x", "datatype": datatype, "shape": [2]}],
            "raw_input_contents": raw,
        });
        assert_code(&v2(&mut client, "ModelInfer", &request), "INVALID_ARGUMENT", what);
    }
}

#[test]
fn what_a_model_fails_on_and_what_nobody_answers_have_their_codes() {
    let server = start(&["failing=builtin:failing"]);
    let mut client = Client::connect(server.grpc);
    for (what, value) in [("a model that fails", 2.0), ("a model that panics", 1.0)] {
        let mut request = two_numbers();
        set(&mut request, "/model_name", json!("failing"));
        set(&mut request, "/inputs/0/shape", json!([1]));
        set(&mut request, "/inputs/0/contents", json!({"fp32_contents": [value]}));
        assert_code(&v2(&mut client, "ModelInfer", &request), "INTERNAL", what);
    }
    for path in [
        "/inference.GRPCInferenceService/Nope",
        "/no.Such/Service",
        "/inference.GRPCInferenceService/SystemSharedMemoryRegister",
        "/tensorflow.serving.PredictionService/Classify",
        "/seldon.protos.Seldon/GraphMetadata",
    ] {
        assert_code(&client.unary(path, b""), "UNIMPLEMENTED", path);
    }
    assert_code(&client.unary(INFER, b"\xff\xff\xff\xff"), "INVALID_ARGUMENT", "no protobuf");
}

#[test]
fn answers_have_the_form_of_their_requests() {
    let server = start(&["fp16=builtin:identity1-fp16"]);
    let mut client = Client::connect(server.grpc);
    let typed = content(INFER, &v2(&mut client, "ModelInfer", &two_numbers()));
    assert_eq!(typed["outputs"][0]["contents"], json!({"fp32_contents": [1.5, 2.5]}));
    assert_eq!(typed.get("raw_output_contents"), None);
    assert_eq!(typed.get("id"), None, "an id is made over REST only");
    let raw = json!({
        "model_name": "fp32",
        "id": "7",
        "inputs": [{"name": "x", "datatype": "FP32", "shape": [2]}],
        "raw_input_contents": ["AADAPwAAIEA="],
    });
    let raw = content(INFER, &v2(&mut client, "ModelInfer", &raw));
    assert_eq!(raw["raw_output_contents"], json!(["AADAPwAAIEA="]));
    assert_eq!((raw["outputs"][0].get("contents"), &raw["id"]), (None, &json!("7")));
    let empty = json!({
        "model_name": "fp16",
        "inputs": [{"name": "x", "datatype": "FP16", "shape": [0]}],
        "raw_input_contents": [""],
    });
    let empty = content(INFER, &v2(&mut client, "ModelInfer", &empty));
    assert_eq!(empty["raw_output_contents"], json!([""]), "an empty tensor has its entry");
}

#[test]
fn what_is_told_of_server_and_models_is_true() {
    let server = start(&["iris=builtin:triton-iris"]);
    let mut client = Client::connect(server.grpc);
    let mut ask = |method: &str, request: Value| {
        let path = format!("/inference.GRPCInferenceService/{method}");
        content(&path, &v2(&mut client, method, &request))
    };
    assert_eq!(ask("ServerLive", json!({})), json!({"live": true}));
    assert_eq!(ask("ServerReady", json!({})), json!({"ready": true}));
    assert_eq!(ask("ModelReady", json!({"name": "iris"})), json!({"ready": true}));
    assert_eq!(ask("ModelReady", json!({"name": "nope"})), json!({}), "not ready, and no failure");
    assert_eq!(ask("ServerMetadata", json!({}))["name"], "radiant");
    let metadata = ask("ModelMetadata", json!({"name": "iris"}));
    assert_eq!(
        metadata["inputs"],
        json!([{"name": "predict", "datatype": "FP32", "shape": ["-1", "4"]}])
    );
    let config = ask("ModelConfig", json!({"name": "iris"}));
    assert_eq!(config["config"]["output"][1]["data_type"], "TYPE_FP64");
    assert_eq!(ask("SystemSharedMemoryStatus", json!({})), json!({}));
    assert_eq!(
        ask("TraceSetting", json!({}))["settings"]["trace_level"],
        json!({"value": ["OFF"]})
    );
    assert!(ask("LogSettings", json!({}))["settings"].get("log_info").is_some());
    ask("ModelInfer", two_numbers());
    let statistics = ask("ModelStatistics", json!({"name": "fp32"}));
    assert_eq!(statistics["model_stats"][0]["execution_count"], "1");
    assert_eq!(statistics["model_stats"][0]["inference_stats"]["success"]["count"], "1");
}

#[test]
fn models_are_unloaded_and_loaded_by_either_layout() {
    let server = start(&["other=builtin:identity1-fp32"]);
    let mut client = Client::connect(server.grpc);
    let request = {
        let mut request = two_numbers();
        request["model_name"] = "other".into();
        request
    };
    // Triton's clients name the model in the second field, KServe's in the first.
    for field in ["model_name", "repository_name"] {
        for (method, ready) in
            [("RepositoryModelUnload", json!({})), ("RepositoryModelLoad", json!({"ready": true}))]
        {
            let done = v2(&mut client, method, &json!({field: "other"}));
            assert_eq!(done.status_name(), "OK", "{method} {field}: {}", done.message);
            assert_eq!(&done.only()[..7], b"\x0a\x05other", "{method} {field}");
            let path = "/inference.GRPCInferenceService/ModelReady";
            let now = content(path, &v2(&mut client, "ModelReady", &json!({"name": "other"})));
            assert_eq!(now, ready, "{method} {field}");
            let code = if ready == json!({}) { "UNAVAILABLE" } else { "OK" };
            assert_eq!(v2(&mut client, "ModelInfer", &request).status_name(), code, "{method}");
        }
    }
    assert_code(
        &v2(&mut client, "RepositoryModelLoad", &json!({"model_name": "nope"})),
        "NOT_FOUND",
        "load",
    );
    let path = "/inference.model_repository.ModelRepositoryService/RepositoryIndex";
    let index = client.unary(path, b"");
    let inference = "/inference.GRPCInferenceService/RepositoryIndex";
    assert_eq!(content(inference, &index)["models"][0]["state"], "READY", "MLServer's service");
}
