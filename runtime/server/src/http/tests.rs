//! Requests without a socket: how bodies may be encoded, and how replies are.

use actix_http::body::MessageBody as _;
use actix_http::header::{self, HeaderName};
use actix_http::test::TestRequest;
use actix_http::{Method, Response};

use super::dispatch::{Worker, dispatch};
use super::reply::Body;
use crate::encoding::Encoding;
use crate::state::fixture;

/// The reply to an inference of `n` numbers with these headers.
async fn infer(n: usize, headers: &[(HeaderName, &str)]) -> Response<Body> {
    let numbers = vec!["1"; n].join(",");
    let input = format!(r#"{{"name":"x","shape":[{n}],"datatype":"UINT8","data":[{numbers}]}}"#);
    let mut request = TestRequest::with_uri("/v2/models/echo/infer");
    request.method(Method::POST).set_payload(format!(r#"{{"id":"1","inputs":[{input}]}}"#));
    for (name, value) in headers {
        request.insert_header((name.clone(), *value));
    }
    let answered = dispatch(Worker::of(fixture::echo(true)), request.finish()).await;
    answered.unwrap_or_else(|never| match never {})
}

/// The values of a header, in their order.
fn values<'r>(response: &'r Response<Body>, name: &HeaderName) -> Vec<&'r str> {
    response.headers().get_all(name).map(|value| value.to_str().unwrap()).collect()
}

fn bytes(response: Response<Body>) -> Vec<u8> {
    response.into_body().try_into_bytes().unwrap().to_vec()
}

#[tokio::test]
async fn a_reply_that_may_be_compressed_varies_with_what_the_client_accepts() {
    let plain = infer(200, &[]).await;
    assert_eq!(plain.status(), 200);
    assert_eq!(values(&plain, &header::VARY), ["Accept-Encoding"]);
    assert!(values(&plain, &header::CONTENT_ENCODING).is_empty());
    let plain = bytes(plain);

    for (accepted, encoding) in [("gzip", Encoding::Gzip), ("deflate, br", Encoding::Deflate)] {
        let response = infer(200, &[(header::ACCEPT_ENCODING, accepted)]).await;
        assert_eq!(values(&response, &header::VARY), ["Accept-Encoding"]);
        assert_eq!(values(&response, &header::CONTENT_ENCODING), [encoding.name()]);
        let packed = bytes(response);
        assert!(packed.len() < plain.len());
        assert_eq!(encoding.decode(&packed, 10_000, &mut |_| Ok(())).unwrap(), plain);
    }
}

#[tokio::test]
async fn a_reply_varies_with_the_origin_too() {
    let headers = [(header::ACCEPT_ENCODING, "gzip"), (header::ORIGIN, "http://a.example")];
    let response = infer(200, &headers).await;
    assert_eq!(values(&response, &header::VARY), ["Accept-Encoding", "Origin"]);
}

#[tokio::test]
async fn a_reply_too_short_to_be_compressed_is_the_same_for_all() {
    let response = infer(0, &[(header::ACCEPT_ENCODING, "gzip")]).await;
    assert_eq!(response.status(), 200);
    assert!(values(&response, &header::VARY).is_empty());
    assert!(values(&response, &header::CONTENT_ENCODING).is_empty());
    assert!(bytes(response).starts_with(b"{"));
}

#[tokio::test]
async fn an_encoding_that_is_not_known_is_refused_with_those_that_are() {
    let response = infer(1, &[(header::CONTENT_ENCODING, "br")]).await;
    assert_eq!(response.status(), 415);
    assert_eq!(values(&response, &header::ACCEPT_ENCODING), ["gzip, deflate"]);
    let text = String::from_utf8(bytes(response)).unwrap();
    assert!(text.contains("expected one of gzip, deflate and identity, got `br`"), "{text}");

    let response = infer(1, &[(header::CONTENT_ENCODING, "gzip")]).await;
    assert_eq!(response.status(), 400, "what is known must be what it says");
    assert!(values(&response, &header::ACCEPT_ENCODING).is_empty());
}
