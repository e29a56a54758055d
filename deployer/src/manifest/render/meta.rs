//! Names, labels and annotations.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use super::{Context, RenderError, zenml};
use crate::config::{Deployment, Strategy};
use crate::manifest::problem::member;
use crate::manifest::webhook::{NO_ENGINE, SVC_NAME};

/// The label that names the configuration that an object is of.
pub const NAME_LABEL: &str = "radiant.dev/name";
/// The label of objects that this program writes, and what it says.
pub const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "radiant-deploy");
/// The annotation with the number of the revision, of objects and of pods.
pub const REVISION: &str = "radiant.dev/revision";
/// The annotation with the model's address.
pub const MODEL_URI: &str = "radiant.dev/model-uri";
/// The annotation with the digest of the model's files.
pub const MODEL_DIGEST: &str = "radiant.dev/model-digest";
/// The annotation with the model's format.
pub const MODEL_FORMAT: &str = "radiant.dev/model-format";
/// The annotation with the digest of what was rendered.
pub const CONFIG_HASH: &str = "radiant.dev/config-hash";

/// The annotation with how a revision takes over, where that is not pod by pod: whoever brings it back
/// does it in the same way.
const STRATEGY: (&str, &str) = ("radiant.dev/strategy", "recreate");

const ISTIO_HOST: &str = "seldon.io/istio-host";
const ISTIO_GATEWAY: &str = "seldon.io/istio-gateway";

/// The object's name: part of its URL, and the same for ever.
pub fn object_name(config: &Deployment) -> String {
    if config.compat.zenml { zenml::object_name(&config.name) } else { config.name.clone() }
}

/// Whether all old pods must end before those of a manifest begin.
pub fn is_recreated(manifest: &Value) -> bool {
    manifest["metadata"]["annotations"][STRATEGY.0] == STRATEGY.1
}

/// The object's metadata, without the hash of what was rendered.
pub(super) fn of_object(context: &Context<'_>) -> Result<ObjectMeta, RenderError> {
    let (config, facts) = (context.config, context.facts);
    let mut labels = config.labels.clone();
    let mut put = |key: &str, value: &str| labels.insert(key.to_owned(), value.to_owned());
    put("app.kubernetes.io/name", &config.name);
    put(MANAGED_BY.0, MANAGED_BY.1);
    put(NAME_LABEL, &config.name);
    let revision = facts.revision.map(|revision| revision.to_string());
    if let Some(revision) = &revision {
        put("app.kubernetes.io/version", revision);
    }
    let of_object = config.annotations.iter().filter(|(key, _)| place(key) == Place::Object);
    let mut annotations: BTreeMap<String, String> =
        of_object.map(|(key, value)| (key.clone(), value.clone())).collect();
    let uri = config.model.uri.as_deref();
    let digest = uri.and_then(|uri| facts.digests.get(uri)).or(config.model.digest.as_ref());
    let format = Some(config.model.format.as_str()).filter(|it| !["auto", ""].contains(it));
    let is_recreated = config.rollout.strategy == Strategy::Recreate;
    let ours = [
        (STRATEGY.0, is_recreated.then_some(STRATEGY.1)),
        (REVISION, revision.as_deref()),
        (MODEL_URI, uri),
        (MODEL_DIGEST, digest.map(String::as_str)),
        (MODEL_FORMAT, format.or(facts.format.as_deref())),
        (ISTIO_HOST, config.route.host.as_deref()),
        (ISTIO_GATEWAY, config.route.gateway.as_deref()),
    ];
    for (key, value) in ours {
        if let Some(value) = value {
            annotations.insert(key.to_owned(), value.to_owned());
        }
    }
    if config.compat.zenml {
        labels.extend(zenml::labels(config));
        annotations.extend(zenml::annotations(config)?);
    }
    Ok(ObjectMeta {
        name: Some(object_name(config)),
        namespace: config.namespace.clone().or(facts.namespace.clone()),
        labels: Some(labels),
        annotations: (!annotations.is_empty()).then_some(annotations),
        ..ObjectMeta::default()
    })
}

/// Annotations of the configuration that the operator and the pods read where all predictors are.
pub(super) fn of_spec(config: &Deployment) -> BTreeMap<String, String> {
    at(config, Place::Spec)
}

/// Annotations of the configuration that the operator reads at a predictor.
pub(super) fn of_predictors(config: &Deployment) -> BTreeMap<String, String> {
    at(config, Place::Predictor)
}

/// Refuses annotations that something else in the configuration says.
pub(super) fn check(config: &Deployment) -> Result<(), RenderError> {
    let instead = [
        (NO_ENGINE, "server.engine"),
        (ISTIO_HOST, "route.host"),
        (ISTIO_GATEWAY, "route.gateway"),
    ];
    for (key, field) in instead {
        if config.annotations.contains_key(key) {
            let path = member("annotations", key);
            return Err(RenderError::new(path, format!("it as `{field}`"), "an annotation"));
        }
    }
    Ok(())
}

fn at(config: &Deployment, wanted: Place) -> BTreeMap<String, String> {
    let annotations = config.annotations.iter().filter(|(key, _)| place(key) == wanted);
    annotations.map(|(key, value)| (key.clone(), value.clone())).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Object,
    Spec,
    Predictor,
}

/// Where the operator looks for an annotation. Routes are read at the object as well, where a change
/// does not reach the pods.
fn place(key: &str) -> Place {
    match key.strip_prefix("seldon.io/") {
        None => Place::Object,
        Some(_) if key == SVC_NAME || key == NO_ENGINE => Place::Predictor,
        Some(name) if name.starts_with("istio-") || name.starts_with("ambassador-") => {
            Place::Object
        }
        Some(_) => Place::Spec,
    }
}
