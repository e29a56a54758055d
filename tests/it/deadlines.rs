//! Whose deadline holds, and what is told when it has passed: over REST and gRPC.

use serde_json::json;

use crate::support::gate::Gate;
use crate::support::grpc::{Answer, Call, Client};
use crate::support::http::{self, Request};
use crate::support::process::{Server, Start};
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

fn grpc(server: &Server, header: (&str, &str), port: u16) -> Answer {
    let content = json!({
        "model_name": "hold",
        "inputs": [{"name": "port", "datatype": "INT64", "shape": [1, 1], "contents": {"int64_contents": [port]}}],
    });
    let message = proto::encode(&proto::request_of(INFER).expect("a method"), &content);
    Client::connect(server.grpc).call(&Call::new(INFER).metadata(header.0, header.1), &message)
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
