//! The response cache: who is answered from it, by every protocol, and when it knows nothing.

use serde_json::{Value, json};

use crate::support::gate::Gate;
use crate::support::grpc::{self, Answer, Call};
use crate::support::http::{Client, Request};
use crate::support::model_file;
use crate::support::process::{Server, Start};
use crate::support::prometheus::Page;
use crate::support::proto;

const STORED: Option<&str> = Some("radiant; fwd=miss; stored");
const HIT: Option<&str> = Some("radiant; hit");

fn start() -> Server {
    let cache = ["--name", "iris", "--response-cache-bytes", "1MiB"];
    Start::serve(model_file("iris", "model.onnx")).args(cache).start()
}

fn v2(id: &str, sepal: f64) -> Request {
    let row = [sepal, 3.5, 1.4, 0.2];
    let input = json!({"name": "float_input", "shape": [1, 4], "datatype": "FP32", "data": row});
    Request::json("/v2/models/iris/infer", json!({"id": id, "inputs": [input]}).to_string())
}

fn seldon(sepal: f64) -> Request {
    Request::json("/predict", json!({"data": {"ndarray": [[sepal, 3.5, 1.4, 0.2]]}}).to_string())
}

fn tensorflow(sepal: f64) -> Request {
    let body = json!({"instances": [[sepal, 3.5, 1.4, 0.2]]});
    Request::json("/v1/models/iris:predict", body.to_string())
}

/// A call of this method with these messages, each twice.
fn twice(server: &Server, path: &str, content: &Value) -> [Answer; 2] {
    let message = proto::encode(&proto::request_of(path).expect("a method"), content);
    let mut client = grpc::Client::connect(server.grpc);
    [client.unary(path, &message), client.unary(path, &message)]
}

fn status(answer: &Answer) -> Option<&str> {
    answer.trailing.get("cache-status").map(|status| status.to_str().expect("it is text"))
}

fn bytes(server: &Server) -> f64 {
    Page::parse(&server.metrics_page()).sum("radiant_response_cache_bytes", &[])
}

#[test]
fn what_was_asked_before_is_answered_from_the_cache_by_every_protocol() {
    let server = start();
    let mut client = Client::connect(server.http);
    for make in [|row| v2("x", row), seldon, tensorflow] as [fn(f64) -> Request; 3] {
        // Protocols may share answers: each has rows of its own here.
        let row = 5.0 + f64::from(u32::try_from(make(1.0).path.len()).expect("it is short"));
        let first = client.send(&make(row));
        assert_eq!((first.status, first.header("cache-status")), (200, STORED), "{}", first.text());
        let second = client.send(&make(row));
        assert_eq!((second.status, second.header("cache-status")), (200, HIT));
        assert_eq!(second.body, first.body);
        let other = client.send(&make(row + 0.25));
        assert_eq!(other.header("cache-status"), STORED);
        assert_ne!(other.body, first.body);
    }
    let row = json!([6.5, 3.5, 1.4, 0.2]);
    let input = json!({"name": "float_input", "datatype": "FP32", "shape": [1, 4], "contents": {"fp32_contents": row}});
    let tensor = json!({"dtype": "DT_FLOAT", "tensor_shape": {"dim": [{"size": 1}, {"size": 4}]}, "float_val": [7.5, 3.5, 1.4, 0.2]});
    for (path, content) in [
        (
            "/inference.GRPCInferenceService/ModelInfer",
            json!({"model_name": "iris", "inputs": [input]}),
        ),
        (
            "/seldon.protos.Seldon/Predict",
            json!({"data": {"tensor": {"shape": [1, 4], "values": [8.5, 3.5, 1.4, 0.2]}}}),
        ),
        (
            "/tensorflow.serving.PredictionService/Predict",
            json!({"model_spec": {"name": "iris"}, "inputs": {"float_input": tensor}}),
        ),
    ] {
        let [first, second] = twice(&server, path, &content);
        assert_eq!(first.status_name(), "OK", "{path}: {}", first.message);
        assert_eq!((status(&first), status(&second)), (STORED, HIT), "{path}");
        assert_eq!(second.only(), first.only(), "{path}");
    }
}

#[test]
fn an_answer_from_the_cache_is_the_requests_own() {
    let server = start();
    let mut client = Client::connect(server.http);
    assert_eq!(client.send(&v2("first", 5.1)).at("/id"), "first");
    let second = client.send(&v2("second", 5.1));
    assert_eq!((&*second.at("/id"), second.header("cache-status")), ("second", HIT));
    // Other outputs are another question.
    let input = json!({"name": "float_input", "shape": [1, 4], "datatype": "FP32", "data": [5.1, 3.5, 1.4, 0.2]});
    let label = json!({"inputs": [input], "outputs": [{"name": "output_label"}]});
    let label = client.send(&Request::json("/v2/models/iris/infer", label.to_string()));
    assert_eq!((label.status, label.header("cache-status")), (200, STORED), "{}", label.text());
}

#[test]
fn errors_are_not_kept_and_runs_are_counted_without_hits() {
    let server = start();
    let mut client = Client::connect(server.http);
    for _ in 0..2 {
        let refused = client.send(&Request::json("/v2/models/iris/infer", "{\"inputs\":[]}"));
        assert_eq!((refused.status, refused.header("cache-status")), (400, None));
    }
    for _ in 0..3 {
        assert_eq!(client.send(&v2("", 5.1)).status, 200);
    }
    let statistics = client.send(&Request::get("/v2/models/iris/stats"));
    let count = |name: &str| statistics.at(&format!("/model_stats/0/{name}"));
    assert_eq!((&*count("inference_count"), &*count("execution_count")), ("1", "1"));
    let counts = ["success", "queue", "compute_infer", "cache_hit", "cache_miss"];
    let counts = counts.map(|name| count(&format!("inference_stats/{name}/count")));
    assert_eq!(counts, ["3", "3", "1", "2", "1"]);
    let page = Page::parse(&server.metrics_page());
    let total = |name: &str| page.sum(&format!("radiant_response_cache_{name}"), &[]);
    assert!((total("hits_total") - 2.0).abs() < 0.5 && (total("misses_total") - 1.0).abs() < 0.5);
    assert!((total("bytes_max") - f64::from(1 << 20)).abs() < 0.5);
}

#[test]
fn a_model_loaded_anew_has_no_answers_yet_and_those_of_the_old_one_are_freed() {
    let mut server = start();
    let empty = bytes(&server);
    let mut client = Client::connect(server.http);
    assert_eq!(client.send(&v2("", 5.1)).header("cache-status"), STORED);
    assert!(bytes(&server) > empty);
    let load = Request::new("POST", "/v2/repository/models/iris/load");
    assert_eq!(client.send(&load).status, 200);
    server.until(|server| (bytes(server) <= empty).then_some(())).expect("they are freed");
    assert_eq!(client.send(&v2("", 5.1)).header("cache-status"), STORED);
    assert_eq!(client.send(&v2("", 5.1)).header("cache-status"), HIT);
}

#[test]
fn a_hit_needs_no_permit() {
    let args = ["--name", "hold", "--engine-threads", "1", "--inline-cost-max-us", "0"];
    let limits = ["--requests-max", "1", "--response-cache-bytes", "1MiB"];
    let server = Start::serve("builtin:hold").args(args).args(limits).start();
    let path = "/inference.GRPCInferenceService/ModelInfer";
    let hold = |port: u16| {
        let input = json!({"name": "port", "datatype": "INT64", "shape": [1, 1], "contents": {"int64_contents": [port]}});
        let content = json!({"model_name": "hold", "inputs": [input]});
        proto::encode(&proto::request_of(path).expect("a method"), &content)
    };
    let mut client = grpc::Client::connect(server.grpc);
    assert_eq!(status(&client.unary(path, &hold(0))), STORED);
    let gate = Gate::new();
    let (port, message) = (server.grpc, hold(gate.port()));
    let first = std::thread::spawn(move || grpc::Client::connect(port).unary(path, &message));
    let held = gate.wait_until_asked();
    assert_eq!(client.unary(path, &hold(1)).status_name(), "UNAVAILABLE");
    assert_eq!(status(&client.unary(path, &hold(0))), HIT);
    drop(held);
    assert_eq!(first.join().expect("it was answered").status_name(), "OK");
}

#[test]
fn without_bytes_there_is_no_cache_and_nothing_is_said_of_one() {
    let server = Start::serve(model_file("iris", "model.onnx")).args(["--name", "iris"]).start();
    for _ in 0..2 {
        assert_eq!(server.send(&v2("", 5.1)).header("cache-status"), None);
    }
    assert!(!server.metrics_page().contains("radiant_response_cache"));
    let call = Call::new("/inference.GRPCInferenceService/ServerLive");
    let live = grpc::Client::connect(server.grpc).call(&call, b"");
    assert_eq!(status(&live), None);
}
