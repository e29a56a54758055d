//! Pods that no node takes.

use std::collections::BTreeSet;

use super::super::cause::{Cause, Kind, Severity};
use super::super::event::{message, reason};
use super::Spot;

/// Of cluster autoscalers: a node is on its way.
const NODE_COMES: [&str; 2] = ["TriggeredScaleUp", "Nominated"];

pub(super) fn cause(spot: &Spot<'_>) -> Option<Cause> {
    let spec = spot.pod.spec.as_ref()?;
    if spec.node_name.as_ref().is_some_and(|node| !node.is_empty()) {
        return None;
    }
    let events = spot.events();
    let scheduled = spot.condition("PodScheduled").filter(|(status, ..)| *status == "False");
    let failed = || events.iter().find(|event| reason(event) == "FailedScheduling");
    let (why, text) = match scheduled {
        Some((_, why, text, _)) if !text.is_empty() => (why, text),
        _ => ("", failed().map(|event| message(event))?),
    };
    if why == "SchedulingGated" {
        let text = format!("the pod may not be scheduled yet: {text}");
        return Some(spot.cause(Kind::Unschedulable, &text).severity(Severity::Passing));
    }
    let (said, _preemption) = text.split_once(" preemption:").unwrap_or((text, ""));
    let requests = requests(spot, said);
    let whole = format!("no node takes the pod: {}{requests}", said.trim_end_matches('.'));
    let mut cause = spot.cause(Kind::Unschedulable, &whole);
    if let Some(event) = events.iter().find(|event| NODE_COMES.contains(&reason(event))) {
        cause = cause.severity(Severity::Passing);
        return Some(cause.hint(format!("a node is being added: {}", message(event))));
    }
    Some(advise(spot, cause, said))
}

fn advise(spot: &Spot<'_>, cause: Cause, said: &str) -> Cause {
    let prefix = spot.prefix();
    let lower = said.to_ascii_lowercase();
    let has = |words: &str| lower.contains(words);
    if let Some(resource) = lacking(said).into_iter().next() {
        let field = if resource.contains('/') { "limits" } else { "requests" };
        return cause
            .hint(format!("ask for less {resource}, or add nodes that have it"))
            .field(format!("{prefix}server.resources.{field}.{resource}"));
    }
    if has("taint") {
        return cause.hint("tolerate the nodes' taints").field("pod.tolerations");
    }
    if has("volume node affinity") || has("persistentvolumeclaim") {
        return cause
            .hint("the claim must be there, be bound, and be usable from those nodes")
            .field("pod.volumes");
    }
    if has("topology spread") {
        return cause.hint("loosen how pods are spread").field("pod.topologySpreadConstraints");
    }
    if has("node selector") || has("node affinity") {
        return cause.hint("no node has these labels").field("pod.nodeSelector");
    }
    if has("pod affinity") || has("anti-affinity") {
        return cause.hint("loosen it, or add nodes").field("pod.affinity");
    }
    if has("free ports") {
        return cause.hint("another pod has that host port on every node");
    }
    if has("too many pods") {
        return cause.hint("the nodes are full: add some").field("scale.replicas");
    }
    if has("unschedulable") || has("no nodes available") || has("0/0 nodes") {
        return cause.hint("no node takes pods now: `kubectl get nodes` says why");
    }
    cause
}

/// The resources that nodes lack: `Insufficient cpu`.
fn lacking(said: &str) -> BTreeSet<&str> {
    let parts = said.split("Insufficient ").skip(1);
    let names = parts.filter_map(|rest| rest.split([',', ' ']).next());
    names.map(|name| name.trim_end_matches('.')).filter(|name| !name.is_empty()).collect()
}

/// What the pod's containers ask for of what is lacking.
fn requests(spot: &Spot<'_>, said: &str) -> String {
    let containers = spot.pod.spec.iter().flat_map(|spec| &spec.containers);
    let asked: Vec<String> = containers
        .flat_map(|container| {
            let resources = container.resources.as_ref();
            lacking(said).into_iter().filter_map(move |name| {
                let requests = resources.and_then(|it| it.requests.as_ref());
                let limits = resources.and_then(|it| it.limits.as_ref());
                let quantity =
                    requests.and_then(|it| it.get(name)).or_else(|| limits?.get(name))?;
                Some(format!("`{}` asks for {name} {}", container.name, quantity.0))
            })
        })
        .collect();
    if asked.is_empty() { String::new() } else { format!(" ({})", asked.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nodes_lack_is_read_from_the_schedulers_words() {
        let said = "0/5 nodes are available: 1 Insufficient nvidia.com/gpu, 4 Insufficient cpu.";
        assert_eq!(lacking(said).into_iter().collect::<Vec<_>>(), ["cpu", "nvidia.com/gpu"]);
        assert!(lacking("0/5 nodes are available: 5 node(s) had taint {a: b}").is_empty());
        assert!(lacking("Insufficient ").is_empty());
    }
}
