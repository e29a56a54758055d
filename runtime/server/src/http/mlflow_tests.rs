//! MLflow's paths, and what its signature means for other protocols.

use actix_http::body::MessageBody as _;
use actix_http::header;
use actix_http::test::TestRequest;
use actix_http::{Method, Response};
use radiant_core::Form;
use radiant_core::schema::{Column, ColumnType, Schema, Scoring};

use super::dispatch::{Worker, dispatch};
use super::reply::Body;
use crate::state::fixture;

const JSON: &str = "application/json";

/// A double and a text, in this order.
fn scoring() -> Scoring {
    let column = |name: &str, kind| Column { name: name.into(), kind, required: true };
    let columns = vec![column("x", ColumnType::Double), column("t", ColumnType::Text)];
    Scoring { schema: Some(Schema::Columns(columns)), ..Scoring::default() }
}

/// The reply: its status, type and body; to a GET where there is no body.
async fn ask(path: &str, content_type: &str, body: Option<&str>) -> (u16, String, String) {
    let state = fixture::scored_seen(Form::Matrix, &scoring());
    let mut request = TestRequest::with_uri(path);
    if let Some(body) = body {
        request.method(Method::POST).set_payload(body.to_owned());
    }
    if !content_type.is_empty() {
        request.insert_header((header::CONTENT_TYPE, content_type));
    }
    let answered = dispatch(Worker::of(state), request.finish()).await;
    let response: Response<Body> = answered.unwrap_or_else(|never| match never {});
    let content_type = response.headers().get(header::CONTENT_TYPE).unwrap();
    let content_type = content_type.to_str().unwrap().to_owned();
    let status = response.status().as_u16();
    let bytes = response.into_body().try_into_bytes().unwrap();
    (status, content_type, String::from_utf8(bytes.to_vec()).unwrap())
}

#[tokio::test]
async fn tables_are_answered_with_predictions() {
    let seen = r#"{"predictions": ["x FP64 [1] [1.0]; t BYTES [1] [\"a\"]"]}"#;
    for (content_type, body) in [
        (JSON, r#"{"dataframe_split":{"columns":["t","x","z"],"data":[["a",1,2]]}}"#),
        ("application/json; charset=UTF-8", r#"{"dataframe_records":[{"x":1,"t":"a"}]}"#),
        (JSON, r#"{"instances":[{"x":1,"t":"a"}]}"#),
        (JSON, r#"{"inputs":{"x":[1],"t":["a"]},"params":{"p":1}}"#),
        ("text/csv", "t,x\na,1\n"),
    ] {
        let got = ask("/invocations", content_type, Some(body)).await;
        assert_eq!(got, (200, JSON.to_owned(), seen.to_owned()), "{body}");
    }
}

#[tokio::test]
async fn errors_are_those_of_mlflow() {
    let (status, content_type, error) = ask("/invocations", JSON, Some("{")).await;
    assert_eq!((status, &*content_type), (400, JSON));
    assert!(error.starts_with(r#"{"error_code": "BAD_REQUEST", "message": "Invalid input. "#));
    let end = r#"", "sqlstate": "KAM00", "error_class": "INVALID_PARAMETER_VALUE"}"#;
    assert!(error.ends_with(end), "{error}");
    let (status, _, error) = ask("/invocations", JSON, Some(r#"{"inputs":{"x":[1]}}"#)).await;
    assert_eq!(status, 400);
    let start = r#"{"error_code": "INVALID_PARAMETER_VALUE", "message": "Failed to enforce schema"#;
    let end = r#"", "sqlstate": "KAM01", "error_class": "SCHEMA_ENFORCEMENT_FAILED"}"#;
    assert!(error.starts_with(start) && error.ends_with(end), "{error}");
    for (content_type, text) in [
        ("text/plain", "Got 'text/plain'."),
        ("", "Got ''."),
        ("application/json; charset=latin-1", "The scoring server only supports UTF-8"),
    ] {
        let (status, kind, got) = ask("/invocations", content_type, Some("{}")).await;
        assert_eq!((status, &*kind), (415, "text/plain; charset=utf-8"), "{content_type}");
        assert!(got.ends_with(text), "{got}");
    }
    let (status, _, error) = ask("/invocations", "", None).await;
    assert_eq!(status, 405);
    assert!(error.starts_with(r#"{"error_code": "ENDPOINT_NOT_FOUND", "#), "{error}");
}

#[tokio::test]
async fn probes_and_version_are_answered() {
    for path in ["/ping", "/health", "/seldon/ns/iris/ping"] {
        assert_eq!(ask(path, "", None).await, (200, JSON.to_owned(), "\n".to_owned()));
    }
    assert_eq!(ask("/version", "", None).await.2, "3.17.2");
}

#[tokio::test]
async fn columns_of_seldon_are_those_of_the_signature() {
    let path = "/api/v1.0/predictions";
    for (body, seen) in [
        (
            r#"{"data":{"names":["t","z","x"],"ndarray":[["a",1,2],["b",null,4]]}}"#,
            r#"x INT64 [2] [2, 4]; t BYTES [2] [\"a\", \"b\"]"#,
        ),
        (r#"{"jsonData":[{"t":"a","x":2.5,"z":0}]}"#, r#"x FP64 [1] [2.5]; t BYTES [1] [\"a\"]"#),
        (r#"{"data":{"ndarray":[[1,2]]}}"#, "INT64 [1, 2] [1, 2]"),
        (
            r#"{"data":{"ndarray":[[1,"a"],[null,"b"]]}}"#,
            r#"x FP64 [2] [1.0, NaN]; t BYTES [2] [\"a\", \"b\"]"#,
        ),
    ] {
        let (status, _, got) = ask(path, JSON, Some(body)).await;
        assert_eq!(status, 200, "{got}");
        assert!(got.contains(&format!("\"{seen}\"")), "expected {seen}, got {got}");
    }
    let absent = r#"{"data":{"names":["x","z"],"ndarray":[[1,2]]}}"#;
    let (status, _, error) = ask(path, JSON, Some(absent)).await;
    assert_eq!(status, 400);
    assert!(error.contains("Model is missing inputs ['t']"), "{error}");
}
