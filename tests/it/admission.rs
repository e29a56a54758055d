//! How much may be in flight, and what who comes beyond it is told: over REST and gRPC.

use crate::support::gate::{Gate, Held};
use crate::support::grpc::{Call, Client, frame, gzip};
use crate::support::http::{self, Reply, Request};
use crate::support::process::{Server, Start};
use crate::support::prometheus::Page;

const INFER: &str = "/inference.GRPCInferenceService/ModelInfer";

/// A server of `builtin:hold`, which waits at the port that a request names, and not at 0; and of
/// an echo beside it.
fn start(args: &[&str]) -> Server {
    Start::serve("builtin:hold")
        .args(["--name", "hold", "--inline-cost-max-us", "0", "--engine-threads", "4"])
        .args(args.iter().copied())
        .start()
}

fn hold(port: u16) -> Request {
    let input = format!(r#"{{"name":"port","datatype":"INT64","shape":[1,1],"data":[{port}]}}"#);
    Request::json("/v2/models/hold/infer", format!(r#"{{"inputs":[{input}]}}"#))
}

fn echo(n_rows: usize) -> Request {
    let data = vec!["1"; n_rows].join(",");
    let input = format!(r#"{{"name":"x","datatype":"FP32","shape":[{n_rows}],"data":[{data}]}}"#);
    Request::json("/v2/models/echo/infer", format!(r#"{{"inputs":[{input}]}}"#))
}

/// A request that the model waits in until what is returned is dropped.
fn held(server: &Server, gate: &Gate) -> (std::thread::JoinHandle<Reply>, Held) {
    let (port, request) = (server.http, hold(gate.port()));
    let waiting = std::thread::spawn(move || http::send(port, &request));
    (waiting, gate.wait_until_asked())
}

fn level(server: &Server, name: &str, labels: &[(&str, &str)]) -> f64 {
    Page::parse(&server.metrics_page()).sum(name, labels)
}

fn assert_refused(refused: &Reply, option: &str) {
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(refused.text().contains(option), "{}", refused.text());
    let after = refused.header("retry-after").expect("it tells when to come back");
    assert!(after.parse::<u32>().expect("a number of seconds") >= 1);
}

#[test]
fn each_budget_refuses_with_its_option_and_is_counted() {
    let server = start(&["--also", "echo=builtin:identity1-fp32", "--rows-max", "1000"]);
    let gate = Gate::new();
    let (waiting, open) = held(&server, &gate);
    assert!((level(&server, "radiant_rows_in_flight", &[]) - 1.0).abs() < 0.5);
    let of_hold = [("model", "hold")];
    assert!((level(&server, "radiant_model_requests_in_flight", &of_hold) - 1.0).abs() < 0.5);
    assert_eq!(server.send(&echo(999)).status, 200, "it fits beside the one row");
    assert_refused(&server.send(&echo(1001)), "--rows-max");
    drop(open);
    assert_eq!(waiting.join().expect("it was answered").status, 200);
    assert_eq!(server.send(&echo(1001)).status, 200, "alone it may have any rows");
    let refused = level(&server, "radiant_refusals_total", &[("budget", "rows")]);
    assert!((refused - 1.0).abs() < 0.5, "{refused}");
    assert!(level(&server, "radiant_rows_in_flight", &[]) < 0.5);
}

#[test]
fn a_model_that_takes_its_share_leaves_room_for_another() {
    let server = start(&["--also", "echo=builtin:identity1-fp32", "--model-requests-max", "1"]);
    let gate = Gate::new();
    let (waiting, open) = held(&server, &gate);
    assert_refused(&server.send(&hold(0)), "--model-requests-max");
    assert_eq!(server.send(&echo(1)).status, 200);
    drop(open);
    assert_eq!(waiting.join().expect("it was answered").status, 200);
    assert_eq!(server.send(&hold(0)).status, 200);
}

#[test]
fn who_finds_no_permit_is_refused_before_its_request_is_decoded() {
    let server = start(&["--requests-max", "1"]);
    let gate = Gate::new();
    let (waiting, open) = held(&server, &gate);
    let nonsense = Request::json("/v2/models/hold/infer", "{");
    assert_refused(&server.send(&nonsense), "--requests-max");
    let refused =
        Client::connect(server.grpc).raw(&Call::new(INFER), &frame(false, b"\x0a\x04hold"));
    assert_eq!(refused.status_name(), "UNAVAILABLE", "{}", refused.message);
    drop(open);
    assert_eq!(waiting.join().expect("it was answered").status, 200);
    assert_eq!(server.send(&nonsense).status, 400, "now it is decoded");
}

#[test]
fn bytes_that_do_not_fit_are_refused_before_they_are_read() {
    let server = start(&[
        "--also",
        "echo=builtin:identity1-fp32",
        "--body-bytes-max",
        "100kB",
        "--bytes-max",
        "100kB",
    ]);
    // Half of a body that never comes to its end holds all that it announced.
    let mut slow = http::Client::connect(server.http);
    let half = Request::json("/v2/models/echo/infer", " ".repeat(80_000));
    slow.write(&half.encode()[..1000]);
    let holds = |server: &Server| level(server, "radiant_request_bytes", &[]) > 79_999.0;
    let mut server = server;
    server.until(|server| holds(server).then_some(())).expect("it is held");
    let mut large = http::Client::connect(server.http);
    large.write(&Request::json("/v2/models/echo/infer", " ".repeat(50_000)).head());
    let refused = large.read("POST");
    assert_refused(&refused, "--bytes-max");
    assert!(large.is_closed_by_server(), "the body that follows is not waited for");
    assert_eq!(server.send(&echo(10)).status, 200, "small ones are free");
    let mut client = Client::connect(server.grpc);
    let mut stream = client.open(&Call::new(INFER));
    stream.send_raw(&frame(false, &vec![0; 50_000])[..5], false);
    let refused = stream.finish();
    assert_eq!(refused.status_name(), "UNAVAILABLE", "{}", refused.message);
    assert!(refused.message.contains("--bytes-max"), "{}", refused.message);
    assert!(refused.metadata("grpc-retry-pushback-ms").is_some());
    drop(slow);
    server.until(|server| (!holds(server)).then_some(())).expect("it is given back");
    assert_eq!(server.send(&half).status, 400, "now there is room for it");
    assert!(level(&server, "radiant_request_bytes", &[]) < 0.5);
}

#[test]
fn what_is_unpacked_is_held_and_what_never_fits_is_413() {
    let args = ["--also", "echo=builtin:identity1-fp32", "--bytes-max", "1MiB"];
    let server = start(&args);
    let large = server.send(&Request::json("/v2/models/echo/infer", " ".repeat(2 << 20)));
    assert_eq!(large.status, 413, "{}", large.text());
    for option in ["--bytes-max", "--body-bytes-max"] {
        assert!(large.text().contains(option), "{}", large.text());
    }
    let packed = gzip(&vec![b' '; 4 << 20]);
    let bomb = Request::json("/v2/models/echo/infer", packed.clone());
    let unpacked = server.send(&bomb.header("content-encoding", "gzip"));
    assert_eq!(unpacked.status, 413, "{}", unpacked.text());
    let mut client = Client::connect(server.grpc);
    let call = Call::new(INFER).metadata("grpc-encoding", "gzip");
    let unpacked = client.raw(&call, &frame(true, &packed));
    assert_eq!(unpacked.status_name(), "RESOURCE_EXHAUSTED", "{}", unpacked.message);
    assert!(level(&server, "radiant_request_bytes", &[]) < 0.5);
}

#[test]
fn overload_is_logged_once_however_many_are_refused() {
    let server = start(&["--requests-max", "1"]);
    let gate = Gate::new();
    let (waiting, open) = held(&server, &gate);
    for _ in 0..50 {
        assert_refused(&server.send(&hold(0)), "--requests-max");
    }
    drop(open);
    assert_eq!(waiting.join().expect("it was answered").status, 200);
    server.terminate();
    let (_, log) = server.wait();
    assert_eq!(log.matches("refusing requests").count(), 1, "{log}");
    assert!(!log.contains("request failed"), "{log}");
}

#[test]
fn a_client_has_a_bound_of_its_own_where_that_is_asked_for() {
    let server = start(&["--client-requests-max", "1", "--client-header", "X-Client"]);
    let gate = Gate::new();
    let (port, first) = (server.http, hold(gate.port()).header("x-client", "a"));
    let waiting = std::thread::spawn(move || http::send(port, &first));
    let open = gate.wait_until_asked();
    let refused = server.send(&hold(0).header("x-client", "a"));
    assert_eq!(refused.status, 429, "{}", refused.text());
    assert!(refused.text().contains("--client-requests-max"), "{}", refused.text());
    assert!(refused.header("retry-after").is_some());
    let over_grpc = |client| {
        let call = Call::new(INFER).metadata("x-client", client);
        Client::connect(server.grpc).call(&call, &[])
    };
    let refused = over_grpc("a");
    assert_eq!(refused.status_name(), "RESOURCE_EXHAUSTED", "{}", refused.message);
    assert!(refused.message.contains("--client-requests-max"), "{}", refused.message);
    assert_ne!(over_grpc("b").status_name(), "RESOURCE_EXHAUSTED");
    assert_eq!(server.send(&hold(0).header("x-client", "b")).status, 200);
    assert_eq!(server.send(&Request::get("/v2/health/live").header("x-client", "a")).status, 200);
    drop(open);
    assert_eq!(waiting.join().expect("it was answered").status, 200);
    assert_eq!(server.send(&hold(0).header("x-client", "a")).status, 200);
    let (by_address, gate) = (start(&["--client-requests-max", "1"]), Gate::new());
    let (waiting, open) = held(&by_address, &gate);
    assert_eq!(by_address.send(&hold(0)).status, 429);
    let refused = Client::connect(by_address.grpc).call(&Call::new(INFER), &[]);
    assert_eq!(refused.status_name(), "RESOURCE_EXHAUSTED", "{}", refused.message);
    drop(open);
    assert_eq!(waiting.join().expect("it was answered").status, 200);
}
