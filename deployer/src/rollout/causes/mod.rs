//! The table of causes: what a cluster shows, and what it means.
//!
//! Only what is of the wanted template counts: a former pod that fails is on its way out.

mod config;
mod exit;
mod image;
mod operator;
mod part;
mod probe;
mod refused;
mod schedule;
mod volume;
mod words;

use k8s_openapi::api::core::v1::{Event, Pod};
use k8s_openapi::jiff::Timestamp;

use super::cause::{Cause, Kind, ObjectRef, Severity, group};
use super::event::{About, about};
use super::family::{Family, Group, Member, name};
use super::observed::Observed;
use super::pod::is_ready;
use super::sdep::{Predictor, Sdep};
use part::Part;

pub(super) use operator::{SILENCE, finalizers, ignored};
pub(super) use refused::deadline;

/// All that stands in the way of a deployment that is not ready, the worst first.
pub(super) fn collect(observed: &Observed, sdep: Sdep<'_>, family: &Family<'_>) -> Vec<Cause> {
    let mut causes = operator::said(observed, sdep);
    causes.extend(operator::missing(observed, sdep, family));
    causes.extend(operator::behind(observed, sdep, family));
    for (group, member) in family.members().filter(|(_, member)| member.is_current) {
        causes.extend(of_member(observed, group, member));
    }
    if causes.is_empty() {
        causes.extend(operator::conditions(sdep));
    }
    group(causes)
}

fn of_member(observed: &Observed, group: &Group<'_>, member: &Member<'_>) -> Vec<Cause> {
    let mut causes = refused::causes(observed, member);
    let live: Vec<_> =
        member.pods.iter().filter(|pod| pod.metadata.deletion_timestamp.is_none()).collect();
    for pod in &live {
        let predictor = &group.predictor;
        let spot = Spot { events: &observed.events, predictor, pod, n_pods: live.len() };
        causes.extend(of_pod(&spot));
    }
    causes
}

/// A pod, with what is needed to judge it.
#[derive(Debug, Clone, Copy)]
struct Spot<'a> {
    events: &'a [Event],
    predictor: &'a Predictor<'a>,
    pod: &'a Pod,
    /// How many pods there are beside it, with it.
    n_pods: usize,
}

/// What keeps a pod from being ready. What comes later in its life waits for what comes before.
fn of_pod(spot: &Spot<'_>) -> Vec<Cause> {
    if is_ready(spot.pod) {
        return Vec::new();
    }
    if let Some(cause) = evicted(spot).or_else(|| schedule::cause(spot)) {
        return vec![cause];
    }
    let parts = Part::all(spot);
    let init = parts.iter().filter(|part| part.is_init).find_map(exit::init);
    let mut causes: Vec<_> = init.into_iter().collect();
    if causes.is_empty() {
        let containers = parts.iter().filter(|part| !part.is_init);
        causes.extend(containers.filter_map(of_container));
    }
    if causes.is_empty() {
        causes.extend(volume::cause(spot, &parts));
    }
    causes
}

fn of_container(part: &Part<'_>) -> Option<Cause> {
    image::cause(part)
        .or_else(|| config::cause(part))
        .or_else(|| exit::cause(part))
        .or_else(|| probe::cause(part))
}

/// A pod that a node has given up. Its ReplicaSet makes another one.
fn evicted(spot: &Spot<'_>) -> Option<Cause> {
    let status = spot.pod.status.as_ref()?;
    let reason = status.reason.as_deref().filter(|reason| !reason.is_empty())?;
    if status.phase.as_deref() != Some("Failed") {
        return None;
    }
    let message = status.message.as_deref().unwrap_or_default();
    let cause = spot.cause(Kind::Evicted, &format!("its node gave it up ({reason}): {message}"));
    let cause = cause.severity(Severity::Passing);
    Some(if message.contains("ephemeral-storage") || message.contains("Usage of EmptyDir volume") {
        cause.hint("the model needs more room than its volume has").field("pod.cacheSize")
    } else {
        cause
    })
}

impl<'a> Spot<'a> {
    fn name(&self) -> &'a str {
        name(&self.pod.metadata)
    }

    /// A cause about this pod.
    fn cause(&self, kind: Kind, text: &str) -> Cause {
        let object = ObjectRef { kind: "Pod", name: self.name().to_owned() };
        let mut cause = Cause::new(kind, object, text).since(self.scheduled());
        cause.pods = (1, self.n_pods);
        cause
    }

    fn events(&self) -> Vec<&'a Event> {
        let uid = self.pod.metadata.uid.as_deref().unwrap_or_default();
        about(self.events, About { kind: "Pod", name: self.name(), uid })
    }

    /// A condition's status, reason, message, and since when it is so.
    fn condition(&self, kind: &str) -> Option<(&'a str, &'a str, &'a str, Option<Timestamp>)> {
        let mut conditions = self.pod.status.as_ref()?.conditions.iter().flatten();
        let it = conditions.find(|it| it.type_ == kind)?;
        let since = it.last_transition_time.as_ref().map(|time| time.0);
        let (reason, message) = (it.reason.as_deref(), it.message.as_deref());
        Some((&it.status, reason.unwrap_or_default(), message.unwrap_or_default(), since))
    }

    /// When the pod came to its node, or into being.
    fn scheduled(&self) -> Option<Timestamp> {
        let scheduled = self.condition("PodScheduled").and_then(|(.., since)| since);
        scheduled.or_else(|| self.pod.metadata.creation_timestamp.as_ref().map(|time| time.0))
    }

    /// The beginning of the paths of this predictor's fields.
    fn prefix(&self) -> String {
        let name = self.predictor.name;
        let is_main = name == "main" || name.starts_with("canary-") || name == "default";
        if is_main { String::new() } else { format!("variants[{name}].") }
    }
}
