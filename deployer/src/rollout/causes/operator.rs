//! What the operator says, and what it means when it says nothing.

use std::time::Duration;

use super::super::cause::{Cause, Kind, ObjectRef, Severity};
use super::super::event::{About, about, first, is_since, is_warning, last, message};
use super::super::family::{Family, Group, Member};
use super::super::observed::{Observed, Operator};
use super::super::sdep::{CONTROLLER_ID, Sdep, State, has_lasted};

/// How long an operator may take to begin.
pub(in super::super) const SILENCE: Duration = Duration::from_secs(30);

fn sdep_ref(observed: &Observed) -> ObjectRef {
    ObjectRef { kind: "SeldonDeployment", name: observed.name.clone() }
}

/// Its description of a failure, and warnings about the present spec.
pub(super) fn said(observed: &Observed, sdep: Sdep<'_>) -> Vec<Cause> {
    let mut causes = Vec::new();
    let is_failed = sdep.state() == State::Failed && !sdep.may_be_outdated(observed.now, SILENCE);
    if is_failed {
        let text = match sdep.description() {
            "" => "the operator says Failed, and not why",
            description => description,
        };
        causes.push(operator(observed, text).severity(Severity::Terminal));
    }
    let object = About { kind: "SeldonDeployment", name: &observed.name, uid: sdep.uid() };
    let events = about(&observed.events, object);
    let warned = events.iter().filter(|it| is_warning(it) && is_since(it, sdep.spec_written()));
    for event in warned {
        let cause = operator(observed, message(event)).since(first(event));
        // The operator puts the text of an event into the description as well.
        let is_told = causes.iter().any(|it: &Cause| it.text.contains(&cause.text));
        let has_passed = events.iter().any(|it| !is_warning(it) && last(it) > last(event));
        if !is_told && !has_passed && !message(event).is_empty() {
            causes.push(cause);
        }
    }
    causes
}

fn operator(observed: &Observed, text: &str) -> Cause {
    let cause = Cause::new(Kind::Operator, sdep_ref(observed), text);
    let lower = text.to_ascii_lowercase();
    if lower.contains("no entry in predictors map") {
        return cause
            .hint("the operator knows no server of that name: `radiant-deploy install` adds ours")
            .field("server.implementation");
    }
    if lower.contains("can't find container for predictive unit") {
        return cause
            .hint("a graph's node and its container must have the same name")
            .field("graph");
    }
    if lower.contains("no longer progressing") {
        return cause.severity(Severity::Terminal);
    }
    cause
}

/// Parts of the operator's work that are not done, where nothing else explains the delay.
pub(super) fn conditions(sdep: Sdep<'_>) -> Vec<Cause> {
    let summaries = ["Ready", "DeploymentsReady"];
    let open =
        sdep.conditions().filter(|it| it.holds == Some(false) && !summaries.contains(&it.kind));
    open.filter(|it| !it.message.is_empty() || !it.reason.is_empty())
        .map(|it| {
            let object = ObjectRef { kind: "SeldonDeployment", name: it.kind.to_owned() };
            let said = if it.message.is_empty() { it.reason } else { it.message };
            let text = format!("the operator has not done its part `{}` yet: {said}", it.kind);
            Cause::new(Kind::Condition, object, &text).severity(Severity::Passing)
        })
        .collect()
}

/// Templates that have no Deployment though the operator has had its time.
pub(super) fn missing(observed: &Observed, sdep: Sdep<'_>, family: &Family<'_>) -> Option<Cause> {
    let since = sdep.spec_written();
    let is_late = since.is_some_and(|since| has_lasted(since, observed.now, SILENCE));
    let missing = family.groups.iter().filter(|group| group.n_missing > 0);
    let names: Vec<_> = missing.map(|group| group.predictor.name).collect();
    if !is_late || names.is_empty() || !sdep.has_status() {
        return None;
    }
    let text =
        format!("the operator has made no Deployment for predictor `{}`", names.join("`, `"));
    let cause = Cause::new(Kind::DeploymentMissing, sdep_ref(observed), &text).since(since);
    Some(
        cause.hint(
            "its log says why: `kubectl logs -n seldon-system deploy/seldon-controller-manager`",
        ),
    )
}

/// A spec that has not come to its Deployments though the operator has had its time. Only where templates
/// name their revision can that be told from images that somebody else replaces.
pub(super) fn behind(observed: &Observed, sdep: Sdep<'_>, family: &Family<'_>) -> Option<Cause> {
    let since = sdep.spec_written();
    let is_late = since.is_some_and(|since| has_lasted(since, observed.now, SILENCE));
    if !is_late || sdep.state() == State::Failed {
        return None;
    }
    let is_behind = |(group, member): &(&Group<'_>, &Member<'_>)| {
        group.predictor.revision().is_some() && !member.is_current
    };
    let (_, member) = family.members().find(is_behind)?;
    let name = member.name();
    let text = format!("the operator has not brought the present spec to Deployment `{name}`");
    let cause = Cause::new(Kind::Operator, sdep_ref(observed), &text).since(since);
    Some(cause.hint("does it run, and watch this namespace? `radiant-deploy doctor` looks"))
}

/// Why no operator has looked at an object, as far as can be seen; nothing while it may still come.
pub(in super::super) fn ignored(observed: &Observed, sdep: Sdep<'_>) -> Option<Cause> {
    if sdep.has_status() || !observed.deployments.is_empty() {
        return None;
    }
    let since = sdep.created();
    if !since.is_some_and(|since| has_lasted(since, observed.now, SILENCE)) {
        return None;
    }
    let (text, hint) = why_ignored(observed, sdep);
    let cause = Cause::new(Kind::Ignored, sdep_ref(observed), &text).since(since);
    Some(cause.severity(Severity::Terminal).hint(hint))
}

fn why_ignored(observed: &Observed, sdep: Sdep<'_>) -> (String, String) {
    let namespace = &observed.namespace;
    let around = &observed.surroundings;
    let of_namespace =
        around.namespace_labels.as_ref().and_then(|labels| labels.get(CONTROLLER_ID)).cloned();
    let operators = around.operators.as_deref();
    let looks = |it: &&Operator| {
        let is_watched = it.watches.as_ref().is_none_or(|watched| watched == namespace);
        let id = it.controller_id.as_deref();
        is_watched && id == sdep.controller_id().or(of_namespace.as_deref())
    };
    if let Some(id) = sdep.controller_id()
        && operators.is_none_or(|all| !all.iter().any(|it| it.controller_id.as_deref() == Some(id)))
    {
        let text = format!(
            "the object's label `{CONTROLLER_ID}: {id}` leaves it to an operator of that name, and none has looked at it"
        );
        return (text, "remove the label, or correct it".to_owned());
    }
    if let Some(id) = &of_namespace
        && operators.is_none_or(|all| !all.iter().any(|it| looks(&it)))
    {
        let text = format!(
            "the namespace `{namespace}` has the label `{CONTROLLER_ID}: {id}`: only an operator of that name looks at it, and none has"
        );
        return (text, "remove the label, or start that operator in the namespace".to_owned());
    }
    if operators.is_some_and(<[Operator]>::is_empty) {
        let text =
            "no operator has looked at the object, and the cluster has none of the usual name";
        let hint = "have Seldon Core v1's operator installed, or look after the one that there is";
        return (text.to_owned(), hint.to_owned());
    }
    let Some(operators) = operators else {
        let text = "no operator has looked at the object".to_owned();
        let hint = format!(
            "is Seldon's operator running, and does it watch the namespace `{namespace}`? `radiant-deploy doctor` looks"
        );
        return (text, hint);
    };
    match operators.iter().find(looks) {
        Some(it) if it.available == 0 => {
            let text = format!(
                "the operator in `{}` does not run: none of its pods is available",
                it.namespace
            );
            (text, format!("`kubectl get pods -n {}` says why", it.namespace))
        }
        Some(it) => {
            let text = format!(
                "the operator in `{}` runs, and has not looked at the object",
                it.namespace
            );
            (
                text,
                format!(
                    "its log says why: `kubectl logs -n {} deploy/seldon-controller-manager`",
                    it.namespace
                ),
            )
        }
        None => {
            let watched: Vec<_> = operators.iter().filter_map(|it| it.watches.as_deref()).collect();
            let text = format!(
                "no operator watches the namespace `{namespace}`: there is one for `{}`",
                watched.join("`, `")
            );
            (text, "deploy there, or have the operator watch this namespace".to_owned())
        }
    }
}

/// What must be done before a deleted object may go.
pub(in super::super) fn finalizers(observed: &Observed, sdep: Sdep<'_>) -> Option<Cause> {
    let since = sdep.deleted()?;
    let finalizers = sdep.finalizers();
    if finalizers.is_empty() || !has_lasted(since, observed.now, SILENCE) {
        return None;
    }
    let names = finalizers.join("`, `");
    let text = format!("it is to be deleted, and waits for what `{names}` has to do");
    let cause = Cause::new(Kind::Finalizer, sdep_ref(observed), &text).since(Some(since));
    Some(cause.hint("whoever set the finalizer must run; `kubectl edit` removes it by force"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::fixture::{NOW, Stage};
    use super::*;

    fn silent() -> Stage {
        let mut stage = Stage::ready();
        stage.observed.deployments.clear();
        stage.sdep()["status"] = json!({});
        stage
    }

    fn told(stage: &Stage) -> Option<(String, String)> {
        let object = stage.observed.sdep.clone().expect("there is one");
        let cause = ignored(&stage.observed, Sdep::new(&object))?;
        Some((cause.text, cause.hint.unwrap_or_default()))
    }

    #[test]
    fn a_spec_that_no_operator_passes_on_is_told_after_half_a_minute() {
        for (written, is_told) in [("2026-10-01T09:59:00Z", true), (NOW, false)] {
            let mut stage = Stage::ready();
            stage.sdep()["metadata"]["managedFields"] =
                json!([{"time": written, "fieldsV1": {"f:spec": {}}}]);
            Stage::set_template_revision(&mut stage.observed.deployments[0], "6");
            let object = stage.observed.sdep.clone().expect("there is one");
            let family = Family::of(&stage.observed);
            let cause = behind(&stage.observed, Sdep::new(&object), &family);
            assert_eq!(cause.is_some(), is_told, "{written}");
        }
    }

    #[test]
    fn an_operator_has_half_a_minute() {
        let mut stage = silent();
        stage.sdep()["metadata"]["creationTimestamp"] = json!(NOW);
        assert_eq!(told(&stage), None);
    }

    #[test]
    fn each_reason_for_silence_is_told_apart() {
        let operator = |available, watches: Option<&str>, id: Option<&str>| Operator {
            namespace: "seldon-system".to_owned(),
            available,
            watches: watches.map(str::to_owned),
            controller_id: id.map(str::to_owned),
        };
        let cases = [
            (None, None, "no operator has looked at the object"),
            (
                Some(vec![]),
                None,
                "no operator has looked at the object, and the cluster has none of the usual name",
            ),
            (
                Some(vec![]),
                Some("blue"),
                "the object's label `seldon.io/controller-id: blue` leaves it to an operator of that name, and none has looked at it",
            ),
            (
                Some(vec![operator(0, None, None)]),
                None,
                "the operator in `seldon-system` does not run: none of its pods is available",
            ),
            (
                Some(vec![operator(1, None, None)]),
                None,
                "the operator in `seldon-system` runs, and has not looked at the object",
            ),
            (
                Some(vec![operator(1, Some("other"), None)]),
                None,
                "no operator watches the namespace `ml`: there is one for `other`",
            ),
            (
                Some(vec![operator(1, None, None)]),
                Some("blue"),
                "the object's label `seldon.io/controller-id: blue` leaves it to an operator of that name, and none has looked at it",
            ),
        ];
        for (operators, label, expected) in cases {
            let mut stage = silent();
            stage.observed.surroundings.operators = operators;
            if let Some(label) = label {
                stage.sdep()["metadata"]["labels"] = json!({CONTROLLER_ID: label});
            }
            assert_eq!(told(&stage).expect("it is ignored").0, expected);
        }
        let mut stage = silent();
        stage.observed.surroundings.namespace_labels =
            Some([(CONTROLLER_ID.to_owned(), "green".to_owned())].into());
        assert!(told(&stage).expect("it is ignored").0.contains("namespace `ml` has the label"));
    }
}
