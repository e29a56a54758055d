//! Hostile bytes never panic, and what was answered once is answered again.

use proptest::prelude::*;
use radiant_core::{DType, Payload, Tensor};

use super::*;
use crate::Limits;
use crate::json::Cursor;

/// Bodies that are valid, for mutations to begin with.
const VALID: [&str; 9] = [
    r#"{"data":{"names":["a","b"],"ndarray":[[1,2.5],[-3e1,NaN]]},"meta":{"puid":"p","tags":{"t":[1]}}}"#,
    r#"{"data":{"tensor":{"shape":[2,-1],"values":[1,2,3,4]}},"meta":{"metrics":[{"key":"k"}]}}"#,
    r#"{"data":{"ndarray":[["a",1,true,18446744073709551615],[null,{},[],2]]}}"#,
    r#"{"data":{"tftensor":{"dtype":"DT_FLOAT","tensorShape":{"dim":[{"size":"2"}]},"floatVal":[1.5]}}}"#,
    r#"{"data":{"tftensor":{"dtype":3,"tensorShape":{"dim":[{"size":2}]},"tensorContent":"AQAAAP////8="}}}"#,
    r#"{"jsonData":{"a":[1,{"b":null}],"c":"\ud83d\ude00"},"strData":5,"binData":"aGk="}"#,
    r#"{"request":{"data":{"ndarray":[[1]]},"meta":{"puid":"P"}},"response":{"meta":{"routing":{"n":1}}},"reward":0.3,"truth":{"binData":"YQ"}}"#,
    r#"[{"data":{"ndarray":[[1]]}},{"strData":"x"}]"#,
    r#"{"seldonMessages":[{"data":{"tensor":{"shape":[1],"values":[1]}}}]}"#,
];

/// Decodes bytes in every way, and what decodes, encodes.
fn drive(body: &[u8]) {
    let limits = Limits { elements_max: 1 << 12, ..Limits::default() };
    let mut request = Request::new();
    for want in [None, Some(DType::F32), Some(DType::F64)] {
        let by_bytes = decode_request(body, want, &limits, &mut request).is_ok();
        let mut cursor = Cursor::new(body);
        let value = cursor.value(&limits).and_then(|value| cursor.finish().map(|()| value));
        if let Ok(value) = &value {
            let mut by_tree = Request::new();
            // The tree counts the elements of unknown keys and drops all but the last of equal keys.
            if decode_value(value, want, &limits, &mut by_tree).is_ok() && by_bytes {
                assert_eq!(format!("{request:?}"), format!("{by_tree:?}"));
            }
        }
        if by_bytes {
            check_reply(&request);
        }
    }
    for message in decode_messages(body, &limits).unwrap_or_default() {
        check_reply(&message);
    }
    if let Ok(feedback) = decode_feedback(body, &limits) {
        let payload = feedback.request.map(|request| request.payload);
        let mut out = Vec::new();
        if encode_feedback_reply(&mut out, feedback.kind, payload.as_ref(), None, &Meta::default())
            .is_ok()
        {
            let reply = Cursor::new(&out).value(&Limits::default());
            reply.expect("a reply is JSON");
        }
    }
}

/// A reply, sent as a request, comes back as it is.
fn check_reply(request: &Request) {
    let (mut meta, mut out) = (Vec::new(), Vec::new());
    encode_meta(&mut meta, &request.meta);
    if encode_reply(&mut out, request.kind, &request.payload, None, &meta).is_err() {
        assert!(out.is_empty());
        return;
    }
    let mut again = Request::new();
    decode_request(&out, None, &Limits::default(), &mut again).expect("a reply is a request");
    let mut second = Vec::new();
    encode_reply(&mut second, again.kind, &again.payload, None, &meta)
        .expect("it was encoded once");
    assert_eq!(String::from_utf8_lossy(&out), String::from_utf8_lossy(&second));
    assert_eq!(format!("{:?}", again.meta), format!("{:?}", request.meta));
}

#[test]
fn valid_bodies_come_through_all_decoders() {
    for body in VALID {
        drive(body.as_bytes());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        drive(&body);
    }

    #[test]
    fn mutations_of_valid_bodies_never_panic(
        body in prop::sample::select(&VALID[..]),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..3_u8, "[ -~]"), 1..6),
    ) {
        let mut body = body.as_bytes().to_vec();
        for (place, edit, with) in edits {
            let at = place.index(body.len());
            match edit {
                0 => body[at] = with.as_bytes()[0],
                1 => body.insert(at, with.as_bytes()[0]),
                _ => drop(body.remove(at)),
            }
        }
        drive(&body);
    }

    #[test]
    fn numbers_come_back_as_they_went(
        rows in prop::collection::vec(prop::array::uniform3(any::<f64>()), 1..8),
    ) {
        let values: Vec<f64> = rows.iter().flatten().copied().collect();
        let tensor = Tensor::new("", &[rows.len(), 3], values);
        for kind in [Kind::NdArray, Kind::Tensor, Kind::TfTensor] {
            let mut out = Vec::new();
            encode_tensor_reply(&mut out, kind, &tensor, None, b"{}").expect("numbers");
            let mut back = Request::new();
            decode_request(&out, Some(DType::F64), &Limits::default(), &mut back).expect("a reply");
            prop_assert_eq!(back.kind, kind);
            prop_assert_eq!(format!("{:?}", back.payload), format!("{:?}", Payload::Array(tensor.clone())));
        }
    }
}
