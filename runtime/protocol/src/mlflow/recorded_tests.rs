//! What MLflow 3.17.2's own scoring server answered, as far as it is not the model's word: which
//! requests reach the model, and the errors of those that do not.
//!
//! The numbers of the models are theirs to replay. Deviations stand in `DEVIATIONS`, each with its
//! reason in `docs/compatibility.md`.

use radiant_core::schema::{Column, ColumnType, Parameter, Schema, Scoring};
use radiant_core::{DType, Error, Form, Map, Signature, TensorSpec, Value};

use super::{ContentType, bind, decode_csv, decode_json, encode_error};
use crate::Limits;
use crate::json::Cursor;

macro_rules! recorded {
    ($($folder:literal),* $(,)?) => {
        [$(($folder, include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/models/formats/mlflow/", $folder, ".answers.json"
        )))),*]
    };
}

/// What a model without a word of its own answers is not told here: the server's part ends with it.
const MODEL: &str = "Encountered an unexpected error while evaluating the model.";

/// Folder, question, and why the answer is another one.
const DEVIATIONS: [(&str, &str, &str); 4] = [
    ("sk_default", "no content type", "the client's mistake: 415 instead of 500"),
    (
        "sk_narrow_types",
        "too large for integer",
        "wraps around there: 400 instead of a wrong number",
    ),
    ("sk_tensor_named", "instances null", "told as what cannot be read"),
    ("sk_default", "csv with a ragged row", "an index is guessed there"),
];

const IRIS: [&str; 4] =
    ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"];

fn columns<const N: usize>(names: [&str; N], kinds: [ColumnType; N]) -> Schema {
    let column =
        |(name, kind): (&str, ColumnType)| Column { name: name.into(), kind, required: true };
    Schema::Columns(names.into_iter().zip(kinds).map(column).collect())
}

/// What the reader of the folder's `MLmodel` makes of its signature.
fn scoring(folder: &str) -> Scoring {
    use ColumnType::{Boolean, Double, Float, Integer, Long, Text};
    let tensor = |name: &str, dtype| {
        Schema::Tensors(vec![TensorSpec::new(name, dtype, vec![None, Some(4)])])
    };
    let schema = match folder {
        "sk_no_signature" | "xgb_classifier_json" | "lgb_classifier_pickle" => {
            return Scoring::default();
        }
        "sk_tensor" => tensor("", DType::F64),
        "sk_tensor_named" => tensor("x", DType::F32),
        "onnx" => tensor("float_input", DType::F32),
        "sk_mixed" => columns(["age", "visits", "colour", "member"], [Double, Long, Text, Boolean]),
        "sk_narrow_types" => {
            let mut schema = columns(["a", "b", "c", "d"], [Float, Integer, Double, Long]);
            if let Schema::Columns(columns) = &mut schema {
                columns[2].required = false;
            }
            schema
        }
        _ => columns(IRIS, [Double, Double, Double, Double]),
    };
    let parameter = Parameter { name: "top".into(), kind: Integer, is_list: false };
    let parameters = (folder == "sk_narrow_types").then(|| vec![parameter]);
    Scoring { schema: Some(schema), parameters, ..Scoring::default() }
}

/// The status of the answer and the body of an error, as far as this crate gives them.
fn answer(folder: &str, content_type: &str, body: &str) -> (u16, Option<String>) {
    let error = |error: &Error| {
        let mut out = Vec::new();
        let class = error.refusal().map_or("", |refusal| &*refusal.reason);
        encode_error(&mut out, 400, class, error.message());
        (400, Some(String::from_utf8(out).expect("is JSON")))
    };
    let content_type = match ContentType::parse(content_type) {
        Ok(content_type) => content_type,
        Err(text) => return (415, Some(text)),
    };
    let (limits, scoring) = (Limits::default(), scoring(folder));
    let request = match content_type {
        ContentType::Json => decode_json(body.as_bytes(), &limits),
        ContentType::Csv => decode_csv(body.as_bytes(), scoring.schema.as_ref(), &limits),
    };
    let (form, input) = match folder {
        "onnx" => (Form::Tensors, "float_input"),
        _ => (Form::Matrix, "input"),
    };
    let inputs = vec![TensorSpec::new(input, DType::F32, vec![None, Some(4)])];
    let signature = Signature { form, ..Signature::new(inputs, Vec::new()) };
    match request.and_then(|request| bind(request, &scoring, &signature, &limits)) {
        Ok(_) => (200, None),
        Err(refused) => error(&refused),
    }
}

fn object(text: &str) -> Map {
    let value = Cursor::new(text.as_bytes()).value(&Limits::default()).expect("is JSON");
    let Value::Map(map) = value else { panic!("expected an object, got {value:?}") };
    map
}

/// What the words of an error say of the input, without the data that MLflow prints.
fn told(message: &str) -> &str {
    let from = message.rfind("Error: ").map_or(0, |at| at + "Error: ".len());
    let told = message.get(from..).unwrap_or_default();
    // Their order differs from run to run.
    told.split(" Note that there were extra inputs").next().unwrap_or_default()
}

#[track_caller]
fn check(folder: &str, recorded: &Map) {
    let text = |key: &str| recorded.get(key).and_then(Value::as_text).unwrap_or_default();
    let what = format!("{folder}: {}", text("what"));
    let Value::Int(status) = recorded["status"] else { panic!("{what}: a status is an integer") };
    let (got_status, got) = answer(folder, text("content_type"), text("body"));
    let Some(error) = recorded.get("error").and_then(Value::as_map) else {
        assert_eq!(i64::from(got_status), status, "{what}: {got:?}");
        return;
    };
    let of = |key: &str| error.get(key).and_then(Value::as_text).unwrap_or_default();
    if of("message").starts_with(MODEL) && got_status == 200 {
        return;
    }
    let got = object(&got.unwrap_or_else(|| panic!("{what}: expected {}", of("message"))));
    for key in ["error_code", "sqlstate", "error_class"] {
        assert_eq!(got[key].as_text(), Some(of(key)), "{what}: {got:?}");
    }
    let is_whole = of("message").len() < 600;
    if of("error_class") == super::SCHEMA && is_whole && of("message").contains("Model is missing")
    {
        let message = got["message"].as_text().unwrap_or_default();
        assert_eq!(told(message), told(of("message")), "{what}");
    }
}

#[test]
fn requests_reach_the_model_or_fail_as_in_mlflow() {
    let mut n_checked = 0_usize;
    let mut deviations = DEVIATIONS.to_vec();
    for (folder, answers) in recorded![
        "lgb_booster",
        "lgb_classifier",
        "lgb_classifier_pickle",
        "onnx",
        "sk_cloudpickle",
        "sk_default",
        "sk_forest",
        "sk_mixed",
        "sk_narrow_types",
        "sk_no_signature",
        "sk_pickle",
        "sk_probabilities",
        "sk_tensor",
        "sk_tensor_named",
        "sk_text_labels",
        "xgb_booster",
        "xgb_booster_json",
        "xgb_classifier",
        "xgb_classifier_json",
        "xgb_regressor",
    ] {
        for recorded in object(answers)["answers"].as_list().expect("are listed") {
            let recorded = recorded.as_map().expect("is an object");
            let text = |key: &str| recorded.get(key).and_then(Value::as_text);
            if text("path") != Some("/invocations") || text("method") != Some("POST") {
                continue;
            }
            let deviates = |deviation: &(&str, &str, &str)| {
                deviation.0 == folder && Some(deviation.1) == text("what")
            };
            if let Some(at) = deviations.iter().position(deviates) {
                deviations.remove(at);
                continue;
            }
            check(folder, recorded);
            n_checked += 1;
        }
    }
    assert_eq!(deviations, [], "every deviation is met");
    assert!(n_checked > 300, "{n_checked}");
}
