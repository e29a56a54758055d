//! Images that cannot be had.

use super::super::cause::{Cause, Kind, Severity};
use super::super::event::{message, reason};
use super::part::{Part, Role};

/// Source: the kubelet's reasons for a container that waits for its image.
const REASONS: [&str; 6] = [
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "RegistryUnavailable",
    "ImageInspectError",
];

pub(super) fn cause(part: &Part<'_>) -> Option<Cause> {
    let (reason, waiting) = part.waiting().filter(|(reason, _)| REASONS.contains(reason))?;
    let image = part.image();
    if reason == "InvalidImageName" {
        let cause = part.cause(Kind::Image, &format!("`{image}` is no name of an image"));
        return Some(
            with_field(part, cause, "write it as `registry/repository:tag`")
                .severity(Severity::Terminal),
        );
    }
    if reason == "ErrImageNeverPull" {
        let text = format!("image `{image}` is not on the node, and may not be pulled");
        let cause = part.cause(Kind::Image, &text).severity(Severity::Terminal);
        return Some(with_field(part, cause, "load it into all nodes, or push it to a registry"));
    }
    let said = said(part, waiting);
    let text = format!("image `{image}` cannot be pulled: {said}");
    let lower = said.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let cause = part.cause(Kind::Image, &text);
    // Registries say `not found` of what a stranger may not see, too: who may not is told first.
    Some(
        if has(&["unauthorized", "denied", "forbidden", "authentication required", "no basic auth"])
        {
            cause
            .hint("name a Secret for the registry, or check what it holds, and check the image's name")
            .field("pod.imagePullSecrets")
        } else if has(&["no match for platform", "exec format"]) {
            with_field(
                part,
                cause,
                "build it for the nodes' platform: `radiant-deploy build --platform`",
            )
            .severity(Severity::Terminal)
        } else if has(&["not found", "manifest unknown", "name unknown", "does not exist"]) {
            with_field(
                part,
                cause,
                "check the tag: `radiant-deploy build --push` makes and names one",
            )
        } else if has(&["x509", "certificate", "http response to https client"]) {
            cause.hint("the nodes' container runtime must trust the registry: its settings are on the nodes")
        } else if has(&[
            "no such host",
            "i/o timeout",
            "connection refused",
            "dial tcp",
            "too many requests",
        ]) {
            with_field(
                part,
                cause,
                "the nodes cannot reach the registry, or it refuses so many pulls",
            )
        } else {
            with_field(part, cause, "check the name and the registry")
        },
    )
}

/// Only images of ours have a field.
fn with_field(part: &Part<'_>, cause: Cause, hint: &str) -> Cause {
    match part.role {
        Role::Model | Role::Node => cause.hint(hint).field(part.server_field("image")),
        Role::Engine | Role::Initializer | Role::Other => {
            cause.hint(format!("{hint}; the operator or an admission webhook chose this image"))
        }
    }
}

/// What the registry said. While pulls are put off the state says only that: the event has the rest.
fn said(part: &Part<'_>, waiting: &str) -> String {
    let is_vague = waiting.is_empty()
        || waiting.starts_with("Back-off pulling image") && !waiting.contains("rpc error");
    let events = part.events();
    let failed = events.iter().find(|event| {
        reason(event) == "Failed" && message(event).starts_with("Failed to pull image")
    });
    let text = match failed {
        Some(event) if is_vague => message(event),
        _ => waiting,
    };
    // Each layer of the kubelet says once more that it failed; the last one says why.
    let text = text.rsplit_once("desc = ").map_or(text, |(_, said)| said);
    let prefix = format!("Failed to pull image \"{}\": ", part.image());
    text.strip_prefix(&prefix).unwrap_or(text).to_owned()
}
