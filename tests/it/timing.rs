//! Where the time of a request went, told to whom the configuration says.

use serde_json::{Value, json};

use crate::support::grpc::{self, Call};
use crate::support::http::{Client, Request};
use crate::support::process::{Server, Start};
use crate::support::proto;

const INFER: &str = "/inference.GRPCInferenceService/ModelInfer";

/// A server of a model whose runs are on an engine thread.
fn start(timing: &str) -> Server {
    let args = ["--name", "hold", "--inline-cost-max-us", "0", "--timing", timing];
    Start::serve("builtin:hold").args(args).start()
}

fn infer() -> Request {
    let input = json!({"name": "port", "shape": [3, 1], "datatype": "INT64", "data": [0, 0, 0]});
    Request::json("/v2/models/hold/infer", json!({"inputs": [input]}).to_string())
}

fn message(shape: &Value) -> Vec<u8> {
    let contents = json!({"int64_contents": [0, 0, 0]});
    let input = json!({"name": "port", "datatype": "INT64", "shape": shape, "contents": contents});
    let content = json!({"model_name": "hold", "inputs": [input]});
    proto::encode(&proto::request_of(INFER).expect("a method"), &content)
}

/// Whether all three times are there, and the rows.
fn assert_whole(timing: Option<&str>) {
    let timing = timing.expect("it is told");
    let parts: Vec<&str> = timing.split(", ").collect();
    let [queue, run, total] = parts[..] else { panic!("{timing}") };
    let milliseconds = |part: &str, name: &str| {
        let rest = part.strip_prefix(name).and_then(|rest| rest.strip_prefix(";dur="));
        let number = rest.and_then(|rest| rest.split(';').next()).expect(timing);
        number.parse::<f64>().expect(timing)
    };
    let spent = milliseconds(queue, "queue") + milliseconds(run, "run");
    // What is rounded to microseconds may add up to one too much.
    assert!(spent <= milliseconds(total, "total") + 0.002, "{timing}");
    assert!(run.ends_with(";desc=\"rows=3\""), "{timing}");
}

fn assert_total_alone(timing: Option<&str>) {
    let timing = timing.expect("it is told");
    assert!(timing.starts_with("total;dur="), "{timing}");
}

#[test]
fn who_asks_is_told_where_the_time_went() {
    let server = start("asked");
    let mut client = Client::connect(server.http);
    assert_eq!(client.send(&infer()).header("server-timing"), None);
    let told = client.send(&infer().header("X-Server-Timing", "1"));
    assert_eq!(told.status, 200, "{}", told.text());
    assert_whole(told.header("server-timing"));
    let mut client = grpc::Client::connect(server.grpc);
    let good = message(&json!([3, 1]));
    let call = || Call::new(INFER);
    assert!(client.call(&call(), &good).metadata("server-timing").is_none());
    let told = client.call(&call().metadata("x-server-timing", "?1"), &good);
    assert_eq!(told.status_name(), "OK", "{}", told.message);
    assert!(told.initial.get("server-timing").is_none(), "it is known last");
    assert_whole(told.trailing.get("server-timing").and_then(|value| value.to_str().ok()));
}

#[test]
fn with_always_errors_tell_how_long_they_took_too() {
    let server = start("always");
    let mut client = Client::connect(server.http);
    assert_whole(client.send(&infer()).header("server-timing"));
    for request in [
        Request::json("/v2/models/hold/infer", "{"),
        Request::json("/v2/models/none/infer", "{}"),
        Request::get("/nowhere"),
    ] {
        let refused = client.send(&request);
        assert!(refused.status >= 400, "{}", refused.text());
        assert_total_alone(refused.header("server-timing"));
    }
    let mut client = grpc::Client::connect(server.grpc);
    let refused = client.unary(INFER, &message(&json!([2, 1])));
    assert_eq!(refused.status_name(), "INVALID_ARGUMENT");
    assert_total_alone(refused.metadata("server-timing"));
}

#[test]
fn replies_in_a_stream_tell_nothing() {
    let server = start("always");
    let mut client = grpc::Client::connect(server.grpc);
    let stream = Call::new("/inference.GRPCInferenceService/ModelStreamInfer");
    let answer = client.call(&stream, &message(&json!([3, 1])));
    assert_eq!((answer.status_name(), answer.messages.len()), ("OK", 1));
    assert!(answer.metadata("server-timing").is_none());
}

#[test]
fn without_the_option_nobody_is_told() {
    let server = start("off");
    let asked = server.send(&infer().header("X-Server-Timing", "1"));
    assert_eq!((asked.status, asked.header("server-timing")), (200, None));
}
