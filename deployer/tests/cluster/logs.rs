//! `radiant-deploy logs`: all pods at once, by time, over breaks.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use crate::program::{PODS, Program, pod, with_fraud};
use crate::server::{Reply, Request, Server};

fn log(asked: &Request) -> Reply {
    match asked.path.strip_prefix(PODS) {
        Some("/fraud-main-0-model-5d9-1/log") => {
            Reply::text("2026-01-01T00:00:01Z one\n2026-01-01T00:00:03Z three: an error\n")
        }
        Some("/fraud-main-0-model-5d9-2/log") => Reply::text("2026-01-01T00:00:02Z two\n"),
        _ => with_fraud(asked),
    }
}

#[test]
fn logs_of_all_pods_are_merged_by_time() {
    let server = Server::start(log);
    let program = Program::new(&server);
    let ran = program.run(&["logs", "fraud", "--tail", "10", "--since", "1h"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let expected = "[fraud-main-0-model-5d9-1/model] one\n[fraud-main-0-model-5d9-2/model] two\n\
                    [fraud-main-0-model-5d9-1/model] three: an error\n";
    assert_eq!(ran.out, expected);
    let asked = server.asked();
    let query = &asked.iter().find(|it| it.path.ends_with("/log")).unwrap().query;
    assert!(query.contains("sinceSeconds=3600") && query.contains("tailLines=10"), "{query}");
    assert_eq!(program.run(&["logs", "fraud", "--no-prefix"]).out, "one\ntwo\nthree: an error\n");
    let colored = program.run(&["logs", "fraud", "--color", "always"]).out;
    assert!(colored.contains('\u{1b}'), "{colored}");
}

#[test]
fn lines_are_chosen_and_printed_as_json() {
    let program = Program::new(&Server::start(log));
    let ran = program.run(&["logs", "fraud", "--grep", "(?i)ERR", "--json"]);
    let line: Value = serde_json::from_str(&ran.out).unwrap();
    let expected = json!({"ts": "2026-01-01T00:00:03Z", "pod": "fraud-main-0-model-5d9-1",
                          "container": "model", "line": "three: an error"});
    assert_eq!(line, expected);
    assert_eq!(program.run(&["logs", "fraud", "--grep", "("]).code, 2);
    let ran = program.run(&["logs", "fraud", "-c", "sidecar"]);
    assert_eq!(ran.code, 3);
    assert!(ran.err.contains("they have `model`"), "{}", ran.err);
}

#[test]
fn a_container_that_waits_keeps_nobody_from_reading_the_others() {
    let waiting = |asked: &Request| {
        if asked.path.contains("5d9-2/log") {
            let message = "container \"model\" in pod is waiting to start: ContainerCreating";
            return Reply::status(400, "BadRequest", message, Value::Null);
        }
        log(asked)
    };
    let ran = Program::new(&Server::start(waiting)).run(&["logs", "fraud"]);
    assert_eq!((ran.code, ran.out.lines().count()), (0, 2), "{}", ran.err);
    assert!(ran.err.contains("waiting to start"), "{}", ran.err);
    let none = Server::start(|asked: &Request| match asked.path.as_str() {
        PODS => Reply::list(&[]),
        _ => with_fraud(asked),
    });
    assert_eq!(Program::new(&none).run(&["logs", "fraud"]).code, 3);
}

#[test]
fn followed_logs_go_on_after_a_break_without_saying_anything_twice() {
    let opened = AtomicU32::new(0);
    let server = Server::start(move |asked: &Request| {
        let one = pod("fraud", 1);
        match asked.path.as_str() {
            PODS if asked.query.contains("watch=true") => Reply::watch(&[]),
            PODS => Reply::list(&[one]),
            path if path.ends_with("/log") => match opened.fetch_add(1, Ordering::SeqCst) {
                0 => Reply::text("2026-01-01T00:00:01.5Z one\n2026-01-01T00:00:02.5Z two\n"),
                _ => Reply::text("2026-01-01T00:00:02.5Z two\n2026-01-01T00:00:03.5Z three\n"),
            },
            path if path.starts_with(PODS) => Reply::json(&one),
            _ => with_fraud(asked),
        }
    });
    let lines = Program::new(&server).first_lines(&["logs", "fraud", "-f", "--tail", "5"], 3);
    let words: Vec<&str> = lines.iter().filter_map(|line| line.split(' ').next_back()).collect();
    assert_eq!(words, ["one", "two", "three"]);
    let asked: Vec<Request> =
        server.asked().into_iter().filter(|it| it.path.ends_with("/log")).collect();
    assert!(asked[0].query.contains("follow=true") && asked[0].query.contains("tailLines=5"));
    assert!(asked[1].query.contains("sinceTime=2026-01-01T00%3A00%3A0"), "{}", asked[1].query);
    assert!(!asked[1].query.contains("tailLines"), "{}", asked[1].query);
}
