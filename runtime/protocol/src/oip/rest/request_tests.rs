//! Requests as clients send them, and requests that no client should send.

use radiant_core::{DType, Error, ErrorKind, Shape, Strings, Tensor, TensorData, TensorSpec};

use crate::oip::{Form, Parameter, Request, RequestedOutput, decode_json};
use crate::{Inputs, Limits};

fn spec(name: &str, dtype: DType, dims: &[i64]) -> TensorSpec {
    let dims = dims.iter().map(|&dim| usize::try_from(dim).ok()).collect();
    TensorSpec::new(name, dtype, dims)
}

fn two_specs() -> [TensorSpec; 2] {
    [spec("x", DType::F32, &[-1, 4]), spec("y", DType::I64, &[-1])]
}

fn decode_within(
    limits: &Limits,
    specs: Option<&[TensorSpec]>,
    body: &[u8],
    head_bytes: Option<usize>,
) -> Result<(Request, Vec<Tensor>), Error> {
    let (mut request, mut inputs) = (Request::default(), Vec::new());
    decode_json(body, head_bytes, specs.into(), limits, &mut request, &mut inputs)?;
    Ok((request, inputs))
}

fn decode(specs: Option<&[TensorSpec]>, body: &str) -> Result<(Request, Vec<Tensor>), Error> {
    decode_within(&Limits::default(), specs, body.as_bytes(), None)
}

/// The inputs of a body with one input, `x`, of which `fields` is the rest.
fn one(fields: &str) -> Result<Tensor, String> {
    let body = format!(r#"{{"inputs":[{{"name":"x",{fields}}}]}}"#);
    let decoded = decode(None, &body).map_err(|error| error.to_string());
    decoded.map(|(_, mut inputs)| inputs.remove(0))
}

#[test]
fn a_request_has_an_id_parameters_inputs_and_outputs() {
    let body = r#"{"id": "42", "foo": [{}],
        "parameters": {"priority": 1, "timeout": 1000, "ttl": 1.5, "big": 18446744073709551615,
                       "s": "t", "b": true, "none": null, "nested": {"a": 1}, "list": [1]},
        "inputs": [{"name": "y", "shape": [2], "datatype": "INT64", "data": [1, 2], "bar": 2},
                   {"name": "x", "shape": [1, 4], "datatype": "FP32", "parameters": {"z": 9},
                    "data": [[5.1, 3.5, 1.4, 0.2]]}],
        "outputs": [{"name": "p", "parameters": {"binary_data": true}},
                    {"name": "q", "parameters": {"classification": 3, "binary_data": null}},
                    {"name": "r", "parameters": null, "w": 0}]} "#;
    let (request, inputs) = decode(Some(&two_specs()), body).unwrap();
    let x = Tensor::new("x", &[1, 4], vec![5.1_f32, 3.5, 1.4, 0.2]);
    assert_eq!(inputs, [x, Tensor::new("y", &[2], vec![1_i64, 2])]);
    assert_eq!((&*request.id, request.form), ("42", Form::Rest { binary: false }));
    let parameters = [
        ("priority", Parameter::Int(1)),
        ("timeout", Parameter::Int(1000)),
        ("ttl", Parameter::Float(1.5)),
        ("big", Parameter::Uint(u64::MAX)),
        ("s", Parameter::Text("t".into())),
        ("b", Parameter::Bool(true)),
    ];
    assert_eq!(request.parameters, parameters.map(|(key, value)| (key.to_owned(), value)));
    let timeout = Some(std::time::Duration::from_millis(1));
    assert_eq!((request.priority(), request.timeout()), (Some(1), timeout));
    let output =
        |name: &str, binary, classes| RequestedOutput { name: name.into(), binary, classes };
    let outputs = [output("p", Some(true), 0), output("q", None, 3), output("r", None, 0)];
    assert_eq!(request.outputs, outputs);
}

#[test]
fn nothing_of_an_earlier_request_is_left() {
    let (mut request, mut inputs) = (Request::default(), Vec::new());
    let mut decode = |specs: Option<&[TensorSpec]>, body: &str| {
        let limits = Limits::default();
        decode_json(body.as_bytes(), None, specs.into(), &limits, &mut request, &mut inputs)
            .unwrap();
        (request.clone(), inputs.clone())
    };
    decode(
        None,
        r#"{"id":"1","parameters":{"binary_data_output":true},"outputs":[{"name":"o"}],"inputs":[
            {"name":"a","datatype":"BYTES","shape":[1],"data":["s"]},
            {"name":"b","datatype":"FP32","shape":[3,1],"data":[1,2,3]},
            {"name":"c","datatype":"FP32","shape":[0],"data":[]}]}"#,
    );
    let plain = r#"{"id":null,"outputs":null,"inputs":[
        {"name":"x","datatype":"UINT8","shape":[1],"data":[7]}]}"#;
    let expected = (Request::default(), vec![Tensor::new("x", &[1], vec![7_u8])]);
    assert_eq!(decode(None, plain), expected);
    assert_eq!(decode(Some(&[spec("x", DType::U8, &[-1])]), plain), expected);
}

#[test]
fn fields_may_come_in_any_order_and_twice() {
    let expected = Ok(Tensor::new("x", &[2], vec![1_u8, 2]));
    assert_eq!(one(r#""shape":[2],"datatype":"UINT8","data":[1,2]"#), expected);
    assert_eq!(one(r#""data":[1,2],"shape":[2],"datatype":"UINT8""#), expected);
    assert_eq!(one(r#""datatype":"FP32","data":[1,2],"datatype":"UINT8","shape":[2]"#), expected);
    assert_eq!(one(r#""shape":[2],"datatype":"UINT8","data":[9],"data":[1,2]"#), expected);
    assert_eq!(
        one(r#""datatype":"x","shape":[],"shape":[2],"datatype":"UINT8","data":[1,2]"#),
        expected
    );
    let renamed = r#"{"inputs":[{"name":"x","datatype":"UINT8","shape":[1],"data":[1]},
        {"name":"x","datatype":"UINT8","shape":[1],"data":[2],"name":"z"}],
        "inputs":[{"name":"z","datatype":"UINT8","data":[2],"shape":[1],"name":"x"},
        {"datatype":"UINT8","data":[3],"shape":[1],"name":"z"}]}"#;
    let specs = [spec("x", DType::U8, &[1]), spec("z", DType::U8, &[1])];
    let (_, inputs) = decode(Some(&specs), renamed).unwrap();
    let tensor = |name, value| Tensor::new(name, &[1], vec![value]);
    assert_eq!(inputs, [tensor("x", 2_u8), tensor("z", 3_u8)]);
    let (_, inputs) = decode(None, renamed).unwrap();
    assert_eq!(inputs, [tensor("x", 2_u8), tensor("z", 3_u8)]);
}

#[test]
fn the_declared_shape_counts_not_the_nesting() {
    let tensor = |dims: &[usize]| Ok(Tensor::new("x", dims, vec![1_i32, 2, 3, 4]));
    let input = |shape: &str, data: &str| {
        one(&format!(r#""datatype":"INT32","shape":{shape},"data":{data}"#))
    };
    assert_eq!(input("[2,2]", "[1,2,3,4]"), tensor(&[2, 2]));
    assert_eq!(input("[2,2]", "[[1,2],[3,4]]"), tensor(&[2, 2]));
    assert_eq!(input("[4,1]", "[[1,2],[3,4]]"), tensor(&[4, 1]));
    assert_eq!(input("[1,1,4]", "[1,2,3,4]"), tensor(&[1, 1, 4]));
    let scalar =
        Tensor { name: "x".into(), shape: Shape::default(), data: TensorData::I32(vec![7]) };
    assert_eq!(input("[]", "7"), Ok(scalar.clone()));
    assert_eq!(input("[]", "[7]"), Ok(scalar));
    assert_eq!(input("[0,3]", "[]"), Ok(Tensor::new("x", &[0, 3], Vec::<i32>::new())));
}

#[test]
fn strings_and_short_floats_come_as_json() {
    let strings: Strings = ["h\u{e9}llo", "\u{65e5}\u{672c}"].into_iter().collect();
    assert_eq!(
        one(r#""shape":[2],"datatype":"BYTES","data":["h\u00e9llo","日本"]"#),
        Ok(Tensor::strings("x", &[2], strings))
    );
    let half = Tensor::new("x", &[2], [0.5, 1.5].map(half::f16::from_f32).to_vec());
    assert_eq!(one(r#""shape":[2],"datatype":"FP16","data":[0.5,1.5]"#), Ok(half));
    let brain = Tensor::new("x", &[1], vec![half::bf16::ONE]);
    assert_eq!(one(r#""shape":[1],"datatype":"BF16","data":[1]"#), Ok(brain));
}

/// A body with a binary extension: its JSON and what stands behind it.
fn decode_binary(
    specs: Option<&[TensorSpec]>,
    head: &str,
    tail: &[u8],
) -> Result<(Request, Vec<Tensor>), Error> {
    let body = [head.as_bytes(), tail].concat();
    decode_within(&Limits::default(), specs, &body, Some(head.len()))
}

#[test]
fn tensors_stand_behind_the_json_in_the_order_of_inputs() {
    let head = r#"{"inputs":[
        {"name":"b","shape":[2],"datatype":"BYTES","parameters":{"binary_data_size":11}},
        {"name":"j","shape":[1],"datatype":"INT8","data":[-5]},
        {"parameters":{"binary_data_size":8,"z":{}},"name":"f","shape":[1,2],"datatype":"FP32"}],
        "parameters":{"binary_data_output":true}}"#;
    let tail = b"\x01\0\0\0a\x02\0\0\0\xff\0\0\0\x80\x3f\0\0\0\x40";
    let (request, inputs) = decode_binary(None, head, tail).unwrap();
    let mut strings = Strings::new();
    strings.push(b"a");
    strings.push(b"\xff\0");
    assert_eq!(
        inputs,
        [
            Tensor::strings("b", &[2], strings),
            Tensor::new("j", &[1], vec![-5_i8]),
            Tensor::new("f", &[1, 2], vec![1.0_f32, 2.0]),
        ]
    );
    assert_eq!(request.form, Form::Rest { binary: true });
    let plain = r#"{"inputs":[{"name":"x","shape":[1],"datatype":"INT8","data":[1]}]}"#;
    assert_eq!(decode_binary(None, plain, b"").unwrap().1, [Tensor::new("x", &[1], vec![1_i8])]);
}

#[test]
fn binary_data_that_does_not_fit_is_refused() {
    let check = |fields: &str, tail: &[u8], message: &str| {
        let head = format!(r#"{{"inputs":[{{"name":"x",{fields}}}]}}"#);
        let error = decode_binary(None, &head, tail).unwrap_err();
        assert_eq!((error.kind(), error.message()), (ErrorKind::InvalidInput, message), "{head}");
    };
    let shape = r#""shape":[2],"datatype":"INT16""#;
    let sized = |n: &str| format!(r#"{shape},"parameters":{{"binary_data_size":{n}}}"#);
    check(&sized("4"), b"123", "input `x`: expected 4 bytes of binary data, got 3");
    check(&sized("4"), b"12345", "expected 4 bytes of binary data behind the JSON, got 5");
    check(&sized("2"), b"12", "input `x`: expected 4 bytes for 2 elements of INT16, got 2");
    check(
        shape,
        b"1234",
        "input `x`: expected one of `data` and `parameters.binary_data_size`, got neither",
    );
    check(
        &format!(r#"{},"data":[1,2]"#, sized("4")),
        b"1234",
        "input `x`: expected one of `data` and `parameters.binary_data_size`, got both",
    );
    check(
        &sized("-4"),
        b"",
        "input `x`: `parameters`: `binary_data_size`: expected an integer from 0, got -4",
    );
    check(
        &sized("\"4\""),
        b"",
        "input `x`: `parameters`: `binary_data_size`: expected an integer from 0, got a string",
    );
    check(
        r#""shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":4}"#,
        b"\x01\0\0\0",
        "input `x`: expected 1 element of length-prefixed BYTES, got 4 bytes that break off in \
         element 0",
    );
    let huge = r#""shape":[9999999999],"datatype":"UINT8","parameters":{"binary_data_size":1}"#;
    check(huge, b"1", "input `x`: expected at most 16777216 elements, got 9999999999");
    let without_header = format!(r#"{{"inputs":[{{"name":"x",{}}}]}}"#, sized("4"));
    assert_eq!(
        decode(None, &without_header).unwrap_err().message(),
        "input `x`: `binary_data_size` needs the header `Inference-Header-Content-Length`, which \
         tells where the binary data begins"
    );
    let error = decode_within(&Limits::default(), None, b"{}", Some(3)).unwrap_err();
    assert_eq!(error.message(), "inference header size should be in range (0, 2), got 3");
}

#[test]
fn a_raw_body_is_the_input_of_a_model_with_one() {
    let raw = |dtype, dims: &[i64], body: &[u8]| {
        let specs = [spec("x", dtype, dims)];
        let decoded = decode_within(&Limits::default(), Some(&specs), body, Some(0));
        decoded.map_err(|error| error.to_string()).map(|(request, mut inputs)| {
            assert_eq!(request.form, Form::Rest { binary: true });
            assert_eq!(inputs.len(), 1);
            inputs.remove(0)
        })
    };
    let floats = b"\0\0\x80\x3f\0\0\0\x40";
    let values = || vec![1.0_f32, 2.0];
    assert_eq!(raw(DType::F32, &[-1], floats), Ok(Tensor::new("x", &[2], values())));
    assert_eq!(raw(DType::F32, &[-1, 2], floats), Ok(Tensor::new("x", &[1, 2], values())));
    assert_eq!(raw(DType::F32, &[-1, 1], floats), Ok(Tensor::new("x", &[2, 1], values())));
    assert_eq!(raw(DType::F32, &[-1, -1], floats), Ok(Tensor::new("x", &[1, 2], values())));
    assert_eq!(raw(DType::F32, &[2], floats), Ok(Tensor::new("x", &[2], values())));
    assert_eq!(raw(DType::F32, &[1, -1, 2], floats), Ok(Tensor::new("x", &[1, 1, 2], values())));
    let image: Strings = ["PNG"].into_iter().collect();
    assert_eq!(raw(DType::Bytes, &[-1, 1], b"PNG"), Ok(Tensor::strings("x", &[1, 1], image)));
    let unfit = |expected: &str| {
        Err(format!("input `x`: raw request: expected a body that fits {expected}, got 8 bytes"))
    };
    assert_eq!(raw(DType::F32, &[-1, 3], floats), unfit("FP32 [-1, 3]"));
    assert_eq!(raw(DType::F32, &[4], floats), unfit("FP32 [4]"));
    assert_eq!(raw(DType::F32, &[-1, 0], floats), unfit("FP32 [-1, 0]"));
    assert_eq!(raw(DType::Bytes, &[2], floats), unfit("BYTES [2]"));
    assert_eq!(
        raw(DType::F32, &[-1, -1, -1], floats),
        Err("input `x`: raw request: expected at most one unknown extent beside the batch, got \
             FP32 [-1, -1, -1]"
            .into())
    );
    let error = decode_within(&Limits::default(), Some(&two_specs()), b"", Some(0)).unwrap_err();
    assert_eq!(error.message(), "raw request: expected a model with one input, got one with 2");
    assert!(decode_within(&Limits::default(), None, b"", Some(0)).is_err());
}

#[test]
fn inputs_are_those_of_the_signature() {
    let x = r#"{"name":"x","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}"#;
    let y = r#"{"name":"y","shape":[1],"datatype":"INT64","data":[1]}"#;
    let all = "expected `x` FP32 [-1, 4], `y` INT64 [-1]";
    let cases = [
        (String::new(), format!("`inputs`: {all}, got none")),
        (x.to_owned(), format!("input `y` is missing: {all}")),
        (y.to_owned(), format!("input `x` is missing: {all}")),
        (format!("{x},{x}"), "input `x`: expected it once, got it twice".to_owned()),
        (
            format!("{x},{}", y.replace("\"y\"", "\"zzz\"")),
            format!("input `zzz`: the model has no such input: {all}"),
        ),
        (
            x.replace("FP32", "FP64").replace("[1,4]", "[2,3]"),
            "input `x`: expected FP32 [-1, 4], got FP64 [2, 3]".to_owned(),
        ),
    ];
    for (inputs, message) in cases {
        let body = format!(r#"{{"inputs":[{inputs}]}}"#);
        assert_eq!(decode(Some(&two_specs()), &body).unwrap_err().message(), message, "{body}");
    }
    for body in ["{}", r#"{"inputs":null}"#, r#"{"id":"1","inputs":[]}"#] {
        let error = decode(Some(&two_specs()), body).unwrap_err();
        assert_eq!(error.message(), format!("`inputs`: {all}, got none"));
        let error = decode(None, body).unwrap_err();
        assert_eq!(error.message(), "`inputs`: expected one or more, got none");
    }
    let body = format!(r#"{{"inputs":[{x},{y},{x}]}}"#);
    let error = decode(None, &body).unwrap_err();
    assert_eq!(error.message(), "input `x`: expected it once, got it twice");
}

#[test]
fn a_tensor_that_is_none_is_refused() {
    let cases = [
        (r#""datatype":"FP32","data":[1]"#, "input `x`: `shape`: expected a value, got none"),
        (r#""shape":[1],"data":[1]"#, "input `x`: `datatype`: expected a value, got none"),
        (
            r#""shape":[1],"datatype":"FP32""#,
            "input `x`: expected one of `data` and `parameters.binary_data_size`, got neither",
        ),
        (
            r#""shape":[1],"datatype":"FP32","data":null"#,
            "input `x`: expected one of `data` and `parameters.binary_data_size`, got neither",
        ),
        (
            r#""shape":[-1,4],"datatype":"FP32","data":[1]"#,
            "input `x`: `shape`: expected an integer from 0, got -1",
        ),
        (
            r#""shape":[1.0],"datatype":"FP32","data":[1]"#,
            "input `x`: `shape`: expected an integer from 0, got 1.0",
        ),
        (
            r#""shape":["1"],"datatype":"FP32","data":[1]"#,
            "input `x`: `shape`: expected an integer from 0, got a string",
        ),
        (
            r#""shape":4,"datatype":"FP32","data":[1]"#,
            "input `x`: `shape`: expected an array of integers, got a number",
        ),
        (
            r#""shape":[99999999999999999999],"datatype":"FP32","data":[1]"#,
            "input `x`: `shape`: expected an integer from 0, got 99999999999999999999",
        ),
        (
            r#""shape":[9999999999,9999999999],"datatype":"FP32","data":[1]"#,
            "input `x`: shape [9999999999, 9999999999] has too many elements",
        ),
        (
            r#""shape":[1],"datatype":"fp32","data":[1]"#,
            "input `x`: expected a datatype of BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, \
             INT32, INT64, FP16, BF16, FP32, FP64, BYTES, got `fp32`",
        ),
        (
            r#""shape":[1],"datatype":7,"data":[1]"#,
            "input `x`: `datatype`: expected a string, got a number",
        ),
        (
            r#""shape":[1,4],"datatype":"FP32","data":[1,2,3]"#,
            "input `x`: expected 4 elements for shape [1, 4], got 3",
        ),
        (
            r#""shape":[2],"datatype":"UINT8","data":[256,-1]"#,
            "input `x`: element 0: expected an integer from 0 to 255 (UINT8), got 256",
        ),
        (
            r#""data":["1"],"shape":[1],"datatype":"FP32""#,
            "input `x`: element 0: expected a number within the range of FP32, got \"1\"",
        ),
        (
            r#""shape":[1],"datatype":"FP32","parameters":[],"data":[1]"#,
            "input `x`: `parameters`: expected an object, got an array",
        ),
    ];
    for (fields, message) in cases {
        assert_eq!(one(fields), Err(message.to_owned()), "{fields}");
    }
}

#[test]
fn a_body_that_is_no_request_is_refused() {
    let cases = [
        ("", "request: expected a JSON object, got the end"),
        ("null", "request: expected a JSON object, got null"),
        ("notgzip", "request: expected a JSON object, got something else"),
        ("\"x\"", "request: expected a JSON object, got a string"),
        ("\u{feff}{}", "request: expected a JSON object, got something else"),
        (
            "{",
            "request is not JSON: expected a key in double quotes or `}` at line 1 column 2 (byte 1)",
        ),
        ("{} {}", "request is not JSON: expected the end at line 1 column 4 (byte 3)"),
        (r#"{"id":42}"#, "`id`: expected a string, got a number"),
        (r#"{"inputs":{}}"#, "`inputs`: expected an array, got an object"),
        (r#"{"inputs":[1]}"#, "`inputs[0]`: expected an object, got a number"),
        (r#"{"inputs":[{}]}"#, "`inputs[0].name`: expected a value, got none"),
        (r#"{"inputs":[{"name":null}]}"#, "`inputs[0].name`: expected a string, got null"),
        (r#"{"parameters":1}"#, "`parameters`: expected an object, got a number"),
        (
            r#"{"parameters":{"binary_data_output":1}}"#,
            "`parameters.binary_data_output`: expected a boolean, got a number",
        ),
        (r#"{"outputs":{}}"#, "`outputs`: expected an array, got an object"),
        (r#"{"outputs":["a"]}"#, "`outputs[0]`: expected an object, got a string"),
        (r#"{"outputs":[{}]}"#, "`outputs[0].name`: expected a value, got none"),
        (r#"{"outputs":[{"name":1}]}"#, "`outputs[0].name`: expected a string, got a number"),
        (
            r#"{"outputs":[{"name":"a","parameters":{"binary_data":"yes"}}]}"#,
            "`outputs[0].parameters.binary_data`: expected a boolean, got a string",
        ),
        (
            r#"{"outputs":[{"name":"a","parameters":{"classification":-1}}]}"#,
            "`outputs[0].parameters.classification`: expected an integer from 0, got -1",
        ),
    ];
    for (body, message) in cases {
        let error = decode(None, body).unwrap_err();
        assert_eq!((error.kind(), error.message()), (ErrorKind::InvalidInput, message), "{body}");
    }
}

#[test]
fn shared_memory_is_not_offered() {
    let input = r#"{"inputs":[{"name":"x","parameters":{"shared_memory_region":"r"}}]}"#;
    let output = r#"{"outputs":[{"name":"x","parameters":{"shared_memory_region":"r"}}]}"#;
    for body in [input, output] {
        assert_eq!(decode(None, body).unwrap_err().kind(), ErrorKind::Unsupported);
    }
}

#[test]
fn limits_hold() {
    let limits = Limits { depth_max: 4, rank_max: 2, elements_max: 3 };
    let check = |body: &str, part: &str| {
        let error = decode_within(&limits, None, body.as_bytes(), None).unwrap_err();
        assert!(error.message().contains(part), "{body}: {error}");
    };
    let input = |shape: &str, data: &str| {
        format!(r#"{{"inputs":[{{"name":"x","datatype":"UINT8","shape":{shape},"data":{data}}}]}}"#)
    };
    assert!(decode_within(&limits, None, input("[3]", "[1,2,3]").as_bytes(), None).is_ok());
    check(&input("[4]", "[1,2,3,4]"), "no more elements than the limit");
    check(&input("[1,1,1]", "[1]"), "`shape`: expected at most 2 axes, got more");
    check(&input("[1]", "[[[1]]]"), "expected at most 2 axes, got more");
    check(r#"{"x":[[[[[1]]]]]}"#, "no deeper nesting than the limit");
    let parameters = vec![r#""a":1"#; 4097].join(",");
    check(&format!(r#"{{"parameters":{{{parameters}}}}}"#), "expected at most 4096, got more");
}

#[test]
fn null_is_no_number_of_a_tensor() {
    let specs = [spec("x", DType::F32, &[-1, 2])];
    let decode = |specs: &[TensorSpec], body: &str| {
        let (mut request, mut inputs) = (Request::default(), Vec::new());
        let limits = Limits::default();
        decode_json(
            body.as_bytes(),
            None,
            Inputs::Declared(specs),
            &limits,
            &mut request,
            &mut inputs,
        )
        .map(|()| inputs.remove(0))
        .map_err(|error| error.message().to_owned())
    };
    let early = r#"{"inputs":[{"name":"x","datatype":"FP32","shape":[1,2],"data":[1,null]}]}"#;
    let late = r#"{"inputs":[{"data":[1,null],"name":"x","datatype":"FP32","shape":[1,2]}]}"#;
    let refused = "input `x`: element 1: expected a number within the range of FP32, got null";
    for body in [early, late] {
        assert_eq!(decode(&specs, body).unwrap_err(), refused);
    }
}
