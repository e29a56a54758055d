//! Folders of MLflow against what MLflow 3.17.2's own scoring server answered about them.
//!
//! Predictions, statuses and the members of errors are compared, and of messages which columns are
//! missing; the rest of a message repeats the client's data and is not. `DEVIATIONS` lists what is
//! answered otherwise, each with its reason in `docs/compatibility.md`.

use serde_json::Value;

use crate::support::http::{Reply, Request};
use crate::support::json::Json;
use crate::support::model_file;
use crate::support::process::{Server, Start};

/// How far numbers may be apart, relative to their size.
const APART: f64 = 1e-9;
/// Messages are recorded up to here.
const MESSAGE_MAX: usize = 600;

/// A question about a folder that is answered otherwise.
struct Deviation {
    folder: &'static str,
    what: &'static str,
    status: u16,
    /// A part of the reply.
    part: &'static str,
}

const fn otherwise(
    folder: &'static str,
    what: &'static str,
    status: u16,
    part: &'static str,
) -> Deviation {
    Deviation { folder, what, status, part }
}

const MAPS: &str = r#""output_probability": [[0.97574"#;
const TYPES: &str = "['text/csv', 'application/json']. Got '";

const DEVIATIONS: [Deviation; 20] = [
    // A table without rows.
    otherwise("lgb_booster", "split without rows", 200, r#"{"predictions": []}"#),
    // `null` in a table for XGBoost and LightGBM without a signature.
    otherwise("lgb_classifier_pickle", "split with null", 200, r#"{"predictions": [0]}"#),
    otherwise("xgb_classifier_json", "split with null", 200, r#"{"predictions": [0]}"#),
    // Outputs of an ONNX classifier.
    otherwise("onnx", "inputs by name", 200, MAPS),
    otherwise("onnx", "inputs rows", 200, MAPS),
    otherwise("onnx", "instances by name", 200, MAPS),
    // Unknown paths and wrong methods.
    otherwise("sk_default", "wrong method", 405, "ENDPOINT_NOT_FOUND"),
    otherwise("sk_default", "post ping", 405, "ENDPOINT_NOT_FOUND"),
    // A path of Seldon's.
    otherwise("sk_default", "unknown path", 400, "MICROSERVICE_BAD_DATA"),
    // Content types.
    otherwise("sk_default", "plain text", 415, TYPES),
    otherwise("sk_default", "no content type", 415, TYPES),
    // An integer beyond its type.
    otherwise("sk_narrow_types", "too large for integer", 400, "out of bounds for int32"),
    // Columns by name for a model without a signature.
    otherwise("xgb_classifier_json", "split reordered and more", 200, r#"{"predictions": [0]}"#),
    otherwise("sk_no_signature", "split reordered and more", 200, r#"{"predictions": [0]}"#),
    otherwise("sk_no_signature", "records with more", 200, r#"{"predictions": [0]}"#),
    // A signature that names its tensor.
    otherwise("sk_tensor_named", "instances rows", 200, r#"{"predictions": [0, 2]}"#),
    otherwise("sk_tensor_named", "inputs rows", 200, r#"{"predictions": [0, 2]}"#),
    otherwise("sk_tensor_named", "inputs whole numbers", 200, r#"{"predictions": [0]}"#),
    otherwise("sk_tensor_named", "inputs x", 200, r#"{"predictions": [0]}"#),
    otherwise("sk_tensor_named", "signature_name", 200, r#"{"predictions": [0]}"#),
];

fn text<'a>(recorded: &'a Value, key: &str) -> &'a str {
    recorded[key].as_str().unwrap_or_default()
}

fn ask(server: &Server, recorded: &Value) -> Reply {
    let mut request = Request::new(text(recorded, "method"), text(recorded, "path"));
    if let Some(content_type) = recorded["content_type"].as_str() {
        request = request.header("Content-Type", content_type);
    }
    request.body = recorded["body"].as_str().map(|body| body.as_bytes().to_vec());
    server.send(&request)
}

/// The columns that a message says are missing. Its list of others has no order there.
fn missing(message: &str) -> Option<&str> {
    let (_, told) = message.split_once("Model is missing inputs ")?;
    told.split(" Note that there were extra inputs").next()
}

/// What differs between a recorded answer and a reply.
fn difference(recorded: &Value, reply: &Reply) -> Option<String> {
    let status = recorded["status"].as_u64().expect("a status");
    let got = reply.text();
    if status != u64::from(reply.status) {
        let said = match recorded["response"].as_str() {
            Some(response) => response.to_owned(),
            None => recorded["error"]["message"].to_string(),
        };
        return Some(format!("expected {status} {said}, got {} {got}", reply.status));
    }
    let Some(error) = recorded["error"].as_object() else {
        let wanted = text(recorded, "response");
        let is_json = wanted.starts_with('{');
        return match Json::parse(wanted) {
            Ok(wanted) if is_json => wanted.difference(&reply.json(), APART),
            _ => (wanted != got).then(|| format!("expected {wanted:?}, got {got:?}")),
        };
    };
    let found: Value = serde_json::from_str(got).unwrap_or_default();
    for key in ["error_code", "sqlstate", "error_class"] {
        if found[key] != error[key] {
            return Some(format!("`{key}`: expected {}, got {got}", error[key]));
        }
    }
    let [wanted, found] = [text(&recorded["error"], "message"), text(&found, "message")];
    let is_whole = wanted.len() < MESSAGE_MAX;
    let differs = is_whole && missing(wanted) != missing(found);
    differs.then(|| format!("expected {wanted}, got {found}"))
}

/// What an answer that deviates should be and is not.
fn otherwise_difference(deviation: &Deviation, recorded: &Value, reply: &Reply) -> Option<String> {
    let Deviation { status, part, .. } = *deviation;
    let got = reply.text();
    if difference(recorded, reply).is_none() {
        return Some(format!("no longer deviates: {got}"));
    }
    let is_so = reply.status == status && got.contains(part);
    (!is_so).then(|| format!("expected {status} {part}, got {} {got}", reply.status))
}

#[test]
fn folders_are_answered_as_by_mlflows_own_server() {
    let (mut n_folders, mut n_met, mut differences) = (0, 0, Vec::new());
    let folder = model_file("formats", "mlflow");
    let mut entries: Vec<_> = std::fs::read_dir(&folder)
        .expect("the corpus is there")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter_map(|name| Some(name.strip_suffix(".answers.json")?.to_owned()))
        .collect();
    entries.sort();
    for name in entries {
        let answers = std::fs::read(folder.join(format!("{name}.answers.json")));
        let answers: Value =
            serde_json::from_slice(&answers.expect("can be read")).expect("answers are JSON");
        let server = Start::serve(folder.join(&name)).start();
        for recorded in answers["answers"].as_array().expect("answers are listed") {
            let what = text(recorded, "what");
            let reply = ask(&server, recorded);
            let deviation = DEVIATIONS.iter().find(|d| d.folder == name && d.what == what);
            let difference = match deviation {
                Some(deviation) => otherwise_difference(deviation, recorded, &reply),
                None => difference(recorded, &reply),
            };
            n_met += usize::from(deviation.is_some());
            let body = text(recorded, "body");
            differences.extend(
                difference.map(|difference| format!("{name}: {what}: {body}: {difference}")),
            );
        }
        n_folders += 1;
    }
    assert!(differences.is_empty(), "{}:\n{}", differences.len(), differences.join("\n"));
    assert_eq!(n_met, DEVIATIONS.len(), "every deviation is met");
    assert!(n_folders >= 20, "{n_folders}");
}
