//! Containers that run and are not ready.

use k8s_openapi::api::core::v1::{Container, HTTPGetAction, Probe};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::super::cause::{Cause, Kind, ProbeAt, Severity};
use super::super::event::{is_since, message, reason};
use super::part::{Part, Role};

pub(super) fn cause(part: &Part<'_>) -> Option<Cause> {
    let started = part.started().filter(|_| !part.status.ready);
    let events = part.events();
    // What was said of a former run says nothing of this one.
    let failed = started.and_then(|started| {
        events.iter().find(|event| reason(event) == "Unhealthy" && is_since(event, Some(started)))
    })?;
    let text = message(failed);
    let name = text.split_once(" probe ").map_or("", |(name, _)| name).to_ascii_lowercase();
    let name = if name.is_empty() { "health".to_owned() } else { name };
    let said = said(part, text);
    let whole = format!("{} is not ready: its {name} probe failed: {said}", part.title());
    let mut cause = part.cause(Kind::NotReady, &whole).severity(Severity::Passing).since(started);
    cause.probe = readiness(part).and_then(|http| address(part, http));
    cause.log = Some(part.log());
    Some(if said.starts_with("HTTP 404") {
        cause
            .hint("nothing answers at the probe's path: is the image one of this server?")
            .field(part.server_field("image"))
    } else if said.starts_with("no answer") {
        cause
            .hint("it answers too slowly: give it more CPU")
            .field(part.resource_field("requests.cpu"))
    } else if part.role == Role::Engine {
        cause.hint("it waits for the graph's servers")
    } else {
        cause
    })
}

/// What a probe got, without the pod's address, which differs from pod to pod.
pub(super) fn said(part: &Part<'_>, event: &str) -> String {
    let said = event.split_once("failed: ").or_else(|| event.split_once("errored: "));
    let said = said.map_or(event, |(_, said)| said);
    let path = readiness(part).and_then(|http| http.path.as_deref()).unwrap_or_default();
    if let Some(code) = said.strip_prefix("HTTP probe failed with statuscode: ") {
        return format!("HTTP {code} {path}").trim_end().to_owned();
    }
    if said.contains("connection refused") {
        let port = said.split_once("dial tcp ").and_then(|(_, rest)| rest.split_once(": connect"));
        let port = port.and_then(|(address, _)| address.rsplit_once(':')).map(|(_, port)| port);
        return match port {
            Some(port) => format!("nobody listens on port {port} yet"),
            None => "nobody listens yet".to_owned(),
        };
    }
    let is_late = ["deadline exceeded", "Client.Timeout", "i/o timeout", "timed out"];
    if is_late.iter().any(|words| said.contains(words)) {
        let limit = probes(part).find_map(|probe| probe.timeout_seconds).unwrap_or(1);
        return format!("no answer within {limit} s {path}").trim_end().to_owned();
    }
    said.to_owned()
}

fn probes<'a>(part: &Part<'a>) -> impl Iterator<Item = &'a Probe> {
    let spec = part.spec;
    spec.into_iter().flat_map(|it| it.readiness_probe.iter().chain(&it.startup_probe))
}

fn readiness<'a>(part: &Part<'a>) -> Option<&'a HTTPGetAction> {
    probes(part).find_map(|probe| probe.http_get.as_ref())
}

/// Where the probe asks; TLS is passed over, because the certificate is not for us.
fn address(part: &Part<'_>, http: &HTTPGetAction) -> Option<ProbeAt> {
    let is_plain = http.scheme.as_deref().is_none_or(|it| it.eq_ignore_ascii_case("http"));
    let port = match &http.port {
        IntOrString::Int(port) => *port,
        IntOrString::String(name) => port_named(part.spec?, name)?,
    };
    Some(ProbeAt {
        pod: part.spot.name().to_owned(),
        port: u16::try_from(port).ok().filter(|_| is_plain)?,
        path: http.path.clone().unwrap_or_else(|| "/".to_owned()),
    })
}

fn port_named(spec: &Container, name: &str) -> Option<i32> {
    let mut ports = spec.ports.iter().flatten();
    ports.find(|port| port.name.as_deref() == Some(name)).map(|port| port.container_port)
}
