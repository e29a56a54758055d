//! Deployments whose pods may not be made, or that have given up.

use super::super::cause::{Cause, Kind, ObjectRef, Severity};
use super::super::event::{About, about, first, last, message, reason};
use super::super::family::{Member, name};
use super::super::observed::Observed;

pub(super) fn causes(observed: &Observed, member: &Member<'_>) -> Vec<Cause> {
    let deployment = || ObjectRef { kind: "Deployment", name: member.name().to_owned() };
    let mut causes: Vec<_> = refused(observed, member).into_iter().collect();
    let is_paused = member.deployment.spec.as_ref().is_some_and(|spec| spec.paused == Some(true));
    if is_paused {
        let text = "the Deployment is paused: nothing new comes of it";
        let cause = Cause::new(Kind::Paused, deployment(), text).severity(Severity::Passing);
        causes.push(cause.hint(format!("`radiant-deploy rollout resume {}`", observed.name)));
    }
    if let Some(text) = deadline(member) {
        let cause = Cause::new(Kind::DeadlineExceeded, deployment(), &text);
        causes.push(cause.severity(Severity::Terminal));
    }
    causes
}

/// Whether Kubernetes itself says that nothing goes on any more. Old pods may serve well meanwhile.
pub(in super::super) fn deadline(member: &Member<'_>) -> Option<String> {
    let progressing = member.condition("Progressing").filter(|_| member.is_seen())?;
    let is_over = progressing.status == "False"
        && progressing.reason.as_deref() == Some("ProgressDeadlineExceeded");
    let limit = member.deployment.spec.as_ref().and_then(|spec| spec.progress_deadline_seconds);
    let limit = limit.unwrap_or(600);
    is_over.then(|| format!("no pod got further for {limit} s (ProgressDeadlineExceeded)"))
}

/// What the API server said when pods were to be made.
fn refused(observed: &Observed, member: &Member<'_>) -> Option<Cause> {
    let set = member.replica_set?;
    let status = set.status.clone().unwrap_or_default();
    let wanted = set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(0);
    if status.replicas >= wanted {
        return None;
    }
    let mut conditions = status.conditions.iter().flatten();
    let condition = conditions.find(|it| it.type_ == "ReplicaFailure" && it.status == "True");
    let uid = set.metadata.uid.as_deref().unwrap_or_default();
    let events =
        about(&observed.events, About { kind: "ReplicaSet", name: name(&set.metadata), uid });
    let is_of = |wanted: &str| events.iter().find(|event| reason(event) == wanted);
    let (said, since) = if let Some(it) = condition {
        (it.message.as_deref()?, it.last_transition_time.as_ref().map(|time| time.0))
    } else {
        let failed = is_of("FailedCreate")?;
        if is_of("SuccessfulCreate").is_some_and(|made| last(made) > last(failed)) {
            return None;
        }
        (message(failed), first(failed))
    };
    let object = ObjectRef { kind: "ReplicaSet", name: name(&set.metadata).to_owned() };
    Some(advise(object, plain(said)).since(since))
}

/// The message without the name of the pod, which nobody has given and no other message repeats.
fn plain(said: &str) -> &str {
    let said = said.strip_prefix("Error creating: ").unwrap_or(said);
    let rest = said.strip_prefix("pods \"").and_then(|rest| rest.split_once("\" is forbidden: "));
    rest.map_or(said, |(_, why)| why)
}

fn advise(object: ObjectRef, said: &str) -> Cause {
    let cause = Cause::new(Kind::PodsRefused, object, &format!("pods may not be made: {said}"));
    let lower = said.to_ascii_lowercase();
    let has = |words: &str| lower.contains(words);
    if has("exceeded quota") {
        return cause
            .hint("ask for less, or for fewer pods, or have the namespace's quota raised")
            .field(quota_field(said));
    }
    let cause = cause.severity(Severity::Terminal);
    if has("must specify") {
        return cause
            .hint("the namespace's quota counts what every container must then say")
            .field(must_specify(said));
    }
    if has("violates podsecurity") || has("pod security policy") || has("podsecuritypolicy") {
        return cause
            .hint("give pods what the namespace's policy asks for")
            .field("pod.securityContext");
    }
    if has("service account") || has("serviceaccount") {
        return cause.hint("make the ServiceAccount").field("credentials.serviceAccount");
    }
    if has("priorityclass") {
        return cause.hint("name a PriorityClass that is there").field("pod.priorityClassName");
    }
    if has("admission webhook") && has("denied") {
        return cause.hint("a policy of the cluster refuses it: see what it asks for");
    }
    if has("failed calling webhook") {
        let hint = "a webhook of the cluster does not answer: its owner must repair it";
        return cause.severity(Severity::Stubborn).hint(hint);
    }
    if has(" usage per ") || has("limit to request ratio") {
        return cause
            .hint("keep to the namespace's LimitRange")
            .field(format!("server.resources.{}", limit_range_field(said)));
    }
    cause.severity(Severity::Stubborn)
}

/// `exceeded quota: small, requested: limits.memory=1Gi, ...`
fn quota_field(said: &str) -> String {
    let requested = said.split_once("requested: ").map_or("", |(_, rest)| rest);
    let resource = requested.split(['=', ',']).next().unwrap_or_default();
    match resource {
        "pods" | "count/pods" | "" => "scale.replicas".to_owned(),
        "cpu" | "memory" => format!("server.resources.requests.{resource}"),
        _ => format!("server.resources.{resource}"),
    }
}

/// `failed quota: small: must specify limits.cpu for: model; limits.memory for: model`
fn must_specify(said: &str) -> String {
    let rest = said.split_once("must specify ").map_or("", |(_, rest)| rest);
    let resource = rest.split([',', ' ', ';']).next().unwrap_or_default();
    match resource {
        "cpu" | "memory" => format!("server.resources.requests.{resource}"),
        _ => format!("server.resources.{resource}"),
    }
}

/// `maximum memory usage per Container is 1Gi, but limit is 2Gi`
fn limit_range_field(said: &str) -> String {
    let resource = ["cpu", "memory", "ephemeral-storage"].into_iter().find(|it| said.contains(it));
    let is_request = said.contains("but request is") || said.starts_with("minimum");
    let list = if is_request { "requests" } else { "limits" };
    resource.map_or(list.to_owned(), |resource| format!("{list}.{resource}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_names_its_field() {
        let cases = [
            (
                r#"pods "fraud-x" is forbidden: exceeded quota: small, requested: limits.memory=1Gi, used: limits.memory=4Gi, limited: limits.memory=4Gi"#,
                "server.resources.limits.memory",
            ),
            (
                r#"pods "f" is forbidden: exceeded quota: small, requested: pods=1, used: pods=4, limited: pods=4"#,
                "scale.replicas",
            ),
            (
                r#"pods "f" is forbidden: exceeded quota: q, requested: requests.cpu=4"#,
                "server.resources.requests.cpu",
            ),
            (
                r#"pods "f" is forbidden: failed quota: q: must specify limits.cpu,limits.memory"#,
                "server.resources.limits.cpu",
            ),
            (
                r#"pods "f" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false"#,
                "pod.securityContext",
            ),
            (
                r#"pods "f" is forbidden: unable to validate against any pod security policy: []"#,
                "pod.securityContext",
            ),
            (
                r#"pods "f" is forbidden: error looking up service account ml/irsa: serviceaccount "irsa" not found"#,
                "credentials.serviceAccount",
            ),
            (
                r#"pods "f" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi"#,
                "server.resources.limits.memory",
            ),
            (
                r#"pods "f" is forbidden: minimum cpu usage per Container is 100m, but request is 10m"#,
                "server.resources.requests.cpu",
            ),
            (
                r#"pods "f" is forbidden: no PriorityClass with name high was found"#,
                "pod.priorityClassName",
            ),
        ];
        for (said, field) in cases {
            let object = ObjectRef { kind: "ReplicaSet", name: "f".to_owned() };
            let cause = advise(object, plain(said));
            assert_eq!(cause.field.as_deref(), Some(field), "{said}");
            assert!(!cause.text.contains("is forbidden"), "{}", cause.text);
        }
    }

    #[test]
    fn a_webhook_that_denies_stays_and_one_that_is_away_may_come_back() {
        let of = |said| {
            let object = ObjectRef { kind: "ReplicaSet", name: "f".to_owned() };
            advise(object, said).severity
        };
        assert_eq!(
            of(r#"admission webhook "p.example" denied the request: no"#),
            Severity::Terminal
        );
        assert_eq!(
            of(r#"Internal error occurred: failed calling webhook "p""#),
            Severity::Stubborn
        );
    }
}
