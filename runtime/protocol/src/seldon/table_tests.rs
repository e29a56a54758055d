//! Requests with tables, over REST and over gRPC.

use prost::Message as _;
use radiant_core::{DType, TensorSpec};

use super::*;
use crate::pb::seldon::protos as pb;
use crate::seldon::{decode_request, proto};

fn specs() -> [TensorSpec; 2] {
    let column = |name: &str, dtype| TensorSpec::new(name, dtype, vec![None]);
    [column("age", DType::F64), column("city", DType::Bytes)]
}

/// Each input with its name, type, shape and elements, or what is wrong.
fn shown(request: &mut Request, form: Form) -> Result<String, String> {
    let specs = specs();
    let mut inputs = vec![Tensor::new("old", &[1], vec![1_i64]); 3];
    let expected = Inputs::Table { form, specs: &specs };
    table(request, expected, &Limits::default(), &mut inputs).map_err(|e| e.to_string())?;
    let show = |input: &Tensor| {
        let elements = format!("{:?}", input.data);
        let elements = elements.split_once('(').map_or("", |(_, rest)| rest.trim_end_matches(')'));
        format!("{} {} {} {elements}", input.name, input.dtype(), input.shape).trim().to_owned()
    };
    Ok(inputs.iter().map(show).collect::<Vec<_>>().join("; "))
}

fn over_rest(body: &str, form: Form) -> Result<String, String> {
    let mut request = Request::new();
    decode_request(body.as_bytes(), None, &Limits::default(), &mut request).expect(body);
    shown(&mut request, form)
}

#[track_caller]
fn check(body: &str, form: Form, expected: &str) {
    assert_eq!(over_rest(body, form).as_deref(), Ok(expected), "{body}");
}

#[track_caller]
fn refuse(body: &str, form: Form, expected: &str) {
    assert_eq!(over_rest(body, form).expect_err(body), expected);
}

#[test]
fn an_array_keeps_the_type_that_numpy_gives_it() {
    for form in [Form::Matrix, Form::Frame] {
        let ndarray = |array: &str| format!(r#"{{"data":{{"ndarray":{array}}}}}"#);
        check(&ndarray("[[1,2],[3,4]]"), form, "INT64 [2, 2] [1, 2, 3, 4]");
        check(&ndarray("[[1,2.5]]"), form, "FP64 [1, 2] [1.0, 2.5]");
        check(&ndarray("[[true,false]]"), form, "BOOL [1, 2] [true, false]");
        check(&ndarray(r#"["a","b"]"#), form, r#"BYTES [2] ["a", "b"]"#);
        check(&ndarray(r#"[["a",1.0]]"#), form, r#"BYTES [1, 2] ["a", "1.0"]"#);
        check(&ndarray("[[1,null]]"), form, "FP64 [1, 2] [1.0, NaN]");
        check(&ndarray(r#"[["a",null]]"#), form, r#"BYTES [1, 2] ["a", None]"#);
        let tensor = r#"{"data":{"tensor":{"shape":[1,2],"values":[1,2]}}}"#;
        check(tensor, form, "INT64 [1, 2] [1, 2]");
        let tftensor = r#"{"data":{"tftensor":{"dtype":"DT_INT32","tensorShape":{"dim":[{"size":2}]},
                           "intVal":[1,2]}}}"#;
        check(tftensor, form, "INT32 [2] [1, 2]");
        check(r#"{"jsonData":[[1,2]]}"#, form, "INT64 [1, 2] [1, 2]");
    }
}

#[test]
fn columns_of_several_types_are_told_apart_where_null_keeps_them_so() {
    let body = r#"{"data":{"ndarray":[[1,"x"],[null,"y"]]}}"#;
    let columns = r#"FP64 [2] [1.0, NaN]; BYTES [2] ["x", "y"]"#;
    check(body, Form::Matrix, columns);
    let named = r#"age FP64 [2] [1.0, NaN]; city BYTES [2] ["x", "y"]"#;
    check(body, Form::Frame, named);
    check(r#"{"jsonData":[[1,"x"],[null,"y"]]}"#, Form::Frame, named);
    let wide = r#"{"data":{"ndarray":[[1,"x",null]]}}"#;
    refuse(wide, Form::Frame, "expected 2 columns, `age` FP64 [-1], `city` BYTES [-1], got 3");
}

#[test]
fn names_make_columns_where_the_model_has_names() {
    let body = r#"{"data":{"names":["city","age"],"ndarray":[["x",1],["y",2]]}}"#;
    check(body, Form::Matrix, r#"BYTES [2, 2] ["x", "1", "y", "2"]"#);
    check(body, Form::Frame, r#"city BYTES [2] ["x", "y"]; age BYTES [2] ["1", "2"]"#);
    let body = r#"{"data":{"names":["city","age"],"ndarray":[["x",1],["y",null]]}}"#;
    check(body, Form::Frame, r#"city BYTES [2] ["x", "y"]; age FP64 [2] [1.0, NaN]"#);
    // Each column for itself, where an array would have one type.
    let body = r#"{"data":{"names":["city","age"],"ndarray":[["x",null]]}}"#;
    check(body, Form::Frame, r#"city BYTES [1] ["x"]; age FP64 [1] [NaN]"#);
    let body = r#"{"data":{"names":["age","n"],"ndarray":[[null,1],[2,3]]}}"#;
    check(body, Form::Frame, "age FP64 [2] [NaN, 2.0]; n INT64 [2] [1, 3]");
    let body = r#"{"data":{"names":["age"],"ndarray":[[[null]]]}}"#;
    refuse(body, Form::Frame, "expected rows of columns, an array of two axes, got [1, 1, 1]");
    let body = r#"{"data":{"names":["age"],"tensor":{"shape":[2],"values":[1,2]}}}"#;
    check(body, Form::Frame, "age INT64 [2] [1, 2]");
    let body = r#"{"data":{"names":["a"],"ndarray":[[1,2]]}}"#;
    let message = "`data.names`: expected a name for each of 2 columns, got 1";
    refuse(body, Form::Frame, message);
    check(body, Form::Matrix, "INT64 [1, 2] [1, 2]");
    let body = r#"{"data":{"names":["a","b","a"],"ndarray":[[1,2,3]]}}"#;
    refuse(body, Form::Frame, "`data.names`: expected `a` once, got it twice");
}

#[test]
fn a_name_of_an_earlier_request_is_forgotten() {
    let (specs, limits) = (specs(), Limits::default());
    let expected = Inputs::Table { form: Form::Frame, specs: &specs };
    let (mut request, mut inputs) = (Request::new(), Vec::new());
    let mut names = Vec::new();
    for head in [r#""names":["age"],"#, "", "", r#""names":["city"],"#, ""] {
        let body = format!(r#"{{"data":{{{head}"ndarray":[[1]]}}}}"#);
        decode_request(body.as_bytes(), None, &limits, &mut request).expect("is a request");
        table(&mut request, expected, &limits, &mut inputs).expect("is a table");
        names.push(inputs[0].name.to_string());
    }
    assert_eq!(names, ["age", "", "", "city", ""]);
}

#[test]
fn objects_are_columns_or_rows_by_name() {
    let columns = r#"{"jsonData":{"city":["x",null],"age":[1,2],"more":[true,null]}}"#;
    let expected = r#"age INT64 [2] [1, 2]; city BYTES [2] ["x", None]; more FP64 [2] [1.0, NaN]"#;
    check(columns, Form::Frame, expected);
    let rows = r#"{"jsonData":[{"city":"x","age":1},{"age":2,"more":0.5}]}"#;
    let expected = r#"age INT64 [2] [1, 2]; city BYTES [2] ["x", None]; more FP64 [2] [NaN, 0.5]"#;
    check(rows, Form::Frame, expected);
    let message = "expected one table for `age` FP64 [-1], `city` BYTES [-1], got columns by name: \
                   the model's columns have no names, and those of an object have no order";
    refuse(columns, Form::Matrix, message);
    refuse(rows, Form::Matrix, message);
    check(r#"{"jsonData":{"x":[[1,2]]}}"#, Form::Matrix, "x INT64 [1, 2] [1, 2]");
    check(r#"{"jsonData":[{"x":1.5},{"x":2}]}"#, Form::Matrix, "x FP64 [2] [1.5, 2.0]");
}

#[test]
fn what_is_no_table_is_refused() {
    let listed = "`age` FP64 [-1], `city` BYTES [-1]";
    for (body, got) in [(r#"{"strData":"x"}"#, "strData"), (r#"{"binData":"eA=="}"#, "binData")] {
        let message = format!("expected a table (data or jsonData) for {listed}; got {got}");
        refuse(body, Form::Frame, &message);
    }
    refuse(
        r#"{"jsonData":{"age":[{}]}}"#,
        Form::Frame,
        "jsonData: column `age`: expected numbers, truth values, strings and null, got an object",
    );
    refuse(
        r#"{"jsonData":{"age":[["a",1,null]]}}"#,
        Form::Frame,
        "jsonData: column `age`: expected a list of plain values, got elements of several types in \
         an array of shape [1, 3]",
    );
    refuse(
        r#"{"jsonData":[{"age":1},2]}"#,
        Form::Frame,
        "jsonData: row 1: expected an object as row 0 is, got a number",
    );
    let names = r#"{"data":{"names":["a"],"ndarray":[[[1]]]}}"#;
    let message = "expected rows of columns, an array of two axes, got [1, 1, 1]";
    refuse(names, Form::Frame, message);
}

#[test]
fn tables_come_over_grpc_too() {
    use prost_types::value::Kind as Is;
    let value = |kind| prost_types::Value { kind: Some(kind) };
    let list = |values| prost_types::ListValue { values };
    let row = |city: Is, age: Is| value(Is::ListValue(list(vec![value(city), value(age)])));
    let text = |text: &str| Is::StringValue(text.to_owned());
    let rows = list(vec![
        row(text("x"), Is::NumberValue(1.0)),
        row(Is::NullValue(0), Is::NumberValue(2.0)),
    ]);
    let data = pb::DefaultData {
        names: vec!["city".to_owned(), "age".to_owned()],
        data_oneof: Some(pb::default_data::DataOneof::Ndarray(rows)),
    };
    let message = pb::SeldonMessage {
        data_oneof: Some(pb::seldon_message::DataOneof::Data(data)),
        ..pb::SeldonMessage::default()
    };
    let mut request = Request::new();
    let decoded =
        proto::decode_request(&message.encode_to_vec(), None, &Limits::default(), &mut request);
    decoded.expect("is a message");
    let expected = r#"city BYTES [2] ["x", None]; age FP64 [2] [1.0, 2.0]"#;
    assert_eq!(shown(&mut request, Form::Frame).as_deref(), Ok(expected));
}
