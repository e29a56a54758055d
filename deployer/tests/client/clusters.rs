//! The same commands where a cluster is asked first, by an API server that answers what a test says.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::program::{Ended, MARK, run};
use crate::server::{Reply, Request, Server};

const SDEP: &str = "/apis/machinelearning.seldon.io/v1/namespaces/ml/seldondeployments/fraud";
const PODS: &str = "/api/v1/namespaces/ml/pods";
const SECRETS: &str = "/api/v1/namespaces/ml/secrets";

/// A folder with a kubeconfig for a server.
fn place(server: &Server) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("config"), server.kubeconfig(&json!({"token": "t"}))).unwrap();
    folder
}

fn ask(folder: &TempDir, arguments: &[&str]) -> Ended {
    let keys =
        [("AWS_ACCESS_KEY_ID", "AKI"), ("AWS_SECRET_ACCESS_KEY", MARK), ("KUBECONFIG", "config")];
    run(folder.path(), &keys, arguments)
}

fn deployment(protocol: &str) -> Value {
    json!({
        "apiVersion": "machinelearning.seldon.io/v1", "kind": "SeldonDeployment",
        "metadata": {"name": "fraud", "namespace": "ml", "uid": "u-1"},
        "spec": {"protocol": protocol, "predictors": [{"name": "main", "graph": {"name": "model"}}]},
    })
}

fn pod(name: &str, ready: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "ml", "labels": {"version": "main"}},
        "spec": {"containers": [{"name": "model",
            "ports": [{"name": "http", "containerPort": 9005}]}]},
        "status": {"conditions": [{"type": "Ready", "status": ready}]},
    })
}

/// A cluster with a deployment that speaks this protocol, and two pods.
fn cluster(protocol: &'static str, ready: &'static str) -> Server {
    Server::start(move |request: &Request| match request.path.as_str() {
        SDEP => Reply::json(&deployment(protocol)),
        PODS => Reply::list(&[pod("a", "False"), pod("b", ready)]),
        path if path.contains("/proxy/") => Reply::json(&request.json()),
        _ => Reply::unknown(),
    })
}

#[test]
fn a_pod_that_is_ready_is_asked_through_the_api_server() {
    for (protocol, path) in [
        ("seldon", "/api/v1.0/predictions"),
        ("v2", "/v2/models/model/infer"),
        ("tensorflow", "/v1/models/model:predict"),
    ] {
        let server = cluster(protocol, "True");
        let ended = ask(&place(&server), &["predict", "fraud", "-d", "[[1, 2]]"]);
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{ended:?}");
        let asked = server.asked().pop().unwrap();
        assert_eq!(asked.path, format!("{PODS}/b:9005/proxy{path}"));
        assert_eq!(asked.method, "POST");
        assert_eq!(asked.json(), serde_json::from_str::<Value>(&ended.stdout).unwrap());
    }
}

#[test]
fn the_ingress_is_asked_below_the_deployments_path() {
    let server = Server::start(|request: &Request| match request.path.as_str() {
        SDEP => Reply::json(&deployment("seldon")),
        "/seldon/ml/fraud/api/v1.0/predictions" => Reply::json(&json!({"from": "the ingress"})),
        _ => Reply::unknown(),
    });
    let base = format!("{}/", server.url());
    let ended = ask(&place(&server), &["predict", "fraud", "-d", "[[1]]", "--base-url", &base]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.contains("the ingress"), "{ended:?}");
}

#[test]
fn what_cannot_be_asked_says_why() {
    let server = cluster("seldon", "False");
    let folder = place(&server);
    let predict = ["predict", "fraud", "-d", "[[1]]"];
    let asleep = ask(&folder, &predict);
    assert_eq!(asleep.code, 1, "{asleep:?}");
    assert!(asleep.stderr.contains("got none of 2"), "{asleep:?}");
    let by_url = ask(&folder, &[&predict[..], &["--via", "url"]].concat());
    assert_eq!(by_url.code, 2, "{by_url:?}");
    assert!(by_url.stderr.contains("--base-url"), "{by_url:?}");
    let server = cluster("seldon", "True");
    let header = format!("Authorization: {MARK}");
    let login = ask(&place(&server), &[&predict[..], &["-H", &header]].concat());
    assert_eq!(login.code, 2, "{login:?}");
    assert!(login.stderr.contains("--via pod") && !login.all().contains(MARK), "{login:?}");
    assert!(paths(&server).iter().all(|it| !it.contains("proxy")), "{:?}", paths(&server));
}

#[test]
fn a_secret_is_made_once_and_shown_to_nobody() {
    let server =
        Server::start(|request: &Request| match (request.method.as_str(), &*request.path) {
            ("GET", SDEP) => Reply::json(&deployment("seldon")),
            ("POST", SECRETS) => Reply { code: 201, ..Reply::json(&request.json()) },
            ("GET", path) if path.starts_with(SECRETS) => Reply::missing("secrets", "x"),
            _ => Reply::unknown(),
        });
    let arguments = ["secret", "create", "fraud", "--from-env", "--model", "s3://models/fraud"];
    let folder = place(&server);
    let dry = ask(&folder, &[&arguments[..], &["--dry-run"]].concat());
    assert_eq!((dry.code, dry.stdout.ends_with(" created (dry run)\n")), (0, true), "{dry:?}");
    assert!(server.asked().iter().all(|it| it.method == "GET"), "{:?}", paths(&server));
    let ended = ask(&folder, &arguments);
    assert_eq!(ended.code, 0, "{ended:?}");
    let made = server.asked().pop().unwrap().json();
    assert_eq!(made["immutable"], true);
    assert_eq!(made["metadata"]["ownerReferences"][0]["uid"], "u-1");
    assert_eq!(made["data"]["RCLONE_CONFIG_S3_SECRET_ACCESS_KEY"], "aHVudGVyMg==");
    let name = made["metadata"]["name"].as_str().unwrap();
    assert_eq!(ended.stdout, format!("secret/{name} created\n"));
    assert!(!ended.all().contains(MARK) && !dry.all().contains(MARK), "{ended:?}");
}

/// Methods and paths of all that a server was asked.
fn paths(server: &Server) -> Vec<String> {
    server.asked().iter().map(|it| format!("{} {}", it.method, it.path)).collect()
}
