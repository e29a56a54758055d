//! Tables in every protocol of REST, as the engine gets to see them.

use actix_http::Method;
use actix_http::body::MessageBody as _;
use actix_http::header::{self, HeaderName};
use actix_http::test::TestRequest;
use radiant_core::Form;

use super::dispatch::{Worker, dispatch};
use crate::state::fixture;

const SELDON: &str = "/api/v1.0/predictions";
const INFER: &str = "/v2/models/seen/infer";
const PREDICT: &str = "/v1/models/seen:predict";

/// The reply to a body, or to none; of a GET where there is none.
async fn ask(form: Form, path: &str, body: &[u8], head_bytes: Option<usize>) -> (u16, String) {
    let mut request = TestRequest::with_uri(path);
    if !body.is_empty() {
        request.method(Method::POST).set_payload(body.to_vec());
        request.insert_header((header::CONTENT_TYPE, "application/json"));
    }
    if let Some(head_bytes) = head_bytes {
        let name = HeaderName::from_static("inference-header-content-length");
        request.insert_header((name, head_bytes));
    }
    let worker = Worker::of(fixture::seen(form));
    let answered = dispatch(worker, request.finish()).await;
    let answered = answered.unwrap_or_else(|never| match never {});
    let status = answered.status().as_u16();
    let bytes = answered.into_body().try_into_bytes().unwrap();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

/// What the engine saw, escaped as in JSON.
#[track_caller]
fn check(reply: &(u16, String), seen: &str) {
    let seen = seen.replace('"', "\\\"");
    assert_eq!(reply.0, 200, "{}", reply.1);
    assert!(reply.1.contains(&format!("\"{seen}\"")), "expected {seen}, got {}", reply.1);
}

#[track_caller]
fn refuse(reply: &(u16, String), part: &str) {
    assert_eq!(reply.0, 400, "{}", reply.1);
    assert!(reply.1.contains(part), "expected {part}, got {}", reply.1);
}

#[tokio::test]
async fn seldon_brings_arrays_columns_and_rows() {
    for (form, body, seen) in [
        (Form::Matrix, r#"{"data":{"ndarray":[[1,2],[3,4]]}}"#, "INT64 [2, 2] [1, 2, 3, 4]"),
        (Form::Matrix, r#"{"data":{"ndarray":[[1.5,2]]}}"#, "FP64 [1, 2] [1.5, 2.0]"),
        (Form::Matrix, r#"{"data":{"names":["x"],"ndarray":["t"]}}"#, r#"BYTES [1] ["t"]"#),
        (
            Form::Matrix,
            r#"{"data":{"names":["x","y"],"tensor":{"shape":[1,2],"values":[1,2.5]}}}"#,
            "FP64 [1, 2] [1.0, 2.5]",
        ),
        (
            Form::Frame,
            r#"{"data":{"names":["b","a"],"ndarray":[["t",null]]}}"#,
            r#"b BYTES [1] ["t"]; a FP64 [1] [NaN]"#,
        ),
        (
            Form::Frame,
            r#"{"jsonData":[{"a":1,"b":null},{"a":2,"b":"t"}]}"#,
            r#"a INT64 [2] [1, 2]; b BYTES [2] [None, "t"]"#,
        ),
        (
            Form::Frame,
            r#"{"jsonData":{"a":[true],"c":["t"]}}"#,
            r#"a BOOL [1] [true]; c BYTES [1] ["t"]"#,
        ),
    ] {
        check(&ask(form, SELDON, body.as_bytes(), None).await, seen);
    }
    let cube = br#"{"data":{"tensor":{"shape":[1,1,1],"values":[1]}}}"#;
    refuse(
        &ask(Form::Matrix, SELDON, cube, None).await,
        "a table of one axis or two, got shape [1, 1, 1]",
    );
    let uneven = br#"{"jsonData":{"a":[1],"b":[1,2]}}"#;
    let expected = "input `b`: expected 1 rows as in the inputs before, got 2";
    refuse(&ask(Form::Frame, SELDON, uneven, None).await, expected);
}

#[tokio::test]
async fn v2_brings_tensors_of_any_name_and_type() {
    let body = |inputs: &str| format!(r#"{{"inputs":[{inputs}]}}"#);
    let x = r#"{"name":"x","shape":[2,2],"datatype":"FP32","data":[1,null,3,4]}"#;
    let b = r#"{"name":"b","shape":[2],"datatype":"BYTES","data":["t",null]}"#;
    let a = r#"{"name":"a","shape":[2,1],"datatype":"INT8","data":[1,2]}"#;
    for form in [Form::Matrix, Form::Frame] {
        let reply = ask(form, INFER, body(x).as_bytes(), None).await;
        check(&reply, "x FP32 [2, 2] [1.0, NaN, 3.0, 4.0]");
        let reply = ask(form, INFER, body(&format!("{b},{a}")).as_bytes(), None).await;
        check(&reply, r#"b BYTES [2] ["t", None]; a INT8 [2, 1] [1, 2]"#);
        let head = body(
            r#"{"name":"b","shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":5}}"#,
        );
        let sent = [head.as_bytes(), b"\x01\0\0\0t"].concat();
        check(&ask(form, INFER, &sent, Some(head.len())).await, r#"b BYTES [1] ["t"]"#);
    }
    let raw: Vec<u8> = [1.0_f64, 2.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    // The reply to a raw request is raw.
    let (status, reply) = ask(Form::Matrix, INFER, &raw, Some(0)).await;
    assert_eq!(status, 200);
    assert!(reply.ends_with("input FP64 [1, 2] [1.0, 2.0]"), "{reply}");
    refuse(&ask(Form::Frame, INFER, &raw, Some(0)).await, "expected a model with one input");
    let none = "expected `a` FP64 [-1], `b` BYTES [-1], got none";
    refuse(&ask(Form::Frame, INFER, body("").as_bytes(), None).await, none);
}

#[tokio::test]
async fn tensorflow_brings_rows_and_columns() {
    for (form, body, seen) in [
        (Form::Matrix, r#"{"instances":[[1,2]]}"#, "INT64 [1, 2] [1, 2]"),
        (Form::Matrix, r#"{"inputs":[[1.5,null]]}"#, "FP64 [1, 2] [1.5, NaN]"),
        (Form::Matrix, r#"{"instances":[{"z":1,"a":2}]}"#, "z INT64 [1] [1]; a INT64 [1] [2]"),
        (
            Form::Frame,
            r#"{"instances":[{"b":"t","a":1}]}"#,
            r#"b BYTES [1] ["t"]; a INT64 [1] [1]"#,
        ),
        (Form::Frame, r#"{"inputs":{"b":["t"],"a":[1]}}"#, r#"b BYTES [1] ["t"]; a INT64 [1] [1]"#),
    ] {
        check(&ask(form, PREDICT, body.as_bytes(), None).await, seen);
    }
}

#[tokio::test]
async fn metadata_tells_what_a_table_is_made_of() {
    let (status, metadata) = ask(Form::Frame, "/v2/models/seen", b"", None).await;
    let inputs = r#""inputs":[{"name":"a","datatype":"FP64","shape":[-1]},{"name":"b","datatype":"BYTES","shape":[-1]}]"#;
    assert_eq!(status, 200);
    assert!(metadata.contains(inputs), "{metadata}");
    let (_, metadata) = ask(Form::Matrix, "/v1/models/seen/metadata", b"", None).await;
    assert!(metadata.contains(r#""inputs":{"input":{"dtype":"DT_DOUBLE""#), "{metadata}");
}

#[test]
fn a_newcomer_is_told_requests_that_the_model_takes() {
    for form in [Form::Matrix, Form::Frame] {
        let state = fixture::seen(form);
        let main = state.repository.main().unwrap();
        let node = main.node().unwrap();
        let (engine, _) = node.engine().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        for example in crate::example::examples("seen", engine.signature(), &node.scoring) {
            if example.transport == "REST" {
                let body = example.body.text().unwrap().as_bytes();
                let (status, reply) = runtime.block_on(ask(form, &example.target, body, None));
                assert_eq!(status, 200, "{example:?}: {reply}");
            }
        }
    }
}
