//! `radiant probe` beside a server that loads, serves, and is gone, plain and over TLS.

use std::fs;

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};

use crate::support::gate::Gate;
use crate::support::http::{self, Request};
use crate::support::process::{Outcome, Start};

fn probe(args: &[&str], port: u16) -> Outcome {
    let port = port.to_string();
    let place = ["probe", "--http-port", &port, "--timeout", "60s"];
    Start::default().args(place).args(args.iter().copied()).run()
}

#[test]
fn a_server_is_alive_while_it_loads_and_ready_when_it_has() {
    let gate = Gate::new();
    let port = gate.port().to_string();
    let start = Start::serve("builtin:gate").args(["--bind-early", "--host", "127.0.0.1"]);
    let mut server = start.env("PROBE_GATE", &port).spawn();
    let held = gate.wait_until_asked();
    server.wait_for_early_port();
    let outcome = probe(&[], server.http);
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    assert!(outcome.stderr.starts_with("not ready: 127.0.0.1:"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("loading"), "{}", outcome.stderr);
    assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
    let outcome = probe(&["--live"], server.http);
    assert_eq!((outcome.code, &*outcome.stdout), (Some(0), "live\n"), "{}", outcome.stderr);
    drop(held);
    server.wait_for_ports();
    let outcome = probe(&[], server.http);
    assert_eq!((outcome.code, &*outcome.stdout), (Some(0), "ready\n"), "{}", outcome.stderr);

    let port = server.http;
    server.terminate();
    server.wait();
    let outcome = probe(&[], port);
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("nobody listens at 127.0.0.1"), "{}", outcome.stderr);
}

#[test]
fn the_environment_of_the_server_is_all_that_a_probe_needs() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let ports = folder.path().join("ports.json");
    let ports = ports.to_str().expect("UTF-8");
    let server = Start::serve("builtin:echo").start();
    fs::write(ports, format!("{{\"http\":{}}}", server.http)).expect("a file can be written");
    let from_file = Start::default().free_ports().env("RADIANT_PORTS_FILE", ports);
    assert_eq!(from_file.args(["probe"]).run().code, Some(0));
    let port = server.http.to_string();
    let operators = Start::default().env("PREDICTIVE_UNIT_HTTP_SERVICE_PORT", &port);
    assert_eq!(operators.args(["probe"]).run().code, Some(0));
    let unknown = Start::default().free_ports().args(["probe"]).run();
    assert_eq!(unknown.code, Some(1), "{}", unknown.stderr);
    assert!(unknown.stderr.contains("RADIANT_PORTS_FILE"), "{}", unknown.stderr);
}

#[test]
fn a_server_that_asks_for_certificates_is_probed_without_one() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let cert = params.self_signed(&key).expect("a certificate");
    let file = |name: &str, text: String| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("a file can be written");
        path.to_str().expect("UTF-8").to_owned()
    };
    let (cert, key) = (file("cert.pem", cert.pem()), file("key.pem", key.serialize_pem()));
    let tls = ["--tls-cert-file", &cert, "--tls-key-file", &key, "--tls-client-ca-file", &cert];
    let server = Start::serve("builtin:echo").args(tls).start();
    let port = server.metrics.to_string();
    let asked = Start::default().args(["probe", "--metrics-port", &port]).args(tls).run();
    assert_eq!((asked.code, &*asked.stdout), (Some(0), "ready\n"), "{}", asked.stderr);
    for (path, text) in [("/ready", "ready"), ("/live", "live")] {
        let reply = http::send(server.metrics, &Request::get(path));
        assert_eq!((reply.status, reply.text()), (200, text));
    }
    assert_eq!(http::send(server.metrics, &Request::get("/predict")).status, 404);
    // The REST port is there, and says nothing to who comes without TLS.
    let plain = probe(&[], server.http);
    assert_eq!(plain.code, Some(1), "{}", plain.stderr);
}
