//! A cluster that keeps what is written to it, and whose operator is at once where it must be.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::changes::merge;
use crate::program::{DEPLOYMENTS, PODS, SDEPS};
use crate::server::{Reply, Request, Server};

/// Long ago: old enough for anything.
const THEN: &str = "2020-01-01T00:00:00Z";

/// Objects by their paths.
type Objects = BTreeMap<String, Value>;

/// A cluster, and what it keeps.
pub(crate) struct Cluster {
    pub(crate) server: Server,
    objects: Arc<Mutex<Objects>>,
}

impl Cluster {
    /// One with nothing in it.
    pub(crate) fn start() -> Self {
        let objects = Arc::new(Mutex::new(Objects::new()));
        let kept = Arc::clone(&objects);
        let server = Server::start(move |asked: &Request| answer(asked, &mut kept.lock().unwrap()));
        Self { server, objects }
    }

    /// Puts an object there, as somebody else would.
    pub(crate) fn put(&self, collection: &str, mut object: Value) {
        let name = object["metadata"]["name"].as_str().unwrap().to_owned();
        object["metadata"]["creationTimestamp"] = json!(THEN);
        self.objects.lock().unwrap().insert(format!("{collection}/{name}"), object);
    }

    /// The names of a kind that are there.
    pub(crate) fn names(&self, collection: &str) -> Vec<String> {
        let objects = self.objects.lock().unwrap();
        let names = objects.keys().filter_map(|path| path.strip_prefix(collection));
        names.map(|name| name.trim_start_matches('/').to_owned()).collect()
    }

    /// A SeldonDeployment as it is now.
    pub(crate) fn sdep(&self, name: &str) -> Value {
        self.objects.lock().unwrap()[&format!("{SDEPS}/{name}")].clone()
    }

    /// How many requests would have changed something.
    pub(crate) fn n_writes(&self) -> usize {
        let asked = self.server.asked();
        asked.iter().filter(|it| it.method != "GET" && !it.query.contains("dryRun")).count()
    }
}

fn answer(asked: &Request, objects: &mut Objects) -> Reply {
    let path = asked.path.clone();
    if path.starts_with(&format!("{PODS}/")) {
        // A pod answers anything so.
        return Reply::json(&json!({"answer": 1}));
    }
    match asked.method.as_str() {
        "PATCH" => patch(asked, objects),
        "POST" => {
            let mut object = asked.json();
            let name = object["metadata"]["name"].as_str().unwrap().to_owned();
            object["metadata"]["creationTimestamp"] = json!(THEN);
            objects.insert(format!("{path}/{name}"), object.clone());
            Reply::json(&object)
        }
        "DELETE" => match objects.remove(&path) {
            Some(_) => Reply::status(200, "", "", Value::Null),
            None => missing(&path),
        },
        _ if asked.query.contains("watch=true") => Reply::watch(&[]),
        _ if path == DEPLOYMENTS => Reply::list(&of_all(objects, asked, deployments)),
        _ if path == PODS => Reply::list(&of_all(objects, asked, pods)),
        _ => match objects.get(&path) {
            Some(object) => Reply::json(object),
            None if is_collection(&path) => {
                let prefix = format!("{path}/");
                let all = objects.iter().filter(|(path, _)| path.starts_with(&prefix));
                let all: Vec<Value> = all.map(|(_, object)| object.clone()).collect();
                Reply::list(&all.into_iter().filter(|it| selected(asked, it)).collect::<Vec<_>>())
            }
            None => missing(&path),
        },
    }
}

fn is_collection(path: &str) -> bool {
    let plural = path.rsplit('/').next().unwrap();
    ["seldondeployments", "secrets", "configmaps", "events", "replicasets"].contains(&plural)
        || plural == "horizontalpodautoscalers"
}

fn missing(path: &str) -> Reply {
    let mut parts = path.rsplit('/');
    let name = parts.next().unwrap();
    Reply::missing(parts.next().unwrap_or_default(), name)
}

/// Whether an object has the name and the labels that are asked for, of those that are `a=b` and `a`.
fn selected(asked: &Request, object: &Value) -> bool {
    let text = asked.query.replace("%3D", "=").replace("%2F", "/").replace("%2C", ",");
    let fields = text.split('&').filter_map(|it| it.strip_prefix("fieldSelector=metadata.name="));
    let has_name = fields.into_iter().all(|name| object["metadata"]["name"] == name);
    let selectors = text.split('&').filter_map(|it| it.strip_prefix("labelSelector="));
    let mut selectors = selectors.flat_map(|it| it.split(','));
    has_name
        && selectors.all(|one| {
            let (key, value) = one.split_once('=').unwrap_or((one, ""));
            let label = object["metadata"]["labels"][key].as_str();
            label.is_some_and(|label| value.is_empty() || label == value)
        })
}

/// Both kinds of patches merge; what the operator says is right at once.
fn patch(asked: &Request, objects: &mut Objects) -> Reply {
    let is_apply = asked.header("content-type").is_some_and(|it| it.contains("apply-patch"));
    let known = objects.get(&asked.path).cloned();
    if known.is_none() && !is_apply {
        return missing(&asked.path);
    }
    let mut object = known.unwrap_or_else(|| json!({"metadata": {"generation": 0}}));
    let before = object["spec"].clone();
    let patch = asked.json();
    if is_apply {
        // A list is written as a whole.
        object["spec"]["predictors"] = Value::Null;
    }
    merge(&mut object, &patch);
    let generation = object["metadata"]["generation"].as_i64().unwrap_or(1);
    let is_changed = i64::from(object["spec"] != before);
    let name = object["metadata"]["name"].clone();
    object["metadata"]["generation"] = json!(generation + is_changed);
    object["metadata"]["uid"] = json!(format!("uid-{}", name.as_str().unwrap_or_default()));
    object["metadata"]["resourceVersion"] = json!("1");
    object["metadata"]["namespace"] = json!("ml");
    object["metadata"]["creationTimestamp"] = json!(THEN);
    object["status"] =
        json!({"state": "Available", "conditions": [{"type": "Ready", "status": "True"}]});
    if !asked.query.contains("dryRun") {
        objects.insert(asked.path.clone(), object.clone());
    }
    Reply::json(&object)
}

fn of_all(
    objects: &Objects,
    asked: &Request,
    made: impl Fn(&Value, &Value) -> Vec<Value>,
) -> Vec<Value> {
    let sdeps = objects.iter().filter(|(path, _)| path.starts_with(SDEPS));
    let sdeps = sdeps
        .map(|(_, object)| object)
        .filter(|object| asked.query.contains(object["metadata"]["name"].as_str().unwrap()));
    let each = sdeps.flat_map(|object| {
        let predictors = object["spec"]["predictors"].as_array().unwrap();
        predictors.iter().flat_map(|predictor| made(object, predictor)).collect::<Vec<_>>()
    });
    each.collect()
}

fn n_pods(object: &Value) -> i64 {
    object["spec"]["replicas"].as_i64().unwrap_or(1)
}

fn deployments(object: &Value, predictor: &Value) -> Vec<Value> {
    let (name, of) = (object["metadata"]["name"].as_str().unwrap(), &predictor["name"]);
    let n = n_pods(object);
    let component = &predictor["componentSpecs"][0];
    vec![json!({
        "metadata": {"name": format!("{name}-{}-0-model", of.as_str().unwrap()), "namespace": "ml",
                     "generation": 1, "resourceVersion": "1",
                     "labels": {"seldon-deployment-id": name}},
        "spec": {"replicas": n, "selector": {}, "template": {
            "metadata": {"annotations": component["metadata"]["annotations"]},
            "spec": component["spec"],
        }},
        "status": {"observedGeneration": 1, "replicas": n, "updatedReplicas": n,
                   "readyReplicas": n, "availableReplicas": n},
    })]
}

fn pods(object: &Value, predictor: &Value) -> Vec<Value> {
    let (name, of) = (object["metadata"]["name"].as_str().unwrap(), &predictor["name"]);
    let each = (0..n_pods(object)).map(|idx| {
        let pod = format!("{name}-{}-0-model-5d9-{idx}", of.as_str().unwrap());
        json!({
            "metadata": {"name": pod, "namespace": "ml", "uid": pod, "resourceVersion": "1",
                         "labels": {"seldon-deployment-id": name, "version": of}},
            "spec": {"containers": [{"name": "model"}], "nodeName": "node-a"},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
        })
    });
    each.collect()
}
