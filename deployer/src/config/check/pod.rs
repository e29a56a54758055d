//! Rules of what every pod is like; what is handed on as it is, Kubernetes' own schema checks.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::super::Deployment;
use super::{Findings, annotations, labels};
use crate::config::keypath::KeyPath;
use crate::config::names;
use crate::config::problem::{Problem, quoted, shown};
use crate::config::quantity::Quantity;

pub(super) fn check(deployment: &Deployment, findings: &mut Findings) {
    let pod = &deployment.pod;
    let path = KeyPath::of("pod");
    for (key, value) in &pod.node_selector {
        let path = path.key("nodeSelector").key(key);
        findings.named(path.clone(), key, names::qualified(key));
        findings.named(path, value, names::label_value(value));
    }
    labels(&pod.labels, &path.key("labels"), findings);
    annotations(&pod.annotations, &path.key("annotations"), deployment, findings);
    for (index, name) in pod.image_pull_secrets.iter().enumerate() {
        findings.named(path.key("imagePullSecrets").index(index), name, names::subdomain(name));
    }
    if let Some(class) = &pod.priority_class_name {
        findings.named(path.key("priorityClassName"), class, names::subdomain(class));
    }
    if let Some(size) = &pod.cache_size
        && Quantity::parse(size).is_none_or(|size| size.is_below(1 << 20) || !size.is_whole())
    {
        let expected = "a quantity of bytes such as `10Gi`";
        findings.add(Problem::error(path.key("cacheSize"), expected, quoted(size)));
    }
    volumes(&pod.volumes, &pod.volume_mounts, &path, findings);
}

/// Volumes have names, and each mount is of one of them.
fn volumes(
    volumes: &[Map<String, Value>],
    mounts: &[Map<String, Value>],
    path: &KeyPath,
    findings: &mut Findings,
) {
    let mut known = BTreeSet::new();
    for (index, volume) in volumes.iter().enumerate() {
        let path = path.key("volumes").index(index).key("name");
        match volume.get("name") {
            Some(Value::String(name)) => {
                findings.named(path.clone(), name, names::label(name));
                if !known.insert(name.as_str()) {
                    findings.add(Problem::error(
                        path,
                        "another name for each volume",
                        quoted(name),
                    ));
                }
            }
            other => {
                let got = other.map_or_else(|| "nothing".to_owned(), shown);
                findings.add(Problem::error(path, "the volume's name", got));
            }
        }
    }
    for (index, mount) in mounts.iter().enumerate() {
        let path = path.key("volumeMounts").index(index);
        let name = mount.get("name").and_then(Value::as_str);
        if !name.is_some_and(|name| known.contains(name)) {
            let expected = "the name of one of `pod.volumes`";
            let got = name.map_or_else(|| "nothing".to_owned(), quoted);
            findings.add(Problem::error(path.key("name"), expected, got));
        }
        if !mount.get("mountPath").and_then(Value::as_str).is_some_and(|at| at.starts_with('/')) {
            let got = mount.get("mountPath").map_or_else(|| "nothing".to_owned(), shown);
            findings.add(Problem::error(path.key("mountPath"), "a path from `/`", got));
        }
    }
}
