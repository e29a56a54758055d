//! How often the server allocates for a request, beside a server of actix's HTTP layer that answers
//! a constant.
//!
//! Both run in this process, one after the other under the same requests. Counts, unlike times, are
//! the same on every machine.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;

use actix_http::header::{CONTENT_TYPE, HeaderValue};
use actix_http::{HttpService, Request, Response, StatusCode};
use actix_server::ServerBuilder;
use actix_service::fn_service;
use bytes::Bytes;
use futures_util::StreamExt as _;
use radiant_contract::env::MapEnv;
use radiant_contract::repository::QueuePolicy;
use radiant_core::schema::Scoring;
use radiant_engine_native::NativeEngine;
use radiant_onnx::{Limits, strip_zip_maps};
use radiant_server::config::{Config, Flags};
use radiant_server::{
    LoadError, Model, Offered, OfferedVersion, OutputChoice, Ready, Served, Source,
};
use tokio::task::LocalSet;

use crate::counting;

/// Requests on one connection until all buffers have grown to their size.
const N_WARM: u32 = 500;
const N_COUNTED: u32 = 2000;

/// The reply's body.
const ALLOWED_A_REQUEST: u32 = 1;

/// Buffers that many requests share, such as a block of request ids.
const ALLOWED_FOR_ALL: u32 = N_COUNTED / 100;

const BODY: &str = r#"{"data":{"ndarray":[[5.1,3.5,1.4,0.2]]}}"#;

#[test]
fn a_request_allocates_its_reply_and_nothing_else_beyond_actix() {
    counting::leave_out_this_thread();
    let floor = start_floor();
    let ours = start_radiant();
    for path in ["/predict", "/api/v1.0/predictions"] {
        let (floor, ours) = (count(floor, path), count(ours, path));
        println!("{path}: {N_COUNTED} requests, {floor} allocations of actix, {ours} of ours");
        let allowed = ALLOWED_A_REQUEST * N_COUNTED + ALLOWED_FOR_ALL;
        assert!(ours <= floor + allowed, "{path}: {ours} allocations, actix alone {floor}");
    }
}

/// The allocations of a server for [`N_COUNTED`] requests on one connection.
fn count(port: u16, path: &str) -> u32 {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the port is open");
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{BODY}",
        BODY.len()
    );
    let length = exchange(&mut stream, request.as_bytes());
    for _ in 1..N_WARM {
        assert_eq!(exchange(&mut stream, request.as_bytes()), length);
    }
    let before = counting::allocations();
    for _ in 0..N_COUNTED {
        assert_eq!(exchange(&mut stream, request.as_bytes()), length);
    }
    counting::allocations() - before
}

/// Sends a request and reads its reply, which comes in one piece; returns its length.
fn exchange(stream: &mut TcpStream, request: &[u8]) -> usize {
    stream.write_all(request).expect("the request is sent");
    let mut reply = [0; 4096];
    let length = stream.read(&mut reply).expect("the reply comes");
    let text = String::from_utf8_lossy(&reply[..length]);
    assert!(text.starts_with("HTTP/1.1 200 ") && text.contains("\r\n\r\n{\"data\":"), "{text}");
    length
}

/// Reads the body without keeping it, which is the least that a server can do with it.
async fn answer(mut request: Request) -> Result<Response<Bytes>, Infallible> {
    let mut body = request.take_payload();
    while let Some(chunk) = body.next().await {
        assert!(chunk.is_ok(), "the test sends whole bodies");
    }
    let mut response = Response::with_body(StatusCode::OK, Bytes::from_static(b"{\"data\":{}}"));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    Ok(response)
}

/// Starts a server of actix's HTTP layer that answers a constant; returns its port.
fn start_floor() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let serving = async {
            let service = || HttpService::build().h1(fn_service(answer)).tcp();
            let server = ServerBuilder::new().workers(1).disable_signals();
            server.listen("floor", listener, service).expect("the port is ours").run().await
        };
        LocalSet::new().block_on(&runtime.expect("the runtime starts"), serving)
    });
    port
}

/// Starts the server as the program does, with the iris model; returns its port.
fn start_radiant() -> u16 {
    let text = |text: &str| Some(text.to_owned());
    let flags = Flags {
        name: text("iris"),
        host: text("127.0.0.1"),
        http_port: text("0"),
        grpc_port: text("0"),
        metrics_port: text("0"),
        workers: text("1"),
        ..Flags::default()
    };
    let config = Config::build(&flags, &MapEnv::default(), None).expect("the flags are good");
    let (sender, port) = channel();
    thread::spawn(move || {
        let ready = |ready: &Ready| sender.send(ready.http.port()).map_err(io::Error::other);
        let host = radiant_server::Host {
            source: Arc::new(Iris),
            engine_thread: |_, work| work(),
            listening: Box::new(|| {}),
        };
        radiant_server::serve(&config, host, ready)
    });
    port.recv().expect("the server starts")
}

/// Where the iris model comes from.
struct Iris;

impl Source for Iris {
    fn list(&self) -> Result<Vec<Offered>, LoadError> {
        let version =
            OfferedVersion { version: "1".to_owned(), bytes: 0, fingerprint: String::new() };
        let (name, versions) = ("iris".to_owned(), Ok(vec![version]));
        Ok(vec![Offered { name, versions, labels: BTreeMap::new(), default: None }])
    }

    fn load(&self, _: &str, _: &str, _: &dyn Fn(&str)) -> Result<Model, LoadError> {
        Ok(load())
    }
}

fn load() -> Model {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("models/iris/model.onnx");
    let mut model = radiant_onnx::load(&path, &Limits::default()).expect("the model is good");
    strip_zip_maps(&mut model).expect("the model is good");
    let engine = NativeEngine::load(&model).expect("the model is linear");
    Model {
        served: Served::Engine(Arc::new(engine)),
        output: OutputChoice::Probabilities,
        class_names: None,
        request_path: None,
        platform: "onnx_onnxv1".to_owned(),
        reason: String::new(),
        scoring: Scoring::default(),
        queue: QueuePolicy::default(),
        metadata: "{}\n".to_owned(),
    }
}
