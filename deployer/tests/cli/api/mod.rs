//! A cluster in memory: it keeps objects as an API server does, and makes of them what Seldon's operator
//! and Kubernetes would.

mod address;
mod made;
mod store;

use std::sync::Mutex;

use serde_json::{Value, json};

use crate::server::{Reply, Request, Server};
use address::Address;
use store::Store;

/// Starts one, which lives as long as the process.
pub(crate) fn start() -> Server {
    let store = Mutex::new(Store::new());
    Server::start(move |asked| {
        refusal(asked).unwrap_or_else(|| answer(&mut store.lock().unwrap(), asked))
    })
}

/// What is the matter with the cluster, which the token says.
fn refusal(asked: &Request) -> Option<Reply> {
    let token = asked.header("authorization").and_then(|it| it.strip_prefix("Bearer "));
    let is_look = asked.method == "GET" || asked.path.contains("authorization");
    let is_applied = asked.query.contains("fieldManager") && asked.path.contains("seldon.io");
    match token.unwrap_or_default() {
        "stranger" => Some(Reply::status(401, "Unauthorized", "Unauthorized", Value::Null)),
        "viewer" if !is_look => Some(forbidden(asked)),
        "nobody" => Some(forbidden(asked)),
        "no-operator" if asked.path.contains("seldon") => Some(Reply::unknown()),
        "contended" if is_applied && !asked.query.contains("force=true") => Some(contended()),
        "denied" if is_applied => {
            let said = "admission webhook \"v1.mseldondeployment.kb.io\" denied the request: \
                        spec.predictors[0].graph: Invalid value: \"model\": Can't find container";
            Some(Reply::status(400, "BadRequest", said, Value::Null))
        }
        _ => None,
    }
}

fn contended() -> Reply {
    let cause = json!({"reason": "FieldManagerConflict", "field": ".spec.replicas",
        "message": "conflict with \"kubectl-scale\" using machinelearning.seldon.io/v1"});
    let said = "Apply failed with 1 conflict: conflict with \"kubectl-scale\": .spec.replicas";
    Reply::status(409, "Conflict", said, json!({"name": "fraud", "causes": [cause]}))
}

fn forbidden(asked: &Request) -> Reply {
    let kind = Address::read(&asked.path).map(|address| address.kind).unwrap_or_default();
    let said = format!("{kind} is forbidden: User \"jane\" cannot do this in the namespace \"ml\"");
    Reply::status(403, "Forbidden", &said, json!({"kind": kind}))
}

fn answer(store: &mut Store, asked: &Request) -> Reply {
    match asked.path.as_str() {
        "/version" => Reply::json(&json!({"major": "1", "minor": "33", "gitVersion": "v1.33.1",
            "gitCommit": "", "gitTreeState": "", "buildDate": "", "goVersion": "", "compiler": "",
            "platform": ""})),
        path if path.ends_with("/seldondeployments.machinelearning.seldon.io") => {
            Reply::json(&json!({"spec": {"versions": [{"name": "v1", "served": true}]}}))
        }
        path if path.ends_with("/selfsubjectaccessreviews") => {
            let mut review = asked.json();
            review["status"] = json!({"allowed": true});
            Reply::json(&review)
        }
        path if path.starts_with("/seldon/") || path.contains("/proxy/") => pod(path),
        path => match Address::read(path) {
            Some(address) if address.part == "log" => log(&address),
            Some(address) => store.answer(&address, asked),
            None => Reply::unknown(),
        },
    }
}

/// What the server in a pod answers, by whatever way it is asked.
fn pod(path: &str) -> Reply {
    if path.ends_with("/ready") {
        return Reply::text("ok");
    }
    if path.ends_with("/prometheus") {
        return Reply::text("");
    }
    Reply::json(&json!({"data": {"names": ["t:0"], "ndarray": [[0.25, 0.75]]}, "meta": {}}))
}

fn log(address: &Address) -> Reply {
    Reply::text(if address.name.ends_with("-1") {
        "2026-01-01T00:00:01Z listening on 0.0.0.0:9000\n2026-01-01T00:00:03Z ready\n"
    } else {
        "2026-01-01T00:00:02Z model.onnx: operator `Nope` is not known\n"
    })
}
