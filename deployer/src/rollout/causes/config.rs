//! Containers that cannot be set up or started.

use super::super::cause::{Cause, Kind, Severity};
use super::part::{Part, Role};

pub(super) fn cause(part: &Part<'_>) -> Option<Cause> {
    let (reason, message) = part.waiting()?;
    match reason {
        "CreateContainerConfigError" => Some(config(part, message)),
        "CreateContainerError" | "RunContainerError" | "PostStartHookError" => {
            Some(start(part, message))
        }
        _ => None,
    }
}

fn config(part: &Part<'_>, message: &str) -> Cause {
    let text = format!("{} cannot be set up: {message}", part.title());
    let cause = part.cause(Kind::Config, &text).severity(Severity::Terminal);
    let lower = message.to_ascii_lowercase();
    if lower.contains("runasnonroot") || lower.contains("non-root") {
        return cause
            .hint("the image runs as root: build it with another user, or set `runAsUser`")
            .field("pod.securityContext");
    }
    let is_fetching = part.role == Role::Initializer;
    if lower.contains("secret") {
        let field = if is_fetching || is_in_env_from(part) {
            "credentials.existingSecret".to_owned()
        } else {
            part.server_field("env")
        };
        return cause.hint("make the Secret with that key, or name another one").field(field);
    }
    if lower.contains("configmap") {
        return cause.hint("make the ConfigMap with that key").field(part.server_field("env"));
    }
    cause
}

fn start(part: &Part<'_>, message: &str) -> Cause {
    // Runtimes wrap it many times, with IDs that differ from pod to pod.
    let said = message.rsplit_once("runc create failed: ").map_or(message, |(_, said)| said);
    let said = said.rsplit_once("desc = ").map_or(said, |(_, said)| said);
    let text = format!("{} cannot be started: {said}", part.title());
    let cause = part.cause(Kind::Start, &text).severity(Severity::Terminal);
    let lower = said.to_ascii_lowercase();
    if lower.contains("executable file not found") || lower.contains("no such file or directory") {
        return cause
            .hint("the image holds no such program: is it an image of this server?")
            .field(part.server_field("image"));
    }
    if lower.contains("out of memory") || lower.contains("oom") {
        return cause
            .hint("the limit is too low to start anything")
            .field(part.resource_field("limits.memory"));
    }
    cause.severity(Severity::Stubborn)
}

/// Whether its environment comes from a Secret as a whole, as credentials do.
fn is_in_env_from(part: &Part<'_>) -> bool {
    let sources = part.spec.and_then(|spec| spec.env_from.as_ref());
    sources.into_iter().flatten().any(|source| source.secret_ref.is_some())
}
