//! Replays what Seldon Core 1.18.2's Python microservice answered over gRPC, row by row.
//!
//! `tests/golden/seldon-v1/grpc.jsonl` holds requests with the answers of the real server, as
//! protobuf's JSON. An answer must be equal, number for number. The original tells every failure as
//! `UNKNOWN`, with the words of a Python exception or none; ours are in [`FAILURES`].

use serde_json::Value;

use crate::golden_v1::{apart, source};
use crate::support::grpc::{Answer, Client};
use crate::support::process::{Server, Start};
use crate::support::proto;
use crate::support::workspace;

/// Rows that are answered as recorded. May only grow.
const PASSED: usize = 54;
/// Failures that are told by another code on purpose.
const DEVIATING: usize = 89;

const MESSAGE: &str = "seldon.protos.SeldonMessage";

/// A model of the recording, with the node that it was.
struct Model {
    name: &'static str,
    /// A builtin, or a folder beside the recording.
    source: &'static str,
    env: &'static [(&'static str, &'static str)],
}

/// The node that the models of libraries were.
const CLASSIFIER: &[(&str, &str)] =
    &[("PREDICTIVE_UNIT_ID", "classifier"), ("PREDICTIVE_UNIT_IMAGE", "org/img:1.0")];

/// The same with a method of scikit-learn chosen.
const PREDICT: &[(&str, &str)] = &[
    CLASSIFIER[0],
    CLASSIFIER[1],
    (PARAMETERS, r#"[{"name":"method","type":"STRING","value":"predict"}]"#),
];
const DECISION: &[(&str, &str)] = &[
    CLASSIFIER[0],
    CLASSIFIER[1],
    (PARAMETERS, r#"[{"name":"method","type":"STRING","value":"decision_function"}]"#),
];
const PARAMETERS: &str = "PREDICTIVE_UNIT_PARAMETERS";

const MODELS: [Model; 11] = [
    Model { name: "Ident", source: "builtin:echo", env: CLASSIFIER },
    Model { name: "xgb_multi", source: "xgb", env: CLASSIFIER },
    Model { name: "xgb_binary", source: "xgbbin", env: CLASSIFIER },
    Model { name: "sk_proba", source: "sk", env: CLASSIFIER },
    Model { name: "sk_predict", source: "sk", env: PREDICT },
    Model { name: "sk_decision", source: "sk", env: DECISION },
    Model { name: "sk_str", source: "skstr", env: PREDICT },
    Model { name: "sk_reg_proba", source: "skreg", env: CLASSIFIER },
    Model { name: "sk_reg_predict", source: "skreg", env: PREDICT },
    Model { name: "Sum2", source: "builtin:sum2", env: &[] },
    Model {
        name: "Multi",
        source: "builtin:multi",
        env: &[("PREDICTIVE_UNIT_ID", "node1"), ("PREDICTIVE_UNIT_IMAGE", "reg:5000/img:1.0")],
    },
];

/// Recorded as `UNKNOWN`, with what we answer: what cannot be read, and what a component may not
/// answer, is `INVALID_ARGUMENT` as it is 400 over REST; what a component fails on is `INTERNAL`.
const FAILURES: [(&str, &str, &str); DEVIATING] = [
    ("Ident", "3", "INVALID_ARGUMENT"),
    ("Ident", "4", "INVALID_ARGUMENT"),
    ("Ident", "6", "INVALID_ARGUMENT"),
    ("Ident", "11", "INVALID_ARGUMENT"),
    ("Sum2", "2", "INTERNAL"),
    ("Sum2", "3", "INVALID_ARGUMENT"),
    ("Sum2", "4", "INVALID_ARGUMENT"),
    ("Sum2", "6", "INVALID_ARGUMENT"),
    ("Sum2", "7", "INTERNAL"),
    ("Sum2", "8", "INTERNAL"),
    ("Sum2", "9", "INTERNAL"),
    ("Multi", "3", "INVALID_ARGUMENT"),
    ("Multi", "4", "INVALID_ARGUMENT"),
    ("Multi", "6", "INVALID_ARGUMENT"),
    ("Multi", "11", "INVALID_ARGUMENT"),
    ("sk_proba", "2", "INVALID_ARGUMENT"),
    ("sk_proba", "3", "INVALID_ARGUMENT"),
    ("sk_proba", "4", "INVALID_ARGUMENT"),
    ("sk_proba", "5", "INVALID_ARGUMENT"),
    ("sk_proba", "6", "INVALID_ARGUMENT"),
    ("sk_proba", "7", "INVALID_ARGUMENT"),
    ("sk_proba", "8", "INVALID_ARGUMENT"),
    ("sk_proba", "9", "INVALID_ARGUMENT"),
    ("sk_proba", "11", "INVALID_ARGUMENT"),
    ("sk_predict", "2", "INVALID_ARGUMENT"),
    ("sk_predict", "3", "INVALID_ARGUMENT"),
    ("sk_predict", "4", "INVALID_ARGUMENT"),
    ("sk_predict", "5", "INVALID_ARGUMENT"),
    ("sk_predict", "6", "INVALID_ARGUMENT"),
    ("sk_predict", "7", "INVALID_ARGUMENT"),
    ("sk_predict", "8", "INVALID_ARGUMENT"),
    ("sk_predict", "9", "INVALID_ARGUMENT"),
    ("sk_predict", "11", "INVALID_ARGUMENT"),
    ("sk_decision", "2", "INVALID_ARGUMENT"),
    ("sk_decision", "3", "INVALID_ARGUMENT"),
    ("sk_decision", "4", "INVALID_ARGUMENT"),
    ("sk_decision", "5", "INVALID_ARGUMENT"),
    ("sk_decision", "6", "INVALID_ARGUMENT"),
    ("sk_decision", "7", "INVALID_ARGUMENT"),
    ("sk_decision", "8", "INVALID_ARGUMENT"),
    ("sk_decision", "9", "INVALID_ARGUMENT"),
    ("sk_decision", "11", "INVALID_ARGUMENT"),
    ("sk_str", "2", "INVALID_ARGUMENT"),
    ("sk_str", "3", "INVALID_ARGUMENT"),
    ("sk_str", "4", "INVALID_ARGUMENT"),
    ("sk_str", "5", "INVALID_ARGUMENT"),
    ("sk_str", "6", "INVALID_ARGUMENT"),
    ("sk_str", "7", "INVALID_ARGUMENT"),
    ("sk_str", "8", "INVALID_ARGUMENT"),
    ("sk_str", "9", "INVALID_ARGUMENT"),
    ("sk_str", "11", "INVALID_ARGUMENT"),
    ("sk_reg_proba", "0", "OK"),
    ("sk_reg_proba", "1", "OK"),
    ("sk_reg_proba", "2", "INVALID_ARGUMENT"),
    ("sk_reg_proba", "3", "INVALID_ARGUMENT"),
    ("sk_reg_proba", "4", "INVALID_ARGUMENT"),
    ("sk_reg_proba", "5", "INVALID_ARGUMENT"),
    ("sk_reg_proba", "6", "INVALID_ARGUMENT"),
    ("sk_reg_proba", "7", "INVALID_ARGUMENT"),
    ("sk_reg_proba", "8", "INVALID_ARGUMENT"),
    ("sk_reg_proba", "9", "INVALID_ARGUMENT"),
    ("sk_reg_proba", "10", "OK"),
    ("sk_reg_proba", "11", "INVALID_ARGUMENT"),
    ("sk_reg_proba", "12", "OK"),
    ("sk_reg_predict", "2", "INVALID_ARGUMENT"),
    ("sk_reg_predict", "3", "INVALID_ARGUMENT"),
    ("sk_reg_predict", "4", "INVALID_ARGUMENT"),
    ("sk_reg_predict", "5", "INVALID_ARGUMENT"),
    ("sk_reg_predict", "6", "INVALID_ARGUMENT"),
    ("sk_reg_predict", "7", "INVALID_ARGUMENT"),
    ("sk_reg_predict", "8", "INVALID_ARGUMENT"),
    ("sk_reg_predict", "9", "INVALID_ARGUMENT"),
    ("sk_reg_predict", "11", "INVALID_ARGUMENT"),
    ("xgb_multi", "2", "INVALID_ARGUMENT"),
    ("xgb_multi", "3", "INVALID_ARGUMENT"),
    ("xgb_multi", "4", "INVALID_ARGUMENT"),
    ("xgb_multi", "5", "INVALID_ARGUMENT"),
    ("xgb_multi", "6", "INVALID_ARGUMENT"),
    ("xgb_multi", "7", "INVALID_ARGUMENT"),
    ("xgb_multi", "8", "INVALID_ARGUMENT"),
    ("xgb_multi", "9", "INVALID_ARGUMENT"),
    ("xgb_binary", "2", "INVALID_ARGUMENT"),
    ("xgb_binary", "3", "INVALID_ARGUMENT"),
    ("xgb_binary", "4", "INVALID_ARGUMENT"),
    ("xgb_binary", "5", "INVALID_ARGUMENT"),
    ("xgb_binary", "6", "INVALID_ARGUMENT"),
    ("xgb_binary", "7", "INVALID_ARGUMENT"),
    ("xgb_binary", "8", "INVALID_ARGUMENT"),
    ("xgb_binary", "9", "INVALID_ARGUMENT"),
];

/// A line of the recording.
struct Row {
    model: String,
    case: String,
    method: String,
    request: Value,
    /// None where the original failed.
    response: Option<Value>,
}

#[test]
fn every_recorded_call_passes_or_fails_with_a_code_of_its_own() {
    let rows = read_all();
    let (mut passed, mut deviating) = (0, 0);
    let mut failures = Vec::new();
    for model in &MODELS {
        let (name, server) = (model.name, start(model));
        let mut client = Client::connect(server.grpc);
        for row in rows.iter().filter(|row| row.model == name) {
            let request = proto::encode(MESSAGE, &row.request);
            let answer = client.unary(&format!("/seldon.protos.{}", row.method), &request);
            match (judge(row, &answer), &row.response) {
                (Err(why), _) => failures.push(format!("- {name} `{}`: {why}", row.case)),
                (Ok(()), Some(_)) => passed += 1,
                (Ok(()), None) => deviating += 1,
            }
        }
    }
    println!("golden seldon-v1 grpc: {passed} passed, {deviating} deviating");
    assert!(failures.is_empty(), "{} rows fail:\n{}", failures.len(), failures.join("\n"));
    assert_eq!((passed, deviating), (PASSED, DEVIATING));
    assert_eq!(passed + deviating, rows.len());
}

#[test]
fn the_codes_of_failures_are_those_in_the_documentation() {
    let path = workspace().join("docs/compatibility.md");
    let text = std::fs::read_to_string(path).expect("docs/compatibility.md can be read");
    for (model, case, code) in FAILURES {
        let line = format!("| {model} | `{case}` | UNKNOWN | {code} | ");
        assert!(text.contains(&line), "the documentation lacks: {line}");
    }
}

fn start(model: &Model) -> Server {
    let serve = Start::serve(source(model.source));
    model.env.iter().fold(serve, |start, (name, value)| start.env(name, value)).start()
}

fn judge(row: &Row, answer: &Answer) -> Result<(), String> {
    let status = answer.status_name();
    let Some(recorded) = &row.response else {
        let of_row =
            |(model, case, _): &&(&str, &str, &str)| *model == row.model && *case == row.case;
        let wanted = FAILURES.iter().find(of_row).map_or("a row of `FAILURES`", |row| row.2);
        let is_silent = answer.message.is_empty() && wanted != "OK";
        return match (status == wanted, is_silent) {
            (true, false) => Ok(()),
            (true, true) => Err("the status has no text".to_owned()),
            (false, _) => Err(format!("expected {wanted}, got {status}: {}", answer.message)),
        };
    };
    if status != "OK" {
        return Err(format!("expected OK, got {status}: {}", answer.message));
    }
    // Its numbers are read from their text as the recorded ones are, perhaps one digit off.
    let got = proto::decode(MESSAGE, answer.only()).to_string();
    let got: Value = serde_json::from_str(&got).expect("it was just written");
    let recorded = proto::decode(MESSAGE, &proto::encode(MESSAGE, recorded));
    if is_near(&got, &recorded, apart(&row.model)) {
        Ok(())
    } else {
        Err(format!("expected {recorded}, got {got}"))
    }
}

/// Whether two answers are the same, but for numbers that are so near.
fn is_near(got: &Value, recorded: &Value, apart: f64) -> bool {
    match (got, recorded) {
        (Value::Array(got), Value::Array(recorded)) => {
            got.len() == recorded.len()
                && got.iter().zip(recorded).all(|(got, recorded)| is_near(got, recorded, apart))
        }
        (Value::Object(got), Value::Object(recorded)) => {
            got.len() == recorded.len()
                && got.iter().all(|(key, got)| {
                    recorded.get(key).is_some_and(|recorded| is_near(got, recorded, apart))
                })
        }
        _ => match (got.as_f64(), recorded.as_f64()) {
            (Some(got), Some(recorded)) if apart > 0.0 => {
                (got - recorded).abs() <= apart * recorded.abs()
            }
            _ => got == recorded,
        },
    }
}

fn read_all() -> Vec<Row> {
    let path = workspace().join("tests/golden/seldon-v1/grpc.jsonl");
    let text = std::fs::read_to_string(path).expect("the recording can be read");
    text.lines().map(|line| parse(line).unwrap_or_else(|| panic!("no row: {line}"))).collect()
}

fn parse(line: &str) -> Option<Row> {
    let row: Value = serde_json::from_str(line).ok()?;
    let text = |name: &str| Some(row.get(name)?.as_str()?.to_owned());
    Some(Row {
        model: text("model")?,
        case: row.get("case")?.to_string(),
        method: text("rpc")?,
        request: row.get("request")?.clone(),
        response: row.get("response").cloned(),
    })
}
