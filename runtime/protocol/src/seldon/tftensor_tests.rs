//! TensorFlow's tensors, there and back.

use radiant_core::{DType, Payload, Tensor};

use super::tests::{echoes, request};
use super::*;

fn tf(fields: &str) -> Result<Tensor, String> {
    let body = format!(r#"{{"data":{{"tftensor":{{{fields}}}}}}}"#);
    request(&body).map(|request| match request.payload {
        Payload::Array(tensor) => tensor,
        other => panic!("{other:?}"),
    })
}

#[test]
fn tensorflows_tensors_are_read_in_every_spelling() {
    let check = |fields: &str, expected: Tensor| assert_eq!(tf(fields), Ok(expected), "{fields}");
    let two = r#""tensorShape":{"dim":[{"size":"2"},{"size":1,"name":"x"}]}"#;
    let with = |fields: &str| format!("{fields},{two}");
    check(
        &with(r#""dtype":"DT_FLOAT","floatVal":[1.5,"Infinity"]"#),
        Tensor::new("", &[2, 1], vec![1.5_f32, f32::INFINITY]),
    );
    check(&with(r#""dtype":2,"double_val":[1,"2.5"]"#), Tensor::new("", &[2, 1], vec![1.0, 2.5]));
    check(
        &with(r#""dtype":"DT_INT64","int64Val":["-1",2]"#),
        Tensor::new("", &[2, 1], vec![-1_i64, 2]),
    );
    check(
        &with(r#""dtype":"DT_UINT64","uint64Val":["18446744073709551615"]"#),
        Tensor::new("", &[2, 1], vec![u64::MAX; 2]),
    );
    check(&with(r#""dtype":"DT_UINT8","intVal":[7]"#), Tensor::new("", &[2, 1], vec![7_u8; 2]));
    check(&with(r#""dtype":"DT_INT16""#), Tensor::new("", &[2, 1], vec![0_i16; 2]));
    check(
        &with(r#""dtype":"DT_BOOL","boolVal":[true,false]"#),
        Tensor::new("", &[2, 1], vec![true, false]),
    );
    check(
        &with(r#""dtype":"DT_HALF","halfVal":[15360,0]"#),
        Tensor::new("", &[2, 1], vec![half::f16::ONE, half::f16::ZERO]),
    );
    check(
        &with(r#""dtype":"DT_STRING","stringVal":["YQ==","Yg"]"#),
        Tensor::strings("", &[2, 1], ["a", "b"].into_iter().collect()),
    );
    check(
        &with(r#""dtype":"DT_INT32","tensorContent":"AQAAAP////8=""#),
        Tensor::new("", &[2, 1], vec![1, -1]),
    );
    check(r#""dtype":"DT_DOUBLE","doubleVal":[2.5]"#, Tensor::new("", &[], vec![2.5]));
}

#[test]
fn other_tensors_of_tensorflow_are_refused() {
    let refused = |fields: &str, expected: &str| {
        assert_eq!(tf(fields), Err(format!("`data.tftensor`: {expected}")), "{fields}");
    };
    refused("", "expected `dtype`, got none");
    refused(
        r#""dtype":"DT_COMPLEX64""#,
        "`dtype`: expected a numeric, boolean or string type, got \"DT_COMPLEX64\"",
    );
    refused(
        r#""dtype":"DT_FLOAT","floatVal":[1,2]"#,
        "`floatVal`: expected 1 elements by the shape, got 2",
    );
    refused(
        r#""dtype":"DT_FLOAT","floatVal":[null]"#,
        "`floatVal`: expected elements of FP32, got null",
    );
    refused(
        r#""dtype":"DT_UINT8","intVal":[256]"#,
        "`intVal`: expected elements of UINT8, got a number",
    );
    refused(
        r#""dtype":"DT_FLOAT","tensorContent":"AAAA""#,
        "`tensorContent`: expected 4 bytes, got 3",
    );
    refused(
        r#""dtype":"DT_STRING","tensorContent":"AAAA""#,
        "`tensorContent`: expected `stringVal` for strings",
    );
    refused(
        r#""dtype":"DT_FLOAT","tensorShape":{"unknownRank":true}"#,
        "`tensorShape`: expected a shape, got an unknown one",
    );
}

#[test]
fn every_numeric_type_of_tensorflow_goes_there_and_back() {
    for dtype in DType::ALL {
        for n in [0, 1, 3] {
            let values = Payload::Array(Tensor::new("", &[n], (0..n).map(|v| v as f64).collect()));
            let tensor = match dtype {
                DType::Bool => Tensor::new("", &[n], vec![true; n]),
                DType::Bytes => {
                    Tensor::strings("", &[n], ["a", "b", "c"].into_iter().take(n).collect())
                }
                _ => numpy::cast(values, dtype, "").expect("integral"),
            };
            let mut text = b"{\"data\":{\"tftensor\":".to_vec();
            tftensor::push(&mut text, &tensor);
            text.extend_from_slice(b"}}");
            let text = String::from_utf8(text).expect("is ASCII");
            let back = request(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(back.payload, Payload::Array(tensor), "{text}");
        }
    }
}

#[test]
fn a_tftensor_goes_back_as_one_with_sorted_keys() {
    echoes(
        r#"{"data":{"tftensor":{"dtype":1,"floatVal":[0.1],"tensorShape":{"dim":[{"size":1},{"size":2}]}}}}"#,
        r#"{"data":{"names":["t:0","t:1"],"tftensor":{"dtype":"DT_FLOAT","tensorContent":"zczMPc3MzD0=","tensorShape":{"dim":[{"size":"1"},{"size":"2"}]}}},}"#,
    );
    echoes(
        r#"{"data":{"tftensor":{"dtype":2,"doubleVal":[0.1]}}}"#,
        r#"{"data":{"names":[],"tftensor":{"doubleVal":[0.1],"dtype":"DT_DOUBLE","tensorShape":{"dim":[]}}},}"#,
    );
    echoes(
        r#"{"data":{"tftensor":{"dtype":10,"boolVal":[true]}}}"#,
        r#"{"data":{"names":[],"ndarray":true},}"#,
    );
}
