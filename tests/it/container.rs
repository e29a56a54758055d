//! The program as a container's process: what probes and hooks ask of it, how it ends, and what it
//! leaves behind.

mod first;
mod probe;

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;

use tempfile::TempDir;

use crate::support::gate::Gate;
use crate::support::http::{self, Request};
use crate::support::process::{Outcome, Start};

fn run_as(name: &'static str, args: &[&str]) -> Outcome {
    Start::default().named(name).args(args.iter().copied()).run()
}

#[test]
fn the_operators_default_hook_succeeds_without_a_shell() {
    for (name, args) in [
        ("/bin/sh", &["-c", "/bin/sleep 0"][..]),
        ("sh", &["-c", "/bin/sleep 1"]),
        ("sleep", &["0"]),
    ] {
        let outcome = run_as(name, args);
        assert_eq!(outcome.code, Some(0), "{name} {args:?}: {}", outcome.stderr);
        assert_eq!((&*outcome.stdout, &*outcome.stderr), ("", ""), "{name} {args:?}");
    }
    for (name, args, code) in [
        ("/bin/sh", &["-c", "env"][..], 127),
        ("/bin/sh", &[], 127),
        ("/bin/sleep", &["infinity"], 1),
        ("/bin/sleep", &["serve", "builtin:echo"], 1),
    ] {
        let outcome = run_as(name, args);
        assert_eq!(outcome.code, Some(code), "{name} {args:?}: {}", outcome.stderr);
        assert!(outcome.stderr.contains("radiant probe"), "{}", outcome.stderr);
        assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
    }
}

#[test]
fn a_sleep_ends_when_it_is_asked_to() {
    let sleep = Start::default().named("sleep").args(["3600"]).spawn();
    sleep.terminate();
    let (status, log) = sleep.wait();
    // Before it listens, the system ends it.
    assert!(status.code() == Some(143) || status.signal() == Some(15), "{status}: {log}");
}

/// A file for last words, as a container's runtime makes it.
struct LastWords {
    folder: TempDir,
}

impl LastWords {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("log"), "").expect("a file can be written");
        Self { folder }
    }

    fn path(&self) -> String {
        self.folder.path().join("log").to_str().expect("UTF-8").to_owned()
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).expect("it is text")
    }
}

#[test]
fn whatever_ends_the_process_badly_is_left_in_the_termination_log() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = taken.local_addr().expect("it has an address").port().to_string();
    for (args, parts) in [
        (&["serve", "/no/such/model.onnx"][..], ["error: ", "/no/such/model.onnx"]),
        (&["serve", "/no/such/model.onnx", "--log-format", "json"], ["error: ", "caused by: "]),
        (&["serve", "builtin:echo", "--workers", "none"], ["--workers", "hint: "]),
        (&["serve", "builtin:echo", "--host", "127.0.0.1", "--http-port", &port], ["port", &port]),
        (&["fetch", "file:///no/such/model", "/tmp/nowhere"], ["cannot fetch", "/no/such/model"]),
    ] {
        let words = LastWords::new();
        let path = words.path();
        let start = Start::default().free_ports().env("RADIANT_TERMINATION_LOG", &path);
        let outcome = start.args(args.iter().copied()).run();
        assert_ne!(outcome.code, Some(0), "{args:?}");
        for part in parts {
            assert!(
                words.text().contains(part),
                "{args:?}: `{part}` is missing in: {}",
                words.text()
            );
        }
    }
}

#[test]
fn who_does_not_end_the_container_leaves_nothing_behind() {
    let words = LastWords::new();
    for args in
        [&["check", "/no/such/model"][..], &["probe", "--http-port", "1"], &["serve", "--help"]]
    {
        let path = words.path();
        Start::default().args(args.iter().copied()).env("RADIANT_TERMINATION_LOG", &path).run();
        assert_eq!(words.text(), "", "{args:?}");
    }
    let missing = words.folder.path().join("missing");
    let path = missing.to_str().expect("UTF-8");
    let outcome = Start::serve("/no/such/model").args(["--termination-log", path]).run();
    assert_eq!(outcome.code, Some(1));
    assert!(!Path::new(path).exists(), "the file is never made");
}

#[test]
fn requests_that_were_given_up_are_last_words_too() {
    let words = LastWords::new();
    let server = Start::serve("builtin:multi")
        .args(["--shutdown-timeout", "200ms", "--termination-log", &words.path()])
        .start();
    let gate = Gate::new();
    let body = format!("{{\"jsonData\":{{\"ret\":\"wait\",\"port\":{}}}}}", gate.port());
    let port = server.http;
    let request = std::thread::spawn(move || http::send(port, &Request::json("/predict", body)));
    let held = gate.wait_until_asked();
    server.terminate();
    let (status, log) = server.wait();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(words.text().contains("--shutdown-timeout"), "{}", words.text());
    drop(held);
    assert!(request.join().is_err(), "it was given up");
}
