//! Calls that take their time: deadlines, cancelling, streams that stay open, and the end.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
use std::thread;

use serde_json::{Value, json};

use super::{INFER, assert_code, content, hold, infer, request, start, start_hold, two_numbers};
use crate::support::gate::Gate;
use crate::support::grpc::{Answer, Call, Client};
use crate::support::process::Server;
use crate::support::prometheus::Page;
use crate::support::proto;

const STREAM: &str = "/inference.GRPCInferenceService/ModelStreamInfer";

/// A call that the model waits in until the gate is opened.
fn held_call(server: &Server, gate: &Gate) -> thread::JoinHandle<Answer> {
    let (port, message) = (server.grpc, hold(gate.port()));
    thread::spawn(move || Client::connect(port).call(&infer(), &message))
}

/// A gate that nobody may come to.
struct Untouched(TcpListener);

impl Untouched {
    fn new() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        listener.set_nonblocking(true).expect("a socket");
        Self(listener)
    }

    fn port(&self) -> u16 {
        self.0.local_addr().expect("a bound socket").port()
    }

    fn assert_untouched(&self) {
        let came = self.0.accept().expect_err("the work that nobody wants was done");
        assert_eq!(came.kind(), ErrorKind::WouldBlock);
    }
}

fn queued(server: &Server) -> f64 {
    Page::parse(&server.metrics_page()).sum("radiant_queue_requests", &[])
}

#[test]
fn a_deadline_ends_the_wait_and_the_work_that_waits() {
    let server = start_hold(&[]);
    let (gate, never) = (Gate::new(), Untouched::new());
    let first = held_call(&server, &gate);
    let held = gate.wait_until_asked();
    let mut client = Client::connect(server.grpc);
    let late = client.call(&infer().metadata("grpc-timeout", "50m"), &hold(never.port()));
    assert_code(&late, "DEADLINE_EXCEEDED", "a call behind a long one");
    drop(held);
    assert_eq!(first.join().expect("it was answered").status_name(), "OK");
    assert_eq!(client.call(&infer(), &hold(0)).status_name(), "OK", "the thread is free again");
    never.assert_untouched();
}

#[test]
fn a_call_that_is_taken_back_is_not_run() {
    let mut server = start_hold(&[]);
    let (gate, never) = (Gate::new(), Untouched::new());
    let first = held_call(&server, &gate);
    let held = gate.wait_until_asked();
    let mut client = Client::connect(server.grpc);
    let mut second = client.open(&infer());
    second.send(&hold(never.port()));
    second.half_close();
    server.until(|server| (queued(server) > 0.5).then_some(())).expect("it waits");
    let page = Page::parse(&server.metrics_page());
    for gauge in ["radiant_model_queue_requests", "radiant_model_queue_rows"] {
        assert!((page.sum(gauge, &[]) - 1.0).abs() < 0.5, "{gauge}");
    }
    second.reset();
    // What is answered on the same connection came after the reset.
    let live = "/inference.GRPCInferenceService/ServerLive";
    assert_eq!(client.unary(live, b"").status_name(), "OK");
    drop(held);
    assert_eq!(first.join().expect("it was answered").status_name(), "OK");
    assert_eq!(client.call(&infer(), &hold(0)).status_name(), "OK");
    never.assert_untouched();
    let page = Page::parse(&server.metrics_page());
    let ended = |outcome| page.sum("radiant_inferences_total", &[("outcome", outcome)]);
    assert!((ended("abandoned") - 1.0).abs() < 0.5);
    assert!((ended("done") - 2.0).abs() < 0.5);
    assert!((page.sum("radiant_queue_seconds_count", &[]) - 2.0).abs() < 0.5);
}

#[test]
fn too_many_calls_and_too_long_ones_have_their_codes() {
    let server = start_hold(&["--requests-max", "1", "--request-timeout", "200ms"]);
    let gate = Gate::new();
    let first = held_call(&server, &gate);
    let held = gate.wait_until_asked();
    let refused = Client::connect(server.grpc).call(&infer(), &hold(0));
    assert_code(&refused, "UNAVAILABLE", "a call too many");
    assert!(refused.metadata("grpc-retry-pushback-ms").is_some());
    assert_code(&first.join().expect("it was answered"), "DEADLINE_EXCEEDED", "a call too long");
    drop(held);
}

#[test]
fn sigterm_lets_calls_in_flight_finish_and_does_not_wait_for_open_streams() {
    let mut server = start_hold(&[]);
    let mut watcher = Client::connect(server.grpc);
    let mut half_open = watcher.open(&infer());
    half_open.send_raw(&[0, 0, 0], false);
    let mut idle = Client::connect(server.grpc).open(&Call::new(STREAM));
    idle.send(&request(STREAM, &json!({"model_name": "nope"})));
    assert!(idle.receive().is_some(), "the stream is being answered");
    let gate = Gate::new();
    let first = held_call(&server, &gate);
    let held = gate.wait_until_asked();
    server.terminate();
    let refused = server.until(|server| Client::try_connect(server.grpc).err());
    assert!(refused.is_some(), "new connections are refused while it drains");
    drop(held);
    assert_eq!(first.join().expect("it was answered").status_name(), "OK");
    let (status, log) = server.wait();
    assert_eq!(status.code(), Some(0), "{log}");
}

#[test]
fn a_stream_that_stays_half_open_holds_nobody_up() {
    let server = start(&[]);
    let mut client = Client::connect(server.grpc);
    let mut half_open: Vec<_> = (0..50).map(|_| client.open(&infer())).collect();
    for stream in &mut half_open {
        stream.send_raw(&[0, 0, 0, 1], false);
    }
    let message = request(INFER, &two_numbers());
    assert_eq!(client.unary(INFER, &message).status_name(), "OK", "on the same connection");
    assert_eq!(Client::connect(server.grpc).unary(INFER, &message).status_name(), "OK");
    half_open.into_iter().for_each(crate::support::grpc::Stream::reset);
    assert_eq!(client.unary(INFER, &message).status_name(), "OK");
}

/// A reply of a stream: what failed, and the id of the request.
fn told(message: &[u8]) -> (Value, Value) {
    let content = proto::decode("inference.ModelStreamInferResponse", message);
    (content["error_message"].clone(), content["infer_response"]["id"].clone())
}

#[test]
fn a_stream_answers_in_order_and_tells_of_failures_within() {
    let server = start(&[]);
    let message = |id: &str, model: &str| {
        let mut content = two_numbers();
        content["id"] = id.into();
        content["model_name"] = model.into();
        request(INFER, &content)
    };
    let mut client = Client::connect(server.grpc);
    let mut stream = client.open(&Call::new(STREAM));
    for (id, model) in [("1", "fp32"), ("2", "nope"), ("3", "fp32")] {
        stream.send(&message(id, model));
        let (failure, answered) = told(&stream.receive().expect("a reply"));
        assert_eq!((failure.is_null(), answered), (model == "fp32", json!(id)));
    }
    stream.half_close();
    assert_eq!(stream.finish().status_name(), "OK");
    let mut strict = client.open(&Call::new(STREAM).metadata("triton_grpc_error", "true"));
    strict.send(&message("1", "fp32"));
    strict.send(&message("2", "nope"));
    strict.send(&message("3", "fp32"));
    let answer = strict.finish();
    assert_eq!((answer.status_name(), answer.messages.len()), ("NOT_FOUND", 1));
}

#[test]
fn a_panic_fails_its_call_alone() {
    let server = start(&["failing=builtin:failing"]);
    let mut client = Client::connect(server.grpc);
    let input = json!({"name": "x", "datatype": "FP32", "shape": [1], "contents": {"fp32_contents": [1.0]}});
    let failing = request(INFER, &json!({"model_name": "failing", "inputs": [input]}));
    let mut open: Vec<_> = (0..4).map(|_| client.open(&infer())).collect();
    for (index, stream) in open.iter_mut().enumerate() {
        let fine = request(INFER, &two_numbers());
        stream.send(if index % 2 == 0 { &failing } else { &fine });
        stream.half_close();
    }
    let codes: Vec<_> = open.into_iter().map(|stream| stream.finish().status_name()).collect();
    assert_eq!(codes, ["INTERNAL", "OK", "INTERNAL", "OK"]);
    let answer = client.unary(INFER, &request(INFER, &two_numbers()));
    assert_eq!(content(INFER, &answer)["outputs"][0]["name"], "x_out");
}
