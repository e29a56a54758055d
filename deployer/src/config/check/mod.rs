//! What a configuration must be beyond its form: rules of Kubernetes, of Seldon Core's operator, and
//! of what belongs together. All breaches are told at once.

mod graph;
mod model;
mod pod;
mod resources;
mod rollout;
mod scale;
mod server;
mod variants;

use std::collections::BTreeMap;

use super::document::{Deployment, Route};
use super::keypath::KeyPath;
use super::names;
use super::problem::{Problem, listed, quoted};

pub use server::{is_orchestrated, parameter};

/// Labels that are written here, or by the operator.
const OWN_LABELS: [&str; 6] = [
    "app.kubernetes.io/name",
    "app.kubernetes.io/managed-by",
    "app.kubernetes.io/version",
    "seldon-deployment-id",
    "seldon-app",
    "seldon.io/model",
];

/// What is ours below this prefix is written here.
const OWN_PREFIX: &str = "radiant.dev/";

/// What is found, in order.
#[derive(Debug, Default)]
struct Findings(Vec<Problem>);

impl Findings {
    fn add(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Something that is not as it must be, where a rule says what that is.
    fn named(&mut self, path: KeyPath, text: &str, rule: names::Named) {
        if let Err(expected) = rule {
            self.add(Problem::error(path, expected, quoted(text)));
        }
    }
}

/// All that is wrong with a configuration, as far as it alone tells.
pub(crate) fn check(deployment: &Deployment) -> Vec<Problem> {
    let mut findings = Findings::default();
    identity(deployment, &mut findings);
    model::check(deployment, &mut findings);
    server::check(deployment, &mut findings);
    scale::check(
        &deployment.scale,
        &deployment.server.resources,
        &KeyPath::of("scale"),
        &mut findings,
    );
    rollout::check(deployment, &mut findings);
    pod::check(deployment, &mut findings);
    if let Some(root) = &deployment.graph {
        graph::check(root, deployment.server.engine, &mut findings);
    }
    variants::check(deployment, &mut findings);
    findings.0
}

fn identity(deployment: &Deployment, findings: &mut Findings) {
    let Deployment { name, namespace, labels: own, annotations, .. } = deployment;
    findings.named(KeyPath::of("name"), name, names::service(name, names::DEPLOYMENT_MAX));
    if let Some(namespace) = namespace {
        findings.named(KeyPath::of("namespace"), namespace, names::label(namespace));
    }
    labels(own, &KeyPath::of("labels"), findings);
    self::annotations(annotations, &KeyPath::of("annotations"), deployment, findings);
    for (index, test) in deployment.tests.iter().enumerate() {
        if !test.tolerance.is_finite() || test.tolerance < 0.0 {
            let path = KeyPath::of("tests").index(index).key("tolerance");
            findings.add(Problem::error(path, "a number from 0", test.tolerance.to_string()));
        }
    }
    route(&deployment.route, findings);
}

/// Labels are never mangled: what Kubernetes would refuse is refused here.
fn labels(labels: &BTreeMap<String, String>, path: &KeyPath, findings: &mut Findings) {
    for (key, value) in labels {
        findings.named(path.key(key), key, names::qualified(key));
        findings.named(path.key(key), value, names::label_value(value));
        if OWN_LABELS.contains(&key.as_str()) || key.starts_with(OWN_PREFIX) {
            let expected = "another key, as this one is written for every deployment";
            findings.add(Problem::error(path.key(key), expected, quoted(value)));
        }
    }
}

fn annotations(
    annotations: &BTreeMap<String, String>,
    path: &KeyPath,
    deployment: &Deployment,
    findings: &mut Findings,
) {
    /// What Kubernetes takes of all annotations together (apimachinery, `TotalAnnotationSizeLimitB`).
    const BYTES_MAX: usize = 256 << 10;
    let bytes: usize = annotations.iter().map(|(key, value)| key.len() + value.len()).sum();
    if bytes > BYTES_MAX {
        let expected = format!("at most {BYTES_MAX} bytes of annotations");
        findings.add(Problem::error(path.clone(), expected, bytes.to_string()));
    }
    for (key, value) in annotations {
        findings.named(path.key(key), key, names::qualified(key));
        if key.starts_with(OWN_PREFIX) {
            let expected =
                "another key, as those of `radiant.dev/` are written for every deployment";
            findings.add(Problem::error(path.key(key), expected, quoted(value)));
        }
        if value.contains('=') && is_orchestrated(deployment) {
            let problem = Problem::error(path.key(key), "a value without `=`", quoted(value));
            findings.add(problem.hint(
                "Seldon's orchestrator leaves out all annotations of a pod when one value has it",
            ));
        }
    }
}

fn route(route: &Route, findings: &mut Findings) {
    let Route { base_url, host, gateway } = route;
    if base_url != "auto" && !is_base_url(base_url) {
        let expected = "`auto`, or an address such as `https://models.example.com`, without user, \
                        query and fragment";
        findings.add(Problem::error(KeyPath::of("route.baseUrl"), expected, masked(base_url)));
    }
    if let Some(host) = host {
        let plain = host.strip_prefix("*.").unwrap_or(host);
        findings.named(KeyPath::of("route.host"), host, names::subdomain(plain));
    }
    if let Some(gateway) = gateway {
        let (namespace, name) = gateway.split_once('/').unwrap_or(("default", gateway));
        if names::label(namespace).and_then(|()| names::subdomain(name)).is_err() {
            let expected = "a gateway as `namespace/name`";
            findings.add(Problem::error(KeyPath::of("route.gateway"), expected, quoted(gateway)));
        }
    }
}

/// An address that is told back: what stands before its host may be a password.
fn masked(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((_, place)) => quoted(&format!("***@{place}")),
        None => quoted(address),
    }
}

fn is_base_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let host = rest.split('/').next().unwrap_or_default();
    let is_plain = |c: char| c.is_ascii_graphic() && !matches!(c, '@' | '?' | '#' | '\\' | '"');
    matches!(scheme, "http" | "https") && !host.is_empty() && rest.chars().all(is_plain)
}

/// A choice in words, for what must be exactly one of several.
fn exactly_one(path: &KeyPath, names: &[&str], given: &[&str], findings: &mut Findings) {
    if given.len() > 1 {
        let got = given.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ");
        let expected = format!("only one of {}", listed(names.iter().copied()));
        findings.add(Problem::error(path.clone(), expected, got));
    }
}

#[cfg(test)]
mod tests;
