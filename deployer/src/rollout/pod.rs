//! Pods as a table shows them.

use std::cmp::Reverse;

use k8s_openapi::api::core::v1::{ContainerState, ContainerStatus, Pod};
use k8s_openapi::jiff::Timestamp;
use serde::Serialize;

use super::family::{Family, annotation, name};
use super::observed::Observed;
use super::sdep::REVISION;

/// A pod as a table shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PodState {
    /// Its name.
    pub name: String,
    /// The predictor that it serves in.
    pub predictor: Option<String>,
    /// The revision that it was made of.
    pub revision: Option<String>,
    /// Whether it has the template that is wanted now.
    pub current: bool,
    /// In a word, as `kubectl get pods` says it.
    pub status: String,
    /// Whether it takes requests.
    #[serde(rename = "ready")]
    pub is_ready: bool,
    /// How many of its containers are ready, and how many it has.
    #[serde(skip)]
    pub containers: (usize, usize),
    /// How often its containers were started anew.
    pub restarts: i32,
    /// Its node.
    pub node: Option<String>,
    /// Its address.
    pub ip: Option<String>,
    /// When it was made.
    #[serde(skip)]
    pub created: Option<Timestamp>,
}

/// All pods: those of the wanted template first, then by name.
pub(super) fn states(observed: &Observed, family: &Family<'_>) -> Vec<PodState> {
    let mut states: Vec<_> = observed.pods.iter().map(|pod| state(pod, family)).collect();
    states.sort_by(|a, b| {
        (Reverse(a.current), &a.predictor, &a.name).cmp(&(
            Reverse(b.current),
            &b.predictor,
            &b.name,
        ))
    });
    states
}

/// Whether a pod takes requests: it says so, and is not on its way out.
pub fn is_ready(pod: &Pod) -> bool {
    let mut conditions = pod.status.iter().flat_map(|it| it.conditions.iter().flatten());
    conditions.any(|it| it.type_ == "Ready" && it.status == "True")
        && pod.metadata.deletion_timestamp.is_none()
}

fn state(pod: &Pod, family: &Family<'_>) -> PodState {
    let (predictor, is_current) = family.place_of(pod);
    let status = pod.status.as_ref();
    let containers = || status.into_iter().flat_map(|it| it.container_statuses.iter().flatten());
    let of_spec = pod.spec.as_ref().map_or(0, |spec| spec.containers.len());
    PodState {
        name: name(&pod.metadata).to_owned(),
        predictor: predictor.map(str::to_owned),
        revision: annotation(&pod.metadata, REVISION).map(str::to_owned),
        current: is_current && pod.metadata.deletion_timestamp.is_none(),
        status: word(pod),
        is_ready: is_ready(pod),
        containers: (containers().filter(|it| it.ready).count(), of_spec.max(containers().count())),
        restarts: containers().map(|it| it.restart_count).sum(),
        node: pod.spec.as_ref().and_then(|spec| spec.node_name.clone()),
        ip: status.and_then(|it| it.pod_ip.clone()),
        created: pod.metadata.creation_timestamp.as_ref().map(|time| time.0),
    }
}

/// The state in a word.
fn word(pod: &Pod) -> String {
    if pod.metadata.deletion_timestamp.is_some() {
        return "Terminating".to_owned();
    }
    let Some(status) = &pod.status else { return "Unknown".to_owned() };
    if let Some(reason) = status.reason.as_deref().filter(|it| !it.is_empty()) {
        return reason.to_owned();
    }
    let mut init = status.init_container_statuses.iter().flatten();
    if let Some(word) = init.find_map(of_init) {
        return word;
    }
    let mut containers = status.container_statuses.iter().flatten();
    let stuck = containers.find_map(of_container);
    stuck.unwrap_or_else(|| status.phase.clone().unwrap_or_else(|| "Unknown".to_owned()))
}

fn of_init(status: &ContainerStatus) -> Option<String> {
    let state = status.state.as_ref()?;
    match (&state.terminated, reason(state)) {
        (Some(end), _) if end.exit_code == 0 => None,
        (_, Some(reason)) => Some(format!("Init:{reason}")),
        (Some(end), None) => Some(format!("Init:ExitCode:{}", end.exit_code)),
        (None, None) => state.running.as_ref().map(|_| "Init".to_owned()),
    }
}

fn of_container(status: &ContainerStatus) -> Option<String> {
    let state = status.state.as_ref()?;
    let exit = || state.terminated.as_ref().map(|end| format!("ExitCode:{}", end.exit_code));
    reason(state).map(str::to_owned).or_else(exit)
}

fn reason(state: &ContainerState) -> Option<&str> {
    let waiting = state.waiting.as_ref().and_then(|it| it.reason.as_deref());
    let ended = state.terminated.as_ref().and_then(|it| it.reason.as_deref());
    // A container that waits because its pod is being set up is no news.
    waiting.or(ended).filter(|it| !it.is_empty() && *it != "PodInitializing")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fixture::Stage;
    use super::*;

    #[test]
    fn a_pod_is_told_in_the_word_that_kubectl_has() {
        let waiting = |reason| json!({"waiting": {"reason": reason}});
        let cases = [
            (json!({"running": {}}), "Running"),
            (waiting("ImagePullBackOff"), "ImagePullBackOff"),
            (waiting("PodInitializing"), "Running"),
            (json!({"terminated": {"exitCode": 1, "reason": "Error"}}), "Error"),
            (json!({"terminated": {"exitCode": 3}}), "ExitCode:3"),
        ];
        for (state, expected) in cases {
            let mut stage = Stage::ready();
            stage.container(0, json!({"state": state}));
            assert_eq!(word(&stage.observed.pods[0]), expected);
        }
    }

    #[test]
    fn an_init_container_is_told_before_others() {
        let mut stage = Stage::ready();
        stage.init(0, json!({"state": {"waiting": {"reason": "CrashLoopBackOff"}}}));
        assert_eq!(word(&stage.observed.pods[0]), "Init:CrashLoopBackOff");
        stage.init(0, json!({"state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}));
        assert_eq!(word(&stage.observed.pods[0]), "Running");
    }
}
