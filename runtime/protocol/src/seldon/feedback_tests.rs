//! Feedback beyond the recorded answers: strictness, doubles, and replies of every kind.

use radiant_core::{Payload, Tensor};

use super::*;
use crate::Limits;
use crate::json::Cursor;

fn feedback_error(body: &str) -> String {
    match decode_feedback(body.as_bytes(), &Limits::default()) {
        Ok(feedback) => panic!("{body}: {feedback:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn feedback_is_read_strictly() {
    let check = |body: &str, expected: &str| assert_eq!(feedback_error(body), expected, "{body}");
    check(
        r#"{"foo":1}"#,
        "message `Feedback` has no field `foo`, expected one of `request`, `response`, `reward`, `truth`",
    );
    check(
        r#"{"truth":{"data":{"rows":[]}}}"#,
        "`truth`: message `DefaultData` has no field `rows`, expected one of `names`, `tensor`, `ndarray`, `tftensor`",
    );
    check(
        r#"{"request":{"strData":"a","jsonData":null}}"#,
        "`request`: message `SeldonMessage`: expected one payload, got `jsonData` and `strData`",
    );
    check(
        r#"{"request":{"data":{"ndarray":[],"tensor":{}}}}"#,
        "`request`: message `DefaultData`: expected one array, got more",
    );
    check(r#"{"request":{"strData":5}}"#, "`request`: `strData`: expected a string, got a number");
    check(
        r#"{"reward":1e39}"#,
        "`reward`: expected a number of single precision, got one beyond its range",
    );
    check(r#"{"reward":true}"#, "`reward`: expected a number, got a boolean");
    check(
        r#"{"response":{"meta":{"routing":{"a":1.5}}}}"#,
        "`response`: `meta.routing`: expected a 32-bit integer, got a number",
    );
    check(
        r#"{"request":{"meta":{"metrics":[{"type":"X"}]}}}"#,
        "`request`: `metrics.type`: expected `COUNTER`, `GAUGE` or `TIMER`, got a string",
    );
    check("[]", "`Feedback`: expected an object, got an array");
}

#[test]
fn numbers_in_feedback_are_doubles() {
    let body = r#"{"request":{"data":{"names":["a"],"ndarray":[[1,true]]},"meta":null},"reward":"0.5",
        "response":{"meta":{"routing":{"r":"-1"}},"status":{"code":200}},"truth":{"data":{"ndarray":[1,"b"]}}}"#;
    let feedback = decode_feedback(body.as_bytes(), &Limits::default()).expect("is valid");
    let request = feedback.request.expect("came along");
    assert_eq!((feedback.kind, request.names), (Kind::NdArray, vec!["a".to_owned()]));
    assert_eq!(request.payload, Payload::Array(Tensor::new("", &[1, 2], vec![1.0, 1.0])));
    assert!((feedback.reward - 0.5).abs() < f32::EPSILON);
    assert_eq!(feedback.response_routing.get("r"), Some(&-1));
    let texts = Tensor::strings("", &[2], ["1.0", "b"].into_iter().collect());
    assert_eq!(feedback.truth.map(|truth| truth.payload), Some(Payload::Array(texts)));
}

#[test]
fn a_feedback_reply_of_any_payload_has_a_form() {
    let check = |kind, payload: &Payload, expected: &str| {
        let mut out = Vec::new();
        encode_feedback_reply(&mut out, kind, Some(payload), None, &Meta::default())
            .expect(expected);
        assert_eq!(String::from_utf8_lossy(&out), format!("{expected}\n"));
    };
    let json = |text: &str| {
        Payload::Json(Cursor::new(text.as_bytes()).value(&Limits::default()).expect(text))
    };
    check(Kind::Json, &json(r#"{"a":[1,null]}"#), r#"{"jsonData":{"a":[1.0,null]},"meta":{}}"#);
    check(
        Kind::Json,
        &json("[1,2]"),
        r#"{"data":{"tensor":{"shape":[2],"values":[1.0,2.0]}},"meta":{}}"#,
    );
    check(Kind::Json, &json(r#"["a"]"#), r#"{"data":{"ndarray":["a"]},"meta":{}}"#);
    check(Kind::Json, &json("[null,1]"), r#"{"data":{"ndarray":[null,1.0]},"meta":{}}"#);
    check(Kind::Json, &Payload::Text("t".into()), r#"{"meta":{},"strData":"t"}"#);
    check(Kind::Json, &Payload::Bytes(b"a".as_slice().into()), r#"{"binData":"YQ==","meta":{}}"#);
    let nan = Payload::Array(Tensor::new("", &[1, 1], vec![f64::NAN]));
    check(Kind::NdArray, &nan, r#"{"data":{"names":["t:0"],"ndarray":[["NaN"]]},"meta":{}}"#);
    let scalar = Payload::Array(Tensor::new("", &[], vec![1_i64]));
    check(Kind::Tensor, &scalar, r#"{"data":{"tensor":{"values":[1.0]}},"meta":{}}"#);
    let refused = encode_feedback_reply(
        &mut Vec::new(),
        Kind::NdArray,
        Some(&scalar),
        None,
        &Meta::default(),
    );
    assert!(refused.is_err());
}
