//! Which containers of a pod are read.

use std::fmt;

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use kube::ResourceExt as _;

use crate::cli::LogsArgs;
use crate::cluster::seldon::ENGINE;

/// A container of a pod.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Target {
    pub(super) pod: String,
    pub(super) container: String,
}

impl fmt::Display for Target {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.pod, self.container)
    }
}

/// Which containers of a pod are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Choice {
    /// All; of a pod whose containers wait for those that come before them, these.
    All,
    /// Those that run before the others.
    Init,
    /// The orchestrator.
    Engine,
    /// Those of these names.
    Named(Vec<String>),
}

impl Choice {
    pub(super) fn new(args: &LogsArgs) -> Self {
        match (args.init, args.engine, args.container.as_slice()) {
            (true, _, _) => Self::Init,
            (false, true, _) => Self::Engine,
            (false, false, []) => Self::All,
            (false, false, names) => Self::Named(names.to_vec()),
        }
    }

    /// The chosen containers of a pod.
    pub(super) fn of(&self, pod: &Pod) -> Vec<Target> {
        let (init, containers) = (init(pod), containers(pod));
        let names = match self {
            Self::All if is_initializing(pod) => init,
            Self::All => containers,
            Self::Init => init,
            Self::Engine => containers.into_iter().filter(|name| name == ENGINE).collect(),
            Self::Named(names) => {
                init.into_iter().chain(containers).filter(|name| names.contains(name)).collect()
            }
        };
        let pod = pod.name_any();
        names.into_iter().map(|container| Target { pod: pod.clone(), container }).collect()
    }
}

/// The names of all containers of a pod.
pub(super) fn names(pod: &Pod) -> Vec<String> {
    init(pod).into_iter().chain(containers(pod)).collect()
}

fn init(pod: &Pod) -> Vec<String> {
    let init = pod.spec.iter().flat_map(|spec| spec.init_containers.iter().flatten());
    init.map(|container| container.name.clone()).collect()
}

fn containers(pod: &Pod) -> Vec<String> {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    containers.map(|container| container.name.clone()).collect()
}

/// Whether no container has begun, because one that comes before them has not ended well.
fn is_initializing(pod: &Pod) -> bool {
    let status = pod.status.clone().unwrap_or_default();
    let has_begun = |status: &ContainerStatus| {
        let state = status.state.clone().unwrap_or_default();
        status.restart_count > 0 || state.running.is_some() || state.terminated.is_some()
    };
    let is_done = |status: &ContainerStatus| {
        let ended = status.state.as_ref().and_then(|state| state.terminated.as_ref());
        ended.is_some_and(|ended| ended.exit_code == 0)
    };
    let init = status.init_container_statuses.unwrap_or_default();
    let others = status.container_statuses.unwrap_or_default();
    !init.iter().all(is_done) && init.iter().any(has_begun) && !others.iter().any(has_begun)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pod(init: Value, model: Value) -> Pod {
        let status = |name: &str, state: Value| {
            json!({"name": name, "image": "", "imageID": "", "ready": false, "restartCount": 0,
                   "state": state})
        };
        serde_json::from_value(json!({
            "metadata": {"name": "p"},
            "spec": {"initContainers": [{"name": "init"}],
                     "containers": [{"name": "model"}, {"name": "seldon-container-engine"}]},
            "status": {"initContainerStatuses": [status("init", init)],
                       "containerStatuses": [status("model", model)]},
        }))
        .unwrap()
    }

    #[test]
    fn containers_are_chosen_by_kind_and_name() {
        let done = json!({"terminated": {"exitCode": 0}});
        let failed = json!({"terminated": {"exitCode": 1}});
        let (running, waiting) = (json!({"running": {}}), json!({"waiting": {}}));
        let named = Choice::Named(vec!["init".to_owned(), "model".to_owned()]);
        let up = pod(done.clone(), running.clone());
        let cases = [
            (Choice::All, &up, vec!["model", ENGINE]),
            (Choice::All, &pod(failed, waiting.clone()), vec!["init"]),
            (Choice::All, &pod(running, waiting.clone()), vec!["init"]),
            (Choice::All, &pod(waiting.clone(), waiting), vec!["model", ENGINE]),
            (Choice::Init, &up, vec!["init"]),
            (Choice::Engine, &up, vec![ENGINE]),
            (named, &up, vec!["init", "model"]),
            (Choice::Named(vec!["x".to_owned()]), &up, vec![]),
        ];
        for (choice, pod, expected) in cases {
            let names: Vec<String> = choice.of(pod).into_iter().map(|it| it.container).collect();
            assert_eq!(names, expected, "{choice:?}");
        }
    }
}
