//! Commands that change something: delete, scale, stop, start.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::program::{DEPLOYMENTS, PODS, Program, SDEPS, deployment, pod, sdep, with_fraud};
use crate::server::{Reply, Request, Server};

const SECRETS: &str = "/api/v1/namespaces/ml/secrets";
const MAPS: &str = "/api/v1/namespaces/ml/configmaps";

/// A cluster from which `fraud` can be deleted; `has_pods_left` keeps its pods.
fn deletable(has_pods_left: bool) -> Server {
    let is_gone = Arc::new(AtomicBool::new(false));
    Server::start(move |asked: &Request| {
        if asked.method == "DELETE" {
            is_gone.fetch_or(asked.path.starts_with(SDEPS), Ordering::SeqCst);
            return Reply::status(200, "", "", Value::Null);
        }
        let owned = |name: &str| {
            let owner = json!([{"apiVersion": "v1", "kind": "SeldonDeployment", "name": "fraud",
                                "uid": "uid-fraud"}]);
            json!({"metadata": {"name": name, "resourceVersion": "3", "ownerReferences": owner}})
        };
        let is_gone = is_gone.load(Ordering::SeqCst);
        match asked.path.as_str() {
            _ if asked.query.contains("watch=true") => Reply::watch(&[]),
            SDEPS if is_gone => Reply::list(&[]),
            PODS | DEPLOYMENTS if is_gone && !has_pods_left => Reply::list(&[]),
            SECRETS => Reply::list(&[owned("radiant-fraud-storage-1")]),
            MAPS => Reply::list(&[owned("radiant.fraud.v7")]),
            _ if asked.method == "PATCH" => Reply::json(&owned("radiant-fraud-storage-1")),
            _ => with_fraud(asked),
        }
    })
}

#[test]
fn delete_takes_all_that_belongs_to_it_and_waits() {
    let server = deletable(false);
    let ran = Program::new(&server).run(&["delete", "fraud"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let expected = "seldondeployment.machinelearning.seldon.io/fraud deleted\n\
                    configmap/radiant.fraud.v7 deleted\nsecret/radiant-fraud-storage-1 deleted\n";
    assert_eq!(ran.out, expected);
    let asked = server.asked();
    let deleted = asked.iter().find(|it| it.method == "DELETE").unwrap();
    assert_eq!(
        deleted.json(),
        json!({"propagationPolicy": "Background", "preconditions": {"uid": "uid-fraud"}})
    );
    // Names of Secrets are enough.
    let secrets = asked.iter().find(|it| it.path == SECRETS).unwrap();
    assert!(secrets.header("accept").unwrap().contains("PartialObjectMetadataList"));
    assert!(secrets.query.contains("radiant.dev%2Fname%3Dfraud"), "{}", secrets.query);
}

#[test]
fn delete_says_what_is_left_when_it_takes_too_long() {
    let ran = Program::new(&deletable(true)).run(&["delete", "fraud", "--timeout", "200ms"]);
    assert_eq!(ran.code, 5, "{}", ran.err);
    assert!(ran.err.contains("the object is gone; 2 pods left"), "{}", ran.err);
    let server = deletable(true);
    let ran = Program::new(&server).run(&["delete", "fraud", "--force", "--timeout", "0"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let pods =
        server.asked().into_iter().filter(|it| it.method == "DELETE" && it.path.starts_with(PODS));
    assert_eq!(pods.count(), 2);
}

#[test]
fn a_secret_can_be_kept() {
    let server = deletable(false);
    let ran = Program::new(&server).run(&["delete", "fraud", "--keep-secret"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(!ran.out.contains("secret/"), "{}", ran.out);
    let asked = server.asked();
    let patch = asked.iter().find(|it| it.method == "PATCH").unwrap();
    assert_eq!(patch.json(), json!({"metadata": {"ownerReferences": [], "resourceVersion": "3"}}));
    let order: Vec<&str> = asked.iter().map(|it| it.method.as_str()).collect();
    assert!(
        order.iter().position(|it| *it == "PATCH") < order.iter().position(|it| *it == "DELETE")
    );
}

#[test]
fn deleting_what_is_not_there_fails_unless_one_does_not_mind() {
    let server = deletable(false);
    let program = Program::new(&server);
    let ran = program.run(&["delete", "churn", "fraud"]);
    assert_eq!(ran.code, 3);
    assert!(ran.out.contains("/fraud deleted"), "{}", ran.out);
    assert_eq!(program.run(&["delete", "churn", "--ignore-not-found"]).code, 0);
}

/// A cluster that keeps `fraud` as it is patched, and whose operator is at once where it must be.
fn changeable(spec: Value) -> Server {
    let mut object = sdep("fraud");
    object["spec"] = spec;
    let object = Arc::new(Mutex::new(object));
    Server::start(move |asked: &Request| {
        let mut object = object.lock().unwrap();
        if asked.method == "PATCH" {
            merge(&mut object, &asked.json());
            return Reply::json(&object);
        }
        let replicas = object["spec"]["replicas"].clone();
        let n_pods = u32::try_from(replicas.as_u64().unwrap_or(1)).unwrap();
        let mut made = deployment("fraud", n_pods);
        made["spec"]["replicas"] = replicas;
        for key in ["replicas", "updatedReplicas"] {
            made["status"][key] = n_pods.into();
        }
        let pods: Vec<Value> = (0..n_pods).map(|idx| pod("fraud", idx)).collect();
        match asked.path.as_str() {
            _ if asked.query.contains("watch=true") => Reply::watch(&[]),
            SDEPS => Reply::list(&[object.clone()]),
            DEPLOYMENTS => Reply::list(&[made]),
            PODS => Reply::list(&pods),
            path if path == format!("{SDEPS}/fraud") => Reply::json(&object),
            _ => with_fraud(asked),
        }
    })
}

/// A merge patch (RFC 7386), as the server applies it.
pub(crate) fn merge(target: &mut Value, patch: &Value) {
    match patch.as_object() {
        None => target.clone_from(patch),
        Some(patch) => {
            for (key, value) in patch {
                if value.is_null() {
                    target.as_object_mut().unwrap().remove(key);
                } else {
                    merge(&mut target[key], value);
                }
            }
        }
    }
}

#[test]
fn pods_are_scaled_stopped_and_given_back() {
    let server = changeable(json!({"replicas": 2, "predictors": [{"name": "main"}]}));
    let program = Program::new(&server);
    let name = "seldondeployment.machinelearning.seldon.io/fraud";
    let steps: [(&[&str], &str); 7] = [
        (&["scale", "fraud", "--replicas", "3", "--wait"], "scaled"),
        (&["stop", "fraud", "--wait"], "stopped"),
        (&["stop", "fraud"], "unchanged (is stopped)"),
        (&["start", "fraud", "--wait"], "started"),
        (&["start", "fraud"], "unchanged (is not stopped)"),
        (&["scale", "fraud", "--replicas", "0", "--wait"], "scaled"),
        (&["start", "fraud"], "started"),
    ];
    for (arguments, done) in steps {
        let ran = program.run(arguments);
        assert_eq!(
            (ran.code, ran.out),
            (0, format!("{name} {done}\n")),
            "{arguments:?}: {}",
            ran.err
        );
    }
    let patches = server.asked().into_iter().filter(|it| it.method == "PATCH");
    let numbers: Vec<Value> = patches.map(|it| it.json()["spec"]["replicas"].clone()).collect();
    assert_eq!(numbers, [3, 0, 3, 0, 1]);
}

#[test]
fn an_autoscaler_is_not_overruled() {
    let part = json!({"hpaSpec": {"maxReplicas": 4}, "spec": {}});
    let server = changeable(json!({"predictors": [{"name": "main", "componentSpecs": [part]}]}));
    let ran = Program::new(&server).run(&["scale", "fraud", "--replicas", "3"]);
    assert_eq!(ran.code, 4, "{}", ran.err);
    assert!(ran.err.contains("hpaSpec") && server.asked().iter().all(|it| it.method == "GET"));
}

#[test]
fn a_deployment_that_cannot_serve_ends_the_wait() {
    let server = Server::start(|asked: &Request| {
        let mut object = sdep("fraud");
        object["status"] = json!({"state": "Failed", "description": "no such image"});
        match asked.path.as_str() {
            _ if asked.query.contains("watch=true") => Reply::watch(&[]),
            SDEPS => Reply::list(&[object]),
            _ if asked.method == "PATCH" => Reply::json(&object),
            _ => with_fraud(asked),
        }
    });
    let ran = Program::new(&server).run(&["scale", "fraud", "--replicas", "3", "--wait"]);
    assert_eq!(ran.code, 6, "{}", ran.err);
    assert!(ran.err.contains("no such image"), "{}", ran.err);
}

#[test]
fn results_have_forms_for_programs() {
    let program = Program::new(&changeable(json!({"replicas": 2})));
    let name = "seldondeployment.machinelearning.seldon.io/fraud";
    let scale = |form: &str| program.run(&["scale", "fraud", "--replicas", "3", "-o", form]);
    assert_eq!(scale("name").out, format!("{name}\n"));
    let line: Value = serde_json::from_str(&scale("json").out).unwrap();
    assert_eq!(line, json!({"object": name, "result": "scaled"}));
    assert_eq!(scale("jsonpath={.a}").code, 2);
}

#[test]
fn an_interrupted_wait_says_how_to_go_on() {
    let server = deletable(true);
    let is_watching = || server.asked().iter().any(|it| it.query.contains("watch=true"));
    let ran = Program::new(&server).interrupted(&["delete", "fraud"], is_watching);
    assert_eq!(ran.code, 130, "{}", ran.err);
    assert!(ran.err.contains("interrupted") && ran.out.contains("fraud deleted"), "{}", ran.err);
}

/// A cluster whose objects are as they are applied, each at once and by whomever.
fn taken_as_it_is() -> Server {
    Server::start(|asked: &Request| match asked.method.as_str() {
        "PATCH" => {
            let mut object = asked.json();
            object["metadata"]["uid"] = "uid-fraud".into();
            Reply::json(&object)
        }
        "POST" => Reply::json(&asked.json()),
        _ => with_fraud(asked),
    })
}

#[test]
fn an_object_is_adopted_when_that_is_meant() {
    let server = taken_as_it_is();
    let program = Program::new(&server);
    let writes = |server: &Server| {
        let writes = server.asked().into_iter().filter(|it| it.method != "GET");
        writes.filter(|it| !it.query.contains("dryRun")).collect::<Vec<_>>()
    };
    let adopt = ["import", "seldon", "fraud", "--adopt"];
    let ran = program.run(&adopt);
    assert_eq!(ran.code, 4, "{}", ran.err);
    assert!(ran.out.contains("name: fraud"), "{}", ran.out);
    assert!(ran.err.contains("+++ wanted/fraud") && ran.err.contains("its pods would be replaced"));
    let ran = program.run(&[&adopt[..], &["--allow-restart"]].concat());
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.err.contains("nobody is there to ask"), "{}", ran.err);
    assert_eq!(writes(&server).len(), 0);

    let more = ["--allow-restart", "--yes", "--timeout", "0"];
    let ran = program.run(&[&adopt[..], &more].concat());
    // Nothing makes the pods of it here.
    assert_eq!(ran.code, 5, "{}", ran.err);
    let writes = writes(&server);
    assert_eq!(writes.len(), 2, "{writes:?}");
    assert!(writes[0].query.contains("force=true"), "{}", writes[0].query);
    assert_eq!(writes[0].json()["metadata"]["annotations"]["radiant.dev/revision"], "1");
    assert_eq!(writes[1].json()["metadata"]["name"], "radiant.fraud.v1");
}
