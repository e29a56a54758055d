//! Fetching models: the init container that a node with a `modelUri` gets.

use serde_json::{Value, json};

use super::container::MODELS;
use super::settings::Settings;
use super::spec::Node;
use crate::object::{add_named, list_mut};

/// Where volumes of other people are mounted that hold models.
const CLAIMS: &str = "/mnt/pvc";

/// Adds to a pod what brings a node's model to where its container looks for it.
pub(crate) fn inject(pod: &mut Value, node: &Node, settings: &Settings) {
    let Some(uri) = node.model_uri() else { return };
    if node.server().is_none() && !settings.fetches_for_all {
        return;
    }
    let volume = format!("{}-provision-location", node.name);
    mount(pod, &node.name, &json!({"name": volume, "mountPath": MODELS, "readOnly": true}));
    let name = format!("{}-model-initializer", node.name);
    let Some(containers) = list_mut(pod, "initContainers") else { return };
    // One that is there already has a volume of its own as well.
    if containers.iter().any(|container| container["name"] == name.as_str()) {
        return;
    }
    let claim = uri.strip_prefix("pvc://").map(|rest| rest.split_once('/').unwrap_or((rest, "")));
    let source = claim.map_or_else(|| uri.to_owned(), |(_, path)| format!("{CLAIMS}/{path}"));
    let mut mounts = vec![json!({"name": volume, "mountPath": MODELS})];
    let claim_mount =
        json!({"name": "kfserving-pvc-source", "mountPath": CLAIMS, "readOnly": true});
    if claim.is_some() {
        mounts.push(claim_mount.clone());
    }
    let from = node.env_secret_ref_name.as_ref().filter(|name| !name.is_empty());
    let from = from.or(settings.default_env_secret.as_ref());
    let from = from.map(|name| json!({"secretRef": {"name": name}}));
    containers.push(json!({
        "name": name,
        "image": image(node, settings),
        "imagePullPolicy": "IfNotPresent",
        "args": [source, MODELS],
        "envFrom": Vec::from_iter(from),
        "resources": settings.config.initializer_resources(),
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": mounts,
    }));
    if let Some(volumes) = list_mut(pod, "volumes") {
        add_named(volumes, json!({"name": volume, "emptyDir": {}}));
        if let Some((claim, _)) = claim {
            let claim = json!({"claimName": claim, "readOnly": true});
            add_named(
                volumes,
                json!({"name": "kfserving-pvc-source", "persistentVolumeClaim": claim}),
            );
        }
    }
    if claim.is_some() {
        mount(pod, &node.name, &claim_mount);
    }
}

/// The image that fetches: the node's own, or the one that is set for all.
fn image<'a>(node: &'a Node, settings: &'a Settings) -> &'a str {
    let own = node.storage_initializer_image.as_deref().filter(|image| !image.is_empty());
    own.or(settings.config.initializer_image()).unwrap_or(&settings.initializer_image)
}

/// Mounts a volume into a container unless something is there.
fn mount(pod: &mut Value, container: &str, mount: &Value) {
    let Some(containers) = list_mut(pod, "containers") else { return };
    let Some(container) = containers.iter_mut().find(|there| there["name"] == container) else {
        return;
    };
    let Some(mounts) = list_mut(container, "volumeMounts") else { return };
    if !mounts.iter().any(|there| there["mountPath"] == mount["mountPath"]) {
        mounts.push(mount.clone());
    }
}
