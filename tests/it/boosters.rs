//! Models of XGBoost, LightGBM and CatBoost as their libraries wrote them, by each protocol, against
//! the answers of those libraries.
//!
//! The models and answers are `tests/models/formats`; the engine has closer tests with all of them.
//! Numbers are compared bit by bit, but for CatBoost's probabilities, as it has an exponential of its
//! own. What the servers that people come from answer is `predict` of the estimator in the Open
//! Inference Protocol (MLServer) and `Booster.predict` in Seldon v1.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::grpc::Client;
use crate::support::http::{Reply, Request};
use crate::support::json::Json;
use crate::support::process::{Server, Start};
use crate::support::{model_file, proto};

/// A model, and under which names its file of answers has what each protocol should give.
struct Case {
    file: &'static str,
    /// What Seldon v1 answers.
    seldon: &'static str,
    /// What the Open Inference Protocol answers.
    oip: &'static str,
}

const fn case(file: &'static str, seldon: &'static str, oip: &'static str) -> Case {
    Case { file, seldon, oip }
}

const CASES: [Case; 13] = [
    case("xgboost/3.2.0/softprob.ubj", "predict", "predict"),
    case("xgboost/3.2.0/category.json", "predict", "predict"),
    case("xgboost/3.2.0/multi_target_vector.ubj", "predict", "predict"),
    case("xgboost/3.2.0/classifier_early.ubj", "predict", "wrapper"),
    case("xgboost/2.1.4/classifier_multi.json", "predict", "wrapper"),
    case("xgboost/1.7.6/early.bst", "predict", "wrapper"),
    case("xgboost/0.82/binary_logistic.bst", "predict", "predict"),
    case("lightgbm/4.7.0/multiclass.txt", "predict", "predict"),
    case("lightgbm/4.7.0/category.txt", "predict", "predict"),
    case("lightgbm/2.3.1/binary.txt", "predict", "predict"),
    case("catboost/1.2.10/multi.json", "proba", "predict"),
    case("catboost/1.2.10/binary_text.json", "proba", "predict"),
    case("catboost/1.2.10/squared.json", "predict", "predict"),
];

/// Rows of numbers, or of what takes their place, as JSON spells them.
struct Array {
    shape: Vec<usize>,
    spelled: Vec<String>,
}

impl Array {
    fn read(json: &Json) -> Self {
        let items = |key: &str| match json.pointer(key) {
            Some(Json::List(items)) => items.iter().map(ToString::to_string).collect::<Vec<_>>(),
            other => panic!("`{key}`: {other:?}"),
        };
        let shape = items("/shape").into_iter().map(|extent| extent.parse().expect("an extent"));
        Self { shape: shape.collect(), spelled: items("/values") }
    }

    /// One number a row is a column.
    fn columns(&self) -> usize {
        self.shape.get(1).copied().unwrap_or(1)
    }

    fn numbers(&self) -> Vec<f64> {
        self.spelled.iter().map(|text| number(text)).collect()
    }

    fn nested(&self) -> String {
        let items = self.items();
        let rows = items.chunks(self.columns()).map(|row| format!("[{}]", row.join(",")));
        format!("[{}]", rows.collect::<Vec<_>>().join(","))
    }

    /// The numbers in JSON's words.
    fn items(&self) -> Vec<&str> {
        self.spelled.iter().map(|text| spelling(text)).collect()
    }
}

/// What JSON calls it.
fn spelling(text: &str) -> &str {
    match text {
        "inf" => "Infinity",
        "-inf" => "-Infinity",
        other => other,
    }
}

/// What is missing is no number.
fn number(text: &str) -> f64 {
    text.parse().unwrap_or(f64::NAN)
}

/// A model's rows, and the answers to them.
struct Expected {
    rows: Array,
    answers: Json,
}

impl Expected {
    fn of(case: &Case) -> Self {
        let path = path(case.file);
        let text = std::fs::read_to_string(path.with_file_name("answers.json")).expect("answers");
        let document = Json::parse(&text).expect("answers are JSON");
        let name = path.file_stem().and_then(|stem| stem.to_str()).expect("a name");
        let answers = document.pointer(&format!("/models/{name}")).expect("the model is listed");
        let input = answers.pointer("/input").expect("a name").to_string();
        let rows = Array::read(document.pointer(&format!("/inputs/{input}")).expect("rows"));
        Self { rows, answers: answers.clone() }
    }

    fn answer(&self, key: &str) -> Array {
        Array::read(self.answers.pointer(&format!("/{key}")).expect("an answer"))
    }
}

fn path(file: &str) -> PathBuf {
    model_file("formats", file)
}

fn serve(case: &Case) -> Server {
    Start::serve(path(case.file)).args(["--name", "m"]).start()
}

/// Compares bits, or nearly where the library's own functions are others.
#[track_caller]
fn assert_same(got: &[f64], wanted: &[f64], what: &str) {
    assert_eq!(got.len(), wanted.len(), "{what}");
    let tolerance = if what.starts_with("catboost") { 4e-16 } else { 0.0 };
    for (at, (got, wanted)) in got.iter().zip(wanted).enumerate() {
        let is_same = got.to_bits() == wanted.to_bits() || (got - wanted).abs() <= tolerance;
        assert!(is_same, "{what} [{at}]: expected {wanted}, got {got}");
    }
}

fn ok(reply: &Reply, what: &str) -> Json {
    assert_eq!(reply.status, 200, "{what}: {}", reply.text());
    reply.json()
}

#[test]
fn seldon_v1_answers_what_the_booster_does() {
    for case in &CASES {
        let (expected, server, what) = (Expected::of(case), serve(case), case.file);
        let wanted = expected.answer(case.seldon);
        let body = format!(r#"{{"data":{{"ndarray":{}}}}}"#, expected.rows.nested());
        let json = ok(&server.send(&Request::json("/api/v1.0/predictions", body)), what);
        let list = json.pointer("/data/ndarray").expect("an array");
        assert_same(&list.numbers(), &wanted.numbers(), what);
        let is_flat = matches!(list, Json::List(rows) if matches!(rows[0], Json::Token(_)));
        assert_eq!(is_flat, wanted.shape.len() == 1, "{what}: {list}");
    }
}

/// The output `predict` of a reply in JSON: its type, shape and elements.
fn predict_of(json: &Json, what: &str) -> (String, Vec<f64>, Json) {
    let output = json.pointer("/outputs/0").expect("an output");
    assert_eq!(json.pointer("/outputs/1"), None, "{what}: the others are not asked for");
    assert_eq!(output.pointer("/name").map(ToString::to_string).as_deref(), Some("predict"));
    let shape = output.pointer("/shape").map(Json::numbers).expect("a shape");
    let datatype = output.pointer("/datatype").expect("a type").to_string();
    (datatype, shape, output.pointer("/data").expect("data").clone())
}

/// Elements of FP32 are spelled as short as can be, others as what they are.
fn elements(datatype: &str, data: &Json) -> Vec<f64> {
    let Json::List(items) = data else { panic!("a list: {data}") };
    let spelled = items.iter().map(ToString::to_string);
    match datatype {
        "FP32" => spelled.map(|text| text.parse::<f32>().expect("a number").into()).collect(),
        _ => spelled.map(|text| number(&text)).collect(),
    }
}

#[test]
fn v2_over_rest_answers_what_the_estimator_predicts_as_a_column() {
    for case in &CASES {
        let (expected, server, what) = (Expected::of(case), serve(case), case.file);
        let wanted = expected.answer(case.oip);
        let (shape, data) = (&expected.rows.shape, expected.rows.items().join(","));
        // Whatever the only input is called.
        let input =
            format!(r#"{{"name":"x","datatype":"FP64","shape":{shape:?},"data":[{data}]}}"#);
        let body = format!(r#"{{"inputs":[{input}]}}"#);
        let json = ok(&server.send(&Request::json("/v2/models/m/infer", body)), what);
        let (datatype, shape, data) = predict_of(&json, what);
        assert_same(&shape, &[wanted.shape[0] as f64, wanted.columns() as f64], what);
        if datatype == "BYTES" {
            let Json::List(items) = data else { panic!("{what}: a list") };
            let items: Vec<String> = items.iter().map(ToString::to_string).collect();
            assert_eq!(items, wanted.spelled, "{what}");
        } else {
            assert_same(&elements(&datatype, &data), &wanted.numbers(), what);
        }
    }
}

const MODEL_INFER: &str = "/inference.GRPCInferenceService/ModelInfer";

fn model_infer(server: &Server, request: &Value) -> Value {
    let message = proto::encode("inference.ModelInferRequest", request);
    let answer = Client::connect(server.grpc).unary(MODEL_INFER, &message);
    proto::decode("inference.ModelInferResponse", answer.only())
}

#[test]
fn v2_over_grpc_answers_the_same_for_each_precision_that_holds_the_rows() {
    for case in &CASES {
        let (expected, server, what) = (Expected::of(case), serve(case), case.file);
        let wanted = expected.answer(case.oip);
        let doubles = expected.rows.numbers();
        #[expect(clippy::cast_possible_truncation, reason = "XGBoost does so too")]
        let singles = doubles.iter().flat_map(|value| (*value as f32).to_le_bytes());
        let mut raws = vec![("FP32", singles.collect::<Vec<u8>>())];
        if !what.starts_with("xgboost") {
            raws[0] = ("FP64", doubles.iter().flat_map(|value| value.to_le_bytes()).collect());
        }
        for (datatype, raw) in raws {
            let input = json!({"name": "any", "datatype": datatype, "shape": expected.rows.shape});
            let contents = [STANDARD.encode(raw)];
            let asked = json!([{"name": "predict"}]);
            let request = json!({"model_name": "m", "inputs": [input], "outputs": asked,
                "raw_input_contents": contents});
            let reply = model_infer(&server, &request);
            let raw = reply["raw_output_contents"][0].as_str().expect("bytes");
            let raw = STANDARD.decode(raw).expect("base64");
            let got: Vec<f64> = match reply["outputs"][0]["datatype"].as_str() {
                Some("FP32") => {
                    let words = raw.as_chunks::<4>().0.iter();
                    words.map(|word| f32::from_le_bytes(*word).into()).collect()
                }
                Some("FP64") => {
                    raw.as_chunks::<8>().0.iter().map(|word| f64::from_le_bytes(*word)).collect()
                }
                Some("INT64") => {
                    let words = raw.as_chunks::<8>().0.iter();
                    words.map(|word| i64::from_le_bytes(*word) as f64).collect()
                }
                Some("BYTES") => continue,
                other => panic!("{what}: {other:?}"),
            };
            assert_same(&got, &wanted.numbers(), what);
        }
    }
}

#[test]
fn a_classifiers_probabilities_and_sums_are_there_for_who_asks() {
    let case = case("xgboost/3.2.0/classifier_early.ubj", "predict", "wrapper");
    let (expected, server) = (Expected::of(&case), serve(&case));
    let rows = &expected.rows;
    for (output, key) in [("predict_proba", "proba"), ("booster", "predict")] {
        let data = rows.items().join(",");
        let body = format!(
            r#"{{"inputs":[{{"name":"input","datatype":"FP64","shape":{:?},"data":[{data}]}}],
            "outputs":[{{"name":"{output}"}}]}}"#,
            rows.shape
        );
        let json = ok(&server.send(&Request::json("/v2/models/m/infer", body)), output);
        let data = json.pointer("/outputs/0/data").expect("data");
        assert_same(&elements("FP32", data), &expected.answer(key).numbers(), output);
    }
    let labels = Start::serve(path(case.file)).args(["--method", "predict"]).start();
    let body = format!(r#"{{"data":{{"ndarray":{}}}}}"#, rows.nested());
    let json = ok(&labels.send(&Request::json("/predict", body)), "labels");
    let wanted = expected.answer("wrapper").numbers();
    assert_same(&json.pointer("/data/ndarray").expect("a list").numbers(), &wanted, "labels");
}

#[test]
fn tensorflow_and_kserve_rows_get_the_first_output_alone() {
    let case = case("xgboost/3.2.0/classifier_multi.ubj", "predict", "wrapper");
    let (expected, server) = (Expected::of(&case), serve(&case));
    let body = format!(r#"{{"instances":{}}}"#, expected.rows.nested());
    let json = ok(&server.send(&Request::json("/v1/models/m:predict", body)), "rows");
    let predictions = json.pointer("/predictions").expect("a list");
    let wanted = expected.answer("wrapper");
    assert_eq!(predictions.numbers(), wanted.numbers());
    assert!(matches!(predictions, Json::List(rows) if matches!(rows[0], Json::Token(_))));
}

#[test]
fn integers_and_narrow_rows_go_in_and_what_the_library_refuses_does_not() {
    let xgboost = Start::serve(path("xgboost/3.2.0/softprob.ubj")).args(["--name", "m"]).start();
    let infer = |server: &Server, datatype: &str, shape: [usize; 2], data: &str| {
        let input =
            format!(r#"{{"name":"x","datatype":"{datatype}","shape":{shape:?},"data":{data}}}"#);
        let body = format!(r#"{{"inputs":[{input}]}}"#);
        server.send(&Request::json("/v2/models/m/infer", body))
    };
    let data = |reply: &Reply| ok(reply, "infer").pointer("/outputs/0/data").cloned();
    let wanted = data(&infer(&xgboost, "FP32", [1, 6], "[1.0,0.0,2.0,null,null,null]"));
    assert!(wanted.is_some());
    assert_eq!(data(&infer(&xgboost, "INT64", [1, 3], "[1,0,2]")), wanted);
    assert_eq!(data(&infer(&xgboost, "UINT8", [1, 3], "[1,0,2]")), wanted);
    let v1 = Request::json("/predict", r#"{"data":{"ndarray":[[1,0,2]]}}"#);
    assert_eq!(xgboost.send(&v1).status, 200);
    let lightgbm = Start::serve(path("lightgbm/4.7.0/l2.txt")).args(["--name", "m"]).start();
    for (server, datatype, shape, data, part) in [
        (&xgboost, "FP32", [1, 7], "[0,0,0,0,0,0,0]", "does not match the number of features"),
        (&xgboost, "FP64", [1, 1], "[1e39]", "expected finite values"),
        (&xgboost, "BYTES", [1, 1], r#"["1"]"#, "expected numbers, as in training, got texts"),
        (&lightgbm, "FP64", [1, 5], "[0,0,0,0,0]", "the number of features in data (5)"),
    ] {
        let reply = infer(server, datatype, shape, data);
        assert_eq!(reply.status, 400, "{}", reply.text());
        assert!(reply.text().contains(part), "{}", reply.text());
    }
    let two = r#"{"inputs":[{"name":"a","datatype":"FP32","shape":[1,1],"data":[1]},
        {"name":"b","datatype":"FP32","shape":[1,1],"data":[1]}]}"#;
    let reply = xgboost.send(&Request::json("/v2/models/m/infer", two));
    assert_eq!(data(&reply), data(&infer(&xgboost, "FP32", [1, 2], "[1,1]")), "two columns");
}

/// A folder with one file of the corpus in it, under another name.
fn folder(file: &str, name: &str) -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    std::fs::copy(path(file), folder.path().join(name)).expect("a file can be copied");
    folder
}

fn check(model: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let model = model.to_str().expect("test paths are UTF-8");
    let arguments = ["check", model].into_iter().chain(arguments.iter().copied());
    let outcome = Start::default().args(arguments).run();
    (outcome.code, outcome.stdout + &outcome.stderr)
}

#[test]
fn a_folder_with_a_well_known_name_is_served_and_told_of() {
    for (file, name, platform, format) in [
        ("xgboost/1.4.2/softprob.bst", "model.bst", "xgboost_binary", "XGBoost 1.4, binary"),
        ("xgboost/3.2.0/softprob.ubj", "model.bst", "xgboost_ubj", "XGBoost 3.2, UBJSON"),
        ("xgboost/3.2.0/softprob.json", "model.json", "xgboost_json", "XGBoost 3.2, JSON"),
        ("lightgbm/4.7.0/multiclass.txt", "model.txt", "lightgbm_text", "LightGBM, format v4"),
        ("catboost/1.2.10/multi.json", "model.json", "catboost_json", "CatBoost, JSON"),
    ] {
        let folder = folder(file, name);
        let server = Start::serve(folder.path()).args(["--name", "m"]).start();
        let metadata = server.send(&Request::get("/v2/models/m"));
        assert_eq!(metadata.at("/platform"), platform);
        assert_eq!(metadata.at("/inputs/0/shape"), "[-1,6]");
        let (code, text) = check(folder.path(), &[]);
        assert_eq!(code, Some(0), "{text}");
        for part in [format, "run by the native engine", "nodes ", "predict", "curl"] {
            assert!(text.contains(part), "`{part}` is missing in:\n{text}");
        }
        assert!(!text.contains("with tract"), "{text}");
    }
}

#[test]
fn what_check_tells_to_try_works() {
    let file = path("xgboost/3.2.0/classifier.ubj");
    let (code, text) = check(&file, &["-o", "json"]);
    assert_eq!(code, Some(0), "{text}");
    let report: Value = serde_json::from_str(&text).expect("check prints JSON");
    assert_eq!(report["outputs"][0]["datatype"], "INT64");
    assert_eq!(report["other_engines"], json!({}));
    let server = Start::serve(&file).start();
    let mut n_tried = 0;
    for example in report["examples"].as_array().expect("a list") {
        let text = |field: &str| example[field].as_str().expect("a text");
        let path = format!("/{}", text("target"));
        let status = if text("transport") == "REST" {
            server.send(&Request::json(text("target"), text("body"))).status
        } else {
            let content = serde_json::from_str(text("body")).expect("the example is JSON");
            let message = proto::encode(&proto::request_of(&path).expect("a method"), &content);
            let answer = Client::connect(server.grpc).unary(&path, &message);
            if answer.status_name() == "OK" { 200 } else { 0 }
        };
        assert_eq!(status, 200, "{example}");
        n_tried += 1;
    }
    assert_eq!(n_tried, 6);
}

#[test]
fn other_engines_and_other_files_are_refused_by_name() {
    let (code, text) = check(&path("xgboost/3.2.0/softprob.ubj"), &["--engine", "rten"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("an XGBoost model is run by the native engine alone"), "{text}");
    let (code, text) = check(&path("refused/catboost.cbm"), &[]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("save it with `model.save_model"), "{text}");
    let outcome = Start::serve(path("refused/keras.keras")).run();
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("convert it to ONNX"), "{}", outcome.stderr);
}

#[test]
fn a_model_beside_others_is_tried_out_first() {
    let also = format!("trees={}", path("lightgbm/4.7.0/binary.txt").display());
    let server = Start::serve(path("xgboost/3.2.0/softprob.ubj")).args(["--also", &also]).start();
    let reply = server.send(&Request::json("/v2/repository/models/trees/load", ""));
    assert_eq!(reply.status, 200, "{}", reply.text());
}
