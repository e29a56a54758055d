//! The recorded answers of Seldon Core 1.18's Python microservice, replayed without HTTP.
//!
//! The rows come from three Python classes: `Ident` echoes; `Sum2` answers three fixed columns with
//! tags and metrics; `Multi` answers whatever the request names. Rows whose JSON has to be found in
//! a form or a query first are the server's to replay.

use radiant_core::{
    DType, ErrorKind, Map, Metric, MetricKind, Objects, Payload, Shape, Tensor, Value,
};

use super::{
    Kind, Meta, Request, decode_feedback, decode_messages, decode_request, encode_error,
    encode_feedback_reply, encode_meta, encode_reply, metric_value, numpy, status,
};
use crate::Limits;
use crate::json::Cursor;

const ROWS: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/seldon-v1/rest.jsonl"));

struct Row {
    name: String,
    path: String,
    body: Vec<u8>,
    status: i64,
    reply: String,
}

/// The rows of one model that carry JSON as their body.
fn rows(model: &str) -> Vec<Row> {
    let limits = Limits::default();
    let mut rows = Vec::new();
    for line in ROWS.lines() {
        let row = Cursor::new(line.as_bytes()).value(&limits).expect("a row is JSON");
        let row = row.as_map().expect("a row is an object");
        let text = |key: &str| row[key].as_text().unwrap_or_default().to_owned();
        let content_type = row["req_headers"].as_map().and_then(|map| map.get("Content-Type"));
        let content_type = content_type.and_then(Value::as_text).unwrap_or_default();
        let is_json = content_type.to_lowercase().contains("json");
        if text("model") != model || text("method") != "POST" || !is_json {
            continue;
        }
        let Value::Int(status) = row["status"] else { panic!("a status is an integer") };
        // Bytes are recorded as the characters of the same numbers.
        let byte = |character: char| u8::try_from(u32::from(character)).expect("a byte");
        let body = text("req_body").chars().map(byte).collect();
        rows.push(Row {
            name: text("name"),
            path: text("path"),
            body,
            status,
            reply: text("body"),
        });
    }
    assert!(!rows.is_empty(), "no rows of {model}");
    rows
}

/// The paths that predict, or by default echo.
fn is_prediction(row: &Row) -> bool {
    let paths = ["/predict", "/transform-input", "/transform-output", "/api/v1.0/predictions"];
    paths.contains(&row.path.as_str()) || row.path == "/api/v0.1/predictions"
}

fn is_feedback(row: &Row) -> bool {
    row.path.ends_with("feedback")
}

fn meta_text(meta: &Meta) -> Vec<u8> {
    let mut text = Vec::new();
    encode_meta(&mut text, meta);
    text
}

fn with_node(mut meta: Meta, node: &str, image: &str) -> Meta {
    meta.request_path.entry(node.into()).or_insert_with(|| Value::from(image));
    meta
}

#[track_caller]
fn assert_reply(row: &Row, out: &[u8]) {
    assert_eq!(String::from_utf8_lossy(out), row.reply, "{}", row.name);
}

fn decode(row: &Row, want: Option<DType>) -> Result<Request, radiant_core::Error> {
    let mut request = Request::new();
    decode_request(&row.body, want, &Limits::default(), &mut request).map(|()| request)
}

#[test]
fn an_echo_answers_as_recorded() {
    let mut n_rows = (0, 0);
    // TensorFlow is not in the stock image; here the request is answered.
    for row in rows("Ident").iter().filter(|row| is_prediction(row) && !row.name.contains("no tf"))
    {
        let mut out = Vec::new();
        let answered = decode(row, None).and_then(|request| {
            let meta = meta_text(&with_node(request.meta, "classifier", "org/img:1.0"));
            encode_reply(&mut out, request.kind, &request.payload, None, &meta)
        });
        if row.status == 200 {
            answered.unwrap_or_else(|error| panic!("{}: {error}", row.name));
            assert_reply(row, &out);
            n_rows.0 += 1;
        } else {
            let error = answered.expect_err(&row.name);
            assert_eq!((error.kind(), out.len()), (ErrorKind::InvalidInput, 0), "{}", row.name);
            assert_eq!(status(error.kind()).http, 400);
            n_rows.1 += 1;
        }
    }
    assert_eq!(n_rows, (54, 19));
}

#[test]
fn bad_data_has_the_recorded_shape() {
    for row in rows("Ident").iter().filter(|row| row.status == 400) {
        let reply = Cursor::new(row.reply.as_bytes()).value(&Limits::default()).expect("JSON");
        let info =
            reply.as_map().expect("an object")["status"].as_map().expect("too")["info"].clone();
        let mut out = Vec::new();
        let reason = status(ErrorKind::InvalidInput).reason;
        encode_error(&mut out, info.as_text().expect("text"), reason);
        assert_reply(row, &out);
    }
}

fn sum2_meta(mut meta: Meta, method: &str) -> Meta {
    let metric = |kind, key: &str, value, tags| Metric { key: key.into(), kind, value, tags };
    let tags = Map::from([("t".into(), Value::from("v"))]);
    let metrics = [
        metric(MetricKind::Counter, "mycounter", Value::Int(1), None),
        metric(MetricKind::Gauge, "mygauge", Value::Int(100), Some(tags)),
        metric(MetricKind::Timer, "mytimer", Value::Float(20.2), None),
    ];
    let shown = metrics.iter().map(|metric| metric_value(metric, method).expect("is valid"));
    meta.metrics.extend(shown);
    let tags = [("mytag".into(), Value::Int(1)), ("s".into(), Value::from("x"))];
    meta.tags.extend(tags);
    meta
}

fn n_rows(payload: &Payload) -> usize {
    let payload = match payload {
        Payload::Json(list) => numpy::array(list.clone(), &Limits::default()).expect("an array"),
        other => other.clone(),
    };
    let Payload::Array(tensor) = payload else { panic!("not an array: {payload:?}") };
    if tensor.shape.rank() > 1 { tensor.shape.rows() } else { 1 }
}

#[test]
fn class_names_tags_and_metrics_are_shown_as_recorded() {
    let names = ["a", "b", "c"].map(str::to_owned);
    let rows = rows("Sum2");
    let predictions = rows.iter().filter(|row| row.path == "/predict" && row.status == 200);
    for row in predictions {
        for want in [None, Some(DType::F64)] {
            let request = decode(row, want).expect(&row.name);
            let n = n_rows(&request.payload);
            let columns = Tensor::new("", &[n, 3], [0.1, 0.2, 0.7].repeat(n));
            let meta = meta_text(&sum2_meta(request.meta, "predict"));
            let mut out = Vec::new();
            encode_reply(&mut out, request.kind, &Payload::Array(columns), Some(&names), &meta)
                .expect(&row.name);
            assert_reply(row, &out);
        }
    }
    for row in rows.iter().filter(|row| is_feedback(row)) {
        let feedback = decode_feedback(&row.body, &Limits::default()).expect(&row.name);
        let meta = sum2_meta(Meta::default(), "feedback");
        let mut out = Vec::new();
        encode_feedback_reply(&mut out, feedback.kind, None, Some(&names), &meta).expect(&row.name);
        assert_reply(row, &out);
    }
}

/// What `Multi.predict` answers to `{"ret": ...}`, where that is something.
fn multi_answer(ret: &str) -> Option<Payload> {
    let list = |text: &str| {
        let list = Cursor::new(text.as_bytes()).value(&Limits::default());
        Payload::Json(list.expect("is JSON"))
    };
    let array = Payload::Array;
    Some(match ret {
        "list" => list("[[1,2],[3,4]]"),
        "list1" => list("[1,2]"),
        "liststr" => list(r#"["a","b"]"#),
        "names" => list(r#"["meta","None"]"#),
        "f32" => array(Tensor::new("", &[1, 2], vec![0.1_f32, 0.2])),
        "bool" => array(Tensor::new("", &[1, 2], vec![true, false])),
        "bytes" => Payload::Bytes(b"ab\0".as_slice().into()),
        "dict" => Payload::Json(Value::Map(Map::from([("a".into(), Value::Float(f64::NAN))]))),
        "obj" => Payload::Objects(Objects {
            shape: Shape::from([1, 3]),
            values: vec![Value::Int(1), Value::from("a"), Value::Null],
        }),
        "3d" => array(Tensor::new("", &[1, 2, 3], vec![0_f64; 6])),
        "0d" => array(Tensor::new("", &[], vec![3.5_f64])),
        "resp" => array(Tensor::new("", &[1, 1], vec![1.0_f64])),
        "nan" => array(Tensor::new("", &[1, 2], vec![f64::NAN, f64::INFINITY])),
        "int" => Payload::Json(Value::Int(5)),
        "scalar" => Payload::Json(Value::Float(3.0)),
        _ => return None,
    })
}

#[test]
fn every_kind_of_answer_has_the_recorded_form() {
    let mut n_rows = 0;
    for row in rows("Multi").iter().filter(|row| row.path == "/predict") {
        let request = decode(row, None).expect(&row.name);
        let Payload::Json(Value::Map(wish)) = &request.payload else { panic!("{}", row.name) };
        let ret = wish["ret"].as_text().expect("is text");
        let Some(answer) = multi_answer(ret) else { continue };
        n_rows += 1;
        let mut meta = with_node(request.meta, "node1", "reg:5000/img:1.0");
        if ret == "resp" {
            let (key, kind, value) = ("c".to_owned(), MetricKind::Counter, Value::Int(2));
            let metric = Metric { key, kind, value, tags: None };
            meta.metrics.push(metric_value(&metric, "predict").expect("is valid"));
            meta.tags.insert("r".into(), Value::Int(1));
        }
        let mut out = Vec::new();
        let encoded = encode_reply(&mut out, request.kind, &answer, None, &meta_text(&meta));
        assert_eq!(encoded.is_ok(), row.status == 200, "{}", row.name);
        if row.status == 200 {
            assert_reply(row, &out);
        }
    }
    assert_eq!(n_rows, 15);
}

#[test]
fn routes_and_aggregates_go_back_as_recorded() {
    let rows = rows("Multi");
    for row in rows.iter().filter(|row| row.path == "/route") {
        let request = decode(row, None).expect(&row.name);
        let branch = match &request.payload {
            Payload::Array(tensor) => tensor.as_slice::<i64>().expect("integers")[0],
            Payload::Text(digits) => digits.parse().expect("digits"),
            other => panic!("{other:?}"),
        };
        // A route keeps the request's puid and nothing else.
        let meta = Meta { puid: request.meta.puid, ..Meta::default() };
        let meta = meta_text(&with_node(meta, "node1", "reg:5000/img:1.0"));
        let reply = Payload::Array(Tensor::new("", &[1, 1], vec![branch]));
        let mut out = Vec::new();
        encode_reply(&mut out, request.kind, &reply, None, &meta).expect(&row.name);
        assert_reply(row, &out);
    }
    for row in rows.iter().filter(|row| row.path == "/aggregate") {
        let messages = decode_messages(&row.body, &Limits::default());
        assert_eq!(messages.is_ok(), row.status == 200, "{}", row.name);
        let Ok(messages) = messages else { continue };
        let mut mean = Vec::new();
        for message in &messages {
            let tensor = numpy::cast(message.payload.clone(), DType::F64, "").expect("numbers");
            let values = tensor.as_slice::<f64>().expect("doubles");
            mean.resize(values.len(), 0.0);
            mean.iter_mut().zip(values).for_each(|(m, v)| *m += v / messages.len() as f64);
        }
        let kind = messages[0].kind;
        let merged = messages.into_iter().map(|message| message.meta);
        let merged = merged.reduce(|mut meta, later| {
            meta.merge(later);
            meta
        });
        let meta = with_node(merged.expect("one message"), "node1", "reg:5000/img:1.0");
        let reply = Payload::Array(Tensor::new("", &[1, mean.len()], mean));
        let mut out = Vec::new();
        encode_reply(&mut out, kind, &reply, None, &meta_text(&meta)).expect(&row.name);
        assert_reply(row, &out);
    }
}

#[test]
fn feedback_goes_back_as_recorded() {
    let mut n_rows = 0;
    for (model, node, image) in
        [("Ident", "classifier", "org/img:1.0"), ("Multi", "node1", "reg:5000/img:1.0")]
    {
        for row in rows(model).iter().filter(|row| is_feedback(row)) {
            n_rows += 1;
            let feedback = decode_feedback(&row.body, &Limits::default());
            assert_eq!(feedback.is_ok(), row.status == 200, "{}", row.name);
            let Ok(feedback) = feedback else { continue };
            let routing = feedback.response_routing.get(node).copied();
            let n_truth = feedback.truth.map_or(0, |truth| match truth.payload {
                Payload::Array(tensor) => tensor.data.len(),
                other => panic!("{other:?}"),
            });
            let seen =
                [f64::from(feedback.reward), routing.map_or(-9.0, f64::from), n_truth as f64];
            let reply = Payload::Array(Tensor::new("", &[1, 3], seen.to_vec()));
            let reply = (model == "Multi").then_some(&reply);
            let puid = feedback.request.and_then(|request| request.meta.puid);
            let meta = with_node(Meta { puid, ..Meta::default() }, node, image);
            let mut out = Vec::new();
            encode_feedback_reply(&mut out, feedback.kind, reply, None, &meta).expect(&row.name);
            assert_reply(row, &out);
        }
    }
    assert_eq!(n_rows, 8);
}

#[test]
fn an_echo_in_single_precision_differs_in_numbers_only() {
    for row in rows("Ident").iter().filter(|row| row.path == "/predict" && row.status == 200) {
        let (exact, single) = (decode(row, None), decode(row, Some(DType::F32)));
        let (exact, single) = (exact.expect(&row.name), single.expect(&row.name));
        assert_eq!((exact.kind, &exact.names), (single.kind, &single.names), "{}", row.name);
        match (exact.payload, single.payload) {
            (Payload::Array(exact), Payload::Array(single))
                if exact.dtype().is_float() || exact.dtype().is_integer() =>
            {
                assert_eq!((single.dtype(), &single.shape), (DType::F32, &exact.shape));
                let cast = numpy::cast(Payload::Array(exact), DType::F32, "").expect("numbers");
                assert_eq!(format!("{single:?}"), format!("{cast:?}"), "{}", row.name);
            }
            (exact, single) => assert_eq!(exact, single, "{}", row.name),
        }
    }
}

#[test]
fn a_request_with_data_has_a_kind_of_data() {
    for row in rows("Ident").iter().filter(|row| is_prediction(row)) {
        if let Ok(request) = decode(row, None) {
            let by_data = matches!(request.kind, Kind::Tensor | Kind::NdArray | Kind::TfTensor);
            let body = String::from_utf8_lossy(&row.body);
            assert_eq!(by_data, body.contains("\"data\""), "{}", row.name);
        }
    }
}
