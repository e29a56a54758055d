//! gRPC as it is on the wire: codes of failures, frames that are wrong, streams, deadlines, and the
//! services that clients find the others by.

mod calls;
mod frames;
mod life;
mod services;

use serde_json::{Value, json};

use crate::support::grpc::{Answer, Call, Client};
use crate::support::process::{Server, Start};
use crate::support::proto;

const INFER: &str = "/inference.GRPCInferenceService/ModelInfer";

/// A server of a model that echoes vectors of FP32 as `x`, and of these beside it.
fn start(also: &[&str]) -> Server {
    let serve = Start::serve("builtin:identity1-fp32").args(["--name", "fp32"]);
    serve.args(also.iter().flat_map(|model| ["--also", model])).start()
}

/// A server of `builtin:hold`, which runs one request at a time on a thread of its own.
fn start_hold(args: &[&str]) -> Server {
    Start::serve("builtin:hold")
        .args(["--name", "hold", "--engine-threads", "1", "--inline-cost-max-us", "0"])
        .args(args.iter().copied())
        .start()
}

/// The message that a method takes.
fn request(path: &str, content: &Value) -> Vec<u8> {
    proto::encode(&proto::request_of(path).expect("a method"), content)
}

/// Calls a method of the V2 service.
fn v2(client: &mut Client, method: &str, content: &Value) -> Answer {
    let path = format!("/inference.GRPCInferenceService/{method}");
    client.unary(&path, &request(&path, content))
}

/// What a call was answered with.
fn content(path: &str, answer: &Answer) -> Value {
    proto::decode(&proto::reply_of(path).expect("a method"), answer.only())
}

/// A request of two numbers to the model of [`start`].
fn two_numbers() -> Value {
    json!({
        "model_name": "fp32",
        "inputs": [{"name": "x", "datatype": "FP32", "shape": [2], "contents": {"fp32_contents": [1.5, 2.5]}}],
    })
}

/// A request that [`start_hold`]'s model waits at this port for; at 0 it does not.
fn hold(port: u16) -> Vec<u8> {
    let content = json!({
        "model_name": "hold",
        "inputs": [{"name": "port", "datatype": "INT64", "shape": [1, 1], "contents": {"int64_contents": [port]}}],
    });
    request(INFER, &content)
}

/// A call of `ModelInfer`.
fn infer() -> Call {
    Call::new(INFER)
}

/// Whether a failure has this code, and says why.
fn assert_code(answer: &Answer, code: &str, what: &str) {
    assert_eq!(answer.status_name(), code, "{what}: {} {:?}", answer.message, answer.broken);
    assert!(!answer.message.is_empty(), "{what}");
    assert!(answer.messages.is_empty(), "{what}");
}
