//! The process: how it starts, what it refuses, what it counts, and how it ends.

use std::fs;
use std::thread;

use crate::support::gate::Gate;
use crate::support::http::{self, Client, Request};
use crate::support::model_file;
use crate::support::process::{Server, Start};
use crate::support::prometheus::Page;

const ROW: &str = r#"{"data":{"ndarray":[[1,2]]}}"#;
const FLOWER: &str = r#"{"data":{"ndarray":[[6,3,5,2]]}}"#;

fn page(server: &Server) -> Page {
    Page::parse(&server.metrics_page())
}

fn count(page: &Page, name: &str, labels: &[(&str, &str)]) -> i64 {
    let sum = page.sum(name, labels);
    assert!(sum.fract() == 0.0, "{name} is a count");
    format!("{sum}").parse().expect("an integer")
}

/// A request that is in the component, and stays there until the gate is opened.
fn waiting_request(server: &Server, gate: &Gate) -> thread::JoinHandle<http::Reply> {
    let body = format!("{{\"jsonData\":{{\"ret\":\"wait\",\"port\":{}}}}}", gate.port());
    let port = server.http;
    thread::spawn(move || http::send(port, &Request::json("/predict", body)))
}

/// Asks a server to end, and waits until it tells its clients to go.
fn terminate(server: &mut Server) {
    server.terminate();
    let ready = Request::get("/ready");
    let is_ending = |server: &Server| http::send(server.metrics, &ready).status == 503;
    assert!(server.until(|server| is_ending(server).then_some(())).is_some());
    assert!(Client::try_connect(server.http).is_err(), "new connections are refused before that");
}

/// Waits until a server has ended that had answered all that it was asked.
fn assert_drained(server: Server) {
    let (status, log) = server.wait();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(log.contains("drained"), "{log}");
}

#[test]
fn sigterm_lets_a_request_in_flight_finish() {
    let mut server = Start::serve("builtin:multi").start();
    let gate = Gate::new();
    let request = waiting_request(&server, &gate);
    let held = gate.wait_until_asked();
    terminate(&mut server);
    drop(held);
    let reply = request.join().expect("the request was answered");
    assert_eq!((reply.status, &*reply.at("/strData")), (200, "waited"));
    assert_eq!(reply.header("connection"), Some("close"), "the client shall go elsewhere");
    assert_drained(server);
}

#[test]
fn a_request_that_has_begun_to_come_is_answered_at_sigterm() {
    let mut server = Start::serve("builtin:echo").start();
    let mut client = Client::connect(server.http);
    let request = Request::json("/predict", ROW);
    assert_eq!(client.send(&request).header("connection"), None);
    let bytes = request.encode();
    let (begun, rest) = bytes.split_at(20);
    client.write(begun);
    terminate(&mut server);
    client.write(rest);
    let reply = client.read("POST");
    assert_eq!((reply.status, reply.header("connection")), (200, Some("close")));
    assert!(client.is_closed_by_server());
    assert_drained(server);
}

#[test]
fn a_head_that_never_ends_does_not_hold_the_process() {
    let mut server = Start::serve("builtin:echo").args(["--shutdown-timeout", "60s"]).start();
    let mut client = Client::connect(server.http);
    assert_eq!(client.send(&Request::json("/predict", ROW)).status, 200);
    client.write(b"POST /predict HTTP/1.1\r\nHost");
    terminate(&mut server);
    assert!(client.is_closed_by_server());
    assert_drained(server);
}

#[test]
fn nothing_runs_behind_a_reply_that_is_told_to_be_the_last() {
    let mut server = Start::serve("builtin:multi").start();
    let gate = Gate::new();
    let first = format!("{{\"jsonData\":{{\"ret\":\"wait\",\"port\":{}}}}}", gate.port());
    let first = Request::json("/predict", first).encode();
    let mut client = Client::connect(server.http);
    client.write(&[first, Request::json("/predict", ROW).encode()].concat());
    let held = gate.wait_until_asked();
    terminate(&mut server);
    drop(held);
    let last = client.read("POST");
    assert_eq!((last.status, last.header("connection")), (200, Some("close")));
    let behind = client.read("POST");
    assert_eq!((behind.status, behind.header("connection")), (503, Some("close")));
    assert!(client.is_closed_by_server());
}

#[test]
fn a_request_that_never_ends_holds_the_process_up_to_the_deadline() {
    let server = Start::serve("builtin:multi").args(["--shutdown-timeout", "200ms"]).start();
    let gate = Gate::new();
    let request = waiting_request(&server, &gate);
    let held = gate.wait_until_asked();
    server.terminate();
    let (status, log) = server.wait();
    assert_eq!(status.code(), Some(0), "{log}");
    drop(held);
    assert!(request.join().is_err(), "it was given up");
}

#[test]
fn an_idle_server_ends_at_once_with_open_connections() {
    let server = Start::serve("builtin:echo").start();
    let mut client = Client::connect(server.http);
    assert_eq!(client.send(&Request::json("/predict", ROW)).status, 200);
    server.terminate();
    let (status, log) = server.wait();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(client.is_closed_by_server());
}

#[test]
fn the_port_opens_after_the_model_is_loaded() {
    let gate = Gate::new();
    let port = gate.port().to_string();
    let mut server = Start::serve("builtin:gate").env("PROBE_GATE", &port).spawn();
    let held = gate.wait_until_asked();
    assert!(!server.is_ready(), "the model is still being loaded");
    drop(held);
    server.wait_for_ports();
    assert_eq!(server.send(&Request::get("/ready")).status, 200);
}

#[test]
fn a_port_that_opens_early_answers_503_until_the_model_is_loaded() {
    let gate = Gate::new();
    let port = gate.port().to_string();
    let start = Start::serve("builtin:gate").args(["--bind-early", "--host", "127.0.0.1"]);
    let mut server = start.env("PROBE_GATE", &port).spawn();
    let held = gate.wait_until_asked();
    server.wait_for_early_port();
    for request in [
        Request::json("/predict", ROW),
        Request::get("/ready"),
        Request::get("/health/status"),
        Request::get("/metadata"),
    ] {
        let reply = server.send(&request);
        assert_eq!((reply.status, &*reply.at("/status/code")), (503, "-1"), "{}", request.path);
        let info = reply.at("/status/info");
        assert!(info.contains("loading"), "{}: the progress is missing in: {info}", request.path);
        assert!(reply.header("retry-after").is_some(), "{}", request.path);
    }
    for path in ["/live", "/health/ping"] {
        assert_eq!(server.send(&Request::get(path)).status, 200, "{path}");
    }
    drop(held);
    server.wait_for_ports();
    assert_eq!(server.send(&Request::get("/ready")).status, 200);
    assert_eq!(server.send(&Request::json("/predict", ROW)).status, 200);
}

#[test]
fn sigterm_ends_a_server_that_is_still_loading() {
    let gate = Gate::new();
    let port = gate.port().to_string();
    let server = Start::serve("builtin:gate").env("PROBE_GATE", &port).spawn();
    let held = gate.wait_until_asked();
    server.terminate();
    let (status, log) = server.wait();
    assert_eq!(status.code(), Some(0), "{log}");
    drop(held);
}

#[test]
fn a_component_that_panics_fails_its_request_only() {
    let server = Start::serve("builtin:multi").start();
    let mut client = Client::connect(server.http);
    let panic = Request::json("/predict", r#"{"jsonData":{"ret":"panic"}}"#);
    for _ in 0..3 {
        let reply = client.send(&panic);
        let reason = reply.at("/status/reason");
        assert_eq!((reply.status, &*reason), (500, "MICROSERVICE_INTERNAL_ERROR"));
        assert_eq!(client.send(&Request::json("/predict", ROW)).status, 200);
    }
    assert_eq!(count(&page(&server), "radiant_panics_total", &[]), 3);
}

#[test]
fn bad_configuration_names_all_problems_and_ends_with_2() {
    let outcome = Start::default()
        .args(["serve", "builtin:echo", "--http-port", "ninety", "--workers", "0"])
        .args(["--shutdown-timeout", "soon"])
        .env("RADIANT_LOG_LEVEL", "loud")
        .env("PREDICTIVE_UNIT_PARAMETERS", "{")
        .env("MODEL_METADATA", "versions: 1")
        .run();
    assert_eq!(outcome.code, Some(2), "{}", outcome.stderr);
    for part in [
        "--http-port",
        "ninety",
        "--workers",
        "--shutdown-timeout",
        "soon",
        "RADIANT_LOG_LEVEL",
        "loud",
        "PREDICTIVE_UNIT_PARAMETERS",
        "MODEL_METADATA",
    ] {
        assert!(outcome.stderr.contains(part), "`{part}` is missing in:\n{}", outcome.stderr);
    }
}

#[test]
fn what_cannot_be_served_is_named() {
    for (args, code, part) in [
        (&["serve", "builtin:nope"][..], 1, "nope"),
        (&["serve", "/no/such/model.onnx"], 1, "/no/such/model.onnx"),
        (&["serve", "--no-such-flag"], 2, "--no-such-flag"),
        (&["no-such-command"], 2, "no-such-command"),
    ] {
        let outcome = Start::default().args(args.iter().copied()).free_ports().run();
        assert_eq!(outcome.code, Some(code), "{args:?}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(part), "`{part}` is missing in:\n{}", outcome.stderr);
    }
}

#[test]
fn a_port_that_is_taken_is_named() {
    let server = Start::serve("builtin:echo").start();
    let port = server.http.to_string();
    let outcome = Start::serve("builtin:echo").args(["--http-port", &port]).run();
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    assert!(outcome.stderr.contains(&port), "{}", outcome.stderr);
}

#[test]
fn config_tells_each_value_and_where_it_comes_from() {
    let outcome = Start::default()
        .args(["config", "builtin:echo", "--http-port", "9100"])
        .env("RADIANT_WORKERS", "3")
        .env("PREDICTIVE_UNIT_ID", "classifier")
        .run();
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let line = |option: &str| {
        let found = outcome.stdout.lines().find(|line| line.contains(option));
        found.unwrap_or_else(|| panic!("{option} is missing in:\n{}", outcome.stdout))
    };
    for (option, value, source) in [
        ("http_port", "9100", "--http-port"),
        ("workers", "3", "RADIANT_WORKERS"),
        ("name", "classifier", "PREDICTIVE_UNIT_ID"),
        ("metrics_port", "6000", "default"),
    ] {
        let line = line(option);
        assert!(line.contains(value) && line.contains(source), "{line}");
    }
}

#[test]
fn two_arguments_fetch_a_model_into_a_folder() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let target = folder.path().join("models");
    let target = target.to_str().expect("UTF-8");
    let source = model_file("iris", "");
    let uri = format!("file://{}", source.to_str().expect("UTF-8").trim_end_matches('/'));
    let outcome = Start::default().args([uri.as_str(), target]).run();
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let wanted = fs::read(model_file("iris", "model.onnx")).expect("the bundled model");
    assert_eq!(fs::read(format!("{target}/model.onnx")).expect("the fetched model"), wanted);

    let server = Start::serve(target).start();
    assert_eq!(server.send(&Request::json("/predict", FLOWER)).status, 200);
    for (uri, part) in [("file:///no/such/folder", "/no/such/folder"), ("hf://org/key", "hf")] {
        let outcome = Start::default().args([uri, target]).run();
        assert_eq!(outcome.code, Some(1), "{uri}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(part), "{}", outcome.stderr);
    }
}

#[test]
fn without_arguments_the_environment_says_what_to_serve() {
    let model = model_file("iris", "model.onnx");
    let parameters = format!(
        "[{{\"name\":\"model_uri\",\"value\":{:?},\"type\":\"STRING\"}},\
         {{\"name\":\"method\",\"value\":\"predict\",\"type\":\"STRING\"}}]",
        model.to_str().expect("UTF-8")
    );
    let server = Start::default()
        .free_ports()
        .env("PREDICTIVE_UNIT_PARAMETERS", &parameters)
        .env("PREDICTIVE_UNIT_ID", "classifier")
        .env("PREDICTIVE_UNIT_IMAGE", "radiant:1.2")
        .env("MODEL_METADATA", "{\"platform\": \"onnx\", \"custom\": {\"team\": \"a\"}}")
        .start();
    let reply = server.send(&Request::json("/predict", FLOWER));
    assert_eq!(reply.at("/data/ndarray"), "[2]");
    assert_eq!(reply.at("/meta"), r#"{"requestPath":{"classifier":"radiant:1.2"}}"#);
    let metadata = server.send(&Request::get("/metadata"));
    for (pointer, value) in
        [("/name", "radiant"), ("/versions/0", "1.2"), ("/platform", "onnx"), ("/custom/team", "a")]
    {
        assert_eq!(metadata.at(pointer), value, "{}", metadata.text());
    }
}

#[test]
fn requests_are_counted_by_method_and_code_and_external_ones_as_the_orchestrator_does() {
    const OWN: &str = "radiant_requests_total";
    const EXECUTOR: &str = "seldon_api_executor_server_requests_seconds_count";
    let server = Start::serve("builtin:echo").args(["--name", "iris"]).start();
    let mut client = Client::connect(server.http);
    for path in ["/predict", "/api/v1.0/predictions", "/seldon/ns/iris/api/v1.0/predictions"] {
        assert_eq!(client.send(&Request::json(path, ROW)).status, 200);
        assert_eq!(client.send(&Request::json(path, "{}")).status, 400);
    }
    assert_eq!(client.send(&Request::json("/api/v1.0/feedback", "{}")).status, 200);
    let page = page(&server);
    let predictions = [("model", "iris"), ("version", "1"), ("method", "predict")];
    let with_code = |code| [&predictions[..], &[("code", code)]].concat();
    assert_eq!(count(&page, OWN, &with_code("200")), 3);
    assert_eq!(count(&page, OWN, &with_code("400")), 3);
    assert_eq!(count(&page, "radiant_request_seconds_count", &predictions), 6);
    let external = [("service", "predictions"), ("method", "post"), ("code", "200")];
    assert_eq!(count(&page, EXECUTOR, &external), 2);
    assert_eq!(count(&page, EXECUTOR, &[("service", "predictions"), ("code", "400")]), 2);
    assert_eq!(count(&page, EXECUTOR, &[("service", "feedback")]), 1);
    assert_eq!(count(&page, EXECUTOR, &[]), 5);
    assert_eq!(count(&page, "radiant_model_ready", &[("model", "iris")]), 1);
}

#[test]
fn switches_of_the_original_hold() {
    let server = Start::serve("builtin:sum2")
        .env("INCLUDE_METRICS_IN_CLIENT_RESPONSE", "false")
        .env("SELDON_EXECUTOR_ENABLED", "false")
        .start();
    let reply = server.send(&Request::json("/predict", ROW));
    assert_eq!(reply.at("/meta"), r#"{"tags":{"mytag":1,"s":"x"}}"#);
    assert_eq!(server.send(&Request::json("/send-feedback", r#"{"reward":1.0}"#)).status, 200);
    let page = page(&server);
    assert_eq!(count(&page, "mycounter_total", &[("method", "predict")]), 1);
    assert_eq!(count(&page, "seldon_api_model_feedback_total", &[]), 0);
}

#[test]
fn one_request_more_than_the_limit_is_told_to_come_again() {
    let server =
        Start::serve("builtin:multi").args(["--requests-max", "1", "--workers", "2"]).start();
    let gate = Gate::new();
    let request = waiting_request(&server, &gate);
    let held = gate.wait_until_asked();
    let reply = server.send(&Request::json("/predict", ROW));
    assert_eq!((reply.status, reply.header("retry-after").is_some()), (503, true));
    assert!(reply.at("/status/info").contains("--requests-max"), "{}", reply.text());
    drop(held);
    assert_eq!(request.join().expect("the request was answered").status, 200);
    assert_eq!(server.send(&Request::json("/predict", ROW)).status, 200);
}

#[test]
fn raw_bodies_pass_where_the_original_passes_them() {
    let server = Start::serve("builtin:echo").env("PAYLOAD_PASSTHROUGH", "true").start();
    let request =
        Request { body: Some(b"no JSON \xff".to_vec()), ..Request::new("POST", "/predict") };
    let reply = server.send(&request);
    assert_eq!((reply.status, &reply.body[..]), (200, &b"no JSON \xff"[..]));
    assert_eq!(reply.header("content-type"), Some("application/json"));
}

#[test]
fn logs_are_json_on_request_and_quiet_at_the_level_that_seldon_sets() {
    let server = Start::serve("builtin:echo").args(["--log-format", "json"]).start();
    server.terminate();
    let (status, log) = server.wait();
    assert!(status.success());
    let parsed = log.lines().map(serde_json::from_str::<serde_json::Value>);
    assert!(parsed.clone().count() > 0);
    assert!(parsed.flatten().count() == log.lines().count(), "{log}");

    let quiet = Start::serve("builtin:echo").env("SELDON_LOG_LEVEL", "ERROR").start();
    quiet.terminate();
    let (status, log) = quiet.wait();
    assert!(status.success());
    assert!(!log.contains("INFO"), "{log}");
}
