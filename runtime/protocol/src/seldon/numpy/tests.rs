//! What numpy 1.26 answers for the same lists, and what models are given.

use half::{bf16, f16};
use radiant_core::{DType, Payload, Shape, Tensor, TensorData, Value};

use super::{array, cast};
use crate::Limits;
use crate::json::{self, Cursor};

fn value(text: &str) -> Value {
    Cursor::new(text.as_bytes()).value(&Limits::default()).expect(text)
}

/// The type, the shape and the elements of the array, in the notation of JSON.
fn typed(text: &str) -> Result<String, String> {
    let payload = array(value(text), &Limits::default()).map_err(|error| error.to_string())?;
    Ok(match payload {
        Payload::Array(Tensor { shape, data, .. }) => format!("{shape} {data:?}"),
        Payload::Objects(objects) => {
            let mut out = Vec::new();
            json::encode(&Value::List(objects.values), &mut out);
            format!("{} {}", objects.shape, String::from_utf8(out).expect("is ASCII"))
        }
        other => panic!("not an array: {other:?}"),
    })
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(typed(text).as_deref(), Ok(expected), "{text}");
}

#[test]
fn numbers_get_the_narrowest_of_numpys_types() {
    check("[[1,2],[3,4]]", "[2, 2] I64([1, 2, 3, 4])");
    check("[1,2.5]", "[2] F64([1.0, 2.5])");
    check("[NaN,1]", "[2] F64([NaN, 1.0])");
    check("[true,false]", "[2] Bool([true, false])");
    check("[true,2]", "[2] I64([1, 2])");
    check("[true,1.5]", "[2] F64([1.0, 1.5])");
    check("5", "[] I64([5])");
    check("-9223372036854775808", "[] I64([-9223372036854775808])");
}

#[test]
fn integers_beyond_i64_are_u64_together_f64_in_company_and_values_beyond() {
    check("[18446744073709551615]", "[1] U64([18446744073709551615])");
    check("[true,9223372036854775808]", "[2] U64([1, 9223372036854775808])");
    check("[9223372036854775808,1]", "[2] F64([9.223372036854776e18, 1.0])");
    check("[9223372036854775808,-1]", "[2] F64([9.223372036854776e18, -1.0])");
    check("[-18446744073709551616]", "[1] [-18446744073709551616]");
    check("[1000000000000000000000,1.5]", "[2] [1000000000000000000000,1.5]");
}

#[test]
fn one_string_makes_all_elements_strings_as_python_spells_them() {
    check(r#"["a",true,2,2.5]"#, r#"[4] Bytes(["a", "True", "2", "2.5"])"#);
    check(r#"["a",1e16,NaN,-Infinity]"#, r#"[4] Bytes(["a", "1e+16", "nan", "-inf"])"#);
    check(r#"["a",9223372036854775808]"#, r#"[2] Bytes(["a", "9223372036854775808"])"#);
    check(r#""a""#, r#"[] Bytes(["a"])"#);
    check(r#"["a",null]"#, r#"[2] ["a",null]"#);
    check(r#"["a",1000000000000000000000]"#, r#"[2] ["a",1000000000000000000000]"#);
}

#[test]
fn nulls_and_objects_make_an_array_of_values() {
    check("[[1,null]]", "[1, 2] [1,null]");
    check(r#"[{"a":[1]},2.5]"#, r#"[2] [{"a":[1]},2.5]"#);
    check("null", "[] [null]");
    check("[[{}],[1]]", "[2, 1] [{},1]");
}

#[test]
fn empty_lists_keep_their_axes() {
    check("[]", "[0] F64([])");
    check("[[],[]]", "[2, 0] F64([])");
    check("[[[]],[[]]]", "[2, 1, 0] F64([])");
}

#[test]
fn ragged_lists_are_refused_where_they_differ() {
    let refused = |text: &str, expected: &str| {
        let error = typed(text).expect_err(text);
        assert_eq!(error, expected, "{text}");
    };
    refused(
        "[[1,2],[3]]",
        "element [1]: expected an array of 2 as its first neighbour is, got an array of 1",
    );
    refused(
        "[[1],2]",
        "element [1]: expected an array of 1 as its first neighbour is, got a number",
    );
    refused(
        "[1,[2]]",
        "element [1]: expected no array, as its first neighbour is none, got an array of 1",
    );
    refused(
        "[[],[1]]",
        "element [1]: expected an array of 0 as its first neighbour is, got an array of 1",
    );
    refused(
        "[[1,2],[3,[4]]]",
        "element [1, 1]: expected no array, as its first neighbour is none, got an array of 1",
    );
    for text in [r#"["ab",[1]]"#, "[null,[1]]", r#"[[1,2],{"a":1}]"#] {
        assert!(typed(text).is_err(), "{text}");
    }
}

#[test]
fn an_array_has_at_most_as_many_axes_as_allowed() {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    assert!(typed(&nested(32)).is_ok());
    assert_eq!(typed(&nested(33)), Err("expected at most 32 axes, got more".into()));
}

#[track_caller]
fn casts(text: &str, expected: &TensorData) {
    let payload = array(value(text), &Limits::default()).expect(text);
    let tensor = cast(payload, expected.dtype(), "x").expect(text);
    assert_eq!(format!("{:?}", tensor.data), format!("{expected:?}"), "{text}");
}

#[track_caller]
fn refuses(text: &str, dtype: DType, expected: &str) {
    let payload = array(value(text), &Limits::default()).expect(text);
    let error = cast(payload, dtype, "x").expect_err(text);
    assert_eq!(error.message(), expected, "{text}");
}

#[test]
fn numbers_are_cast_where_they_keep_their_value() {
    casts("[1,-2]", &TensorData::F32(vec![1.0, -2.0]));
    casts("[1.5,NaN]", &TensorData::F32(vec![1.5, f32::NAN]));
    casts("[1.0,-2.0]", &TensorData::I64(vec![1, -2]));
    casts("[0,255]", &TensorData::U8(vec![0, 255]));
    casts("[18446744073709551615]", &TensorData::U64(vec![u64::MAX]));
    casts("[true,false]", &TensorData::I32(vec![1, 0]));
    casts("[true,false]", &TensorData::Bool(vec![true, false]));
    casts("[0.5,1e9]", &TensorData::F16(vec![f16::from_f64(0.5), f16::INFINITY]));
    casts("[0.5]", &TensorData::BF16(vec![bf16::from_f64(0.5)]));
    casts("[16777217]", &TensorData::F32(vec![16_777_216.0]));
    casts("[]", &TensorData::I64(vec![]));
    casts("[null,1,true]", &TensorData::F64(vec![f64::NAN, 1.0, 1.0]));
    casts(r#"["a","b"]"#, &TensorData::Bytes(["a", "b"].into_iter().collect()));
}

#[test]
fn what_does_not_fit_is_refused_by_its_place() {
    refuses("[[1,2],[3,4.5]]", DType::I64, "input `x`: element [1, 1]: expected INT64, got 4.5");
    refuses("[NaN]", DType::I32, "input `x`: element [0]: expected INT32, got NaN");
    refuses("[1e300]", DType::I64, "input `x`: element [0]: expected INT64, got 1e+300");
    refuses(
        "[9223372036854775808.0]",
        DType::I64,
        "input `x`: element [0]: expected INT64, got 9.223372036854776e+18",
    );
    refuses("[-1]", DType::U8, "input `x`: element [0]: expected UINT8, got -1");
    refuses("[256]", DType::U8, "input `x`: element [0]: expected UINT8, got 256");
    refuses("[0,1]", DType::Bool, "input `x`: element [0]: expected BOOL, got 0");
    refuses("[1,null]", DType::I64, "input `x`: element [1]: expected INT64, got null");
    refuses(r#"["1"]"#, DType::F32, "input `x`: element [0]: expected FP32, got a string");
    refuses("[1]", DType::Bytes, "input `x`: element [0]: expected BYTES, got 1");
    refuses(r#"["a",null]"#, DType::Bytes, "input `x`: element [1]: expected BYTES, got null");
    refuses("[null,{}]", DType::F32, "input `x`: element [1]: expected FP32, got an object");
    refuses("5.5", DType::I64, "input `x`: element []: expected INT64, got 5.5");
}

#[test]
fn a_list_from_json_data_is_an_array_and_nothing_else_is() {
    let tensor = cast(Payload::Json(value("[[1,2]]")), DType::F32, "x").expect("a list");
    assert_eq!((tensor.shape, tensor.data), (Shape::from([1, 2]), TensorData::F32(vec![1.0, 2.0])));
    let error = cast(Payload::Json(value("{}")), DType::F32, "x").expect_err("an object");
    assert_eq!(error.message(), "input `x`: expected an array of FP32, got an object");
    let error = cast(Payload::Text("1".into()), DType::F32, "x").expect_err("text");
    assert_eq!(error.message(), "input `x`: expected an array of FP32, got text");
}
