//! Requests and replies in JSON.

use proptest::prelude::*;
use radiant_core::{DType, Error, Shape, Strings, Tensor, TensorData, TensorSpec};

use super::spec;
use crate::tf::tests::tensor;
use crate::tfs::{Form, Request, decode_json, encode_json};
use crate::{Inputs, Limits};

fn read_limited(
    body: &str,
    specs: Option<&[TensorSpec]>,
    limits: &Limits,
) -> Result<(Request, Vec<Tensor>), Error> {
    // What was decoded before must not show.
    let mut request = Request {
        signature_name: "old".to_owned(),
        form: Form::Columns,
        outputs: vec!["old".to_owned()],
    };
    let mut inputs = vec![Tensor::new("old", &[1], vec![1_i64]); 3];
    decode_json(body.as_bytes(), specs.into(), limits, &mut request, &mut inputs)?;
    Ok((request, inputs))
}

fn read(body: &str, specs: Option<&[TensorSpec]>) -> Result<(Request, Vec<Tensor>), Error> {
    read_limited(body, specs, &Limits::default())
}

fn one() -> [TensorSpec; 1] {
    [spec("x", DType::F32, &[-1, 2])]
}

fn two() -> [TensorSpec; 2] {
    [spec("a", DType::F32, &[-1, 2]), spec("b", DType::I64, &[-1])]
}

fn text() -> [TensorSpec; 1] {
    [spec("t", DType::Bytes, &[-1])]
}

fn f32s(name: &str, dims: &[usize], values: &[f32]) -> Tensor {
    Tensor::new(name, dims, values.to_vec())
}

fn texts(name: &str, dims: &[usize], values: &[&str]) -> Tensor {
    Tensor::strings(name, dims, values.iter().copied().collect())
}

#[track_caller]
fn check(specs: Option<&[TensorSpec]>, body: &str, form: Form, inputs: &[Tensor]) {
    let (request, got) = read(body, specs).expect(body);
    assert_eq!((request.form, &got[..]), (form, inputs), "{body}");
    assert!(request.signature_name.is_empty() && request.outputs.is_empty());
}

#[track_caller]
fn refuse(specs: Option<&[TensorSpec]>, body: &str, part: &str) {
    let error = read(body, specs).expect_err(body);
    assert_eq!(error.kind(), radiant_core::ErrorKind::InvalidInput, "{error}");
    assert!(error.message().contains(part), "{body}: {error}");
}

#[test]
fn one_input_comes_as_values_or_by_name() {
    let specs = one();
    let expected = [f32s("x", &[2, 2], &[1.0, 2.5, 3.0, 4.0])];
    for (body, form) in [
        (r#"{"instances":[[1,2.5],[3,4]]}"#, Form::Rows),
        (r#" { "id" : {"a":[null]}, "instances" : [ [1, 2.5], [3, 4] ] } "#, Form::Rows),
        (r#"{"instances":[{"x":[1,2.5]},{"x":[3,4]}]}"#, Form::Rows),
        (r#"{"inputs":[[1,2.5],[3,4]],"parameters":{}}"#, Form::Columns),
        (r#"{"inputs":{"x":[[1,2.5],[3,4]]}}"#, Form::Columns),
        (r#"{"signature_name":null,"inputs":{"x":[[1,2.5],[3,4]]}}"#, Form::Columns),
    ] {
        check(Some(&specs), body, form, &expected);
    }
    check(Some(&specs), r#"{"inputs":3}"#, Form::Columns, &[f32s("x", &[], &[3.0])]);
}

#[test]
fn several_inputs_come_by_name_in_any_order() {
    let specs = two();
    let expected =
        [f32s("a", &[2, 2], &[1.0, 2.0, 3.0, 4.0]), Tensor::new("b", &[2], vec![7_i64, 8])];
    check(
        Some(&specs),
        r#"{"instances":[{"a":[1,2],"b":7},{"b":8,"a":[3,4]}]}"#,
        Form::Rows,
        &expected,
    );
    check(Some(&specs), r#"{"inputs":{"b":[7,8],"a":[[1,2],[3,4]]}}"#, Form::Columns, &expected);
}

#[test]
fn bytes_are_text_or_base64() {
    let specs = text();
    let specs = Some(&specs[..]);
    let expected = [texts("t", &[3], &["a", "bé", ""])];
    check(specs, r#"{"instances":["a","b\u00e9",""]}"#, Form::Rows, &expected);
    check(specs, r#"{"instances":["a",{"b64":"YsOp"},{"b64":""}]}"#, Form::Rows, &expected);
    check(specs, r#"{"instances":[{"b64":"YQ=="},{"b64":"YsOp"},""]}"#, Form::Rows, &expected);
    check(
        specs,
        r#"{"instances":[{"t":{"b64":"YQ"}},{"t":"bé"},{"t":""}]}"#,
        Form::Rows,
        &expected,
    );
    check(specs, r#"{"inputs":{"t":[{"b64":"YQ"},"bé",""]}}"#, Form::Columns, &expected);
    check(specs, r#"{"inputs":{"b64":"YQ"}}"#, Form::Columns, &[texts("t", &[], &["a"])]);
    let nested = r#"{"inputs":[[{"b64":"YQ"}],["b"]]}"#;
    check(specs, nested, Form::Columns, &[texts("t", &[2, 1], &["a", "b"])]);

    refuse(specs, r#"{"instances":["a",{"b64":"Y"}]}"#, "element 1: `b64`: ");
    refuse(specs, r#"{"instances":["a",{"b64":1}]}"#, "input `t`: element 1: expected a string");
    refuse(specs, r#"{"instances":["a",null]}"#, "element 1: expected a string");
    refuse(specs, r#"{"inputs":[[{"b64":"YQ"}],"b"]}"#, "element 1: expected an array of 1");
    refuse(specs, r#"{"inputs":[[{"b64":"YQ"}],["b","c"]]}"#, "expected an array of 1");
    let numbers = one();
    refuse(Some(&numbers), r#"{"instances":[{"b64":"YQ"}]}"#, "input `x`");
}

#[test]
fn an_input_may_be_called_as_the_key_of_bytes() {
    let specs = [spec("b64", DType::Bytes, &[-1])];
    check(Some(&specs), r#"{"inputs":{"b64":"YQ"}}"#, Form::Columns, &[texts("b64", &[], &["YQ"])]);
}

#[test]
fn the_signature_is_kept() {
    let specs = one();
    for body in [
        r#"{"signature_name":"serving_default","instances":[[1,2]]}"#,
        r#"{"instances":[[1,2]],"signature_name":"serving_default"}"#,
    ] {
        let (request, _) = read(body, Some(&specs)).expect(body);
        assert_eq!(request.signature_name, "serving_default");
        assert!(request.check_signature().is_ok());
    }
    let (request, _) = read(r#"{"signature_name":"x","inputs":1}"#, None).expect("decodes");
    let error = request.check_signature().expect_err("there is one signature");
    assert_eq!(error.message(), "expected the signature `serving_default`, got `x`");
    refuse(None, r#"{"signature_name":1,"inputs":1}"#, "`signature_name`: expected a string, got");
}

#[test]
fn what_is_no_request_says_what_it_should_be() {
    let specs = one();
    let specs = Some(&specs[..]);
    refuse(specs, "", "expected an object with `instances` or `inputs`, got nothing");
    refuse(specs, "[1]", "expected an object with `instances` or `inputs`, got an array");
    refuse(specs, "{}", "expected `instances` or `inputs`, got neither");
    refuse(specs, r#"{"instances":[[1,2]],"inputs":[[1,2]]}"#, "expected either `instances` or");
    refuse(specs, r#"{"inputs":[[1,2]],"inputs":[[1,2]]}"#, "expected either `instances` or");
    refuse(specs, r#"{"instances":[[1,2]]"#, "request is not JSON: expected `,` or `}`");
    refuse(specs, r#"{"instances":[[1,2]]} x"#, "request is not JSON: expected the end");
    refuse(specs, r#"{"instances":[]}"#, "`instances`: expected one or more, got none");
    refuse(specs, r#"{"instances":null}"#, "`instances`: expected an array, got null");
    refuse(specs, r#"{"instances":[[1,null]]}"#, "input `x`: ");
    refuse(specs, r#"{"instances":[[1,2],[3]]}"#, "input `x`: ");
    let unknown = "input `y`: the model has no such input: expected `x` ";
    refuse(specs, r#"{"inputs":{"y":[[1,2]]}}"#, unknown);
    refuse(specs, r#"{"instances":[{"y":[1,2]}]}"#, &format!("row 0: {unknown}"));
}

#[test]
fn rows_have_the_same_inputs_and_shapes() {
    let specs = two();
    let specs = Some(&specs[..]);
    refuse(specs, r#"{"instances":[[1,2]]}"#, "expected objects with the inputs `a` ");
    refuse(specs, r#"{"inputs":[[1,2]]}"#, "expected an object with the inputs `a` ");
    refuse(specs, r#"{"inputs":{"a":[[1,2]]}}"#, "input `b` is missing: expected `a` ");
    refuse(specs, r#"{"inputs":{"b":[1],"b":[1]}}"#, "input `b`: expected it once, got it twice");
    refuse(
        specs,
        r#"{"instances":[{"a":[1,2],"b":7},{"a":[1,2]}]}"#,
        "row 1: input `b` is missing",
    );
    refuse(specs, r#"{"instances":[{"a":[1,2],"b":7},5]}"#, "row 1: expected an object of inputs");
    refuse(
        specs,
        r#"{"instances":[{"a":[1,2],"b":7},{"b":7,"a":[1]}]}"#,
        "row 1: input `a`: expected the shape [2] of row 0, got [1]",
    );
    refuse(specs, r#"{"instances":[{"a":[1,2],"b":7.5}]}"#, "row 0: input `b`: ");
    refuse(None, r#"{"instances":[{"a":1},{"a":1,"b":2}]}"#, "row 1: expected the inputs of row 0");
    refuse(None, r#"{"instances":[{"a":1},{"b":2}]}"#, "row 1: expected the inputs of row 0");
    refuse(None, r#"{"instances":[{"a":1},3]}"#, "row 1: expected an object of inputs");
}

#[test]
fn limits_hold_for_rows_together() {
    let specs = two();
    let limits = Limits { elements_max: 3, ..Limits::default() };
    let body = r#"{"instances":[{"a":[1,2],"b":7},{"a":[3,4],"b":8}]}"#;
    let error = read_limited(body, Some(&specs), &limits).expect_err("4 elements");
    assert!(error.message().contains("at most 3 elements"), "{error}");
    let limits = Limits { rank_max: 1, ..Limits::default() };
    assert!(read_limited(body, Some(&specs), &limits).is_err());
}

#[test]
fn without_a_signature_lists_are_typed_as_numpy_does() {
    let ints = Tensor::new("", &[2, 2], vec![1_i64, 2, 3, 4]);
    check(None, r#"{"instances":[[1,2],[3,4]]}"#, Form::Rows, &[ints]);
    let floats = Tensor::new("", &[2], vec![1.0_f64, 2.5]);
    check(None, r#"{"inputs":[1,2.5]}"#, Form::Columns, &[floats]);
    check(None, r#"{"inputs":["a","b"]}"#, Form::Columns, &[texts("", &[2], &["a", "b"])]);
    let mixed = Tensor::new("", &[2], vec![1.0_f64, 18_446_744_073_709_552_000.0]);
    check(None, r#"{"inputs":[1,18446744073709551615]}"#, Form::Columns, &[mixed]);
    let bytes = texts("", &[2], &["a", "b"]);
    check(None, r#"{"instances":[{"b64":"YQ"},"b"]}"#, Form::Rows, &[bytes]);
    let named = [Tensor::new("b", &[2], vec![7_i64, 8]), Tensor::new("a", &[], vec![true])];
    check(None, r#"{"inputs":{"b":[7,8],"a":true}}"#, Form::Columns, &named);
    let rows =
        [Tensor::new("a", &[2, 1], vec![0.5_f64, 1.0]), Tensor::new("b", &[2], vec![7_i64, 8])];
    check(None, r#"{"instances":[{"b":7,"a":[0.5]},{"a":[1],"b":8}]}"#, Form::Rows, &rows);

    refuse(None, r#"{"inputs":[1,null]}"#, "expected numbers, booleans or strings, got null");
    refuse(None, r#"{"inputs":{"a":1,"a":2}}"#, "input `a`: expected it once, got it twice");
    let many: Vec<String> = (0..1025).map(|index| format!("\"{index}\":0")).collect();
    refuse(
        None,
        &format!("{{\"inputs\":{{{}}}}}", many.join(",")),
        "`inputs`: expected at most 1024",
    );
    refuse(
        None,
        &format!("{{\"instances\":[{{{}}}]}}", many.join(",")),
        "`inputs`: expected at most 1024",
    );
}

#[track_caller]
fn check_reply(form: Form, outputs: &[Tensor], expected: &str) {
    let mut out = Vec::new();
    let request = Request { form, ..Request::default() };
    encode_json(&mut out, &request, outputs).expect("encodes");
    assert_eq!(String::from_utf8(out).expect("text"), expected);
}

#[test]
fn replies_have_the_form_of_the_request() {
    let y = f32s("y", &[2, 2], &[0.1, 2.0, f32::NAN, f32::NEG_INFINITY]);
    check_reply(
        Form::Rows,
        std::slice::from_ref(&y),
        r#"{"predictions":[[0.1,2.0],[NaN,-Infinity]]}"#,
    );
    check_reply(
        Form::Columns,
        std::slice::from_ref(&y),
        r#"{"outputs":[[0.1,2.0],[NaN,-Infinity]]}"#,
    );
    let z = Tensor::new("z", &[2], vec![true, false]);
    let both = [y, z];
    check_reply(
        Form::Rows,
        &both,
        r#"{"predictions":[{"y":[0.1,2.0],"z":true},{"y":[NaN,-Infinity],"z":false}]}"#,
    );
    check_reply(
        Form::Columns,
        &both,
        r#"{"outputs":{"y":[[0.1,2.0],[NaN,-Infinity]],"z":[true,false]}}"#,
    );
    let empty = Tensor::new("e", &[2, 0, 3], Vec::<i8>::new());
    check_reply(Form::Rows, &[empty], r#"{"predictions":[[],[]]}"#);
    let empty = [texts("a", &[0], &[]), texts("b", &[0, 2], &[])];
    check_reply(Form::Rows, &empty, r#"{"predictions":[]}"#);
    check_reply(Form::Columns, &[Tensor::new("s", &[], vec![-3_i8])], r#"{"outputs":-3}"#);
}

#[test]
fn strings_go_as_text_unless_they_are_bytes() {
    check_reply(
        Form::Rows,
        &[texts("t", &[2], &["a\"", "é"])],
        r#"{"predictions":["a\"","\u00e9"]}"#,
    );
    check_reply(
        Form::Rows,
        &[texts("t_bytes", &[1], &["a"])],
        r#"{"predictions":[{"b64":"YQ=="}]}"#,
    );
    let mut raw = Strings::new();
    raw.push(&[0xFF]);
    check_reply(
        Form::Columns,
        &[Tensor::strings("t", &[1], raw), texts("u_bytes", &[], &["a"])],
        r#"{"outputs":{"t":[{"b64":"/w=="}],"u_bytes":{"b64":"YQ=="}}}"#,
    );
}

#[test]
fn outputs_without_common_rows_go_in_columns_only() {
    let refuse = |outputs: &[Tensor], part: &str| {
        let mut out = Vec::new();
        let error = encode_json(&mut out, &Request::default(), outputs).expect_err("has no rows");
        assert!(error.message().contains(part), "{error}");
        assert!(out.is_empty());
    };
    let scalar = f32s("s", &[], &[1.0]);
    let (one, two) = (f32s("a", &[1], &[1.0]), f32s("b", &[2], &[1.0, 2.0]));
    refuse(&[scalar], "output `s`: expected rows, got a scalar");
    refuse(&[one, two], "output `b`: expected 1 rows as in the outputs before, got 2; ask with");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_reply_in_columns_reads_as_the_request_that_it_answers(tensor in tensor()) {
        // JSON has no extents behind one of 0.
        prop_assume!(!tensor.data.is_empty());
        let request = Request { form: Form::Columns, ..Request::default() };
        let tensor = Tensor { name: "x".into(), ..tensor };
        let mut out = Vec::new();
        encode_json(&mut out, &request, std::slice::from_ref(&tensor)).unwrap();
        let body = String::from_utf8(out).unwrap().replacen("outputs", "inputs", 1);
        let specs = [spec("x", tensor.dtype(), &[])];
        let (_, inputs) = read(&body, Some(&specs)).unwrap();
        prop_assert_eq!(&inputs[..], &[tensor]);
    }

    #[test]
    fn named_rows_read_as_their_columns(a in tensor(), b in tensor(), n in 1_usize..4) {
        let repeat = |name: &str, tensor: &Tensor| {
            let mut dims = vec![n];
            dims.extend_from_slice(tensor.shape.dims());
            let mut data = tensor.data.clone();
            (1..n).for_each(|_| append(&mut data, &tensor.data));
            Tensor { name: name.into(), shape: Shape::new(&dims), data }
        };
        prop_assume!(!a.data.is_empty() && !b.data.is_empty());
        let outputs = [repeat("a", &a), repeat("b", &b)];
        let mut out = Vec::new();
        encode_json(&mut out, &Request::default(), &outputs).unwrap();
        let body = String::from_utf8(out).unwrap().replacen("predictions", "instances", 1);
        let specs = [spec("a", a.dtype(), &[]), spec("b", b.dtype(), &[])];
        let (_, inputs) = read(&body, Some(&specs)).unwrap();
        prop_assert_eq!(&inputs[..], &outputs);
    }

    #[test]
    fn cut_and_changed_bodies_never_panic(
        body in prop_oneof![
            Just(r#"{"signature_name":"s","instances":[{"a":[1,2],"b":7},{"b":8,"a":[3,4]}]}"#),
            Just(r#"{"inputs":{"b":[7,8],"a":[[1,2.5e3],[3,4]]}}"#),
            Just(r#"{"instances":[[{"b64":"YQ=="},"b"],["\u00e9",{"b64":""}]]}"#),
            Just(r#"{"instances":[{"a":1,"b":"x"},{"b":null,"a":true,"c":2.5}]}"#),
            Just(r#"{"instances":[[1,"x",null],[2,null,true]]}"#),
        ],
        at in any::<prop::sample::Index>(),
        byte: u8,
    ) {
        let at = at.index(body.len());
        let mut changed = body.as_bytes().to_vec();
        changed[at] = byte;
        let (two, text) = (two(), text());
        let table = |form| Inputs::Table { form, specs: &two };
        for expected in [
            Inputs::Any,
            Inputs::Declared(&two),
            Inputs::Declared(&text),
            table(radiant_core::Form::Matrix),
            table(radiant_core::Form::Frame),
        ] {
            for body in [&body.as_bytes()[..at], &changed] {
                let (mut request, mut inputs) = (Request::default(), Vec::new());
                let limits = Limits::default();
                if decode_json(body, expected, &limits, &mut request, &mut inputs).is_ok() {
                    for input in inputs {
                        prop_assert_eq!(input.shape.n_elements(), Ok(input.data.len()));
                    }
                }
            }
        }
    }
}

fn append(data: &mut TensorData, more: &TensorData) {
    crate::tf::by_data!(
        data,
        values => values.extend_from_slice(radiant_core::Element::slice(more).unwrap()),
        strings => if let TensorData::Bytes(more) = more {
            for string in more.iter() {
                strings.push(string);
            }
        }
    );
}

/// The inputs of a table of two columns, each with its name, shape and elements.
fn read_table(body: &str, form: radiant_core::Form) -> Result<Vec<String>, String> {
    let specs = [spec("a", DType::F64, &[-1]), spec("b", DType::Bytes, &[-1])];
    let expected = Inputs::Table { form, specs: &specs };
    let (mut request, mut inputs) = (Request::default(), vec![Tensor::default(); 3]);
    decode_json(body.as_bytes(), expected, &Limits::default(), &mut request, &mut inputs)
        .map_err(|error| error.to_string())?;
    let show = |input: &Tensor| format!("{} {} {:?}", input.name, input.shape, input.data);
    Ok(inputs.iter().map(show).collect())
}

#[test]
fn a_table_has_the_types_that_numpy_finds() {
    for form in [radiant_core::Form::Matrix, radiant_core::Form::Frame] {
        let check = |body: &str, expected: &[&str]| {
            assert_eq!(read_table(body, form).expect(body), expected, "{body}");
        };
        check(r#"{"instances":[[1,2],[3,4]]}"#, &[" [2, 2] I64([1, 2, 3, 4])"]);
        check(r#"{"instances":["x","y"]}"#, &[r#" [2] Bytes(["x", "y"])"#]);
        check(r#"{"instances":[[1,null],[3,4]]}"#, &[" [2, 2] F64([1.0, NaN, 3.0, 4.0])"]);
        check(r#"{"inputs":[["x",null]]}"#, &[r#" [1, 2] Bytes(["x", None])"#]);
        let columns = ["b [2] Bytes([\"x\", None])", "a [2] I64([1, 2])"];
        check(r#"{"inputs":{"b":["x",null],"a":[1,2]}}"#, &columns);
        check(r#"{"instances":[{"b":"x","a":1},{"a":2}]}"#, &columns);
    }
}

#[test]
fn columns_that_have_no_common_type_are_cut_and_named_where_they_have_names() {
    let body = r#"{"instances":[[1,"x"],[null,"y"]]}"#;
    let unnamed = [" [2] F64([1.0, NaN])", r#" [2] Bytes(["x", "y"])"#];
    assert_eq!(read_table(body, radiant_core::Form::Matrix).expect(body), unnamed);
    let named = ["a [2] F64([1.0, NaN])", r#"b [2] Bytes(["x", "y"])"#];
    assert_eq!(read_table(body, radiant_core::Form::Frame).expect(body), named);
    let wide = r#"{"instances":[[1,"x",null]]}"#;
    let error = read_table(wide, radiant_core::Form::Frame).expect_err("has three");
    assert_eq!(error, "expected 2 columns, `a` FP64 [-1], `b` BYTES [-1], got 3");
}

#[test]
fn what_is_no_table_is_refused() {
    for (body, expected) in [
        (r#"{"instances":[{"a":[1]}]}"#, "`instances`: row 0: column `a`: expected a number"),
        (r#"{"instances":[{"a":1},2]}"#, "`instances`: row 1: expected an object as row 0 is"),
        (r#"{"inputs":{"a":[{}]}}"#, "input `a`: expected numbers, truth values, strings and null"),
        (r#"{"inputs":{"a":[["x",1,null]]}}"#, "input `a`: expected elements of one type, got 3"),
        (r#"{"instances":[{"a":1]}"#, "request is not JSON"),
    ] {
        let error = read_table(body, radiant_core::Form::Frame).expect_err(body);
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn missing_texts_are_null() {
    let texts = [Some("x"), None].into_iter().collect();
    let mut out = Vec::new();
    let request = Request { form: Form::Columns, ..Request::default() };
    encode_json(&mut out, &request, &[Tensor::strings("t", &[2], texts)]).expect("are texts");
    assert_eq!(out, br#"{"outputs":["x",null]}"#);
}
