//! Handshakes.

use std::fs;

use rcgen::generate_simple_self_signed;

use super::frames::Raw;
use crate::support::process::Start;
use crate::support::prometheus::Page;

#[test]
fn handshakes_are_bounded_in_number_and_in_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let identity =
        generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).expect("a certificate");
    let (cert, key) = (folder.path().join("server.crt"), folder.path().join("server.key"));
    fs::write(&cert, identity.cert.pem()).expect("a file");
    fs::write(&key, identity.signing_key.serialize_pem()).expect("a file");
    let (cert, key) = (cert.to_str().expect("UTF-8"), key.to_str().expect("UTF-8"));
    let mut server = Start::serve("builtin:echo")
        .args(["--tls-cert-file", cert, "--tls-key-file", key])
        .args(["--tls-handshakes-max", "1", "--head-read-timeout", "1s"])
        .start();
    for (transport, port) in [("rest", server.http), ("grpc", server.grpc)] {
        let mut slow = Raw::silent(port);
        let counted = |page: &str, reason: &str| {
            let labels = [("transport", transport), ("reason", reason)];
            Page::parse(page).sum("radiant_edge_refusals_total", &labels) > 0.5
        };
        let beyond = server.until(|server| {
            Raw::silent(port).until_closed();
            counted(&server.metrics_page(), "handshakes").then_some(())
        });
        assert!(beyond.is_some(), "{transport}: one handshake too many was not refused");
        slow.until_closed();
        let slow =
            server.until(|server| counted(&server.metrics_page(), "handshake").then_some(()));
        assert!(slow.is_some(), "{transport}: a slow handshake was not counted");
    }
}
