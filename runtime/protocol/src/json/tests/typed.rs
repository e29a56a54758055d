//! Tensors of a declared type: what fits, what does not, and that nothing is lost.

use half::{bf16, f16};
use proptest::prelude::*;
use radiant_core::{DType, Element, Shape, Strings, TensorData};

use super::TypedError;
use crate::Limits;
use crate::json::{self, Cursor};

const LIMITS: Limits = Limits { depth_max: 8, rank_max: 3, elements_max: 6 };

fn read(dtype: DType, text: &str) -> Result<(Shape, TensorData), TypedError> {
    read_within(&LIMITS, dtype, text)
}

fn read_within(
    limits: &Limits,
    dtype: DType,
    text: &str,
) -> Result<(Shape, TensorData), TypedError> {
    let (mut shape, mut data) = (Shape::from([9, 9]), TensorData::I8(vec![1]));
    let mut cursor = Cursor::new(text.as_bytes());
    cursor.tensor(dtype, limits, &mut shape, &mut data)?;
    cursor.finish()?;
    Ok((shape, data))
}

#[track_caller]
fn check<T: Element>(text: &str, dims: &[usize], values: Vec<T>) {
    assert_eq!(read(T::DTYPE, text), Ok((Shape::new(dims), T::wrap(values))), "{text}");
}

#[test]
fn each_type_takes_its_own() {
    check("[true,false]", &[2], vec![true, false]);
    check("[[0],[255]]", &[2, 1], vec![0_u8, 255]);
    check("[-0, 65535]", &[2], vec![0_u16, 65535]);
    check("[4294967295]", &[1], vec![u32::MAX]);
    check("[18446744073709551615]", &[1], vec![u64::MAX]);
    check(" [ -128 , 127 ] ", &[2], vec![i8::MIN, i8::MAX]);
    check("[-32768]", &[1], vec![i16::MIN]);
    check("[[[-2147483648,2147483647]]]", &[1, 1, 2], vec![i32::MIN, i32::MAX]);
    check("[-9223372036854775808,9223372036854775807]", &[2], vec![i64::MIN, i64::MAX]);
    check("[0.1, 1, 65504]", &[3], vec![f16::from_f32(0.1), f16::ONE, f16::MAX]);
    check("[1.5e0, -3]", &[2], vec![bf16::from_f32(1.5), bf16::from_f32(-3.0)]);
    check("[0.1,2]", &[2], vec![0.1_f32, 2.0]);
    check("[0.1,2]", &[2], vec![0.1_f64, 2.0]);
    let strings: Strings = ["a", "", "\u{e9}\n"].into_iter().collect();
    let expected = (Shape::from([3]), TensorData::Bytes(strings));
    assert_eq!(read(DType::Bytes, r#"["a","","\u00e9\n"]"#), Ok(expected));
}

#[test]
fn shapes_are_those_of_the_nesting() {
    check("7", &[], vec![7_i64]);
    check(" 0.5", &[], vec![0.5_f32]);
    check::<i32>("[]", &[0], vec![]);
    check::<f32>("[]", &[0], vec![]);
    check::<i32>("[[],[]]", &[2, 0], vec![]);
    check::<bool>("[[[]]]", &[1, 1, 0], vec![]);
    check("[[[1],[2]],[[3],[4]]]", &[2, 2, 1], vec![1_u8, 2, 3, 4]);
}

#[test]
fn what_json_cannot_spell_comes_bare_or_as_text() {
    let text = r#"[NaN,Infinity,-Infinity,"NaN","Infinity","-Infinity",1]"#;
    let limits = Limits { elements_max: 7, ..LIMITS };
    for dtype in [DType::F16, DType::BF16, DType::F32, DType::F64] {
        let (_, data) = read_within(&limits, dtype, text).unwrap();
        let values: Vec<f64> = match data {
            TensorData::F16(values) => values.iter().map(|v| v.to_f64()).collect(),
            TensorData::BF16(values) => values.iter().map(|v| v.to_f64()).collect(),
            TensorData::F32(values) => values.iter().map(|&v| v.into()).collect(),
            TensorData::F64(values) => values,
            other => panic!("{other:?}"),
        };
        let infinities = [f64::INFINITY, f64::NEG_INFINITY];
        assert!(values[0].is_nan() && values[3].is_nan(), "{dtype}");
        assert_eq!((&values[1..3], &values[4..6]), (&infinities[..], &infinities[..]), "{dtype}");
    }
}

#[test]
fn integers_of_any_size_round_to_floats() {
    check(
        "[9007199254740993, 123456789012345678901234567890]",
        &[2],
        vec![9_007_199_254_740_993_i64 as f32, 1.234_567_9e29],
    );
    check("[-123456789012345678901234567890]", &[1], vec![-1.234_567_890_123_456_8e29_f64]);
    let (_, data) = read(DType::F32, "[-0,\"NaN\"]").unwrap();
    assert_eq!(f32::slice(&data).unwrap()[0].to_bits(), 0);
}

#[test]
fn what_does_not_fit_is_named() {
    let cases = [
        (DType::U8, "[0,1,2,256]", "element 3: expected an integer from 0 to 255 (UINT8), got 256"),
        (DType::U8, "[-1]", "element 0: expected an integer from 0 to 255 (UINT8), got -1"),
        (DType::I8, "128", "element 0: expected an integer from -128 to 127 (INT8), got 128"),
        (
            DType::I16,
            "[1.0]",
            "element 0: expected an integer from -32768 to 32767 (INT16), got 1.0",
        ),
        (
            DType::I32,
            "[1e3]",
            "element 0: expected an integer from -2147483648 to 2147483647 (INT32), got 1e3",
        ),
        (
            DType::U64,
            "[18446744073709551616]",
            "element 0: expected an integer from 0 to 18446744073709551615 (UINT64), \
             got 18446744073709551616",
        ),
        (
            DType::I64,
            "[9223372036854775808]",
            "element 0: expected an integer from -9223372036854775808 to 9223372036854775807 \
             (INT64), got 9223372036854775808",
        ),
        (DType::U8, "[NaN]", "element 0: expected an integer from 0 to 255 (UINT8), got NaN"),
        (DType::U8, "[true]", "element 0: expected an integer from 0 to 255 (UINT8), got true"),
        (
            DType::F32,
            "[1,\"1\"]",
            "element 1: expected a number within the range of FP32, got \"1\"",
        ),
        (DType::F32, "[null]", "element 0: expected a number within the range of FP32, got null"),
        (DType::F32, "[1e39]", "element 0: expected a number within the range of FP32, got 1e39"),
        (
            DType::F64,
            "[-1e999]",
            "element 0: expected a number within the range of FP64, got -1e999",
        ),
        (DType::F16, "[65520]", "element 0: expected a number within the range of FP16, got 65520"),
        (DType::BF16, "[4e38]", "element 0: expected a number within the range of BF16, got 4e38"),
        (DType::F64, "{}", "element 0: expected a number within the range of FP64, got an object"),
        (DType::Bool, "[1]", "element 0: expected `true` or `false` (BOOL), got 1"),
        (DType::Bytes, "[\"a\",1]", "element 1: expected a string (BYTES), got 1"),
        (
            DType::Bool,
            "[\"012345678901234567890123456789012345\"]",
            "element 0: expected `true` or `false` (BOOL), got \"0123456789012345678901234567890...",
        ),
    ];
    for (dtype, text, message) in cases {
        let Err(TypedError::Refused { message: got, .. }) = read(dtype, text) else {
            panic!("{dtype} {text} was not refused");
        };
        assert_eq!(&*got, message, "{text}");
    }
}

#[test]
fn an_array_that_is_no_rectangle_says_where() {
    let cases = [
        ("[[1,2],[3]]", 7, "element 3: expected 2 items in each array along axis 1, got 1"),
        ("[[1],[2,3]]", 5, "element 3: expected 1 items in each array along axis 1, got 2"),
        ("[[[1]],[]]", 7, "element 1: expected 1 items in each array along axis 1, got 0"),
        ("[[],[1]]", 4, "element 1: expected 0 items in each array along axis 1, got 1"),
        ("[[1],2]", 5, "element 1: expected an array, got 2"),
        ("[1,[2]]", 3, "element 1: expected an integer from 0 to 255 (UINT8), got an array"),
        ("[[[1]],[2]]", 8, "element 1: expected an array, got 2"),
        ("[[],[[1]]]", 5, "element 0: expected an integer from 0 to 255 (UINT8), got an array"),
        ("[[[[1]]]]", 3, "expected at most 3 axes, got more"),
    ];
    for (text, offset, message) in cases {
        match read(DType::U8, text) {
            Err(TypedError::Refused { at, message: got }) => {
                assert_eq!((at, &*got), (offset, message), "{text}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn broken_json_and_limits_are_syntax_errors() {
    for text in ["", "[", "[1", "[1,", "[1,]", "[1 2]", "[01]", "[1]x", "[t]", "[[1],", "[\"a"] {
        for dtype in DType::ALL {
            let refused = matches!(read(dtype, text), Err(TypedError::Syntax(_)));
            let other = matches!(read(dtype, text), Err(TypedError::Refused { .. }));
            assert!(refused || other, "{dtype} {text}");
        }
    }
    for (dtype, item) in [(DType::U8, "1"), (DType::F32, "1"), (DType::F32, "\"NaN\"")] {
        let text = format!("[{}]", [item; 7].join(","));
        let Err(TypedError::Syntax(error)) = read(dtype, &text) else { panic!("{text}") };
        assert_eq!(error.expected, "no more elements than the limit");
    }
}

#[test]
fn an_error_for_the_client_names_the_tensor() {
    let body = b"[1,\n256]";
    let error = read(DType::U8, std::str::from_utf8(body).unwrap()).unwrap_err();
    assert_eq!(
        error.into_error("input `x`", body).to_string(),
        "input `x`: element 1: expected an integer from 0 to 255 (UINT8), got 256"
    );
    let error = read(DType::U8, "[1,\n+]").unwrap_err();
    assert_eq!(
        error.into_error("input `x`", b"[1,\n+]").to_string(),
        "request is not JSON: expected a value at line 2 column 1 (byte 4)"
    );
}

/// A printed number reads back as itself through the type that it was printed for.
fn round_trip<T: Element + PartialEq + std::fmt::Debug>(
    value: T,
    push: impl Fn(&mut Vec<u8>, T),
) -> String {
    let mut text = Vec::new();
    push(&mut text, value);
    let text = String::from_utf8(text).unwrap();
    let (_, data) = read(T::DTYPE, &text).unwrap();
    assert_eq!(T::slice(&data), Some(&[value][..]), "{text}");
    text
}

#[test]
fn short_floats_are_printed_short() {
    assert_eq!(round_trip(0.1_f32, json::push_f32), "0.1");
    assert_eq!(round_trip(1.0_f32, json::push_f32), "1.0");
    assert_eq!(round_trip(f16::from_f32(0.1), json::push_f16), "0.1");
    assert_eq!(round_trip(f16::MAX, json::push_f16), "65500.0");
    assert_eq!(round_trip(bf16::from_f32(3.0), json::push_bf16), "3.0");
    let mut out = Vec::new();
    json::push_f32(&mut out, f32::NAN);
    json::push_f16(&mut out, f16::NEG_INFINITY);
    json::push_bf16(&mut out, bf16::INFINITY);
    assert_eq!(out, b"NaN-InfinityInfinity");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn numbers_come_back_as_they_went(bits: u32, half: u16, integer: i64, unsigned: u64) {
        let float = f32::from_bits(bits);
        if float.is_finite() {
            round_trip(float, json::push_f32);
        }
        let (half, brain) = (f16::from_bits(half), bf16::from_bits(half));
        if half.is_finite() {
            round_trip(half, json::push_f16);
        }
        if brain.is_finite() {
            round_trip(brain, json::push_bf16);
        }
        round_trip(integer, json::push_i64);
        round_trip(unsigned, json::push_u64);
    }

    #[test]
    fn any_text_is_met_without_a_panic(text in r#"[\[\],0-9eE.+\-"ntIN{} a]{0,40}"#) {
        for dtype in DType::ALL {
            let fast = read(dtype, &text).is_ok();
            prop_assert!(!fast || crate::json::Cursor::new(text.as_bytes())
                .skip_value(&LIMITS).is_ok());
        }
    }
}
