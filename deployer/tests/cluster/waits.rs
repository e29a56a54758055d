//! Commands that look at a deployment with all that was made of it, and wait: status, wait, rollout.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::program::{DEPLOYMENTS, PODS, Program, SDEPS, sdep};
use crate::server::{Reply, Request, Server};

const REPLICA_SETS: &str = "/apis/apps/v1/namespaces/ml/replicasets";
const EVENTS: &str = "/api/v1/namespaces/ml/events";
/// Long ago: what has held since then has held for long enough.
const THEN: &str = "2020-01-01T00:00:00Z";

fn deployment(available: u32) -> Value {
    json!({
        "metadata": {"name": "fraud-main-0-model", "namespace": "ml", "uid": "d1", "generation": 1,
                     "resourceVersion": "2", "labels": {"seldon-deployment-id": "fraud"},
                     "annotations": {"deployment.kubernetes.io/revision": "1"}},
        "spec": {"replicas": 2, "selector": {}, "template": {
            "spec": {"containers": [{"name": "model", "image": "radiant:1"}]}}},
        "status": {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2,
                   "readyReplicas": available, "availableReplicas": available},
    })
}

fn replica_set() -> Value {
    json!({
        "metadata": {"name": "fraud-main-0-model-5d9", "namespace": "ml", "uid": "r1",
                     "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "d", "uid": "d1"}],
                     "annotations": {"deployment.kubernetes.io/revision": "1"}},
        "spec": {"replicas": 2, "selector": {}}, "status": {"replicas": 2},
    })
}

/// A pod with this status of its container.
fn pod(name: &str, container: &Value) -> Value {
    let mut status = json!({"name": "model", "image": "radiant:1", "imageID": "", "restartCount": 0,
                            "ready": false, "state": {"running": {"startedAt": THEN}}});
    for (key, value) in container.as_object().unwrap() {
        status[key] = value.clone();
    }
    let is_ready = if status["ready"] == json!(true) { "True" } else { "False" };
    json!({
        "metadata": {"name": name, "namespace": "ml", "uid": name, "resourceVersion": "2",
                     "labels": {"seldon-deployment-id": "fraud"}, "creationTimestamp": THEN,
                     "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "r", "uid": "r1"}]},
        "spec": {"nodeName": "node-a", "containers": [{"name": "model", "image": "radiant:1",
            "ports": [{"name": "http", "containerPort": 9000}],
            "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}}}]},
        "status": {"phase": "Running", "containerStatuses": [status], "conditions": [
            {"type": "PodScheduled", "status": "True", "lastTransitionTime": THEN},
            {"type": "Ready", "status": is_ready},
        ]},
    })
}

/// What a cluster shows of `fraud`: its Deployment, pods and events.
#[derive(Clone)]
struct Shown {
    available: u32,
    pods: Vec<Value>,
    events: Vec<Value>,
}

impl Shown {
    fn pods_with(container: &Value) -> Self {
        let pods = vec![pod("fraud-a", container), pod("fraud-b", container)];
        Self { available: 0, pods, events: Vec::new() }
    }

    fn ready() -> Self {
        Self { available: 2, ..Self::pods_with(&json!({"ready": true})) }
    }

    fn answer(&self, asked: &Request) -> Reply {
        if asked.query.contains("watch=true") {
            return Reply::watch(&[]);
        }
        match asked.path.as_str() {
            SDEPS => Reply::list(&[sdep("fraud")]),
            DEPLOYMENTS => Reply::list(&[deployment(self.available)]),
            REPLICA_SETS => Reply::list(&[replica_set()]),
            PODS => Reply::list(&self.pods),
            EVENTS => Reply::list(&self.events),
            _ => Reply::unknown(),
        }
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn status_tells_causes_with_last_words() {
    let crashed = json!({"restartCount": 5, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}}});
    let shown = Shown::pods_with(&crashed);
    let server = Server::start(move |asked| match asked.path.strip_prefix(PODS) {
        Some("/fraud-a/log") => {
            Reply::text("2026-01-01T00:00:00Z loading\n2026-01-01T00:00:01Z \u{1b}[31mboom\n")
        }
        _ => shown.answer(asked),
    });
    let program = Program::new(&server);
    let ran = program.run(&["status", "fraud"]);
    assert_eq!(ran.code, 6, "{}", ran.err);
    assert!(
        ran.out.starts_with("fraud in ml: Failed\n  2 of 2 pods: the server exited 1\n"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("      | loading\n      | [31mboom\n"), "{:?}", ran.out);
    assert!(ran.err.contains("cannot become ready with revision 7"), "{}", ran.err);
    let asked = server.asked();
    let log = asked.iter().find(|it| it.path.ends_with("/log")).unwrap();
    assert!(
        log.query.contains("previous=true") && log.query.contains("tailLines=10"),
        "{}",
        log.query
    );
    let ran = program.run(&["status", "fraud", "-o", "json"]);
    let status = json(&ran.out);
    assert_eq!((ran.code, &status["phase"]), (6, &json!("Failed")));
    assert_eq!(status["cause"]["kind"], "crash");
    assert_eq!(status["cause"]["logTail"][0], "loading");
    assert_eq!(status["predictors"][0]["replicas"], 2);
}

#[test]
fn a_server_is_asked_why_it_is_not_ready() {
    let mut shown = Shown::pods_with(&json!({}));
    let said = "Readiness probe failed: HTTP probe failed with statuscode: 503";
    shown.events = vec![json!({
        "metadata": {"name": "e1"}, "involvedObject": {"kind": "Pod", "name": "fraud-a", "uid": "fraud-a"},
        "type": "Warning", "reason": "Unhealthy", "message": said, "lastTimestamp": "2020-01-01T00:01:00Z",
    })];
    let server = Server::start(move |asked| match asked.path.strip_prefix(PODS) {
        Some("/fraud-a:9000/proxy/ready") => {
            let info =
                json!({"status": {"code": -1, "info": "model `fraud` is not ready: loading 63 %"}});
            Reply { code: 503, ..Reply::json(&info) }
        }
        _ => shown.answer(asked),
    });
    let ran = Program::new(&server).run(&["status", "fraud"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let expected = "- 1 of 2 pods: the server is not ready: its readiness probe failed: HTTP 503 /ready: model `fraud` is not ready: loading 63 %";
    assert!(ran.out.contains(expected), "{}", ran.out);
}

#[test]
fn a_wait_ends_when_a_watch_says_so() {
    let server = Server::start(|asked| {
        let change = |object: Value| Reply::watch(&[json!({"type": "MODIFIED", "object": object})]);
        match (asked.path.as_str(), asked.query.contains("watch=true")) {
            (DEPLOYMENTS, true) => change(deployment(2)),
            (PODS, true) => change(pod("fraud-a", &json!({"ready": true}))),
            _ => Shown::pods_with(&json!({})).answer(asked),
        }
    });
    let ran =
        Program::new(&server).run(&["wait", "fraud", "--progress", "jsonl", "--timeout", "60s"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.out, "seldondeployment.machinelearning.seldon.io/fraud ready\n");
    let last = json(ran.err.lines().last().unwrap());
    assert_eq!((&last["type"], &last["reason"]), (&json!("phase"), &json!("Ready")), "{}", ran.err);
    let lists =
        server.asked().into_iter().filter(|it| it.path == PODS && !it.query.contains("watch=true"));
    assert_eq!(lists.count(), 1, "nothing is polled");
}

#[test]
fn a_watch_that_has_missed_too_much_begins_anew() {
    let n_lists = AtomicUsize::new(0);
    let server = Server::start(move |asked| {
        let is_watch = asked.query.contains("watch=true");
        let gone = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                          "reason": "Expired", "message": "too old resource version", "code": 410});
        match asked.path.as_str() {
            DEPLOYMENTS if is_watch && n_lists.load(Ordering::SeqCst) == 1 => {
                Reply::watch(&[json!({"type": "ERROR", "object": gone})])
            }
            DEPLOYMENTS if !is_watch && n_lists.fetch_add(1, Ordering::SeqCst) > 0 => {
                Reply::list(&[deployment(2)])
            }
            DEPLOYMENTS if !is_watch => Reply::list(&[deployment(1)]),
            _ => Shown::ready().answer(asked),
        }
    });
    let ran = Program::new(&server).run(&["rollout", "status", "fraud", "--timeout", "60s"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.starts_with("fraud revision 7 ready in "), "{}", ran.out);
}

#[test]
fn what_may_not_be_seen_is_done_without_where_that_is_possible() {
    let refused = |what: &str| {
        let what = what.to_owned();
        Server::start(move |asked| {
            if asked.path.ends_with(&what) {
                let text = format!(
                    "{what} is forbidden: User \"u\" cannot list resource \"{what}\" in API group \"\" in the namespace \"ml\""
                );
                return Reply::status(403, "Forbidden", &text, json!({"kind": what}));
            }
            Shown::ready().answer(asked)
        })
    };
    let ran = Program::new(&refused("events")).run(&["status", "fraud"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("may not list events in namespace `ml`"), "{}", ran.err);
    let ran = Program::new(&refused("pods")).run(&["status", "fraud"]);
    assert_eq!(ran.code, 8, "{}", ran.err);
    assert!(ran.err.contains("list pods in namespace `ml`"), "{}", ran.err);
}

#[test]
fn a_look_is_no_wait() {
    let program = Program::new(&Server::start(|asked| Shown::pods_with(&json!({})).answer(asked)));
    let ran = program.run(&["rollout", "status", "fraud", "--watch=false"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.out, "fraud revision 7 Creating: 0 of 2 pods are ready\n");
    let ran = program.run(&["wait", "fraud", "--timeout=0"]);
    assert_eq!(ran.code, 5, "{}", ran.err);
    let ran = program.run(&["rollout", "status", "fraud", "--watch=false", "--revision", "6"]);
    assert_eq!(ran.code, 4, "{}", ran.err);
    assert!(ran.err.contains("expected revision 6, got 7"), "{}", ran.err);
}

#[test]
fn what_is_not_there_has_a_code_of_its_own() {
    let server = Server::start(|asked| match asked.path.as_str() {
        "/api/v1/namespaces/ml" => Reply::json(&json!({"metadata": {"name": "ml"}})),
        path if path.starts_with(SDEPS) && path != SDEPS => {
            Reply::missing("seldondeployments", "fraud")
        }
        _ if asked.query.contains("watch=true") => Reply::watch(&[]),
        _ => Reply::list(&[]),
    });
    let program = Program::new(&server);
    for arguments in [&["status", "fraud"][..], &["wait", "fraud"], &["rollout", "status", "fraud"]]
    {
        let ran = program.run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{arguments:?}: {}", ran.err);
    }
    assert_eq!(program.run(&["wait", "fraud", "--for=deleted"]).code, 0);
    assert_eq!(program.run(&["wait", "fraud", "--for=soon"]).code, 2);
}
