//! Bodies of each form against schemas of each form, and what CSV, casts and replies are like.

use radiant_core::schema::{Column, ColumnType, Parameter, Schema, Scoring};
use radiant_core::{
    Answers, DType, Error, Form, Signature, Strings, Tensor, TensorData, TensorSpec,
};

use super::*;
use crate::Limits;

fn signature(form: Form) -> Signature {
    let inputs = vec![TensorSpec::new("input", DType::F32, vec![None, Some(2)])];
    Signature { form, ..Signature::new(inputs, Vec::new()) }
}

fn column(name: &str, kind: ColumnType, required: bool) -> Column {
    Column { name: name.into(), kind, required }
}

fn scoring(schema: Schema) -> Scoring {
    Scoring { schema: Some(schema), ..Scoring::default() }
}

/// A double, a long that may be left out, and a text.
fn columns() -> Scoring {
    scoring(Schema::Columns(vec![
        column("a", ColumnType::Double, true),
        column("n", ColumnType::Long, false),
        column("t", ColumnType::Text, true),
    ]))
}

fn tensor(name: &str, dtype: DType, dims: &[Option<usize>]) -> Scoring {
    scoring(Schema::Tensors(vec![TensorSpec::new(name, dtype, dims.to_vec())]))
}

fn bound(body: &str, scoring: &Scoring, form: Form) -> Result<Vec<String>, Error> {
    let limits = Limits::default();
    let request = decode_json(body.as_bytes(), &limits)?;
    let inputs = bind(request, scoring, &signature(form), &limits)?;
    let show = |t: &Tensor| format!("{} {} {:?}", t.name, t.shape, t.data);
    Ok(inputs.iter().map(show).collect())
}

#[track_caller]
fn check(body: &str, scoring: &Scoring, form: Form, expected: &[&str]) {
    assert_eq!(bound(body, scoring, form).expect(body), expected, "{body}");
}

/// The class of the error, and that it says this.
#[track_caller]
fn refuse(body: &str, scoring: &Scoring, class: &str, part: &str) {
    let error = bound(body, scoring, Form::Matrix).expect_err(body);
    assert!(error.message().contains(part), "{body}: {error}");
    let got = error.refusal().map_or("", |refusal| &*refusal.reason);
    assert_eq!(got, class, "{body}: {error}");
}

#[test]
fn columns_come_in_the_order_and_types_of_the_signature() {
    let expected = ["a [2] F64([1.0, NaN])", "n [2] I64([3, 4])", r#"t [2] Bytes(["x", None])"#];
    for body in [
        r#"{"dataframe_split":{"columns":["t","zz","n","a"],"data":[["x",0,3.9,"1"],[null,0,4,null]]}}"#,
        r#"{"dataframe_records":[{"t":"x","n":3,"a":true},{"n":"4","zz":1}],"unknown":1}"#,
        r#"{"inputs":{"t":["x",null],"n":[3,4],"a":[1,null],"zz":[7,8]}}"#,
        r#"{"instances":[{"t":"x","n":3,"a":1},{"t":null,"n":4,"a":null}]}"#,
    ] {
        check(body, &columns(), Form::Matrix, &expected);
    }
    let body = r#"{"dataframe_split":{"columns":["a","t"],"data":[[1.5,7]]}}"#;
    check(body, &columns(), Form::Frame, &["a [1] F64([1.5])", r#"t [1] Bytes(["7"])"#]);
    let body = r#"{"inputs":{"t":"x","a":1}}"#;
    check(body, &columns(), Form::Frame, &["a [1] F64([1.0])", r#"t [1] Bytes(["x"])"#]);
}

#[test]
fn what_the_signature_does_not_allow_is_told_with_the_schema() {
    let missing = "Failed to enforce schema of the data with schema '['a': double (required), 'n': \
                   long (optional), 't': string (required)]'. Error: Model is missing inputs ['a']. \
                   Note that there were extra inputs: ['b'].";
    let body = r#"{"dataframe_split":{"columns":["b","t"],"data":[[1,"x"]]}}"#;
    refuse(body, &columns(), SCHEMA, missing);
    let rows = r#"{"instances":[[1,2,3]]}"#;
    refuse(
        rows,
        &columns(),
        SCHEMA,
        "missing inputs ['a', 't']. Note that there were extra inputs: [0, 1, 2].",
    );
    refuse(r#"{"inputs":null}"#, &columns(), SCHEMA, "extra inputs: [0].");
    refuse(r#"{"instances":[["x",2]]}"#, &columns(), "", "could not convert string to float: 'x'");
    refuse(r#"{"instances":[[1,2],[1]]}"#, &columns(), "", "Invalid input. ");
    let split = |row: &str| {
        format!(r#"{{"dataframe_split":{{"columns":["a","n","t"],"data":[[{row}]]}}}}"#)
    };
    let failed = "Invalid input. Data is not compatible with model signature. Failed to convert column \
                  n to type 'int64'. Error: 'int() argument";
    refuse(&split(r#"1,null,"x""#), &columns(), "", failed);
    refuse(&split(r#"[1],1,"x""#), &columns(), "", "column a to type 'float64'");
    refuse(&split(r#"1,1e300,"x""#), &columns(), "", "out of bounds for int64");
    let uneven = r#"{"inputs":{"a":[1,2],"t":["x"]}}"#;
    refuse(uneven, &columns(), SCHEMA, "All arrays must be of the same length");
    let absent = r#"{"instances":[{"a":1,"t":"x"},{"a":1}]}"#;
    refuse(absent, &columns(), "", "The length of values for each input/column name");
}

#[test]
fn a_body_has_exactly_one_of_four_fields() {
    let fields = "must be a JSON dictionary with exactly one of the input fields";
    for (body, part) in [
        ("{}", "Received dictionary with input fields: []."),
        (r#"{"inputs":[1],"instances":[1]}"#, "input fields: ['inputs', 'instances']."),
        ("[[1]]", "Received a list."),
        ("null", "Received unexpected input type '<class 'NoneType'>."),
        ("3", "Received unexpected input type"),
    ] {
        refuse(body, &columns(), "", fields);
        refuse(body, &columns(), "", part);
    }
    for body in ["{", "", "[1", r#"{"inputs":[1]}x"#, r#"{"inputs":[1],}"#] {
        refuse(body, &columns(), "", "Ensure that input is a valid JSON formatted string.");
    }
    let got = "Dataframe split format must be a dictionary. Got list.";
    refuse(r#"{"dataframe_split":[[1]]}"#, &columns(), "", got);
    let got = "Dataframe records format must be a list of records. Got dictionary.";
    refuse(r#"{"dataframe_records":{"a":1}}"#, &columns(), "", got);
    let extra = r#"{"dataframe_split":{"data":[[1]],"rows":[]}}"#;
    refuse(extra, &columns(), "", "Dataframe split format must have 'data' field");
    let wide = r#"{"dataframe_split":{"columns":["a"],"data":[[1,2]]}}"#;
    refuse(wide, &columns(), "", "1 columns passed, passed data had 2 columns");
    let twice = r#"{"dataframe_split":{"columns":["a","a"],"data":[[1,2]]}}"#;
    refuse(twice, &columns(), "", "column `a`: expected it once, got it twice");
    let index = r#"{"dataframe_split":{"index":[1,2],"columns":["a"],"data":[[1]]}}"#;
    refuse(index, &columns(), "", "1 rows, and an index of 2");
}

#[test]
fn tensors_have_the_type_and_shape_of_the_signature() {
    let dims = [None, Some(2)];
    let (named, unnamed) = (tensor("x", DType::F32, &dims), tensor("", DType::F64, &dims));
    let rows = ["[2, 2] F32([1.0, 2.0, 3.0, 4.5])"];
    for body in [
        r#"{"inputs":[[1,2],[3,4.5]]}"#,
        r#"{"instances":[[1,2],[3,4.5]]}"#,
        r#"{"inputs":{"x":[[1,2],[3,4.5]]}}"#,
        r#"{"instances":[{"x":[1,2]},{"x":[3,4.5]}]}"#,
        r#"{"dataframe_split":{"columns":["x"],"data":[[[1,2]],[[3,4.5]]]}}"#,
    ] {
        check(body, &named, Form::Matrix, &[&format!("x {}", rows[0])]);
        check(body, &named, Form::Tensors, &[&format!("input {}", rows[0])]);
    }
    for body in [
        r#"{"inputs":[[1,2],[3,4]]}"#,
        r#"{"instances":[[1,"2"],[3,4]]}"#,
        r#"{"dataframe_split":{"columns":["p","q"],"data":[[1,"2"],[3,4]]}}"#,
        r#"{"dataframe_records":[{"p":1,"q":2},{"p":3,"q":4}]}"#,
    ] {
        check(body, &unnamed, Form::Matrix, &[" [2, 2] F64([1.0, 2.0, 3.0, 4.0])"]);
    }
    let narrow = r#"{"inputs":[[1,2,3]]}"#;
    refuse(
        narrow,
        &unnamed,
        SCHEMA,
        "Error: Shape of input (1, 3) does not match expected shape (-1, 2).",
    );
    refuse(r#"{"inputs":[1,2]}"#, &named, SCHEMA, "Shape of input (2,) does not match");
    refuse(
        r#"{"inputs":{"y":[[1,2]]}}"#,
        &named,
        SCHEMA,
        "Model is missing inputs ['x']. Note that there were extra inputs: ['y'].",
    );
    refuse(
        r#"{"inputs":{"y":[[1,2]]}}"#,
        &unnamed,
        "",
        "an input of type <class 'dict'> was found.",
    );
    refuse(r#"{"instances":[{"y":1}]}"#, &unnamed, SCHEMA, "no input names");
    refuse(r#"{"instances":null}"#, &unnamed, "", "<class 'NoneType'>");
    refuse(r#"{"dataframe_records":[]}"#, &unnamed, SCHEMA, "Input DataFrame is empty.");
    let text = r#"{"dataframe_split":{"columns":["p","q"],"data":[["a",1]]}}"#;
    refuse(text, &unnamed, "", "Failed to convert column p to type 'float64'");
    let three = r#"{"dataframe_split":{"data":[[1,2,3]]}}"#;
    refuse(three, &unnamed, SCHEMA, "3 columns");
}

#[test]
fn without_a_signature_the_model_gets_what_came() {
    let none = Scoring::default();
    let split = r#"{"dataframe_split":{"columns":["p","q"],"data":[[1,2.5],[3,null]]}}"#;
    let columns = ["p [2] I64([1, 3])", "q [2] F64([2.5, NaN])"];
    check(split, &none, Form::Matrix, &columns);
    check(split, &none, Form::Frame, &columns);
    // Columns for one matrix are put side by side.
    check(split, &none, Form::Tensors, &["input [2, 2] F32([1.0, 2.5, 3.0, NaN])"]);
    check(r#"{"inputs":[[1,2]]}"#, &none, Form::Matrix, &[" [1, 2] I64([1, 2])"]);
    check(r#"{"inputs":[[1,2]]}"#, &none, Form::Tensors, &["input [1, 2] F32([1.0, 2.0])"]);
    check(
        r#"{"inputs":{"input":[[1,2]]}}"#,
        &none,
        Form::Tensors,
        &["input [1, 2] F32([1.0, 2.0])"],
    );
    let ragged = r#"{"dataframe_split":{"data":[[1,2],[3]]}}"#;
    check(ragged, &none, Form::Matrix, &[" [2] I64([1, 3])", " [2] F64([2.0, NaN])"]);
    let records = r#"{"dataframe_records":[[1,2],[3,4]]}"#;
    check(records, &none, Form::Matrix, &[" [2] I64([1, 3])", " [2] I64([2, 4])"]);
    for body in [r#"{"inputs":{"p":[1]}}"#, r#"{"instances":[{"p":1}]}"#, r#"{"inputs":1}"#] {
        refuse(body, &none, "", "Encountered an unexpected error while evaluating the model.");
    }
}

#[test]
fn parameters_are_checked_where_the_signature_has_some() {
    let parameter = |name: &str, kind, is_list| Parameter { name: name.into(), kind, is_list };
    let parameters = vec![
        parameter("top", ColumnType::Integer, false),
        parameter("rate", ColumnType::Double, false),
        parameter("words", ColumnType::Text, true),
    ];
    let with = Scoring { parameters: Some(parameters), ..Scoring::default() };
    let body = |params: &str| format!(r#"{{"inputs":[[1,2]],"params":{params}}}"#);
    for params in
        ["null", "{}", r#"{"top":5,"rate":1,"words":["a"],"bottom":[]}"#, r#"{"top":null}"#]
    {
        bound(&body(params), &with, Form::Matrix).expect(params);
    }
    for (params, part) in [
        (r#"{"top":"five"}"#, "'top': expected integer, got a string"),
        (r#"{"top":1.5}"#, "'top': expected integer, got a number"),
        (r#"{"top":true}"#, "'top': expected integer, got a boolean"),
        (r#"{"words":"a"}"#, "'words': expected string, got a string"),
        ("[1]", "Parameters must be a dictionary."),
    ] {
        refuse(&body(params), &with, PARAMETER, part);
        bound(&body(params), &Scoring::default(), Form::Matrix).expect("are passed over");
    }
}

#[test]
fn narrow_types_take_what_fits_them() {
    let kinds = [ColumnType::Float, ColumnType::Integer, ColumnType::Boolean, ColumnType::Binary];
    let columns = ["f", "i", "b", "y"].iter().zip(kinds);
    let columns = columns.map(|(name, kind)| column(name, kind, true)).collect();
    let narrow = scoring(Schema::Columns(columns));
    let split = |row: &str| {
        format!(r#"{{"dataframe_split":{{"columns":["f","i","b","y"],"data":[[{row}]]}}}}"#)
    };
    let expected =
        ["f [1] F32([0.1])", "i [1] I32([2])", "b [1] Bool([true])", r#"y [1] Bytes(["x"])"#];
    for row in [r#"0.1,2,1,"eA==""#, r#"0.1,2.5,true,"eA==\n""#, r#""0.1","2","true","eA==""#] {
        check(&split(row), &narrow, Form::Matrix, &expected);
    }
    for (row, part) in [
        (r#"1,3000000000,true,"eA==""#, "Python integer 3000000000 out of bounds for int32"),
        (r#"1,1,null,"eA==""#, "expected true or false, got null"),
        (r#"1,1,"false","eA==""#, "expected true or false, got 'false'"),
        ("1,1,true,7", "expected base64, got a number"),
        (r#"1,1,true,"?""#, "column y to type 'object'"),
    ] {
        refuse(&split(row), &narrow, "", part);
    }
    let dated =
        scoring(Schema::Columns(vec![column("f", ColumnType::Other("datetime".into()), true)]));
    refuse(r#"{"inputs":[1]}"#, &dated, "", "columns of type datetime are not supported");
}

fn csv(text: &str, scoring: &Scoring) -> Result<Vec<String>, String> {
    let limits = Limits::default();
    let request = decode_csv(text.as_bytes(), scoring.schema.as_ref(), &limits);
    let inputs = request
        .and_then(|request| bind(request, scoring, &signature(Form::Matrix), &limits))
        .map_err(|error| error.to_string())?;
    let show = |t: &Tensor| format!("{} {:?}", t.name, t.data);
    Ok(inputs.iter().map(show).collect())
}

#[test]
fn csv_has_a_header_and_types_by_column() {
    let none = Scoring::default();
    let text = "n,f,b,t,\"q\"\"x, y\"\r\n1,2.5,True,a,\"1\"\r\n\r\n-2,,FALSE,NA,2\n3\n";
    let expected = [
        "n I64([1, -2, 3])",
        "f F64([2.5, NaN, NaN])",
        "b F64([1.0, 0.0, NaN])",
        r#"t Bytes(["a", None, None])"#,
        "q\"x, y F64([1.0, 2.0, NaN])",
    ];
    assert_eq!(csv(text, &none).expect("is CSV"), expected);
    assert_eq!(
        csv("a,,\n1,2,3", &none).expect("is CSV")[1..],
        ["Unnamed: 1 I64([2])", "Unnamed: 2 I64([3])"]
    );
    assert_eq!(csv("a\n\"x\ny\"", &none).expect("is CSV"), [r#"a Bytes(["x\ny"])"#]);
    // The schema's types are those of the columns: texts of digits stay texts.
    let text = "t,a,n\n007,1,2\nnull,nan,3\n";
    let expected = ["a F64([1.0, NaN])", "n I64([2, 3])", r#"t Bytes(["007", None])"#];
    assert_eq!(csv(text, &columns()).expect("is CSV"), expected);
    for (text, part) in [
        ("", "No columns to parse from file"),
        ("a,b\n1,2,3\n", "Expected 2 fields in line 2, saw more"),
        ("a\n\"x", "EOF inside string starting at line 2"),
        ("a,a\n1,2\n", "column `a`: expected it once, got it twice"),
    ] {
        let error = csv(text, &none).expect_err(text);
        assert!(error.contains(part), "{error}");
    }
    let spelt = csv("a,n,t\nTrue,3.0,x\n", &columns()).expect("is CSV");
    assert_eq!(spelt[..2], ["a F64([1.0])", "n I64([3])"]);
    let flags = scoring(Schema::Columns(vec![column("b", ColumnType::Boolean, true)]));
    assert_eq!(csv("b\nTRUE\n0\n1\n", &flags).expect("is CSV"), ["b Bool([true, false, true])"]);
    assert!(csv("b\n2\n", &flags).is_err());
    let error = csv("a,n,t\n1,2.5,x\n", &columns()).expect_err("is no integer");
    assert!(error.contains("invalid literal for int() with base 10: '2.5'"), "{error}");
    assert!(decode_csv(b"a\n\xff", None, &Limits::default()).is_err());
    // Short rows below a wide header take no more memory than they are worth.
    let header: Vec<String> = (0..2000).map(|index| format!("c{index}")).collect();
    let sparse = format!("{}\n{}", header.join(","), "1\n".repeat(2000));
    let error = csv(&sparse, &none).expect_err("is sparse");
    assert!(error.contains("expected at most 65536 cells"), "{error}");
}

#[test]
fn predictions_are_spelt_as_python_spells_them() {
    let encode = |answers, outputs: &[Tensor]| {
        let mut out = Vec::new();
        encode_predictions(&mut out, answers, outputs).expect("is text");
        String::from_utf8(out).expect("is text")
    };
    let labels = Tensor::new("predict", &[2], vec![0_i64, 2]);
    let floats = Tensor::new("p", &[1, 2], vec![0.1_f32, f32::NAN]);
    let texts: Strings = [Some("b\u{f6}"), None].into_iter().collect();
    let all = [labels.clone(), floats, Tensor::strings("t", &[2], texts)];
    assert_eq!(encode(Answers::First, &all), r#"{"predictions": [0, 2]}"#);
    assert_eq!(
        encode(Answers::All, &all),
        r#"{"predictions": {"predict": [0, 2], "p": [[0.10000000149011612, NaN]], "t": ["b\u00f6", null]}}"#
    );
    assert_eq!(encode(Answers::All, &[]), r#"{"predictions": {}}"#);
    let mut strings = Strings::new();
    strings.push(b"\xff");
    let bytes = Tensor {
        data: TensorData::Bytes(strings),
        ..Tensor::strings("t", &[1], [""].into_iter().collect())
    };
    assert!(encode_predictions(&mut Vec::new(), Answers::First, &[bytes]).is_err());
}

#[test]
fn content_types_are_two() {
    assert_eq!(ContentType::parse("application/json"), Ok(ContentType::Json));
    assert_eq!(ContentType::parse("text/csv; charset=UTF-8"), Ok(ContentType::Csv));
    let parse = |header| ContentType::parse(header).expect_err(header);
    assert_eq!(
        parse("application/json; charset=latin-1"),
        "The scoring server only supports UTF-8"
    );
    assert!(parse("text/plain").ends_with("Got 'text/plain'."));
    assert!(
        parse("text/csv; header=1").starts_with("Unrecognized content type parameters: header")
    );
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn cut_and_changed_bodies_never_panic(
        which in 0_usize..5,
        at in proptest::prelude::any::<proptest::sample::Index>(),
        byte: u8,
    ) {
        let body = [
            r#"{"dataframe_split":{"columns":["a","t"],"index":[0],"data":[[1.5,"x"]]},"params":{}}"#,
            r#"{"dataframe_records":[{"a":1,"t":"x"},{"a":null}]}"#,
            r#"{"instances":[{"a":[1,2],"t":"x"},{"a":[1,2],"t":""}]}"#,
            r#"{"inputs":{"a":[1,2],"t":["x",null]}}"#,
            r#"{"inputs":[[1,2],[3,4]]}"#,
        ][which];
        let at = at.index(body.len());
        let mut changed = body.as_bytes().to_vec();
        changed[at] = byte;
        let limits = Limits::default();
        for body in [&body.as_bytes()[..at], &changed] {
            drop(decode_csv(body, None, &limits));
            for scoring in [columns(), tensor("", DType::F64, &[None, Some(2)]), Scoring::default()] {
                if let Ok(request) = decode_json(body, &limits)
                    && let Ok(inputs) = bind(request, &scoring, &signature(Form::Matrix), &limits)
                {
                    for input in inputs {
                        proptest::prop_assert_eq!(input.shape.n_elements(), Ok(input.data.len()));
                    }
                }
            }
        }
    }
}
