//! Refusals with a `Status`, as the API server words them (Kubernetes' `meta/v1.Status`).

use anyhow::anyhow;
use kube::core::Status;

use super::{Asked, chained};
use crate::cluster::Place;
use crate::cluster::seldon::GROUP;
use crate::error::{Code, Failure};
use crate::output::clean;

/// How much of a message is told: pages of proxies come this way too.
const MESSAGE_CHARS_MAX: usize = 600;

/// A field that somebody else owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldConflict {
    /// Who owns it.
    pub(crate) manager: String,
    /// The field, such as `.spec.replicas`.
    pub(crate) field: String,
}

pub(super) fn explain(status: &Status, asked: &Asked, place: &Place) -> Failure {
    match status.code {
        401 => unauthorized(place),
        403 => forbidden(status, asked),
        404 => not_found(status, asked),
        409 => conflict(status, asked),
        400 | 413 | 422 => invalid(status, asked),
        429 | 503 => {
            let what = format!("{} is too busy, or starting: cannot {asked}", place.name());
            Failure::new(Code::Unreachable, anyhow!(message(status)).context(what))
                .hint("try again in a minute")
        }
        408 | 504 => {
            let what = format!("{} took too long: cannot {asked}", place.name());
            Failure::new(Code::Timeout, anyhow!(message(status)).context(what))
                .hint("try again; it may have been done all the same")
        }
        500 if status.message.contains("failed calling webhook") => webhook_gone(status, asked),
        500..=599 => {
            let what = format!("{} failed: cannot {asked}", place.name());
            Failure::new(Code::Unreachable, anyhow!(message(status)).context(what))
                .hint("try again; whoever runs the cluster finds more in the API server's log")
        }
        _ => {
            Failure::new(Code::Failed, anyhow!(message(status)).context(format!("cannot {asked}")))
        }
    }
}

/// What the server said, on one line and not too long of it.
fn message(status: &Status) -> String {
    let message = clean(&status.message);
    match message.char_indices().nth(MESSAGE_CHARS_MAX) {
        Some((end, _)) => format!("{}...", message.get(..end).unwrap_or_default()),
        None if message.is_empty() => format!("status {} {}", status.code, status.reason),
        None => message,
    }
}

fn unauthorized(place: &Place) -> Failure {
    let error = anyhow!("{} does not know these credentials", place.name());
    let hint = match &place.plugin {
        Some(plugin) => format!("`{}` gave them: log in anew with it", plugin.command),
        None => {
            "tokens and certificates end: fetch the kubeconfig anew, or log in again".to_owned()
        }
    };
    Failure::new(Code::Forbidden, error).hint(hint)
}

fn forbidden(status: &Status, asked: &Asked) -> Failure {
    let text = &status.message;
    let says = |word: &str| text.contains(word);
    let cannot = format!("cannot {asked}");
    if says("denied the request") {
        return webhook(status, asked);
    }
    if says("being terminated") {
        let error = anyhow!(message(status)).context(cannot);
        return Failure::new(Code::Conflict, error)
            .hint("the namespace is being deleted: wait until it is gone, or use another one");
    }
    if says("exceeded quota") || says("must specify") || says("failed quota") {
        let error = anyhow!(message(status)).context(cannot);
        return Failure::new(Code::Failed, error).hint(
            "set `server.resources` to less, or `scale` to fewer; `kubectl describe quota` shows what is left",
        );
    }
    if says("violates PodSecurity") || says("security context constraint") {
        let error = anyhow!(message(status)).context(cannot);
        return Failure::new(Code::Failed, error)
            .hint("the namespace's rules for pods say so: see `pod.securityContext`");
    }
    if says("usage per") || says("minimum") || says("maximum") {
        let error = anyhow!(message(status)).context(cannot);
        return Failure::new(Code::Failed, error)
            .hint("the namespace's LimitRange says so: see `server.resources`");
    }
    let place =
        asked.namespace.as_deref().map(|it| format!(" --namespace {it}")).unwrap_or_default();
    let user = between(text, "User \"", "\"");
    let bind = user.map(|user| format!(" --bind {}", subject(user))).unwrap_or_default();
    let user = user.map(|user| format!(" for user `{user}`")).unwrap_or_default();
    Failure::new(Code::Forbidden, anyhow!("no permission{user} to {asked}")).hint(format!(
        "whoever may grant it runs `radiant-deploy rbac{place}{bind} | kubectl apply -f -`"
    ))
}

/// A user as `rbac --bind` takes it; accounts of pods have names with their namespace.
fn subject(user: &str) -> String {
    match user.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':')) {
        Some((namespace, name)) => format!("serviceaccount:{namespace}/{name}"),
        None => format!("user:{user}"),
    }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    text.split_once(start)?.1.split_once(end).map(|(inner, _)| inner)
}

fn not_found(status: &Status, asked: &Asked) -> Failure {
    let kind = status.details.as_ref().map_or("", |details| details.kind.as_str());
    let namespace = asked.namespace.as_deref().unwrap_or_default();
    if kind == "namespaces" && !asked.resource.starts_with("namespaces") {
        return no_namespace(namespace);
    }
    // Whatever has no details has no such path: the kind itself is not known.
    if kind.is_empty() && asked.resource.ends_with(GROUP) {
        return no_operator();
    }
    if kind.is_empty() {
        let error = anyhow!("this cluster has no `{}`", asked.resource);
        return Failure::new(Code::NotFound, error)
            .hint("it is too old or too new for this, or an extension is not installed");
    }
    let name = asked.name.as_deref().unwrap_or_default();
    let place = asked.namespace.as_ref().map(|it| format!(" in namespace `{it}`"));
    let (kind, list) = match asked.resource.as_str() {
        "secrets" => ("Secret", "kubectl get secrets"),
        "configmaps" => ("ConfigMap", "kubectl get configmaps"),
        resource if resource.ends_with(GROUP) => ("SeldonDeployment", "radiant-deploy get"),
        resource => (resource, "radiant-deploy get"),
    };
    let error = anyhow!("no {kind} `{name}`{}", place.unwrap_or_default());
    let hint = format!("`{list} -A` lists what there is; `-n` names another namespace");
    Failure::new(Code::NotFound, error).hint(hint)
}

/// The failure that there is no such namespace.
pub(crate) fn no_namespace(name: &str) -> Failure {
    Failure::new(Code::NotFound, anyhow!("no namespace `{name}` in this cluster")).hint(format!(
        "create it with `kubectl create namespace {name}`, or name another with `-n`"
    ))
}

/// The failure that the cluster does not know SeldonDeployments.
pub(crate) fn no_operator() -> Failure {
    let error = anyhow!("this cluster does not know SeldonDeployments (`{GROUP}/v1`)");
    Failure::new(Code::NotFound, error).hint(
        "install Seldon Core's operator (chart `seldon-core-operator`, 1.2 or newer), or choose another \
         cluster with `--context`",
    )
}

fn conflict(status: &Status, asked: &Asked) -> Failure {
    let conflicts = conflicts(status);
    if !conflicts.is_empty() {
        let causes = conflicts.iter().map(|it| format!("`{}` owns `{}`", it.manager, it.field));
        let what = format!("others own fields of it: cannot {asked}");
        return Failure::new(Code::Conflict, chained(what, causes.collect())).hint(
            "leave these fields out of the configuration, or take them with `--force-conflicts`",
        );
    }
    let error = anyhow!(message(status)).context(format!("cannot {asked}"));
    let hint = match status.reason.as_str() {
        "AlreadyExists" => "it is there already: choose another name, or delete it first",
        _ => "somebody else changed it meanwhile: run this again",
    };
    Failure::new(Code::Conflict, error).hint(hint)
}

/// The fields of a server-side apply that others own.
pub(crate) fn conflicts(status: &Status) -> Vec<FieldConflict> {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    let ours = causes.filter(|cause| cause.reason == "FieldManagerConflict");
    let read = ours.map(|cause| FieldConflict {
        manager: between(&cause.message, "\"", "\"").unwrap_or(&cause.message).to_owned(),
        field: cause.field.clone(),
    });
    read.collect()
}

fn invalid(status: &Status, asked: &Asked) -> Failure {
    if status.message.contains("denied the request") {
        return webhook(status, asked);
    }
    let causes = status.details.iter().flat_map(|details| &details.causes);
    let told = causes.map(|cause| match cause.field.as_str() {
        "" => clean(&cause.message),
        field => format!("{field}: {}", clean(&cause.message)),
    });
    let mut told: Vec<String> = told.collect();
    if told.is_empty() {
        told.push(message(status));
    }
    let what = format!("the cluster does not take it: cannot {asked}");
    Failure::new(Code::Usage, chained(what, told)).hint(
        "`radiant-deploy render` shows what is sent, and `validate` checks it without a cluster",
    )
}

/// A webhook's own words, which name the field where they are Seldon's.
fn webhook(status: &Status, asked: &Asked) -> Failure {
    let text = message(status);
    let (head, denied) = text.split_once("denied the request: ").unwrap_or(("", &text));
    let name = between(head, "\"", "\"").unwrap_or("unknown");
    let what = format!("webhook `{name}` refuses it: cannot {asked}");
    let (code, hint) = if name.contains("seldon") || denied.contains("spec.predictors") {
        (Code::Usage, "`radiant-deploy validate` knows the same rules; `render` shows the field")
    } else {
        (Code::Failed, "it is a rule of this cluster's owner: ask them what it wants")
    };
    Failure::new(code, anyhow!(denied.to_owned()).context(what)).hint(hint)
}

fn webhook_gone(status: &Status, asked: &Asked) -> Failure {
    let text = message(status);
    let name = between(&text, "webhook \"", "\"").unwrap_or("unknown").to_owned();
    let what = format!("webhook `{name}` cannot be reached: cannot {asked}");
    let hint = if name.contains("seldon") {
        "Seldon's operator does not run: see `kubectl -n seldon-system get pods`"
    } else {
        "whoever runs the cluster must bring it back"
    };
    Failure::new(Code::Failed, anyhow!(text).context(what)).hint(hint)
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
