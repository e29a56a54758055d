//! Pods whose volumes or network are not there.

use super::super::cause::{Cause, Kind};
use super::super::event::{message, reason};
use super::Spot;
use super::part::Part;

/// Events that come after volumes are mounted: then they are no matter any more.
const MOUNTED: [&str; 4] = ["Pulling", "Pulled", "Created", "Started"];

/// Why containers are not even begun, when no state of theirs says so.
pub(super) fn cause(spot: &Spot<'_>, parts: &[Part<'_>]) -> Option<Cause> {
    let is_begun = |part: &Part<'_>| {
        part.waiting().is_none_or(|(why, _)| why != "ContainerCreating" && why != "PodInitializing")
    };
    if parts.iter().any(is_begun) {
        return None;
    }
    let events = spot.events();
    let newest = events.iter().find_map(|event| match reason(event) {
        why if MOUNTED.contains(&why) => Some(None),
        "FailedMount" | "FailedAttachVolume" | "FailedMapVolume" => {
            Some(Some((Kind::Volume, message(event))))
        }
        "FailedCreatePodSandBox" => Some(Some((Kind::Sandbox, message(event)))),
        _ => None,
    });
    let (kind, said) = newest.flatten()?;
    Some(match kind {
        Kind::Sandbox => {
            // What differs from pod to pod is in front.
            let said = said.rsplit_once("desc = ").map_or(said, |(_, said)| said);
            let cause = spot.cause(kind, &format!("the pod's network cannot be set up: {said}"));
            cause.hint("that is a matter of the node and the cluster's network, not of the model")
        }
        _ => advise(spot, best(&events).unwrap_or(said)),
    })
}

/// The kubelet says by turns what is wrong and that it waits: the former is worth more.
fn best<'a>(events: &[&'a k8s_openapi::api::core::v1::Event]) -> Option<&'a str> {
    let mut failed =
        events.iter().filter(|it| reason(it).starts_with("Failed")).map(|it| message(it));
    failed.find(|said| !said.contains("timed out waiting for the condition"))
}

fn advise(spot: &Spot<'_>, said: &str) -> Cause {
    let cause = spot.cause(Kind::Volume, &format!("a volume is not there: {said}"));
    let lower = said.to_ascii_lowercase();
    let has = |words: &str| lower.contains(words);
    if has("secret") && has("not found") {
        return cause.hint("make the Secret, or name another one").field("pod.volumes");
    }
    if has("configmap") && (has("not found") || has("non-existent")) {
        return cause.hint("make the ConfigMap, or name another one").field("pod.volumes");
    }
    if has("multi-attach") {
        return cause
            .hint("the volume can be on one node only, and another pod has it there")
            .field("rollout.strategy");
    }
    cause
        .hint("the claim, its class and its driver decide: `kubectl describe pvc` says more")
        .field("pod.volumes")
}
