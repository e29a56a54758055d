//! Whose deadline holds, whose turn comes first, and what is told who has no chance: over REST and
//! gRPC.

use std::thread::JoinHandle;

use serde_json::{Value, json};

use crate::support::gate::Gate;
use crate::support::grpc::{Answer, Call, Client};
use crate::support::http::{self, Request};
use crate::support::process::{Server, Start};
use crate::support::prometheus::Page;
use crate::support::proto;

const INFER: &str = "/inference.GRPCInferenceService/ModelInfer";
const OWN: &str = "x-request-timeout-ms";
const ENVOY: &str = "x-envoy-expected-rq-timeout-ms";
/// Longer than any answer takes.
const LONG_MS: &str = "3600000";

/// A server of `builtin:hold`, which waits at the port that a request names, and not at 0.
fn start(args: &[&str]) -> Server {
    Start::serve("builtin:hold")
        .args(["--name", "hold", "--engine-threads", "1", "--inline-cost-max-us", "0"])
        .args(args.iter().copied())
        .start()
}

/// An inference with this member beside its inputs.
fn rest(port: u16, parameters: &str) -> Request {
    let input = format!(r#"{{"name":"port","datatype":"INT64","shape":[1,1],"data":[{port}]}}"#);
    let body = format!(r#"{{"inputs":[{input}],"parameters":{{{parameters}}}}}"#);
    Request::json("/v2/models/hold/infer", body)
}

fn seldon(port: u16) -> Request {
    let body = format!(r#"{{"data":{{"ndarray":[[{port}]]}}}}"#);
    Request::json("/api/v1.0/predictions", body)
}

fn message(ports: &[u16], parameters: &Value) -> Vec<u8> {
    let contents = json!({"int64_contents": ports});
    let shape = [ports.len(), 1];
    let content = json!({
        "model_name": "hold",
        "inputs": [{"name": "port", "datatype": "INT64", "shape": shape, "contents": contents}],
        "parameters": parameters,
    });
    proto::encode(&proto::request_of(INFER).expect("a method"), &content)
}

fn grpc(server: &Server, header: (&str, &str), port: u16) -> Answer {
    let call = Call::new(INFER).metadata(header.0, header.1);
    Client::connect(server.grpc).call(&call, &message(&[port], &json!({})))
}

/// Sends requests, and waits until so many are in the queue.
fn queued<T: Send + 'static>(
    server: &mut Server,
    n_requests: f64,
    ask: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    let asking = std::thread::spawn(ask);
    let waits = |server: &Server| {
        let n_waiting = Page::parse(&server.metrics_page()).sum("radiant_queue_requests", &[]);
        (n_waiting > n_requests - 0.5).then_some(())
    };
    server.until(|server| waits(server)).expect("it is in the queue");
    asking
}

#[test]
fn the_earliest_deadline_holds_and_is_named() {
    let server = start(&[]);
    let gate = Gate::new();
    let first = {
        let (port, request) = (server.http, rest(gate.port(), ""));
        std::thread::spawn(move || http::send(port, &request))
    };
    // The only engine thread is taken: whatever comes now waits in the queue.
    let held = gate.wait_until_asked();
    for (request, by) in [
        (rest(0, "").header(OWN, "30"), "header `x-request-timeout-ms`"),
        (rest(0, "").header(ENVOY, "30"), "header `x-envoy-expected-rq-timeout-ms`"),
        (rest(0, r#""timeout":30000"#).header(OWN, LONG_MS), "parameter `timeout`"),
        (rest(0, r#""timeout":"30000""#).header(ENVOY, "0"), "parameter `timeout`"),
        (seldon(0).header(OWN, "30").header(ENVOY, LONG_MS), "header `x-request-timeout-ms`"),
    ] {
        let late = server.send(&request);
        assert_eq!(late.status, 504, "{}", late.text());
        let expected = format!("no answer within 0.03 s ({by})");
        assert!(late.text().contains(&expected), "{}", late.text());
    }
    for (header, by) in [
        (("grpc-timeout", "30m"), "`grpc-timeout`"),
        ((OWN, "30"), "header `x-request-timeout-ms`"),
        ((ENVOY, "30"), "header `x-envoy-expected-rq-timeout-ms`"),
    ] {
        let late = grpc(&server, header, 0);
        assert_eq!(late.status_name(), "DEADLINE_EXCEEDED", "{by}");
        assert!(late.message.contains(by), "{by}: {}", late.message);
    }
    drop(held);
    assert_eq!(first.join().expect("it was answered").status, 200);
}

#[test]
fn what_is_too_late_already_is_not_decoded() {
    let server = start(&[]);
    let broken = || Request::json("/v2/models/hold/infer", "{");
    let late = server.send(&broken().header(OWN, "0"));
    assert_eq!(late.status, 504, "{}", late.text());
    assert_eq!(server.send(&broken().header(OWN, LONG_MS)).status, 400);
    assert_eq!(grpc(&server, ("grpc-timeout", "0n"), 0).status_name(), "DEADLINE_EXCEEDED");
}

#[test]
fn a_malformed_header_is_refused_if_it_is_ours() {
    let server = start(&[]);
    for value in ["", "soon", "1.5", "-1"] {
        let refused = server.send(&rest(0, "").header(OWN, value));
        assert_eq!(refused.status, 400, "`{value}`: {}", refused.text());
        assert!(refused.text().contains(OWN), "{}", refused.text());
        assert_eq!(server.send(&rest(0, "").header(ENVOY, value)).status, 200, "`{value}`");
    }
    assert_eq!(grpc(&server, (OWN, "soon"), 0).status_name(), "INVALID_ARGUMENT");
    assert_eq!(grpc(&server, (ENVOY, "soon"), 0).status_name(), "OK");
    let known = server.send(&Request::get("/v2/health/live").header(OWN, "soon"));
    assert_eq!(known.status, 400, "whatever is asked");
}

#[test]
fn a_models_own_limit_holds_where_nobody_allows_less() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let model = folder.path().join("iris");
    std::fs::create_dir(&model).expect("a folder can be made");
    let from = concat!(env!("CARGO_MANIFEST_DIR"), "/models/iris/model.onnx");
    std::fs::copy(from, model.join("model.onnx")).expect("a file can be copied");
    std::fs::write(model.join("radiant.yaml"), "timeout_ms: 1\n").expect("a file can be written");
    let path = folder.path().to_str().expect("the path is text");
    // One engine thread that `hold` has taken: the other model waits for it.
    let server = start(&["--repository", path]);
    let gate = Gate::new();
    let first = {
        let (port, request) = (server.http, rest(gate.port(), ""));
        std::thread::spawn(move || http::send(port, &request))
    };
    let held = gate.wait_until_asked();
    let rows = "[5.1,3.5,1.4,0.2]";
    let input = format!(
        r#"{{"inputs":[{{"name":"float_input","datatype":"FP32","shape":[1,4],"data":{rows}}}]}}"#
    );
    let late = server.send(&Request::json("/v2/models/iris/infer", input));
    assert_eq!(late.status, 504, "{}", late.text());
    assert!(late.text().contains("no answer within 0.001 s (the model's own limit)"));
    drop(held);
    assert_eq!(first.join().expect("it was answered").status, 200);
}

#[test]
fn who_asks_for_priority_comes_before_those_that_came_earlier() {
    let mut server = start(&["--batch-rows-max", "off"]);
    let first = Gate::new();
    let (rest_port, grpc_port) = (server.http, server.grpc);
    let request = rest(first.port(), "");
    let first_asking = std::thread::spawn(move || http::send(rest_port, &request).status == 200);
    let held = first.wait_until_asked();
    // Each waits at a gate of its own, and the only engine thread with it.
    let mut waiting = Vec::new();
    for (is_grpc, priority) in
        [(false, 0), (true, 0), (false, 7), (true, 7), (true, 2), (false, 1), (true, 1), (false, 2)]
    {
        let gate = Gate::new();
        let port = gate.port();
        let ask = move || {
            if is_grpc {
                let message = message(&[port], &json!({"priority": {"int64_param": priority}}));
                let answer = Client::connect(grpc_port).call(&Call::new(INFER), &message);
                return answer.status_name() == "OK";
            }
            let request = rest(port, &format!(r#""priority":{priority}"#));
            http::send(rest_port, &request).status == 200
        };
        let asking = queued(&mut server, waiting.len() as f64 + 1.0, ask);
        waiting.push((gate, asking));
    }
    drop(held);
    assert!(first_asking.join().expect("it was answered"));
    // One that ran before its turn would hold the thread, and the next gate would not be asked.
    for position in [5, 6, 4, 7, 2, 3, 0, 1] {
        drop(waiting[position].0.wait_until_asked());
    }
    for (_, asking) in waiting {
        assert!(asking.join().expect("it was answered"));
    }
}

#[test]
fn who_is_refused_is_told_how_long_the_queue_is() {
    const N_ROWS: usize = 200_000;
    let mut server = start(&["--batch-rows-max", "off", "--rows-max", "200100"]);
    let port = server.http;
    let gates = [Gate::new(), Gate::new(), Gate::new()];
    let [first, second, third] = gates.each_ref().map(|gate| rest(gate.port(), ""));
    let first = std::thread::spawn(move || http::send(port, &first));
    let held = gates[0].wait_until_asked();
    let second = queued(&mut server, 1.0, move || http::send(port, &second));
    let third = queued(&mut server, 2.0, move || http::send(port, &third));
    let rows = |n_rows: usize| {
        let ports = vec!["0"; n_rows].join(",");
        let shape = format!("[{n_rows},1]");
        let input =
            format!(r#"{{"name":"port","datatype":"INT64","shape":{shape},"data":[{ports}]}}"#);
        Request::json("/v2/models/hold/infer", format!(r#"{{"inputs":[{input}]}}"#))
    };
    let many = rows(N_ROWS);
    let many = queued(&mut server, 3.0, move || http::send(port, &many));
    // From the second run to the third something waits, which tells how fast the queue moves: a row
    // takes longer than it takes to ask at a gate, and so many of them take seconds.
    drop(held);
    drop(gates[1].wait_until_asked());
    let held = gates[2].wait_until_asked();
    let refused = server.send(&rows(200));
    assert_eq!(refused.status, 503, "{}", refused.text());
    let after_s: u64 = refused.header("retry-after").and_then(|s| s.parse().ok()).expect("seconds");
    assert!((2..=60).contains(&after_s), "{after_s}");
    let refused =
        Client::connect(server.grpc).call(&Call::new(INFER), &message(&[0; 200], &json!({})));
    assert_eq!(refused.status_name(), "UNAVAILABLE", "{}", refused.message);
    let after_ms = refused.metadata("grpc-retry-pushback-ms").and_then(|ms| ms.parse().ok());
    let after_ms: u64 = after_ms.expect("milliseconds");
    assert!((1001..=60_000).contains(&after_ms), "{after_ms}");
    assert_eq!(after_ms.div_ceil(1000), after_s, "the same over both");
    drop(held);
    for asking in [first, second, third, many] {
        assert_eq!(asking.join().expect("it was answered").status, 200);
    }
}
