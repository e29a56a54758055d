//! How models get onto engines: what `check` tells of them and what it tells to try, the trial in a
//! process of its own, and a model's own test data.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::grpc::Client;
use crate::support::http::Request;
use crate::support::model_file;
use crate::support::process::Start;
use crate::support::proto;

const MODELS: [&str; 5] = ["iris", "iris-names", "digits-cnn", "digits-mlp", "two-inputs"];

fn check(model: &str) -> Value {
    let path = model_file(model, "model.onnx");
    let path = path.to_str().expect("test paths are UTF-8");
    let outcome = Start::default().args(["check", path, "-o", "json"]).run();
    assert_eq!(outcome.code, Some(0), "{model}: {}", outcome.stderr);
    serde_json::from_str(&outcome.stdout).expect("check prints JSON")
}

#[test]
fn what_check_tells_to_try_works_in_every_protocol() {
    for model in MODELS {
        let report = check(model);
        let server = Start::serve(model_file(model, "model.onnx")).start();
        let examples = report["examples"].as_array().expect("a list");
        assert_eq!(examples.len(), 6, "{model}");
        for example in examples {
            let text = |field: &str| example[field].as_str().expect("a text");
            let (target, body) = (text("target"), text("body"));
            if text("transport") == "REST" {
                let reply = server.send(&Request::json(target, body));
                assert_eq!(reply.status, 200, "{model}: {target}: {body}: {}", reply.text());
                continue;
            }
            let path = format!("/{target}");
            let content = serde_json::from_str(body).expect("the example is JSON");
            let request = proto::request_of(&path).expect("it is a method of ours");
            let answer =
                Client::connect(server.grpc).unary(&path, &proto::encode(&request, &content));
            assert_eq!(answer.status_name(), "OK", "{model}: {target}: {body}: {answer:?}");
        }
    }
}

#[test]
fn check_tells_that_convolutions_want_the_image_with_onnx_runtime() {
    let image = &check("digits-cnn")["image"];
    let text = |field: &str| image[field].as_str().expect("a text").to_owned();
    assert!(
        text("flavour").starts_with("radiant:") && text("flavour").ends_with("-ort"),
        "{image}"
    );
    assert!(text("reason").contains("convolution"), "{image}");
}

#[test]
fn check_tells_what_is_in_the_model_and_what_it_costs() {
    let report = check("digits-mlp");
    assert_eq!(report["schema"], "radiant/check/v2");
    assert_eq!(report["image"]["flavour"], "radiant");
    assert_eq!(report["operators"]["Gemm"]["count"], 2);
    assert_eq!(report["operators"]["Gemm"]["engine"], report["engine"]);
    assert_eq!(report["parameters"], 64 * 32 + 32 + 32 * 10 + 10);
    assert_eq!(report["weights"]["bytes"], 4 * (64 * 32 + 32 + 32 * 10 + 10));
    assert_eq!(
        (&report["weights"]["copies"], &report["weights"]["copies_max"]),
        (&1.into(), &1.into())
    );
    let rows: Vec<_> = report["costs"]["runs"].as_array().expect("a list").iter().collect();
    assert_eq!(
        rows.iter().map(|run| run["rows"].as_u64()).collect::<Vec<_>>(),
        [Some(1), Some(8), Some(64)]
    );
    let others = report["other_engines"].as_object().expect("an object");
    assert_eq!(others.len(), 3, "{others:?}");
    assert!(!others.contains_key(report["engine"].as_str().expect("a name")));
}

/// Loads the iris model again while it is served.
fn reload(arguments: &[&str]) -> (u16, String) {
    let server =
        Start::serve(model_file("iris", "model.onnx")).args(arguments.iter().copied()).start();
    let reply = server.send(&Request::json("/v2/repository/models/model/load", ""));
    assert!(server.is_ready() || reply.status != 200, "{}", reply.text());
    let still = server.send(&Request::json("/predict", r#"{"data":{"ndarray":[[6,3,5,2]]}}"#));
    assert_eq!(still.status, 200, "what was served is served still: {}", still.text());
    (reply.status, reply.text().to_owned())
}

#[test]
fn a_model_loaded_beside_a_served_one_is_tried_out_first() {
    let (status, text) = reload(&["--name", "model"]);
    assert_eq!(status, 200, "{text}");
    // No process ends in a millisecond: only a trial can have failed of that.
    let (status, text) = reload(&["--name", "model", "--load-timeout", "1ms"]);
    assert_ne!(status, 200);
    assert!(text.contains("process of its own"), "{text}");
    let (status, text) =
        reload(&["--name", "model", "--load-timeout", "1ms", "--load-isolated", "never"]);
    assert_eq!(status, 200, "{text}");
}

#[test]
fn a_trial_that_takes_too_long_is_ended() {
    let path = model_file("iris", "model.onnx");
    let path = path.to_str().expect("test paths are UTF-8");
    let arguments = ["serve", path, "--load-isolated", "always", "--load-timeout", "1ms"];
    let outcome = Start::default().args(arguments).free_ports().run();
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("did not load and run within 0.001 s"), "{}", outcome.stderr);
}

#[test]
fn a_trial_tells_what_the_engine_says() {
    let path = model_file("iris", "make.py");
    let path = path.to_str().expect("test paths are UTF-8");
    let arguments = ["serve", path, "--load-isolated", "always"];
    let outcome = Start::default().args(arguments).free_ports().run();
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("not an ONNX model"), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("crashed"), "{}", outcome.stderr);
}

/// The bytes of a `TensorProto` of FP32 or INT64 in raw form (onnx.proto: dims 1, data_type 2,
/// raw_data 9); all lengths are below 128.
fn tensor(dims: &[u8], data_type: u8, raw: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for dim in dims {
        bytes.extend([0x08, *dim]);
    }
    bytes.extend([0x10, data_type, 0x4a, u8::try_from(raw.len()).expect("it is short")]);
    bytes.extend(raw);
    bytes
}

/// The iris model with one set of test data that expects this label.
fn with_test_data(label: i64) -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    let set = folder.path().join("test_data_set_0");
    fs::create_dir(&set).expect("a folder can be made");
    let copy = folder.path().join("model.onnx");
    fs::copy(model_file("iris", "model.onnx"), copy).expect("the model can be copied");
    let flower: Vec<u8> = [6.0_f32, 3.0, 5.0, 2.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    let probabilities = check_row();
    let probabilities: Vec<u8> = probabilities.iter().flat_map(|x| x.to_le_bytes()).collect();
    for (name, bytes) in [
        ("input_0.pb", tensor(&[1, 4], 1, &flower)),
        ("output_0.pb", tensor(&[1], 7, &label.to_le_bytes())),
        ("output_1.pb", tensor(&[1, 3], 1, &probabilities)),
    ] {
        fs::write(set.join(name), bytes).expect("a file can be written");
    }
    folder
}

/// What the server answers for that row.
fn check_row() -> Vec<f32> {
    let server = Start::serve(model_file("iris", "model.onnx")).start();
    let reply = server.send(&Request::json("/predict", r#"{"data":{"ndarray":[[6,3,5,2]]}}"#));
    let json: Value = serde_json::from_str(reply.text()).expect("the reply is JSON");
    let row = json["data"]["ndarray"][0].as_array().expect("a row");
    #[expect(clippy::cast_possible_truncation, reason = "they were single precision")]
    row.iter().map(|x| x.as_f64().expect("a number") as f32).collect()
}

fn verify(folder: &Path) -> (Option<i32>, String) {
    let path = folder.to_str().expect("test paths are UTF-8");
    let outcome = Start::default().args(["check", path, "--verify"]).run();
    (outcome.code, outcome.stdout + &outcome.stderr)
}

#[test]
fn test_data_beside_a_model_must_be_answered() {
    let (code, text) = verify(with_test_data(2).path());
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("test data   1 passed"), "{text}");
    let wrong = with_test_data(1);
    let (code, text) = verify(wrong.path());
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("output `output_label`") && text.contains("test_data_set_0"), "{text}");
    let path = wrong.path().to_str().expect("test paths are UTF-8");
    let outcome = Start::serve(path).args(["--verify"]).run();
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("does not pass its test data"), "{}", outcome.stderr);
}

#[test]
fn an_example_of_mlflow_must_run() {
    let folder = TempDir::new().expect("a temporary folder");
    let copy = folder.path().join("model.onnx");
    fs::copy(model_file("iris", "model.onnx"), copy).expect("the model can be copied");
    let write =
        |text: &str| fs::write(folder.path().join("input_example.json"), text).expect("a file");
    write(r#"{"columns": ["a", "b", "c", "d"], "data": [[6, 3, 5, 2]]}"#);
    assert_eq!(verify(folder.path()).0, Some(0));
    write(r#"{"inputs": [[6, 3]]}"#);
    let (code, text) = verify(folder.path());
    assert_eq!(code, Some(1));
    assert!(text.contains("expected FP32 [-1, 4], got FP32 [1, 2]"), "{text}");
}
