//! The bundled models over REST, against what onnxruntime answered for the same rows.
//!
//! Each folder of `tests/models/` holds a trained model with a dozen rows and their answers. What
//! is asserted here is the whole way from a socket to an engine and back; engines have closer tests
//! of their own.

use std::path::PathBuf;

use radiant_onnx::Limits;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::http::{Client, Reply, Request};
use crate::support::json::Json;
use crate::support::model_file;
use crate::support::process::{Server, Start};

/// How far a sum of 32-bit floats may be from the same sum in another order.
const RELATIVE: f64 = 1e-5;
/// Below this a probability is noise.
const ABSOLUTE: f64 = 1e-7;

/// A tensor of a reference.
struct Tensor {
    shape: Vec<usize>,
    values: Vec<Value>,
}

impl Tensor {
    fn numbers(&self) -> Vec<f64> {
        self.values.iter().map(|value| value.as_f64().expect("a number")).collect()
    }

    /// As `data.ndarray`: nested lists.
    fn ndarray(&self) -> String {
        nested(&self.shape, &self.values)
    }

    /// As `data.tensor`: a shape and flat values.
    fn tensor(&self) -> String {
        let values = nested(&[self.values.len()], &self.values);
        format!("{{\"shape\":{:?},\"values\":{values}}}", self.shape)
    }

    /// One row alone, with its leading axis.
    fn row(&self, index: usize) -> Self {
        let width: usize = self.shape[1..].iter().product();
        let values = self.values[index * width..(index + 1) * width].to_vec();
        let mut shape = self.shape.clone();
        shape[0] = 1;
        Self { shape, values }
    }
}

fn nested(shape: &[usize], values: &[Value]) -> String {
    match shape {
        [] => values[0].to_string(),
        [0, ..] => "[]".to_owned(),
        [n, inner @ ..] => {
            let items = values.chunks(values.len() / n).map(|items| nested(inner, items));
            format!("[{}]", items.collect::<Vec<_>>().join(","))
        }
    }
}

/// An input or output of a model's reference.
fn reference(model: &str, side: &str, name: &str) -> Tensor {
    let path = model_file(model, "expected.json");
    let text = std::fs::read_to_string(path).expect("the reference can be read");
    let document: Value = serde_json::from_str(&text).expect("the reference is JSON");
    let entry = &document[side][name];
    let shape = entry["shape"].as_array().expect("a shape").iter();
    let shape = shape.map(|dim| dim.as_u64().and_then(|dim| dim.try_into().ok()).expect("a dim"));
    Tensor { shape: shape.collect(), values: entry["values"].as_array().expect("values").clone() }
}

fn serve(model: &str) -> Start {
    Start::serve(model_file(model, "model.onnx"))
}

fn parameter(name: &str, value: &str) -> String {
    format!("[{{\"name\":\"{name}\",\"value\":\"{value}\",\"type\":\"STRING\"}}]")
}

fn predict(server: &Server, body: &str) -> Reply {
    server.send(&Request::json("/api/v1.0/predictions", body))
}

fn assert_close(got: &[f64], wanted: &[f64], what: &str) {
    assert_eq!(got.len(), wanted.len(), "{what}");
    for (index, (got, wanted)) in got.iter().zip(wanted).enumerate() {
        let allowed = ABSOLUTE.max(wanted.abs() * RELATIVE);
        assert!((got - wanted).abs() <= allowed, "{what} [{index}]: expected {wanted}, got {got}");
    }
}

/// The numbers at `pointer` of a reply that went well.
fn numbers(reply: &Reply, pointer: &str) -> Vec<f64> {
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json().pointer(pointer).map(Json::numbers).unwrap_or_default()
}

#[test]
fn models_give_the_numbers_of_their_reference_in_either_form() {
    for (model, input, output) in [
        ("iris", "float_input", "output_probability"),
        ("digits-cnn", "image", "probabilities"),
        ("cancer-gbt", "float_input", "probabilities"),
        ("digits-mlp", "pixels", "probabilities"),
        ("digits-cnn", "image", "probabilities"),
    ] {
        let server = serve(model).start();
        let (rows, wanted) =
            (reference(model, "inputs", input), reference(model, "outputs", output));
        let nested = predict(&server, &format!("{{\"data\":{{\"ndarray\":{}}}}}", rows.ndarray()));
        let flat = predict(&server, &format!("{{\"data\":{{\"tensor\":{}}}}}", rows.tensor()));
        assert_close(&numbers(&nested, "/data/ndarray"), &wanted.numbers(), model);
        assert_eq!(numbers(&flat, "/data/tensor/values"), numbers(&nested, "/data/ndarray"));
        let shape = format!("{:?}", wanted.shape).replace(' ', "");
        assert_eq!(flat.at("/data/tensor/shape"), shape);
        assert_eq!(nested.at("/data/names"), flat.at("/data/names"), "{model}");
    }
}

#[test]
fn a_run_that_several_threads_share_gives_the_numbers_of_the_reference() {
    let shared = ["--engine", "rten", "--run-threads", "3", "--inline-cost-max-us", "0"];
    let server = serve("digits-cnn").args(shared).start();
    let rows = reference("digits-cnn", "inputs", "image");
    let wanted = reference("digits-cnn", "outputs", "probabilities");
    let reply = predict(&server, &format!("{{\"data\":{{\"ndarray\":{}}}}}", rows.ndarray()));
    assert_close(&numbers(&reply, "/data/ndarray"), &wanted.numbers(), "digits-cnn");
}

#[test]
fn columns_are_named_by_their_index() {
    let server = serve("iris").start();
    let reply = predict(&server, r#"{"data":{"names":["a","b","c","d"],"ndarray":[[6,3,5,2]]}}"#);
    assert_eq!(reply.at("/data/names"), r#"["t:0","t:1","t:2"]"#);
}

#[test]
fn a_row_gives_the_same_numbers_alone_and_in_a_batch() {
    for (model, input) in
        [("iris", "float_input"), ("digits-mlp", "pixels"), ("digits-cnn", "image")]
    {
        let server = serve(model).start();
        let rows = reference(model, "inputs", input);
        let ask = |rows: &Tensor| {
            let body = format!("{{\"data\":{{\"ndarray\":{}}}}}", rows.ndarray());
            numbers(&predict(&server, &body), "/data/ndarray")
        };
        let together = ask(&rows);
        let alone: Vec<f64> = (0..rows.shape[0]).flat_map(|index| ask(&rows.row(index))).collect();
        assert_close(&alone, &together, model);
    }
}

#[test]
fn a_classifier_answers_labels_with_method_predict() {
    let wanted = reference("iris", "outputs", "output_label");
    let rows = reference("iris", "inputs", "float_input");
    let nested = format!("{{\"data\":{{\"ndarray\":{}}}}}", rows.ndarray());
    let flat = format!("{{\"data\":{{\"tensor\":{}}}}}", rows.tensor());
    let by_flag = serve("iris").args(["--method", "predict"]).start();
    let by_parameter =
        serve("iris").env("PREDICTIVE_UNIT_PARAMETERS", &parameter("method", "predict")).start();
    for server in [&by_flag, &by_parameter] {
        let reply = predict(server, &nested);
        assert_eq!(reply.at("/data/ndarray"), wanted.ndarray(), "integers stay integers");
        assert_eq!(reply.at("/data/names"), "[]");
        assert_eq!(predict(server, &flat).at("/data/tensor/shape"), "[12]");
    }

    let words = reference("iris-names", "outputs", "output_label");
    let server = serve("iris-names").args(["--method", "predict"]).start();
    assert_eq!(predict(&server, &nested).at("/data/ndarray"), words.ndarray());
    // Text goes into no tensor.
    assert_eq!(predict(&server, &flat).at("/data/ndarray"), words.ndarray());
}

#[test]
fn several_inputs_come_by_name_and_are_listed_when_they_do_not() {
    let server = serve("two-inputs").start();
    let vitals = reference("two-inputs", "inputs", "vitals");
    let blood = reference("two-inputs", "inputs", "blood");
    let named = format!(
        "{{\"jsonData\":{{\"blood\":{},\"vitals\":{}}}}}",
        blood.ndarray(),
        vitals.ndarray()
    );
    let wanted = reference("two-inputs", "outputs", "progression").numbers();
    let reply = predict(&server, &named);
    assert_close(&numbers(&reply, "/data/tensor/values"), &wanted, "two-inputs");

    for body in [
        format!("{{\"data\":{{\"ndarray\":{}}}}}", vitals.ndarray()),
        format!("{{\"jsonData\":{{\"vitals\":{}}}}}", vitals.ndarray()),
        format!("{{\"jsonData\":{}}}", vitals.ndarray()),
        "{\"strData\":\"x\"}".to_owned(),
    ] {
        let reply = predict(&server, &body);
        assert_eq!((reply.status, &*reply.at("/status/reason")), (400, "MICROSERVICE_BAD_DATA"));
        let info = reply.at("/status/info");
        for part in ["vitals", "FP32 [-1, 4]", "blood", "FP32 [-1, 6]"] {
            assert!(info.contains(part), "`{part}` is missing in: {info}");
        }
    }
}

#[test]
fn the_parameter_output_names_the_output_that_is_answered() {
    let vitals = reference("two-inputs", "inputs", "vitals").ndarray();
    let blood = reference("two-inputs", "inputs", "blood").ndarray();
    let body = format!("{{\"jsonData\":{{\"blood\":{blood},\"vitals\":{vitals}}}}}");
    let wanted = reference("two-inputs", "outputs", "z_score").numbers();
    let by_parameter =
        serve("two-inputs").env("PREDICTIVE_UNIT_PARAMETERS", &parameter("output", "z_score"));
    let by_flag = serve("two-inputs").args(["--output", "z_score"]);
    for start in [by_parameter, by_flag] {
        let reply = predict(&start.start(), &body);
        assert_close(&numbers(&reply, "/data/tensor/values"), &wanted, "z_score");
    }
    let outcome = serve("two-inputs").args(["--output", "nope"]).run();
    assert_ne!(outcome.code, Some(0));
    for part in ["nope", "progression", "z_score"] {
        assert!(outcome.stderr.contains(part), "`{part}` is missing in:\n{}", outcome.stderr);
    }
}

#[test]
fn what_does_not_fit_the_model_is_refused_with_what_it_takes() {
    let server = serve("iris").start();
    for (body, part) in [
        (r#"{"data":{"ndarray":[[1,2]]}}"#, "FP32 [-1, 4]"),
        (r#"{"data":{"ndarray":[1,2,3,4]}}"#, "FP32 [-1, 4]"),
        (r#"{"data":{"ndarray":[[[1,2,3,4]]]}}"#, "FP32 [-1, 4]"),
        (r#"{"data":{"ndarray":[]}}"#, "FP32 [-1, 4]"),
        (r#"{"data":{"ndarray":[["a","b","c","d"]]}}"#, "float_input"),
        (r#"{"strData":"x"}"#, "FP32 [-1, 4]"),
        (r#"{"jsonData":{"nope":[[1,2,3,4]]}}"#, "float_input"),
    ] {
        let reply = predict(&server, body);
        assert_eq!(reply.status, 400, "{body}: {}", reply.text());
        assert_eq!(reply.at("/status/reason"), "MICROSERVICE_BAD_DATA", "{body}");
        let info = reply.at("/status/info");
        assert!(info.contains(part), "{body}: `{part}` is missing in: {info}");
    }
}

#[test]
fn numbers_of_any_type_are_cast_to_the_inputs_type() {
    let server = serve("iris").start();
    let mut client = Client::connect(server.http);
    let mut ask = |body: &str| {
        let reply = client.send(&Request::json("/predict", body));
        assert_eq!(reply.status, 200, "{body}: {}", reply.text());
        let numbers = reply.json().pointer("/data").map(Json::numbers).unwrap_or_default();
        numbers[numbers.len() - 3..].to_vec()
    };
    let wanted = ask(r#"{"data":{"ndarray":[[6.0,3.0,5.0,1.0]]}}"#);
    for body in [
        r#"{"data":{"ndarray":[[6,3,5,1]]}}"#,
        r#"{"data":{"ndarray":[[6,3.0,5,true]]}}"#,
        r#"{"data":{"tensor":{"shape":[-1,4],"values":[6,3,5,1]}}}"#,
        r#"{"jsonData":[[6,3,5,1]]}"#,
        r#"{"jsonData":{"float_input":[[6,3,5,1]]}}"#,
    ] {
        assert_eq!(ask(body), wanted, "{body}");
    }
}

#[test]
fn a_missing_number_is_nan_as_in_numpy() {
    let server = serve("iris").start();
    for body in [r#"{"data":{"ndarray":[[6,null,5,1]]}}"#, r#"{"data":{"ndarray":[[6,NaN,5,1]]}}"#]
    {
        assert_eq!(predict(&server, body).at("/data/ndarray"), "[[NaN,NaN,NaN]]", "{body}");
    }
}

#[test]
fn a_tftensor_is_answered_as_one() {
    use base64::Engine as _;
    let server = serve("iris").start();
    let dims = r#"{"dim":[{"size":"1"},{"size":"4"}]}"#;
    let reply = predict(
        &server,
        &format!(
            r#"{{"data":{{"tftensor":{{"dtype":"DT_FLOAT","tensorShape":{dims},"floatVal":[6,3,5,1]}}}}}}"#
        ),
    );
    let wanted = predict(&server, r#"{"data":{"ndarray":[[6,3,5,1]]}}"#);
    assert_eq!(reply.at("/data/tftensor/dtype"), "DT_FLOAT");
    assert_eq!(reply.at("/data/tftensor/tensorShape/dim"), r#"[{"size":"1"},{"size":"3"}]"#);
    let content = reply.at("/data/tftensor/tensorContent");
    let bytes = base64::engine::general_purpose::STANDARD.decode(content).expect("base64");
    let (floats, rest) = bytes.as_chunks::<4>();
    let got: Vec<f64> = floats.iter().map(|bytes| f32::from_le_bytes(*bytes).into()).collect();
    assert_eq!((got, rest), (numbers(&wanted, "/data/ndarray"), &b""[..]));
}

/// A tree with several weights in a leaf for one target, which is right nowhere.
fn refused_model(folder: &TempDir) -> PathBuf {
    let iris = std::fs::read(model_file("iris", "model.onnx")).expect("it can be read");
    let mut model = radiant_onnx::read(&iris, &Limits::default()).expect("it is a model");
    let node = model.graph.node.iter_mut().find(|node| node.op_type == "LinearClassifier");
    node.expect("it classifies").op_type = "UnheardOf".to_owned();
    let path = folder.path().join("model.onnx");
    std::fs::write(&path, model.to_proto_bytes()).expect("it can be written");
    path
}

#[test]
fn a_model_that_no_engine_can_run_is_refused_with_the_operators_name() {
    let folder = TempDir::new().expect("a temporary folder");
    let outcome = Start::serve(refused_model(&folder)).run();
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("UnheardOf"), "{}", outcome.stderr);
}

#[test]
fn check_tells_engine_inputs_and_outputs_without_serving() {
    let model = model_file("iris", "model.onnx");
    let outcome = Start::default().args(["check", model.to_str().expect("UTF-8")]).run();
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    for part in ["native", "float_input", "FP32 [-1, 4]", "output_label", "output_probability"] {
        assert!(outcome.stdout.contains(part), "`{part}` is missing in:\n{}", outcome.stdout);
    }
    let folder = TempDir::new().expect("a temporary folder");
    let refused = refused_model(&folder);
    let outcome = Start::default().args(["check", refused.to_str().expect("UTF-8")]).run();
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stderr.contains("UnheardOf"), "{}", outcome.stderr);
}
