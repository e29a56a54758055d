//! The examples in `k8s/`: each document is one that an API server would take.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use k8s_openapi::api::core::v1::{Secret, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::read::{documents, file, problems};

/// All files of YAML in a folder and below it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Reads a document as its type, which must know every field of it.
fn is<T: DeserializeOwned + Serialize>(document: &Value) -> Vec<String> {
    match serde_json::from_value::<T>(document.clone()) {
        Err(error) => vec![error.to_string()],
        Ok(typed) => lost("", document, &serde_json::to_value(typed).unwrap()),
    }
}

fn lost(path: &str, before: &Value, after: &Value) -> Vec<String> {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => before
            .iter()
            .flat_map(|(key, value)| match after.get(key) {
                Some(kept) => lost(&format!("{path}.{key}"), value, kept),
                None => vec![format!("`{path}.{key}`: unknown field")],
            })
            .collect(),
        (Value::Array(before), Value::Array(after)) => {
            let pairs = before.iter().zip(after);
            pairs.flat_map(|(value, kept)| lost(&format!("{path}[]"), value, kept)).collect()
        }
        _ => Vec::new(),
    }
}

/// What is wrong with a document that is no SeldonDeployment; `None` for one that nobody knows.
fn other(document: &Value, folder: &Path) -> Option<Vec<String>> {
    let text = |key: &str| document[key].as_str().unwrap_or_default();
    Some(match (text("apiVersion"), text("kind")) {
        ("v1", "Service") => is::<Service>(document),
        ("v1", "ServiceAccount") => is::<ServiceAccount>(document),
        ("v1", "Secret") => is::<Secret>(document),
        ("networking.k8s.io/v1", "NetworkPolicy") => is::<NetworkPolicy>(document),
        ("rbac.authorization.k8s.io/v1", "Role") => is::<Role>(document),
        ("rbac.authorization.k8s.io/v1", "RoleBinding") => is::<RoleBinding>(document),
        ("monitoring.coreos.com/v1", "PodMonitor") => monitor(document, "podMetricsEndpoints"),
        ("monitoring.coreos.com/v1", "ServiceMonitor") => monitor(document, "endpoints"),
        ("monitoring.coreos.com/v1", "PrometheusRule") => alerts(document),
        ("kustomize.config.k8s.io/v1beta1", "Kustomization") => kustomization(document, folder),
        ("", "") if document.get("predictor_servers").is_some() => operator_values(document),
        _ => return None,
    })
}

/// What the Prometheus operator's own definitions ask of a monitor.
fn monitor(document: &Value, endpoints: &str) -> Vec<String> {
    let spec = &document["spec"];
    let ports = spec[endpoints].as_array().into_iter().flatten();
    let is_whole = ports
        .map(|endpoint| (&endpoint["port"], &endpoint["path"]))
        .all(|it| it.0 == "metrics" && it.1 == "/prometheus");
    let selects = spec["selector"]["matchLabels"].as_object().is_some_and(|it| !it.is_empty());
    if is_whole && selects { Vec::new() } else { vec![format!("no whole monitor: {spec}")] }
}

/// Alerts on metrics that there are, each with what it says to people.
fn alerts(document: &Value) -> Vec<String> {
    let page = fs::read_to_string(file("docs/metrics.md")).unwrap();
    let groups = document["spec"]["groups"].as_array().into_iter().flatten();
    let rules = groups.flat_map(|group| group["rules"].as_array().into_iter().flatten());
    let mut told = Vec::new();
    for rule in rules {
        let (expr, name) = (rule["expr"].as_str().unwrap_or_default(), &rule["alert"]);
        let words = expr.split(|c: char| c != '_' && !c.is_ascii_alphanumeric());
        let metrics: Vec<&str> = words.filter(|word| word.starts_with("radiant_")).collect();
        let is_known = |metric: &&str| {
            let metric = metric.strip_suffix("_bucket").unwrap_or(metric);
            page.contains(&format!("| `{metric}` |"))
        };
        if metrics.is_empty() || !metrics.iter().all(is_known) {
            told.push(format!("{name}: metrics that nobody has: {expr}"));
        }
        if !name.is_string() || !rule["annotations"]["summary"].is_string() {
            told.push(format!("{name}: nothing for people"));
        }
    }
    told
}

/// The chart's values, as far as they are ours.
fn operator_values(document: &Value) -> Vec<String> {
    let servers = document["predictor_servers"].as_object().into_iter().flatten();
    let protocols =
        servers.flat_map(|(_, server)| server["protocols"].as_object().into_iter().flatten());
    let is_wrong = |(name, image): &(&String, &Value)| {
        !["seldon", "v2", "tensorflow"].contains(&name.as_str())
            || !image["image"].is_string()
            || !image["defaultImageVersion"].is_string()
    };
    protocols.filter(is_wrong).map(|(name, image)| format!("`{name}`: {image}")).collect()
}

/// Files that are there, and patches that fit and leave what an API server would take.
fn kustomization(document: &Value, folder: &Path) -> Vec<String> {
    let mut objects = Vec::new();
    for resource in document["resources"].as_array().into_iter().flatten() {
        let path = folder.join(resource.as_str().unwrap());
        if path.is_dir() {
            let base = documents(&path.join("kustomization.yaml")).remove(0);
            let names = base["resources"].as_array().unwrap().iter();
            objects.extend(names.flat_map(|name| documents(&path.join(name.as_str().unwrap()))));
        } else {
            objects.extend(documents(&path));
        }
    }
    for patch in document["patches"].as_array().into_iter().flatten() {
        let steps: Vec<Value> = serde_saphyr::from_str(patch["patch"].as_str().unwrap()).unwrap();
        for object in
            objects.iter_mut().filter(|it| it["metadata"]["name"] == patch["target"]["name"])
        {
            for step in &steps {
                assert_eq!(step["op"], "replace", "what this test can do");
                match object.pointer_mut(step["path"].as_str().unwrap()) {
                    Some(at) => *at = step["value"].clone(),
                    None => return vec![format!("{}: no such place", step["path"])],
                }
            }
        }
    }
    let told = objects.iter().flat_map(problems).collect();
    if objects.is_empty() { vec!["no objects".to_owned()] } else { told }
}

#[test]
fn every_example_would_be_taken() {
    let (mut wrong, mut kinds) = (Vec::new(), BTreeSet::new());
    for path in files(&file("k8s")) {
        for document in documents(&path) {
            kinds.insert(document["kind"].as_str().unwrap_or("values").to_owned());
            let told = if document["kind"] == "SeldonDeployment" {
                problems(&document)
            } else {
                other(&document, path.parent().unwrap())
                    .unwrap_or_else(|| vec!["who knows it?".to_owned()])
            };
            wrong.extend(told.into_iter().map(|told| format!("{}: {told}", path.display())));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(kinds.len() >= 11, "{kinds:?}");
}

#[test]
fn the_page_names_every_example() {
    let page = fs::read_to_string(file("k8s/README.md")).unwrap();
    for path in files(&file("k8s")) {
        let name = path.strip_prefix(file("k8s")).unwrap().to_str().unwrap().to_owned();
        let folder = name.split('/').next().unwrap();
        assert!(page.contains(folder), "{name}");
    }
}

#[test]
fn a_wrong_example_is_seen() {
    let rule = serde_json::json!({
        "apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule",
        "spec": {"groups": [{"rules": [{"alert": "A", "expr": "radiant_none > 0",
            "annotations": {"summary": "s"}}]}]},
    });
    let told = other(&rule, Path::new("")).unwrap();
    assert_eq!(told, ["\"A\": metrics that nobody has: radiant_none > 0"]);
    let service =
        serde_json::json!({"apiVersion": "v1", "kind": "Service", "spec": {"clusterIp": "None"}});
    assert_eq!(other(&service, Path::new("")).unwrap(), ["`.spec.clusterIp`: unknown field"]);
    let patch = serde_json::json!({
        "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": ["../../base"],
        "patches": [{"target": {"name": "iris"}, "patch": "- {op: replace, path: /spec/none, value: 1}"}],
    });
    let folder = file("k8s/kustomize/overlays/prod");
    assert_eq!(other(&patch, &folder).unwrap(), ["\"/spec/none\": no such place"]);
}
