//! The recorded answers of Seldon Core 1.18's Python microservice over gRPC, replayed without gRPC.
//!
//! The rows hold messages in protobuf's JSON; messages that are built from them here go through the
//! compiled types, so that this side shares nothing with the codec but the proto file. Rows of models
//! that do more than echo are replayed as far as their answers are fixed.

use prost::Message as _;
use radiant_core::{ErrorKind, Map, Metric, MetricKind, Payload, Tensor, Value};
use serde_json::Value as Json;

use super::from_json::message_of_json;
use super::tests::meta_bytes;
use super::{decode_request, encode_reply};
use crate::Limits;
use crate::pb::seldon::protos::SeldonMessage;
use crate::seldon::{Kind, Meta, Request, metric_value, numpy};

const ROWS: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/seldon-v1/grpc.jsonl"));

struct Row {
    case: u64,
    request: Vec<u8>,
    /// `None` for a failure.
    response: Option<SeldonMessage>,
}

/// The rows of one model.
fn rows(model: &str) -> Vec<Row> {
    let rows = ROWS.lines().map(|line| serde_json::from_str::<Json>(line).expect("a row is JSON"));
    let rows: Vec<Row> = rows
        .filter(|row| row["model"] == model && row["rpc"] == "Model/Predict")
        .map(|row| Row {
            case: row["case"].as_u64().expect("a number"),
            request: message_of_json(&row["request"]).encode_to_vec(),
            response: row.get("response").map(message_of_json),
        })
        .collect();
    assert_eq!(rows.len(), 13);
    rows
}

fn decode(row: &Row) -> Result<Request, radiant_core::Error> {
    let mut request = Request::new();
    decode_request(&row.request, None, &Limits::default(), &mut request).map(|()| request)
}

/// Encodes a reply, and decodes it with the compiled types.
fn reply(
    kind: Kind,
    payload: &Payload,
    names: Option<&[String]>,
    meta: &Meta,
) -> Result<SeldonMessage, radiant_core::Error> {
    let mut out = Vec::new();
    encode_reply(&mut out, kind, payload, names, &meta_bytes(meta))?;
    Ok(SeldonMessage::decode(&*out).expect("a reply is a message"))
}

#[test]
fn an_echo_answers_as_recorded() {
    let mut n_answered = 0;
    for (model, node, image) in
        [("Ident", "classifier", "org/img:1.0"), ("Multi", "node1", "reg:5000/img:1.0")]
    {
        for row in rows(model) {
            let answered = decode(&row).and_then(|request| {
                let mut meta = request.meta;
                meta.request_path.entry(node.into()).or_insert_with(|| Value::from(image));
                reply(request.kind, &request.payload, None, &meta)
            });
            match (answered, row.response) {
                (Ok(answer), Some(expected)) => {
                    assert_eq!(answer, expected, "{model} {}", row.case);
                    n_answered += 1;
                }
                (Err(error), None) => {
                    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{model} {}", row.case);
                }
                (answered, expected) => panic!("{}: {answered:?}, expected {expected:?}", row.case),
            }
        }
    }
    assert_eq!(n_answered, 18);
}

fn sum2_meta(mut meta: Meta) -> Meta {
    let metric = |kind, key: &str, value, tags| Metric { key: key.into(), kind, value, tags };
    let tags = Map::from([("t".into(), Value::from("v"))]);
    let metrics = [
        metric(MetricKind::Counter, "mycounter", Value::Int(1), None),
        metric(MetricKind::Gauge, "mygauge", Value::Int(100), Some(tags)),
        metric(MetricKind::Timer, "mytimer", Value::Float(20.2), None),
    ];
    let shown = metrics.iter().map(|metric| metric_value(metric, "predict").expect("is valid"));
    meta.metrics.extend(shown);
    meta.tags.extend([("mytag".into(), Value::Int(1)), ("s".into(), Value::from("x"))]);
    meta
}

fn n_rows(payload: Payload) -> usize {
    let array = match payload {
        Payload::Json(Value::Float(_)) => return 1,
        Payload::Json(list) => numpy::array(list, &Limits::default()).expect("an array"),
        other => other,
    };
    let Payload::Array(tensor) = array else { panic!("not an array: {array:?}") };
    if tensor.shape.rank() > 1 { tensor.shape.rows() } else { 1 }
}

#[test]
fn class_names_tags_and_metrics_are_shown_as_recorded() {
    let names = ["a", "b", "c"].map(str::to_owned);
    for row in rows("Sum2") {
        let Some(expected) = &row.response else { continue };
        let request = decode(&row).expect("was answered");
        let n_rows = n_rows(request.payload);
        let columns = Tensor::new("", &[n_rows, 3], [0.1, 0.2, 0.7].repeat(n_rows));
        let meta = sum2_meta(request.meta);
        let answer = reply(request.kind, &Payload::Array(columns), Some(&names), &meta);
        assert_eq!(&answer.expect("has a form"), expected, "{}", row.case);
    }
}

#[test]
fn what_every_model_refuses_is_refused_here() {
    for row in rows("sk_predict") {
        // A ragged list, values that do not fill the shape, nothing at all.
        assert_eq!(decode(&row).is_err(), [3, 4, 6].contains(&row.case), "{}", row.case);
    }
}
