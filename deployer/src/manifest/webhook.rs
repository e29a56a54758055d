//! The rules of the operator's validating webhook, applied here: no cluster is needed to hear of
//! them, and a message names the place.
//!
//! Source: Seldon Core 1.18, `seldondeployment_webhook.go`. Names that cannot be part of the names of
//! Deployments and Services are refused as well: the webhook lets them pass, and the operator fails.

use std::collections::{BTreeMap, BTreeSet};

use super::problem::Problem;
use super::seldon::{PredictiveUnit, Predictor, SeldonDeployment};

/// The annotation that leaves the orchestrator out.
pub const NO_ENGINE: &str = "seldon.io/no-engine";
/// The annotation that names a predictor's Service.
pub const SVC_NAME: &str = "seldon.io/svc-name";

const PROTOCOLS: [&str; 4] = ["seldon", "tensorflow", "kfserving", "v2"];
/// Nodes that the orchestrator is itself: no server.
const BUILT_IN: [&str; 5] =
    ["SIMPLE_MODEL", "SIMPLE_ROUTER", "RANDOM_ABTEST", "AVERAGE_COMBINER", UNKNOWN];
const UNKNOWN: &str = "UNKNOWN_IMPLEMENTATION";
const NOT_TENSORFLOW: [&str; 4] =
    ["SKLEARN_SERVER", "XGBOOST_SERVER", "MLFLOW_SERVER", "HUGGINGFACE_SERVER"];
/// The one server that may fetch its model itself.
const WITHOUT_MODEL: &str = "HUGGINGFACE_SERVER";
const KAFKA: [&str; 3] = ["KAFKA_BROKER", "KAFKA_INPUT_TOPIC", "KAFKA_OUTPUT_TOPIC"];

/// What the rules do not let pass. `servers` are the names in the operator's `predictor_servers`,
/// where they are known.
pub(super) fn problems(
    object: &SeldonDeployment,
    servers: Option<&BTreeSet<String>>,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    words(object, &mut problems);
    let predictors = &object.spec.predictors;
    if predictors.is_empty() {
        problems.push(Problem::new("spec.predictors", "expected at least one, got none"));
    }
    names(predictors, &mut problems);
    traffic(predictors, &mut problems);
    for (index, predictor) in predictors.iter().enumerate() {
        let place = Place { object, servers, path: format!("spec.predictors[{index}]") };
        place.predictor(predictor, &mut problems);
    }
    problems
}

/// Fields of one word each.
fn words(object: &SeldonDeployment, problems: &mut Vec<Problem>) {
    let spec = &object.spec;
    let fields = [
        ("spec.protocol", &spec.protocol, &PROTOCOLS[..]),
        ("spec.transport", &spec.transport, &["rest", "grpc"][..]),
        ("spec.serverType", &spec.server_type, &["rpc", "kafka"][..]),
    ];
    for (path, value, allowed) in fields {
        let Some(value) = value.as_deref().filter(|value| !value.is_empty()) else { continue };
        if !allowed.contains(&value) {
            let message = format!("expected one of {}, got `{value}`", allowed.join(", "));
            problems.push(Problem::new(path, message));
        }
    }
}

/// Names of predictors and of their Services.
fn names(predictors: &[Predictor], problems: &mut Vec<Problem>) {
    let (mut seen, mut services) = (BTreeSet::new(), BTreeMap::new());
    for (index, predictor) in predictors.iter().enumerate() {
        let path = format!("spec.predictors[{index}]");
        let name = predictor.name.as_str();
        if !is_label(name) {
            let message = format!("expected a DNS label, got `{name}`");
            problems.push(Problem::new(format!("{path}.name"), message));
        } else if !seen.insert(name) {
            let message = format!("expected a name that no other predictor has, got `{name}`");
            problems.push(Problem::new(format!("{path}.name"), message));
        }
        let Some(service) = predictor.annotations.get(SVC_NAME) else { continue };
        if let Some(first) = services.insert(service, index) {
            let message = format!("expected a name of its own, got that of predictor {first}");
            problems.push(Problem::new(format!("{path}.annotations[{SVC_NAME:?}]"), message));
        }
    }
}

/// Shares of the traffic.
fn traffic(predictors: &[Predictor], problems: &mut Vec<Problem>) {
    let is_shadow = |predictor: &&Predictor| predictor.shadow == Some(true);
    let n_shadows = predictors.iter().filter(is_shadow).count();
    if n_shadows > 1 {
        let message = format!("expected one shadow at most, got {n_shadows}");
        problems.push(Problem::new("spec.predictors", message));
    }
    if n_shadows > 0 && n_shadows == predictors.len() {
        let message = "expected a predictor that answers, got shadows only";
        problems.push(Problem::new("spec.predictors", message));
    }
    let answering = predictors.iter().filter(|predictor| !is_shadow(predictor));
    let shares: Vec<i64> = answering.map(|it| it.traffic.unwrap_or(0).into()).collect();
    let sum: i64 = shares.iter().sum();
    let message = match shares.len() {
        0 => return,
        1 if sum == 0 || sum == 100 => return,
        1 => format!("expected 100 or none for the only predictor, got {sum}"),
        _ if sum == 100 => return,
        _ => format!("expected shares of the traffic that sum to 100, got {sum}"),
    };
    problems.push(Problem::new("spec.predictors", message));
}

/// A predictor and what must be known beside it.
struct Place<'a> {
    object: &'a SeldonDeployment,
    servers: Option<&'a BTreeSet<String>>,
    path: String,
}

impl Place<'_> {
    fn predictor(&self, predictor: &Predictor, problems: &mut Vec<Problem>) {
        let nodes = predictor.graph.nodes();
        // The key alone counts, whatever its value.
        if predictor.annotations.contains_key(NO_ENGINE) && nodes.len() > 1 {
            let message =
                format!("expected a graph of one node without orchestrator, got {}", nodes.len());
            problems.push(Problem::new(format!("{}.graph", self.path), message));
        }
        for (path, node) in nodes {
            let path = format!("{}.graph{path}", self.path);
            container(&path, node, predictor, problems);
            self.server(&path, node, problems);
            self.endpoint(&path, node, problems);
        }
        if self.object.spec.server_type.as_deref() == Some("kafka") {
            self.kafka(predictor, problems);
        }
    }

    /// A server that the operator knows by name.
    fn server(&self, path: &str, node: &PredictiveUnit, problems: &mut Vec<Problem>) {
        let Some(name) = implementation(node).filter(|name| !BUILT_IN.contains(name)) else {
            return;
        };
        if name != WITHOUT_MODEL && node.model_uri.as_deref().is_none_or(str::is_empty) {
            let message = format!("expected the address of a model for `{name}`, got none");
            problems.push(Problem::new(format!("{path}.modelUri"), message));
        }
        let path = format!("{path}.implementation");
        let is_tensorflow = self.object.spec.protocol.as_deref() == Some("tensorflow");
        if is_tensorflow && NOT_TENSORFLOW.contains(&name) {
            let message = format!("expected no protocol `tensorflow` with `{name}`, got it");
            problems.push(Problem::new(path.clone(), message));
        }
        if let Some(known) = self.servers.filter(|servers| !servers.contains(name)) {
            let known = known.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            let message =
                format!("expected a server that the operator knows ({known}), got `{name}`");
            problems.push(Problem::new(path, message));
        }
    }

    fn endpoint(&self, path: &str, node: &PredictiveUnit, problems: &mut Vec<Problem>) {
        let transport = self.object.spec.transport.as_deref().unwrap_or_default();
        let kind = node.endpoint.as_ref().and_then(|endpoint| endpoint.kind.as_deref());
        if let (Some(kind), false) = (kind, transport.is_empty())
            && !kind.eq_ignore_ascii_case(transport)
        {
            let message = format!("expected that of `spec.transport`, `{transport}`, got `{kind}`");
            problems.push(Problem::new(format!("{path}.endpoint.type"), message));
        }
        if let Some(logger) = &node.logger
            && logger.get("mode").and_then(|mode| mode.as_str()).is_none_or(str::is_empty)
        {
            let message = "expected one of request, response, all, got none";
            problems.push(Problem::new(format!("{path}.logger.mode"), message));
        }
    }

    fn kafka(&self, predictor: &Predictor, problems: &mut Vec<Problem>) {
        let variables = predictor.svc_orch_spec.iter().flat_map(|orchestrator| &orchestrator.env);
        let names: BTreeSet<&str> = variables.map(|variable| variable.name.as_str()).collect();
        for name in KAFKA.into_iter().filter(|name| !names.contains(name)) {
            let message = format!("expected the variable `{name}` for Kafka, got none");
            problems.push(Problem::new(format!("{}.svcOrchSpec.env", self.path), message));
        }
    }
}

/// A node without implementation is a container of its name.
fn container(
    path: &str,
    node: &PredictiveUnit,
    predictor: &Predictor,
    problems: &mut Vec<Problem>,
) {
    if !is_label(&node.name) {
        let message = format!("expected a DNS label, got `{}`", node.name);
        problems.push(Problem::new(format!("{path}.name"), message));
    }
    if implementation(node).is_some() {
        return;
    }
    let pods = predictor.component_specs.iter().filter_map(|component| component.spec.as_ref());
    let names: Vec<&str> =
        pods.flat_map(|pod| &pod.containers).map(|container| container.name.as_str()).collect();
    if !names.contains(&node.name.as_str()) {
        let got = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let message =
            format!("expected a container `{}` in `componentSpecs`, got {got}", node.name);
        problems.push(Problem::new(path, message));
    }
}

/// The implementation, where it is one.
fn implementation(node: &PredictiveUnit) -> Option<&str> {
    node.implementation.as_deref().filter(|name| !name.is_empty() && *name != UNKNOWN)
}

/// Whether it can be a part of an object's name: a DNS label (RFC 1123).
fn is_label(name: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    name.len() <= 63
        && !name.is_empty()
        && name.bytes().all(is_inner)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

#[cfg(test)]
mod tests;
