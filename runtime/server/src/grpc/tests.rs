//! Calls without a socket: a body in, headers, messages and status out.

use std::convert::Infallible;
use std::io::{Read as _, Write as _};
use std::sync::Arc;

use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use futures_util::stream;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, Full, StreamBody};
use prost::Message as _;
use radiant_protocol::pb::inference as pb;
use tokio::sync::watch;

use super::reply::Body;
use super::serve::{Draining, GrpcOptions};
use super::service::{Shared, dispatch};
use crate::edge;
use crate::observe::Registry;
use crate::place::Places;
use crate::state::{State, fixture};

const INFER: &str = "/inference.GRPCInferenceService/ModelInfer";
const STREAM: &str = "/inference.GRPCInferenceService/ModelStreamInfer";
const CHECK: &str = "/grpc.health.v1.Health/Check";

/// A server of one model, `echo`, which is loaded when `is_loaded`.
fn server(is_loaded: bool) -> (Arc<Shared>, watch::Sender<bool>) {
    of_state(fixture::echo(is_loaded))
}

pub(super) fn of_state(state: Arc<State>) -> (Arc<Shared>, watch::Sender<bool>) {
    let (drain, draining) = watch::channel(false);
    let options = GrpcOptions {
        workers: 1,
        places: Places::new(1),
        edge: edge::fixture::edge(&Registry::new()),
        tls: None,
    };
    (Arc::new(Shared::new(state, &options, Draining(draining)).unwrap()), drain)
}

pub(super) fn framed(flag: u8, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[flag][..], &length, message].concat()
}

/// The code of a reply, its text, its messages with their flags, and `grpc-encoding`.
#[derive(Debug, Default)]
pub(super) struct Got {
    pub(super) code: String,
    pub(super) text: String,
    pub(super) messages: Vec<(u8, Vec<u8>)>,
    encoding: String,
}

async fn got(response: Response<Body>) -> Got {
    let headers = response.headers().clone();
    let collected = response.into_body().collect().await.unwrap();
    let trailers = collected.trailers().cloned().unwrap_or_default();
    let text = |name| {
        let value = trailers.get(name).or_else(|| headers.get(name));
        value.map_or("", |value| value.to_str().unwrap()).to_owned()
    };
    let mut bytes = &collected.to_bytes()[..];
    let mut messages = Vec::new();
    while let [flag, a, b, c, d, rest @ ..] = bytes {
        let (message, rest) = rest.split_at(u32::from_be_bytes([*a, *b, *c, *d]) as usize);
        messages.push((*flag, message.to_vec()));
        bytes = rest;
    }
    let (code, encoding) = (text("grpc-status"), text("grpc-encoding"));
    Got { code, text: text("grpc-message"), messages, encoding }
}

pub(super) async fn call(
    shared: &Arc<Shared>,
    path: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> Got {
    let mut request = Request::post(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(Bytes::from(body))).unwrap();
    got(dispatch(Arc::clone(shared), request).await.unwrap_or_else(|never| match never {})).await
}

/// A request with one input of `n` numbers.
fn request(model: &str, id: &str, n: u8) -> Vec<u8> {
    pb::ModelInferRequest {
        model_name: model.to_owned(),
        id: id.to_owned(),
        inputs: vec![pb::model_infer_request::InferInputTensor {
            name: "x".to_owned(),
            datatype: "UINT8".to_owned(),
            shape: vec![i64::from(n)],
            ..Default::default()
        }],
        raw_input_contents: vec![vec![7; usize::from(n)].into()],
        ..Default::default()
    }
    .encode_to_vec()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

#[tokio::test]
async fn tensors_come_back() {
    let (server, _drain) = server(true);
    let got = call(&server, INFER, &[], framed(0, &request("echo", "a", 3))).await;
    assert_eq!((&*got.code, &*got.encoding, got.messages[0].0), ("0", "", 0));
    let reply = pb::ModelInferResponse::decode(&*got.messages[0].1).unwrap();
    assert_eq!((&*reply.model_name, &*reply.id), ("echo", "a"));
    assert_eq!(reply.raw_output_contents, [Bytes::from_static(&[7; 3])]);
}

#[tokio::test]
async fn failures_have_their_codes() {
    let (server, _drain) = server(true);
    let too_large = [0, 0, 0xff, 0, 0].to_vec();
    let ask = framed(0, &request("echo", "", 1));
    for (path, headers, body, code, text) in [
        (INFER, ("a", "b"), framed(0, &request("nope", "", 1)), "5", "no model `nope`"),
        (INFER, ("a", "b"), framed(0, &[0xff]), "3", "not protobuf"),
        (INFER, ("a", "b"), vec![], "3", "expected a message, got none"),
        (INFER, ("a", "b"), too_large, "8", "larger than the limit of 20000 bytes"),
        (INFER, ("grpc-encoding", "snappy"), ask.clone(), "12", "got `snappy`"),
        (INFER, ("a", "b"), framed(1, b"x"), "3", "expected grpc-encoding, got none"),
        (INFER, ("grpc-encoding", "gzip"), framed(1, b"x"), "3", "gzip"),
        ("/a.B/C", ("a", "b"), ask, "12", "no such method: `/a.B/C`"),
    ] {
        let got = call(&server, path, &[headers], body).await;
        assert_eq!(got.code, code, "{path} {headers:?}: {}", got.text);
        assert!(got.text.contains(text), "{}", got.text);
    }
}

#[tokio::test]
async fn replies_are_compressed_where_requests_are_and_it_pays() {
    let (server, _drain) = server(true);
    let headers = [("grpc-encoding", "gzip"), ("grpc-accept-encoding", "gzip")];
    let got = call(&server, INFER, &headers, framed(1, &gzip(&request("echo", "", 200)))).await;
    assert_eq!((&*got.code, &*got.encoding, got.messages[0].0), ("0", "gzip", 1));
    let mut plain = Vec::new();
    GzDecoder::new(&*got.messages[0].1).read_to_end(&mut plain).unwrap();
    let reply = pb::ModelInferResponse::decode(&*plain).unwrap();
    assert_eq!(reply.raw_output_contents, [Bytes::from_static(&[7; 200])]);

    let got = call(&server, INFER, &headers, framed(1, &gzip(&request("echo", "", 1)))).await;
    assert_eq!((&*got.code, &*got.encoding, got.messages[0].0), ("0", "", 0));

    let accepted = [("grpc-accept-encoding", "gzip")];
    let got = call(&server, INFER, &accepted, framed(0, &request("echo", "", 200))).await;
    assert_eq!((&*got.code, &*got.encoding, got.messages[0].0), ("0", "", 0));
}

#[tokio::test]
async fn a_little_that_unpacks_to_much_is_refused() {
    let (server, _drain) = server(true);
    let bomb = framed(1, &gzip(&vec![0; 1_000_000]));
    let got = call(&server, INFER, &[("grpc-encoding", "gzip")], bomb).await;
    assert_eq!(got.code, "8", "{}", got.text);
}

#[tokio::test]
async fn a_client_that_stalls_and_one_whose_time_is_up_are_told_so() {
    let (server, _drain) = server(true);
    for (timeout, text) in [("1H", "did not arrive within 0.002 s"), ("1u", "(`grpc-timeout`)")] {
        let stalled = StreamBody::new(stream::pending::<Result<Frame<Bytes>, Infallible>>());
        let request = Request::post(INFER).header("grpc-timeout", timeout).body(stalled).unwrap();
        let response = dispatch(Arc::clone(&server), request).await;
        let got = got(response.unwrap_or_else(|never| match never {})).await;
        assert_eq!(got.code, "4");
        assert!(got.text.contains(text), "{}", got.text);
    }
}

#[tokio::test]
async fn failures_are_told_within_a_stream_unless_asked_otherwise() {
    let (server, _drain) = server(true);
    let requests = [request("echo", "1", 1), request("nope", "2", 1), request("echo", "3", 1)];
    let body: Vec<u8> = requests.iter().flat_map(|request| framed(0, request)).collect();
    let lax = call(&server, STREAM, &[], body.clone()).await;
    assert_eq!((&*lax.code, lax.messages.len()), ("0", 3));
    let replies: Vec<_> = lax
        .messages
        .iter()
        .map(|(_, bytes)| {
            let reply = pb::ModelStreamInferResponse::decode(&**bytes).unwrap();
            (reply.error_message, reply.infer_response.unwrap())
        })
        .collect();
    assert!(replies[1].0.contains("no model `nope`"), "{}", replies[1].0);
    assert_eq!(replies[1].1.id, "2");
    for index in [0, 2] {
        let (error, reply) = &replies[index];
        assert_eq!((error.is_empty(), reply.outputs.len()), (true, 1));
        let parameter = reply.parameters["triton_final_response"].parameter_choice.as_ref();
        assert_eq!(parameter, Some(&pb::infer_parameter::ParameterChoice::BoolParam(true)));
    }
    let strict = call(&server, STREAM, &[("triton_grpc_error", "true")], body).await;
    assert_eq!((&*strict.code, strict.messages.len()), ("5", 1));
}

#[tokio::test]
async fn streams_end_when_the_server_does() {
    let (server, drain) = server(true);
    drain.send_replace(true);
    for path in [STREAM, "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"] {
        let open = StreamBody::new(stream::pending::<Result<Frame<Bytes>, Infallible>>());
        let request = Request::post(path).body(open).unwrap();
        let response = dispatch(Arc::clone(&server), request).await;
        let got = got(response.unwrap_or_else(|never| match never {})).await;
        assert_eq!(got.code, if path == STREAM { "14" } else { "0" });
    }
}

#[tokio::test]
async fn health_is_that_of_the_server_of_its_services_and_of_its_models() {
    let service = |name: &str| {
        let name = tonic_health::pb::HealthCheckRequest { service: name.to_owned() };
        framed(0, &name.encode_to_vec())
    };
    for is_loaded in [true, false] {
        let (server, _drain) = server(is_loaded);
        for name in ["", "echo", "inference.GRPCInferenceService", "seldon.protos.Model"] {
            let got = call(&server, CHECK, &[], service(name)).await;
            assert_eq!(got.code, "0");
            let status = tonic_health::pb::HealthCheckResponse::decode(&*got.messages[0].1);
            assert_eq!(status.unwrap().status, if is_loaded { 1 } else { 2 }, "{name}");
        }
        assert_eq!(call(&server, CHECK, &[], service("nope")).await.code, "5");
        server.state.drain();
        let got = call(&server, CHECK, &[], service("echo")).await;
        assert_eq!(got.messages[0].1, [8, 2]);
    }
}

#[tokio::test]
async fn readiness_of_an_unknown_model_is_no_failure() {
    let (server, _drain) = server(true);
    for (name, ready) in [("echo", true), ("nope", false)] {
        let asked = pb::ModelReadyRequest { name: name.to_owned(), version: String::new() };
        let path = "/inference.GRPCInferenceService/ModelReady";
        let got = call(&server, path, &[], framed(0, &asked.encode_to_vec())).await;
        assert_eq!(got.code, "0");
        let reply = pb::ModelReadyResponse::decode(&*got.messages[0].1).unwrap();
        assert_eq!(reply.ready, ready, "{name}");
    }
}
