//! What `apply` and those who change what it wrote do, in the order of their requests.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::{Value, json};

use crate::program::{Program, SDEPS};
use crate::state::Cluster;

const SECRETS: &str = "/api/v1/namespaces/ml/secrets";
const MAPS: &str = "/api/v1/namespaces/ml/configmaps";

/// A web server with a model of so many bytes under every path.
fn web(n_bytes: &Arc<AtomicUsize>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let n_bytes = Arc::clone(n_bytes);
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let first = lines.next().and_then(Result::ok).unwrap_or_default();
            while lines.next().and_then(Result::ok).is_some_and(|line| !line.is_empty()) {}
            let n = n_bytes.load(Ordering::SeqCst);
            let body = if first.starts_with("GET") { "x".repeat(n) } else { String::new() };
            let head = format!("HTTP/1.1 200 OK\r\nETag: \"{n}\"\r\nContent-Length: {n}\r\n");
            // Whoever goes away in between is not answered.
            drop(write!(stream, "{head}Connection: close\r\n\r\n{body}"));
        }
    });
    address
}

fn config(uri: &str, more: &Value) -> String {
    let mut config = json!({
        "apiVersion": "radiant.dev/v1", "kind": "Deployment", "name": "fraud", "namespace": "ml",
        "model": {"uri": uri}, "server": {"image": "radiant:1"}, "scale": {"replicas": 2},
    });
    for (key, value) in more.as_object().unwrap() {
        config[key] = value.clone();
    }
    config.to_string()
}

/// A cluster, and a program with a configuration of a model in a volume.
fn volume(more: &Value) -> (Cluster, Program) {
    let cluster = Cluster::start();
    let program = Program::new(&cluster.server);
    program.file("radiant.yaml", &config("pvc://models/fraud", more));
    (cluster, program)
}

#[track_caller]
fn ends(program: &Program, code: i32, arguments: &[&str]) -> (String, String) {
    let ran = program.run(arguments);
    assert_eq!(ran.code, code, "{arguments:?}: {}{}", ran.out, ran.err);
    (ran.out, ran.err)
}

const OTHER: [&str; 2] = ["--set", "model.uri=pvc://models/other"];

#[test]
fn a_condition_that_does_not_hold_lets_what_was_stopped_serve_again() {
    let (cluster, program) = volume(&json!({}));
    ends(&program, 0, &["apply"]);
    ends(&program, 0, &["stop", "fraud"]);
    assert_eq!(cluster.sdep("fraud")["spec"]["replicas"], 0);
    let (_, err) = ends(&program, 0, &[&["apply", "--if", "exit 3"][..], &OTHER].concat());
    assert!(err.contains("`fraud` was stopped, and gets its pods back"), "{err}");
    let now = cluster.sdep("fraud");
    assert_eq!(now["spec"]["replicas"], 2);
    assert_eq!(now["metadata"]["annotations"]["radiant.dev/revision"], "1");
}

#[test]
fn old_pods_end_before_new_ones_begin_where_that_is_asked_for() {
    let (cluster, program) = volume(&json!({"rollout": {"strategy": "recreate"}}));
    ends(&program, 0, &["apply"]);
    let (_, err) = ends(&program, 0, &[&["apply"][..], &OTHER].concat());
    assert!(err.contains("the old pods end before new ones begin"), "{err}");
    let asked = cluster.server.asked();
    let patches = asked.iter().filter(|it| {
        it.method == "PATCH" && it.path.starts_with(SDEPS) && !it.query.contains("dryRun")
    });
    let told = |patch: Value| {
        let revision = patch["metadata"]["annotations"]["radiant.dev/revision"].clone();
        (revision, patch["spec"]["replicas"].clone())
    };
    let patches: Vec<_> = patches.map(|it| told(it.json())).collect();
    let none = Value::Null;
    let expected = [
        (json!("1"), json!(2)),
        (none.clone(), json!(0)),
        (json!("2"), json!(2)),
        // The note of the stop goes.
        (none.clone(), none),
    ];
    assert_eq!(patches, expected);
    let noted = &cluster.sdep("fraud")["metadata"]["annotations"]["radiant.dev/replicas"];
    assert!(noted.is_null(), "{noted}");
}

#[test]
fn a_revision_that_fails_is_stopped_so_that_it_can_be_started() {
    let rollout = json!({"rollout": {"onFailure": "stop"},
        "tests": [{"request": "one.json", "expect": "out.json"}]});
    let (cluster, program) = volume(&rollout);
    program.file("one.json", "{}");
    program.file("out.json", r#"{"answer": 2}"#);
    let (_, err) = ends(&program, 11, &["apply"]);
    assert!(err.contains("revision 1 failed, and is stopped"), "{err}");
    let now = cluster.sdep("fraud");
    assert_eq!(now["spec"]["replicas"], 0);
    assert_eq!(now["metadata"]["annotations"]["radiant.dev/replicas"], "2");
    ends(&program, 0, &["start", "fraud"]);
    assert_eq!(cluster.sdep("fraud")["spec"]["replicas"], 2);
}

#[test]
fn what_is_in_no_file_is_pruned_when_somebody_agrees() {
    let (cluster, program) = volume(&json!({"labels": {"team": "risk"}}));
    for name in ["old", "fraud"] {
        let name = format!("name={name}");
        ends(&program, 0, &["apply", "--set", &name]);
    }
    ends(&program, 0, &["apply", "--set", "name=far", "--set", "labels.team=far"]);
    let foreign = json!({"metadata": {"name": "foreign"}, "spec": {"predictors": []}});
    cluster.put(SDEPS, foreign);
    let n_writes = cluster.n_writes();
    let prune = ["apply", "--prune", "-l", "team=risk"];
    let (_, err) = ends(&program, 2, &[&prune[..], &OTHER].concat());
    assert!(err.contains("expected `--yes` to delete `ml/old`"), "{err}");
    let (out, _) = ends(&program, 0, &[&prune[..], &["--dry-run", "server"]].concat());
    assert!(out.contains("/old deleted (server dry run)"), "{out}");
    assert_eq!(cluster.n_writes(), n_writes, "nothing was written");
    let (out, _) = ends(&program, 0, &[&prune[..], &["--yes"]].concat());
    assert!(out.contains("/old deleted"), "{out}");
    assert_eq!(cluster.names(SDEPS), ["far", "foreign", "fraud"]);
    let maps = cluster.names(MAPS);
    assert_eq!(maps, ["radiant.far.v1", "radiant.fraud.v1"]);
}

#[test]
fn secrets_that_nothing_names_go_with_the_next_revision() {
    let (cluster, program) = volume(&json!({}));
    let secret = |name: &str, of: &str| {
        json!({"metadata": {"name": name, "labels": {
            "app.kubernetes.io/managed-by": "radiant-deploy", "radiant.dev/part": "storage",
            "radiant.dev/name": of}}})
    };
    cluster.put(SECRETS, secret("radiant-fraud-storage-1", "fraud"));
    cluster.put(SECRETS, secret("radiant-churn-storage-1", "churn"));
    cluster.put(SECRETS, json!({"metadata": {"name": "theirs"}}));
    ends(&program, 0, &["apply"]);
    assert_eq!(cluster.names(SECRETS), ["radiant-churn-storage-1", "theirs"]);
}

#[test]
fn a_rollback_wants_the_bytes_of_that_time() {
    let n_bytes = Arc::new(AtomicUsize::new(5));
    let address = web(&n_bytes);
    let cluster = Cluster::start();
    let program = Program::new(&cluster.server);
    program.file("radiant.yaml", &config(&format!("http://{address}/m.onnx"), &json!({})));
    ends(&program, 0, &["apply"]);
    ends(&program, 0, &["apply", "--set", "scale.replicas=3"]);
    n_bytes.store(6, Ordering::SeqCst);
    let n_writes = cluster.n_writes();
    let (_, err) = ends(&program, 10, &["rollback", "fraud"]);
    assert!(err.contains("of revision 1: expected the bytes of that time"), "{err}");
    assert!(err.contains("`--force` goes back"), "{err}");
    assert_eq!(cluster.n_writes(), n_writes, "nothing was written");
    ends(&program, 0, &["rollout", "undo", "fraud", "--force"]);
    n_bytes.store(5, Ordering::SeqCst);
    ends(&program, 0, &["rollback", "fraud", "2"]);
}

#[test]
fn a_canary_is_paused_and_promoted_only_when_it_goes_on() {
    let (cluster, program) = volume(&json!({}));
    ends(&program, 0, &["apply"]);
    let (_, err) = ends(&program, 4, &["rollout", "pause", "fraud"]);
    assert!(err.contains("Deployments are the operator's and cannot be paused"), "{err}");
    ends(&program, 0, &[&["apply", "--canary", "20"][..], &OTHER].concat());
    for (verb, done) in [
        ("pause", "paused"),
        ("pause", "unchanged (is paused)"),
        ("resume", "resumed"),
        ("resume", "unchanged (is not paused)"),
        ("pause", "paused"),
    ] {
        let (out, _) = ends(&program, 0, &["rollout", verb, "fraud"]);
        assert!(out.ends_with(&format!("/fraud {done}\n")), "{out}");
    }
    let (_, err) = ends(&program, 4, &["promote", "fraud"]);
    assert!(err.contains("rollout resume fraud"), "{err}");
    let watched = ["promote", "fraud", "--after", "100ms", "--timeout", "200ms"];
    let (_, err) = ends(&program, 5, &watched);
    assert!(err.contains("canary-2 with 20% of the traffic is paused"), "{err}");
    ends(&program, 0, &["rollout", "resume", "fraud"]);
    let watched = ["promote", "fraud", "--after", "100ms", "--slo", "errorRate=1%"];
    let (_, err) = ends(&program, 0, &watched);
    assert!(err.contains("too few to tell"), "{err}");
    let names = &cluster.sdep("fraud")["spec"]["predictors"];
    assert_eq!(names.as_array().unwrap().len(), 1, "{names}");
}

/// A program that says that a model takes as many columns as the file has bytes.
const RADIANT: &str = r#"#!/bin/sh
for last; do :; done
echo "{\"inputs\": [{\"name\": \"x\", \"datatype\": \"FP32\", \"shape\": [-1, $(wc -c < "$last")]}], \"outputs\": []}"
"#;

#[test]
fn a_model_that_breaks_callers_is_refused_before_anything_is_written() {
    let n_bytes = Arc::new(AtomicUsize::new(4));
    let address = web(&n_bytes);
    let cluster = Cluster::start();
    let program = Program::beside(&cluster.server, RADIANT);
    program.file("radiant.yaml", &config(&format!("http://{address}/m.onnx"), &json!({})));
    ends(&program, 0, &["apply"]);
    n_bytes.store(5, Ordering::SeqCst);
    let n_writes = cluster.n_writes();
    for arguments in [&["apply"][..], &["apply", "--dry-run", "server"]] {
        let (_, err) = ends(&program, 2, arguments);
        let told = "input `x`: expected `FP32[-1, 4]`, got `FP32[-1, 5]`";
        assert!(err.contains(told) && err.contains("--allow-breaking"), "{err}");
    }
    assert_eq!(cluster.n_writes(), n_writes, "nothing was written");
    let (_, err) = ends(&program, 0, &["apply", "--allow-breaking"]);
    assert!(err.contains("warning: callers of revision 1 would fail"), "{err}");
}
