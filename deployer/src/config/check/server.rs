//! Rules of what serves: image, parameters, variables, orchestrator.

use std::collections::BTreeMap;

use radiant_storage::oci::Reference;
use serde_json::Value;

use super::super::{Deployment, GraphNode, Mode, Orchestrator, Server};
use super::{Findings, resources};
use crate::config::keypath::KeyPath;
use crate::config::names;
use crate::config::problem::{Problem, quoted, shown};
use crate::config::units;
use crate::image::is_secret;

/// Variables that the operator sets for every container of a graph.
const OF_OPERATOR: [&str; 4] =
    ["PREDICTOR_ID", "PREDICTOR_LABELS", "SELDON_DEPLOYMENT_ID", "SELDON_EXECUTOR_ENABLED"];

/// Kubernetes gives a pod no longer than somebody waits for it.
const DRAIN_MAX_S: u64 = 3_600;

/// Whether Seldon's orchestrator stands before the model.
pub fn is_orchestrated(deployment: &Deployment) -> bool {
    let is_graph = deployment.graph.as_ref().is_some_and(|root| !root.children.is_empty());
    match deployment.server.engine {
        Orchestrator::On => true,
        Orchestrator::Auto => is_graph,
        Orchestrator::Off => false,
    }
}

pub(super) fn check(deployment: &Deployment, findings: &mut Findings) {
    let path = KeyPath::of("server");
    one(&deployment.server, &path, findings);
    if deployment.server.image.is_none() && needs_image(deployment) {
        let problem = Problem::error(path.key("image"), "the server's image", "none");
        findings.add(problem.hint(match &deployment.model.path {
            Some(_) => "make one that has the model: `radiant-deploy build MODEL --push IMAGE`",
            None => "make one: `radiant-deploy build --push IMAGE`, or use `mode: prepackaged`",
        }));
    }
    if deployment.model.method.is_some() && deployment.server.parameters.contains_key("method") {
        let expected = "`model.method` or `server.parameters.method`";
        findings.add(Problem::error(path.key("parameters").key("method"), expected, "both"));
    }
}

/// Rules of a server, that of the main model or of a variant.
pub(super) fn one(server: &Server, path: &KeyPath, findings: &mut Findings) {
    if let Some(image) = &server.image {
        self::image(image, &path.key("image"), findings);
    }
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if server.implementation.is_empty() || !server.implementation.chars().all(is_word) {
        let expected = "a name such as `RADIANT_SERVER`";
        let got = quoted(&server.implementation);
        findings.add(Problem::error(path.key("implementation"), expected, got));
    }
    parameters(&server.parameters, &path.key("parameters"), findings);
    env(&server.env, &path.key("env"), findings);
    resources::check(&server.resources, &path.key("resources"), findings);
    resources::check(&server.engine_resources, &path.key("engineResources"), findings);
    if units::duration(&server.drain).is_none_or(|drain| drain.as_secs() > DRAIN_MAX_S) {
        let expected = "a duration such as `10s`, of an hour at most";
        findings.add(Problem::error(path.key("drain"), expected, quoted(&server.drain)));
    }
}

/// An image's name, as Docker and Kubernetes read it.
pub(super) fn image(text: &str, path: &KeyPath, findings: &mut Findings) {
    let is_url = text.contains("://");
    let address =
        if text.contains('/') { text.to_owned() } else { format!("docker.io/library/{text}") };
    if is_url || text.trim() != text || Reference::parse(&address).is_err() {
        let expected = "an image as `registry/repository:tag`";
        findings.add(Problem::error(path.clone(), expected, quoted(text)));
    }
}

pub(super) fn parameters(
    parameters: &BTreeMap<String, Value>,
    path: &KeyPath,
    findings: &mut Findings,
) {
    for (name, value) in parameters {
        let path = path.key(name);
        if name == "model_uri" {
            let problem = Problem::error(path.clone(), "another name", "what `model.uri` becomes");
            findings.add(problem.hint("say it as `model.uri`"));
        }
        match parameter(value) {
            None => {
                let expected = "a text, a number of at most 64 bits, `true` or `false`";
                findings.add(Problem::error(path, expected, shown(value)));
            }
            Some((_, text)) if is_secret(name, &text) => {
                let expected = "nothing secret, as manifests show it";
                let problem = Problem::warning(path, expected, "what looks like a secret");
                findings.add(problem.hint("put it into a Secret: `credentials.existingSecret`"));
            }
            Some(_) => {}
        }
    }
}

/// Seldon's type of a parameter, and its text; `None` for what has none.
pub fn parameter(value: &Value) -> Option<(&'static str, String)> {
    match value {
        Value::Bool(flag) => Some(("BOOL", flag.to_string())),
        Value::Number(number) if number.is_i64() => Some(("INT", number.to_string())),
        Value::Number(number) if number.is_f64() => Some(("DOUBLE", number.to_string())),
        Value::String(text) => Some(("STRING", text.clone())),
        Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

pub(super) fn env(variables: &BTreeMap<String, String>, path: &KeyPath, findings: &mut Findings) {
    for (name, value) in variables {
        let path = path.key(name);
        findings.named(path.clone(), name, names::variable(name));
        if is_secret(name, value) {
            let problem = Problem::error(path, "nothing secret, as manifests show it", "a secret");
            findings.add(problem.hint(
                "put it into a Secret: `credentials.existingSecret` gives its keys to the container",
            ));
        } else if name.starts_with("PREDICTIVE_UNIT_") || OF_OPERATOR.contains(&name.as_str()) {
            let expected = "another name, as the operator sets this one";
            findings.add(Problem::error(path, expected, quoted(value)));
        }
    }
}

/// Whether something runs in the server's own image.
fn needs_image(deployment: &Deployment) -> bool {
    fn uses(node: &GraphNode) -> bool {
        (node.image.is_none() && node.implementation.is_none()) || node.children.iter().any(uses)
    }
    let is_ours = deployment.server.mode != Mode::Prepackaged;
    match &deployment.graph {
        Some(root) => is_ours && uses(root),
        // Without a model there is something else to say.
        None => is_ours && (deployment.model.uri.is_some() || deployment.model.path.is_some()),
    }
}
