//! Models and versions of a repository: who is answered by what while they come, change and go.
//!
//! Each version of the iris model here has an intercept of its own, so that the numbers of a reply tell
//! which version ran.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use radiant_onnx::Limits;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::grpc;
use crate::support::http::{Client, Reply, Request};
use crate::support::model_file;
use crate::support::process::{Server, Start};
use crate::support::prometheus::Page;
use crate::support::proto;

const ROW: [f64; 4] = [6.0, 3.0, 5.0, 2.0];

/// The iris model, its first class the likelier the higher the version.
fn iris(version: i64) -> Vec<u8> {
    let bytes = fs::read(model_file("iris", "model.onnx")).expect("it can be read");
    let mut model = radiant_onnx::read(&bytes, &Limits::default()).expect("it is a model");
    let classifier = model.graph.node.iter_mut().find(|node| node.op_type == "LinearClassifier");
    let attributes = &mut classifier.expect("it classifies").attribute;
    let intercepts = attributes.iter_mut().find(|attribute| attribute.name == "intercepts");
    #[expect(clippy::cast_precision_loss, reason = "versions are few")]
    let more = version as f32;
    intercepts.expect("it has intercepts").floats[0] += more;
    model.to_proto_bytes()
}

/// A repository with `iris` in these versions.
fn repository(versions: &[i64], settings: &str) -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    for version in versions {
        add(folder.path(), "iris", *version, &iris(*version));
    }
    write(&folder.path().join("iris/radiant.yaml"), settings.as_bytes());
    folder
}

/// Puts a version there as a whole.
fn add(repository: &Path, model: &str, version: i64, bytes: &[u8]) {
    write(&repository.join(format!("{model}/{version}/model.onnx")), bytes);
}

/// Writes a file, which appears as a whole.
fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().expect("it is in a folder")).expect("it can be made");
    let partial = path.with_extension(".partial");
    fs::write(&partial, bytes).expect("it can be written");
    fs::rename(partial, path).expect("it can be moved");
}

fn start(repository: &Path, args: &[&str]) -> Server {
    let repository = repository.to_str().expect("test paths are UTF-8");
    let all = ["serve", "--repository", repository].into_iter().chain(args.iter().copied());
    Start::default().args(all).free_ports().start()
}

const LOOKING: [&str; 2] = ["--reload-interval", "20ms"];

fn v2(path: &str) -> Request {
    let input = json!({"name": "float_input", "shape": [1, 4], "datatype": "FP32", "data": ROW});
    Request::json(path, json!({"inputs": [input]}).to_string())
}

fn tensorflow(path: &str) -> Request {
    Request::json(path, json!({"instances": [ROW]}).to_string())
}

/// How likely the first class is, whatever protocol tells it.
fn likely(reply: &Reply) -> f64 {
    assert_eq!(reply.status, 200, "{}", reply.text());
    let reply: Value = serde_json::from_str(reply.text()).expect("the reply is JSON");
    let outputs = reply["outputs"].as_array();
    let of_v2 = outputs.and_then(|all| all.iter().find(|o| o["name"] == "output_probability"));
    let number = match of_v2 {
        Some(output) => &output["data"][0],
        None => &reply["predictions"][0]["output_probability"][0],
    };
    number.as_f64().unwrap_or_else(|| panic!("no probability in {reply}"))
}

/// The version that a reply of V2 names.
fn version(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{}", reply.text());
    let reply: Value = serde_json::from_str(reply.text()).expect("the reply is JSON");
    reply["model_version"].as_str().expect("it names a version").to_owned()
}

/// `model/version STATE reason` of all.
fn index(server: &Server) -> Vec<String> {
    let reply = server.send(&Request::json("/v2/repository/index", ""));
    let index: Value = serde_json::from_str(reply.text()).expect("the index is JSON");
    let text = |model: &Value, field: &str| model[field].as_str().unwrap_or_default().to_owned();
    let line = |model: &Value| {
        let [name, version, state, reason] =
            ["name", "version", "state", "reason"].map(|field| text(model, field));
        format!("{name}/{version} {state} {reason}").trim_end().to_owned()
    };
    index.as_array().expect("a list").iter().map(line).collect()
}

/// Waits until the index begins with such lines, one for each, in their order.
fn wait_for(server: &mut Server, expected: &[&str]) {
    let is_as_expected = |got: &[String]| {
        got.len() == expected.len() && got.iter().zip(expected).all(|(got, e)| got.starts_with(e))
    };
    let reached = server.until(|server| is_as_expected(&index(server)).then_some(()));
    assert!(reached.is_some(), "expected {expected:?}, got {:?}", index(server));
}

#[test]
fn versions_and_labels_are_named_in_every_protocol() {
    let settings = "{versions: all, labels: {stable: 1, canary: 3}, default: stable}";
    let folder = repository(&[1, 2, 3], settings);
    let server = start(folder.path(), &[]);
    assert_eq!(index(&server), ["iris/1 READY", "iris/2 READY", "iris/3 READY"]);
    let ask = |path: &str| server.send(&v2(path));
    for (path, expected) in [
        ("/v2/models/iris/infer", "1"),
        ("/v2/models/iris/versions/2/infer", "2"),
        ("/v2/models/iris/versions/stable/infer", "1"),
        ("/v2/models/iris/versions/canary/infer", "3"),
    ] {
        assert_eq!(version(&ask(path)), expected, "{path}");
    }
    let numbers =
        ["1", "2", "3"].map(|v| likely(&ask(&format!("/v2/models/iris/versions/{v}/infer"))));
    assert!(numbers[0] < numbers[1] && numbers[1] < numbers[2], "{numbers:?}");
    for (path, expected) in [
        ("/v1/models/iris:predict", numbers[0]),
        ("/v1/models/iris/versions/2:predict", numbers[1]),
        ("/v1/models/iris/labels/canary:predict", numbers[2]),
    ] {
        assert_eq!(likely(&server.send(&tensorflow(path))).to_bits(), expected.to_bits(), "{path}");
    }
    let refused = ask("/v2/models/iris/versions/beta/infer");
    assert_eq!(refused.status, 404);
    assert!(refused.text().contains("expected one of `1`, `2`, `3`, `canary`, `stable`"));
    let metadata = server.send(&Request::get("/v2/models/iris"));
    assert_eq!(metadata.at("/versions"), r#"["1","2","3"]"#);
    let status = server.send(&Request::get("/v1/models/iris"));
    assert_eq!(status.at("/model_version_status/2/state"), "AVAILABLE");
    let stats = server.send(&Request::get("/v2/models/iris/stats"));
    assert_eq!(stats.at("/model_stats/2/inference_stats/success/count"), "3");
    let seldon = Request::json("/predict", json!({"data": {"ndarray": [ROW]}}).to_string());
    assert_eq!(server.send(&seldon).status, 200, "the only model is the main one");
}

#[test]
fn grpc_names_versions_and_labels_too() {
    let folder = repository(&[1, 2], "{versions: all, labels: {canary: 2}, default: 1}");
    let server = start(folder.path(), &[]);
    let mut client = grpc::Client::connect(server.grpc);
    let mut infer = |version: &str| grpc_version(&mut client, "iris", version);
    assert_eq!([infer(""), infer("1"), infer("2"), infer("canary")], ["1", "1", "2", "2"]);
    let path = "/tensorflow.serving.PredictionService/Predict";
    let spec = json!({"name": "iris", "version_label": "canary"});
    let shape = json!({"dim": [{"size": "1"}, {"size": "4"}]});
    let input = json!({"dtype": "DT_FLOAT", "tensor_shape": shape, "float_val": ROW});
    let request = json!({"model_spec": spec, "inputs": {"float_input": input}});
    let request = proto::encode("tensorflow.serving.PredictRequest", &request);
    let answer = client.unary(path, &request);
    assert_eq!(answer.status_name(), "OK", "{}", answer.message);
    let reply = proto::decode("tensorflow.serving.PredictResponse", answer.only());
    assert_eq!(reply["model_spec"]["version"], "2");
    // HealthCheckRequest.service, 1; HealthCheckResponse.status, 1: SERVING.
    let health = client.unary("/grpc.health.v1.Health/Check", b"\x0a\x04iris");
    assert_eq!(health.only(), [8, 1]);
}

/// The version that answers over gRPC.
fn grpc_version(client: &mut grpc::Client, model: &str, version: &str) -> String {
    let contents = json!({"fp32_contents": ROW});
    let input =
        json!({"name": "float_input", "datatype": "FP32", "shape": [1, 4], "contents": contents});
    let request = json!({"model_name": model, "model_version": version, "inputs": [input]});
    let request = proto::encode("inference.ModelInferRequest", &request);
    let answer = client.unary("/inference.GRPCInferenceService/ModelInfer", &request);
    assert_eq!(answer.status_name(), "OK", "{}", answer.message);
    let reply = proto::decode("inference.ModelInferResponse", answer.only());
    reply["model_version"].as_str().expect("it names a version").to_owned()
}

/// Asks on connections of their own, by every protocol, until told to end; no request may fail. Gives
/// how many there were.
fn under_load(server: &mut Server, model: &str, act: impl FnOnce(&mut Server)) -> u64 {
    let (http, grpc_port) = (server.http, server.grpc);
    let (ends, n_asked) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        let until_end = |mut ask: Box<dyn FnMut()>| {
            while !ends.load(Ordering::Relaxed) {
                ask();
                n_asked.fetch_add(1, Ordering::Relaxed);
            }
        };
        for request in [
            v2(&format!("/v2/models/{model}/infer")),
            tensorflow(&format!("/v1/models/{model}:predict")),
            Request::json("/predict", json!({"data": {"ndarray": [ROW]}}).to_string()),
            Request::get(&format!("/v2/models/{model}")),
        ] {
            scope.spawn(move || {
                let mut client = Client::connect(http);
                until_end(Box::new(move || {
                    let reply = client.send(&request);
                    assert_eq!(reply.status, 200, "{}: {}", request.path, reply.text());
                }));
            });
        }
        scope.spawn(move || {
            let mut client = grpc::Client::connect(grpc_port);
            let model = model.to_owned();
            until_end(Box::new(move || drop(grpc_version(&mut client, &model, ""))));
        });
        let acted = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| act(server)));
        ends.store(true, Ordering::Relaxed);
        acted.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
    n_asked.into_inner()
}

#[test]
fn no_request_fails_while_versions_are_swapped_under_load() {
    let folder = repository(&[1], "{}");
    let mut server = start(folder.path(), &LOOKING);
    let n_asked = under_load(&mut server, "iris", |server| {
        for version in 2..7 {
            add(folder.path(), "iris", version, &iris(version));
            wait_for(server, &[&format!("iris/{version} READY")]);
            fs::remove_dir_all(folder.path().join(format!("iris/{}", version - 1)))
                .expect("the old one can be deleted");
        }
        // And the files of one version, in place.
        let loads = |server: &mut Server| {
            let page = Page::parse(&server.metrics_page());
            page.sum("radiant_model_loads_total", &[("version", "6"), ("outcome", "ok")])
        };
        for n in 0..3_u8 {
            add(folder.path(), "iris", 6, &iris(20 + i64::from(n)));
            let reached = server.until(|server| (loads(server) > f64::from(n) + 1.5).then_some(()));
            assert!(reached.is_some(), "{:?}", index(server));
        }
    });
    assert!(n_asked > 100, "{n_asked}");
    let page = Page::parse(&server.metrics_page());
    let all = page.sum("radiant_requests_total", &[("model", "iris")]);
    let good = ["200", "OK"].map(|code| page.sum("radiant_requests_total", &[("code", code)]));
    assert!(all > 0.0 && all <= good.iter().sum::<f64>(), "{all} {good:?}");
}

#[test]
fn the_numbers_of_a_reply_are_those_of_the_version_that_it_names() {
    let folder = repository(&[1, 2, 3, 4, 5], "{versions: all}");
    let mut server = start(folder.path(), &LOOKING);
    let path = |version: i64| format!("/v2/models/iris/versions/{version}/infer");
    let expected: Vec<f64> = (1..6).map(|v| likely(&server.send(&v2(&path(v))))).collect();
    let ends = AtomicBool::new(false);
    let http = server.http;
    thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let mut client = Client::connect(http);
            let mut seen = std::collections::BTreeSet::new();
            while !ends.load(Ordering::Relaxed) {
                let reply = client.send(&v2("/v2/models/iris/infer"));
                let version: usize = version(&reply).parse().expect("versions are numbers");
                assert_eq!(likely(&reply).to_bits(), expected[version - 1].to_bits());
                seen.insert(version);
            }
            seen
        });
        for version in [4, 2, 3] {
            let settings = format!("{{versions: [{version}]}}");
            write(&folder.path().join("iris/radiant.yaml"), settings.as_bytes());
            wait_for(&mut server, &[&format!("iris/{version} READY")]);
            let seen = server.until(|server| {
                (self::version(&server.send(&v2("/v2/models/iris/infer"))) == version.to_string())
                    .then_some(())
            });
            assert!(seen.is_some());
        }
        ends.store(true, Ordering::Relaxed);
        assert!(asking.join().expect("no reply was wrong").len() > 1);
    });
}

#[test]
fn a_bad_version_is_told_and_the_old_one_answers_on() {
    let folder = repository(&[1], "{}");
    let mut server = start(folder.path(), &LOOKING);
    add(folder.path(), "iris", 2, b"no model at all");
    wait_for(&mut server, &["iris/1 READY", "iris/2 UNAVAILABLE"]);
    let index = index(&server);
    assert!(index[1].contains("ONNX"), "{index:?}");
    assert_eq!(version(&server.send(&v2("/v2/models/iris/infer"))), "1");
    assert_eq!(server.send(&v2("/v2/models/iris/versions/2/infer")).status, 503);
    assert_eq!(server.send(&Request::get("/v2/health/ready")).status, 200);
    let looks = |server: &mut Server| {
        let page = Page::parse(&server.metrics_page());
        let failed = page.sum("radiant_model_loads_total", &[("outcome", "failed")]);
        (page.sum("radiant_repository_looks_total", &[("outcome", "ok")]), failed)
    };
    let (before, _) = looks(&mut server);
    let later = server.until(|server| Some(looks(server)).filter(|(n, _)| *n > before + 4.5));
    let (_, failed) = later.expect("it looks again and again");
    assert!((failed - 1.0).abs() < 0.5, "the same files are tried once: {failed}");
    add(folder.path(), "iris", 2, &iris(2));
    wait_for(&mut server, &["iris/2 READY"]);
    write(&folder.path().join("iris/radiant.yaml"), b"{versions: [2], nonsense: 1}");
    wait_for(&mut server, &["iris/2 READY model repository: `iris/radiant.yaml`"]);
    assert_eq!(version(&server.send(&v2("/v2/models/iris/infer"))), "2");
}

#[test]
fn new_files_must_pass_their_test_data_where_that_is_asked_for() {
    let folder = repository(&[1], "{}");
    let args = [&LOOKING[..], &["--verify"]].concat();
    let mut server = start(folder.path(), &args);
    let example = folder.path().join("iris/2/input_example.json");
    write(&example, br#"{"inputs": [[6, 3]]}"#);
    add(folder.path(), "iris", 2, &iris(2));
    wait_for(&mut server, &["iris/1 READY", "iris/2 UNAVAILABLE"]);
    assert!(index(&server)[1].contains("does not pass its test data"), "{:?}", index(&server));
    write(&example, br#"{"inputs": [[6, 3, 5, 2]]}"#);
    wait_for(&mut server, &["iris/2 READY"]);
}

#[test]
fn a_model_that_is_given_by_itself_is_loaded_anew_when_its_file_changes() {
    let folder = TempDir::new().expect("a temporary folder");
    let path = folder.path().join("model.onnx");
    write(&path, &iris(1));
    let start = Start::serve(&path).args(["--name", "iris"]).args(LOOKING);
    let mut server = start.start();
    let request = v2("/v2/models/iris/infer");
    let before = likely(&server.send(&request));
    let n_asked = under_load(&mut server, "iris", |server| {
        write(&path, &iris(3));
        let changed = server.until(|s| (likely(&s.send(&request)) > before).then_some(()));
        assert!(changed.is_some(), "{:?}", index(server));
        write(&path, b"no model");
        wait_for(server, &["iris/1 READY cannot load the model"]);
        fs::remove_file(&path).expect("it can be deleted");
        assert!(likely(&server.send(&request)) > before);
    });
    assert!(n_asked > 10, "{n_asked}");
}

#[test]
fn models_are_loaded_and_unloaded_on_request() {
    let folder = repository(&[1, 2], "{versions: all}");
    let server = start(folder.path(), &[]);
    let ask =
        |path: &str| server.send(&Request::json(&format!("/v2/repository/models/{path}"), ""));
    assert_eq!(ask("iris/unload").status, 200);
    let reason = "UNAVAILABLE it was unloaded on request";
    assert_eq!(index(&server), [format!("iris/1 {reason}"), format!("iris/2 {reason}")]);
    assert_eq!(server.send(&v2("/v2/models/iris/infer")).status, 503);
    assert_eq!(server.send(&Request::get("/v2/health/ready")).status, 200);
    add(folder.path(), "iris", 3, &iris(3));
    add(folder.path(), "wine", 7, &iris(7));
    assert_eq!(ask("iris/load").status, 200);
    assert_eq!(index(&server), ["iris/1 READY", "iris/2 READY", "iris/3 READY"]);
    assert_eq!(version(&server.send(&v2("/v2/models/iris/infer"))), "3");
    assert_eq!(ask("wine/load").status, 200, "a folder that was not there at start");
    assert_eq!(version(&server.send(&v2("/v2/models/wine/infer"))), "7");
    assert_eq!(ask("nope/load").status, 404);
    let names = server.send(&Request::get("/v2/models"));
    assert!(names.text().contains("iris") && names.text().contains("wine"), "{}", names.text());
}

/// As [`iris`], with a megabyte of text that means nothing (onnx.proto: ModelProto.doc_string, 6).
fn padded(version: i64) -> Vec<u8> {
    const TEXT: usize = 1 << 20;
    let mut bytes = iris(version);
    bytes.extend([0x32, 0x80, 0x80, 0x40]);
    bytes.resize(bytes.len() + TEXT, b'x');
    bytes
}

#[test]
fn models_that_do_not_fit_together_make_room_for_each_other_and_all_answer() {
    let folder = TempDir::new().expect("a temporary folder");
    let names = ["a", "b", "c"];
    for name in names {
        add(folder.path(), name, 1, &padded(1));
    }
    let server = start(folder.path(), &["--models-memory", "1536KiB"]);
    let parked = "UNAVAILABLE unloaded to make room";
    let lines = index(&server);
    assert_eq!(lines[0], "a/1 READY");
    assert!(lines[1].contains(parked) && lines[2].contains(parked), "{lines:?}");
    assert_eq!(server.send(&Request::get("/v2/health/ready")).status, 200);
    assert_eq!(server.send(&Request::get("/v2/models/b/ready")).status, 200, "it would answer");
    assert_eq!(server.send(&Request::get("/v2/models/b")).status, 200, "nor does metadata fail");
    assert_eq!(index(&server)[1], "b/1 READY");
    thread::scope(|scope| {
        for name in names {
            let http = server.http;
            scope.spawn(move || {
                let mut client = Client::connect(http);
                let request = v2(&format!("/v2/models/{name}/infer"));
                for _ in 0..10 {
                    let reply = client.send(&request);
                    assert_eq!(reply.status, 200, "{name}: {}", reply.text());
                }
            });
        }
    });
    let n_ready = index(&server).iter().filter(|line| line.contains("READY")).count();
    assert_eq!(n_ready, 1, "{:?}", index(&server));
    let page = Page::parse(&server.metrics_page());
    assert!(page.sum("radiant_model_evictions_total", &[]) > 1.5);
    let gate = Start::default()
        .args(["serve", "--models-memory", "1KiB", "--repository"])
        .args([folder.path().to_str().expect("test paths are UTF-8")])
        .free_ports()
        .run();
    assert_eq!(gate.code, Some(1));
    assert!(gate.stderr.contains("--models-memory"), "{}", gate.stderr);
}

#[test]
fn a_repository_without_models_says_what_it_expects() {
    let folder = TempDir::new().expect("a temporary folder");
    let path = folder.path().join("nope");
    let outcome = Start::default()
        .args(["serve", "--repository", path.to_str().expect("test paths are UTF-8")])
        .free_ports()
        .run();
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("cannot list the repository"), "{}", outcome.stderr);
}
