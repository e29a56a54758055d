//! The program as the first process of a container, which no signal ends by itself, and which every
//! orphan is handed to.
//!
//! `unshare` of util-linux makes the namespace; that takes root, or user namespaces for everybody.

use rustix::process::Signal;

use crate::support::gate::Gate;
use crate::support::http::Request;
use crate::support::model_file;
use crate::support::process::Start;

#[test]
fn a_fetch_that_gets_no_answer_ends_when_it_is_asked_to() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let gate = Gate::new();
        let url = format!("http://127.0.0.1:{}/model.onnx", gate.port());
        let target = folder.path().join("models");
        let args = [&*url, target.to_str().expect("UTF-8")];
        let mut fetch = Start::default().args(args).first("").spawn();
        let held = gate.wait_until_asked();
        fetch.signal_first(signal);
        let (status, log) = fetch.wait();
        assert_eq!(status.code(), Some(code), "{log}");
        drop(held);
    }
}

#[test]
fn a_server_ends_with_0_while_it_loads_and_while_it_serves() {
    let gate = Gate::new();
    let port = gate.port().to_string();
    let mut server = Start::serve("builtin:gate").env("PROBE_GATE", &port).first("").spawn();
    let held = gate.wait_until_asked();
    server.signal_first(Signal::TERM);
    let (status, log) = server.wait();
    assert_eq!(status.code(), Some(0), "{log}");
    drop(held);

    let mut server = Start::serve("builtin:echo").first("").start();
    server.signal_first(Signal::INT);
    let (status, log) = server.wait();
    assert_eq!(status.code(), Some(0), "{log}");
}

#[test]
fn orphans_are_buried_and_children_of_our_own_are_not_lost() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let fifo = folder.path().join("fifo");
    let fifo = fifo.to_str().expect("UTF-8");
    // Lives until somebody opens the other end; its parent is gone at once.
    let orphan = format!("/usr/bin/mkfifo {fifo}\n(: < {fifo} &)");
    let model = model_file("iris", "model.onnx");
    let start = Start::serve(model).args(["--load-isolated", "always"]).first(&orphan);
    let mut server = start.start();
    assert_ne!(server.children_of_first(), "", "the orphan waits");
    drop(std::fs::OpenOptions::new().write(true).open(fifo).expect("it is opened by two"));
    let buried = server.until(|server| server.children_of_first().is_empty().then_some(()));
    assert!(buried.is_some(), "the orphan is gone: {}", server.children_of_first());
    let flower = r#"{"data":{"ndarray":[[6,3,5,2]]}}"#;
    assert_eq!(server.send(&Request::json("/predict", flower)).status, 200);
}
