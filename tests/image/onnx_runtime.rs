//! The flavour with ONNX Runtime: a net of convolutions is run by it, and the default says that it cannot.

use std::fs;
use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::container::Launch;
use crate::model::put;
use crate::parts::{self, folder};
use crate::podman::pull;
use crate::support::http::Request;
use crate::support::model_file;

/// A net of convolutions, whose answers were written by ONNX Runtime itself.
const NET: &str = "digits-cnn";
/// How far an answer may be from those: another machine may sum in another order.
const APART: f64 = 1e-5;

/// The image with ONNX Runtime, which is loaded once.
static IMAGE: LazyLock<String> = LazyLock::new(|| pull(&parts::layout_with_onnx_runtime()));

fn net() -> tempfile::TempDir {
    let folder = folder();
    let bytes = fs::read(model_file(NET, "model.onnx")).expect("a bundled model");
    put(folder.path(), "model.onnx", &bytes);
    folder
}

/// Asks for all rows of the net's examples, and compares.
#[track_caller]
fn check_digits(server: &crate::container::Server) {
    let examples = fs::read(model_file(NET, "expected.json")).expect("a bundled model");
    let examples: Value = serde_json::from_slice(&examples).expect("it is JSON");
    let (image, wanted) = (&examples["inputs"]["image"], &examples["outputs"]["probabilities"]);
    let input = json!({
        "name": "image", "datatype": "FP32", "shape": image["shape"], "data": image["values"],
    });
    let body = json!({ "inputs": [input] }).to_string();
    let reply = server.send(&Request::json("/v2/models/digits/infer", body));
    assert_eq!(reply.status, 200, "{}", reply.text());
    let answer: Value = serde_json::from_str(reply.text()).expect("it is JSON");
    let output = &answer["outputs"][0];
    assert_eq!((&output["name"], &output["shape"]), (&json!("probabilities"), &wanted["shape"]));
    let numbers = |value: &Value| -> Vec<f64> {
        let values = value.as_array().expect("a list").iter();
        values.map(|number| number.as_f64().expect("a number")).collect()
    };
    let (got, wanted) = (numbers(&output["data"]), numbers(&wanted["values"]));
    assert_eq!(got.len(), wanted.len());
    for (idx, (got, wanted)) in got.iter().zip(&wanted).enumerate() {
        assert!((got - wanted).abs() < APART, "{idx}: expected {wanted}, got {got}");
    }
}

#[test]
#[ignore = "needs an image: `.ci/run image`"]
fn convolutions_are_run_by_onnx_runtime_asked_for_or_not() {
    let models = net();
    for engine in ["auto", "ort"] {
        let launch = Launch::image(&IMAGE).env("RADIANT_ENGINE", engine);
        let launch = launch.env("RADIANT_NAME", "digits").mount(models.path(), "/mnt/models");
        let server = launch.serve();
        check_digits(&server);
        let logs = server.container.logs();
        assert!(logs.contains(r#"engine="ort""#), "{engine}: {logs}");
    }
}

#[test]
#[ignore = "needs an image: `.ci/run image`"]
fn the_default_flavour_says_which_one_has_onnx_runtime() {
    let models = net();
    let launch = Launch::new().env("RADIANT_ENGINE", "ort").mount(models.path(), "/mnt/models");
    let (_, outcome) = launch.run();
    outcome.says(1, &["no engine `ort`", "`-ort`"]);
}

#[test]
#[ignore = "needs an image: `.ci/run image`"]
fn each_flavour_lists_the_engines_that_it_has() {
    for (image, has_it) in [(Launch::new(), false), (Launch::image(&IMAGE), true)] {
        let (_, outcome) = image.args(["--version"]).run();
        let version = outcome.ok();
        assert!(version.contains("engines: native, tract, rten"), "{version}");
        assert_eq!(version.contains("ort"), has_it, "{version}");
    }
}
