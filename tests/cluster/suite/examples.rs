//! The manifests in `k8s/`, given to the cluster as people give them.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::deployer::{Deployer, config};
use crate::stand::{at, items, settings};

/// Files that are not Kubernetes objects, or are objects of kinds that this cluster does not have.
const OTHERS: [&str; 4] =
    ["operator-values.yaml", "podmonitor.yaml", "prometheusrule.yaml", "servicemonitor.yaml"];

/// The manifests, least first in the alphabet.
fn manifests() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../k8s");
    let entries = std::fs::read_dir(folder).expect("our own folder");
    let files = entries.map(|entry| entry.expect("our own folder").path());
    let mut files: Vec<_> = files
        .filter(|it| it.extension().is_some_and(|it| it == "yaml"))
        .filter(|it| !OTHERS.iter().any(|other| it.ends_with(other)))
        .collect();
    files.sort();
    files
}

#[test]
#[ignore = "needs a cluster: `.ci/run cluster`"]
fn the_examples_are_taken_and_become_pods() {
    // Some name a server that the operator knows by then.
    let _ours = settings();
    let deployer = Deployer::new("examples", &config("none", "examples", "s3://models/none"));
    let namespace = &deployer.namespace;
    let theirs = json!({"SKLEARN_SERVER": {"protocols": {
        "seldon": {"image": "seldonio/sklearnserver", "defaultImageVersion": "1.17.1"},
    }}});
    let patch = json!({"data": {"predictor_servers": theirs.to_string()}}).to_string();
    namespace.kubectl(&[
        "patch",
        "-n",
        "seldon-system",
        "configmap",
        "seldon-config",
        "-p",
        &patch,
    ]);
    let install = ["install", "--image", "radiant:0.1.0", "--override", "SKLEARN_SERVER"];
    let (out, _) = deployer.ends(0, &install);
    assert!(out.contains("seldon-config"), "{out}");
    let files = manifests();
    assert!(files.len() > 12, "{files:?}");
    // Each alone: some are the same deployment in several ways.
    for file in files {
        let name = file.display().to_string();
        namespace.kubectl(&["apply", "-f", &name]);
        let written = namespace.get(&["-f", &name]);
        let objects = match items(&written) {
            [] => std::slice::from_ref(&written),
            several => several,
        };
        for object in objects.iter().filter(|it| it["kind"] == "SeldonDeployment") {
            let name = at(object, "/metadata/name").as_str().unwrap_or_default();
            let label = format!("seldon-deployment-id={name}");
            namespace.until(&["pods", "-l", &label], |pods| !items(pods).is_empty());
        }
        namespace.kubectl(&["delete", "-f", &name]);
        namespace.until(&["deployments"], |deployments| items(deployments).is_empty());
    }
    deployer.ends(0, &["uninstall"]);
}
