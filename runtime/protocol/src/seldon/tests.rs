//! What the recorded answers do not cover: order and repetition of keys, limits and errors.

use radiant_core::{DType, Metric, MetricKind, Payload, Shape, Tensor, TensorData, Value};

use super::*;
use crate::Limits;
use crate::json::Cursor;

pub(super) fn request(body: &str) -> Result<Request, String> {
    let mut request = Request::new();
    decode_request(body.as_bytes(), None, &Limits::default(), &mut request)
        .map(|()| request)
        .map_err(|error| error.to_string())
}

#[track_caller]
fn refuses(body: &str, expected: &str) {
    assert_eq!(request(body).map(|request| request.payload), Err(expected.into()), "{body}");
}

/// The body that an echo answers, without its meta.
fn echo(body: &str) -> Result<String, String> {
    let request = request(body)?;
    let mut out = Vec::new();
    encode_reply(&mut out, request.kind, &request.payload, None, b"{}")
        .map_err(|error| error.to_string())?;
    let out = String::from_utf8(out).expect("a reply is ASCII");
    Ok(out.replace("\"meta\":{}", "").trim_end().to_owned())
}

#[track_caller]
pub(super) fn echoes(body: &str, expected: &str) {
    assert_eq!(echo(body).as_deref(), Ok(expected), "{body}");
}

#[test]
fn the_order_of_keys_does_not_matter_and_the_last_of_two_counts() {
    let tensor = r#"{"data":{"names":["t:0"],"tensor":{"shape":[2,1],"values":[1,2]}},}"#;
    echoes(r#"{"data":{"tensor":{"values":[1,2],"shape":[2,1]}}}"#, tensor);
    echoes(r#"{"data":{"tensor":{"shape":[2,1],"values":[1,2]},"ndarray":[[9]]}}"#, tensor);
    echoes(r#"{"data":{"ndarray":[[9]],"tensor":{"shape":[2,1],"values":[1,2]}}}"#, tensor);
    echoes(r#"{"data":{"ndarray":["a"],"tensor":{"shape":[2,1],"values":[1,2]}}}"#, tensor);
    echoes(
        r#"{"data":{"tftensor":5,"tensor":{"values":[7],"values":[1,2],"shape":[2,1]}}}"#,
        tensor,
    );
    echoes(r#"{"data":{"tensor":5,"tensor":{"shape":[2,1],"values":[[1],[2]]}}}"#, tensor);
    let array = r#"{"data":{"names":[],"ndarray":[1]},}"#;
    echoes(r#"{"data":{"ndarray":["a"],"ndarray":[1]}}"#, array);
    echoes(r#"{"data":{"ndarray":[1]},"jsonData":1,"strData":"s"}"#, array);
    echoes(r#"{"strData":"s","data":{"ndarray":[[1,2],3]},"data":{"ndarray":[1]}}"#, array);
    echoes(r#"{"data":{"ndarray":["a"],"tftensor":5,"ndarray":[1]}}"#, array);
    echoes(r#"{"binData":"YQ==","strData":"s"}"#, r#"{,"strData":"s"}"#);
    echoes(r#"{"strData":"s","jsonData":{}}"#, r#"{"jsonData":{},}"#);
}

#[test]
fn names_are_texts_and_column_numbers() {
    let names = |names: &str| {
        request(&format!(r#"{{"data":{{"names":{names},"ndarray":[1]}}}}"#)).map(|r| r.names)
    };
    assert_eq!(
        names(r#"["a","b\n",1,2.0,true]"#),
        Ok(["a", "b\n", "1", "2.0", "True"].map(Into::into).into())
    );
    assert_eq!(names("null"), Ok(Vec::new()));
    assert_eq!(names(r#""ab""#), Err("`data.names`: expected an array, got a string".into()));
    assert_eq!(names("[null]"), Err("`data.names`: expected strings, got null".into()));
}

#[test]
fn decoding_again_leaves_nothing_of_the_request_before_and_keeps_its_memory() {
    let mut request = Request::new();
    let mut decode = |body: &str| {
        decode_request(body.as_bytes(), Some(DType::F32), &Limits::default(), &mut request)
            .expect(body);
        let place = match &request.payload {
            Payload::Array(tensor) => tensor.as_slice::<f32>().expect("FP32").as_ptr(),
            other => panic!("{other:?}"),
        };
        (request.clone(), place)
    };
    let long = r#"{"data":{"names":["a","b"],"ndarray":[[1,2],[3,4]]},"meta":{"puid":"p","tags":{"t":1}}}"#;
    let (first, place) = decode(long);
    assert_eq!((first.names.len(), first.meta.is_empty()), (2, false));
    let (second, again) = decode(r#"{"data":{"ndarray":[[5,6]]}}"#);
    let tensor = Tensor::new("", &[1, 2], vec![5.0_f32, 6.0]);
    assert_eq!((second.kind, second.payload), (Kind::NdArray, Payload::Array(tensor)));
    assert!(second.names.is_empty() && second.meta.is_empty());
    assert_eq!(place, again);
    let (empty, again) = decode(r#"{"data":[]}"#);
    assert_eq!(empty.payload, Payload::Array(Tensor::new("", &[0], Vec::<f32>::new())));
    assert_eq!(place, again);
}

#[test]
fn a_numeric_model_gets_its_type_by_every_road() {
    let bodies = [
        r#"{"data":{"ndarray":[[1,9223372036854775809]]}}"#,
        r#"{"data":{"ndarray":[[true,2.5]]}}"#,
        r#"{"data":{"tensor":{"shape":[1],"values":[9007199254740993]}}}"#,
        r#"{"data":{"tftensor":{"dtype":"DT_INT64","int64Val":["7"]}}}"#,
        r#"{"data":{}}"#,
    ];
    for body in bodies {
        let value = Cursor::new(body.as_bytes()).value(&Limits::default()).expect(body);
        for want in [DType::F32, DType::F64] {
            let (mut by_bytes, mut by_tree) = (Request::new(), Request::new());
            decode_request(body.as_bytes(), Some(want), &Limits::default(), &mut by_bytes)
                .expect(body);
            decode_value(&value, Some(want), &Limits::default(), &mut by_tree).expect(body);
            assert_eq!(by_bytes, by_tree, "{body}");
            assert!(matches!(by_bytes.payload, Payload::Array(t) if t.dtype() == want), "{body}");
        }
    }
}

#[test]
fn errors_say_where_what_was_expected_and_what_came() {
    refuses("[1,2]", "request: expected a JSON object, got an array");
    refuses("null", "request: expected a JSON object, got null");
    refuses(
        "{}",
        "request: expected one of `data`, `jsonData`, `strData` and `binData`, got none of them",
    );
    refuses(
        "{bad",
        "request is not JSON: expected a key in double quotes or `}` at line 1 column 2 (byte 1)",
    );
    refuses(
        r#"{"data":{"ndarray":[1]}} x"#,
        "request is not JSON: expected the end at line 1 column 26 (byte 25)",
    );
    refuses(r#"{"data":null}"#, "`data`: expected an object, got null");
    refuses(r#"{"data":5}"#, "`data`: expected an object, got a number");
    refuses(
        r#"{"data":{"tensor":{"values":[1]}}}"#,
        "`data.tensor`: expected `shape` and `values`, got no `shape`",
    );
    refuses(
        r#"{"data":{"tensor":{"shape":[1]}}}"#,
        "`data.tensor`: expected `shape` and `values`, got no `values`",
    );
    refuses(
        r#"{"data":{"tensor":null}}"#,
        "`data.tensor`: expected an object with `shape` and `values`, got something else",
    );
    refuses(
        r#"{"data":{"tensor":{"shape":[3,2],"values":[1,2,3,4]}}}"#,
        "`data.tensor`: expected 4 elements, got shape [3, 2]",
    );
    refuses(
        r#"{"data":{"ndarray":[[1,2],[3]]}}"#,
        "`data.ndarray`: element [1]: expected an array of 2 as its first neighbour is, got an array of 1",
    );
    refuses(
        r#"{"binData":"aGVsb"}"#,
        "`binData`: expected base64 in groups of four characters with padding, got 5 characters of data",
    );
    refuses(r#"{"binData":5}"#, "`binData`: expected a string of base64, got a number");
    refuses(r#"{"meta":null,"strData":""}"#, "`meta`: expected an object, got null");
    refuses(
        r#"{"meta":{"tags":[]},"strData":""}"#,
        "`meta.tags`: expected an object, got an array",
    );
}

#[test]
fn a_small_body_cannot_ask_for_a_large_answer() {
    for body in [
        r#"{"data":{"tensor":{"shape":[1000000000,0],"values":[]}}}"#,
        r#"{"data":{"tensor":{"shape":[0,1000000000],"values":[]}}}"#,
        r#"{"data":{"tensor":{"shape":[4294967296,4294967296,4294967296],"values":[]}}}"#,
        r#"{"data":{"tftensor":{"dtype":1,"tensorShape":{"dim":[{"size":"16777216"}]},"floatVal":[1]}}}"#,
        r#"{"data":{"tftensor":{"dtype":1,"tensorShape":{"dim":[{"size":0},{"size":"99999999"}]}}}}"#,
        r#"{"data":{"tftensor":{"dtype":1,"tensorShape":{"dim":[{"size":-1}]}}}}"#,
    ] {
        assert!(request(body).is_err(), "{body}");
    }
    let limits = Limits { elements_max: 3, ..Limits::default() };
    for body in [
        r#"{"data":{"ndarray":[1,2,3,4]}}"#,
        r#"{"data":{"ndarray":[1,2,"3","4"]}}"#,
        r#"{"data":{"names":["a","b","c","d"]}}"#,
        r#"{"jsonData":[1,2,3,4]}"#,
        r#"{"data":{"tftensor":{"dtype":1,"tensorContent":"AAAAAAAAAAAAAAAAAAAAAA==","tensorShape":{"dim":[{"size":4}]}}}}"#,
    ] {
        let decoded = decode_request(body.as_bytes(), None, &limits, &mut Request::new());
        assert!(decoded.is_err(), "{body}");
    }
    let many = format!("[{}]", vec![r#"{"data":{}}"#; 5000].join(","));
    assert!(decode_messages(many.as_bytes(), &Limits::default()).is_err());
}

#[test]
fn a_reply_that_fails_leaves_the_buffer_as_it_was() {
    let mut strings = radiant_core::Strings::new();
    strings.push(b"\xFF");
    let payload = Payload::Array(Tensor::strings("", &[1], strings));
    let mut out = b"before".to_vec();
    let error = encode_reply(&mut out, Kind::Json, &payload, None, b"{}").expect_err("not text");
    assert_eq!(error.message(), "reply: expected strings of UTF-8, got other bytes at element 0");
    assert_eq!(out, b"before");
    let null = Payload::Json(Value::Null);
    let error = encode_reply(&mut out, Kind::Json, &null, None, b"{}").expect_err("no form");
    assert_eq!(error.message(), "reply: expected an array, an object, a string or bytes, got null");
}

#[test]
fn a_metric_without_a_number_is_a_bad_metric() {
    let metric =
        Metric { key: "k".into(), kind: MetricKind::Gauge, value: Value::Null, tags: None };
    let error = metric_value(&metric, "predict").expect_err("null is no number");
    assert_eq!(error.message(), "metric `k`: expected a number as value, got null");
    let refusal = error.refusal().expect("has a status of its own");
    assert_eq!((refusal.status, refusal.reason.as_str()), (500, "MICROSERVICE_BAD_METRIC"));
}

#[test]
fn the_messages_of_an_aggregate_come_in_order_and_errors_tell_which() {
    let decode = |body: &str| decode_messages(body.as_bytes(), &Limits::default());
    let messages =
        decode(r#" {"x":1,"seldonMessages":[{"strData":"a"},{"jsonData":2}]} "#).expect("two");
    let kinds: Vec<Kind> = messages.iter().map(|message| message.kind).collect();
    assert_eq!(kinds, [Kind::Text, Kind::Json]);
    let error = |body: &str| decode(body).map_err(|error| error.to_string());
    assert_eq!(
        error(r#"[{"strData":"a"},{}]"#).expect_err("one is empty"),
        "message 1: request: expected one of `data`, `jsonData`, `strData` and `binData`, got none of them"
    );
    assert_eq!(
        error("[]").expect_err("none"),
        "request: expected an array of messages, got an empty array"
    );
    assert_eq!(
        error("{}").expect_err("no list"),
        "request: expected an array of messages, got an object without `seldonMessages`"
    );
    assert_eq!(
        error("5").expect_err("a number"),
        "request: expected an array of messages, got a number"
    );
    assert!(error("[{\"strData\":\"a\"}").is_err());
}

#[test]
fn shapes_of_axes_beyond_the_inline_ones_survive() {
    let decoded =
        request(r#"{"data":{"tensor":{"shape":[1,1,1,1,1,2],"values":[1,2]}}}"#).expect("six axes");
    let expected = Tensor {
        shape: Shape::from([1, 1, 1, 1, 1, 2]),
        data: TensorData::I64(vec![1, 2]),
        ..Tensor::default()
    };
    assert_eq!(decoded.payload, Payload::Array(expected));
}
