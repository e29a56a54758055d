//! What is known of a pod, and the status that tells it.

use std::net::Ipv4Addr;

use k8s_openapi::api::core::v1::{Container, Pod, PodSpec};
use serde_json::{Value, json};

use crate::event::now;
use crate::object::{list, text};

/// What a container does.
#[derive(Debug, Clone)]
pub(crate) enum Doing {
    Waiting { reason: String, message: Option<String> },
    Running { since: String },
    Ended(Past),
}

/// A container that ended.
#[derive(Debug, Clone)]
pub(crate) struct Past {
    pub(crate) code: i32,
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    pub(crate) since: String,
    pub(crate) until: String,
    pub(crate) id: String,
}

impl Past {
    fn json(&self) -> Value {
        let mut past = json!({
            "exitCode": self.code, "reason": self.reason, "startedAt": self.since,
            "finishedAt": self.until, "containerID": self.id,
        });
        if !self.message.is_empty() {
            past["message"] = json!(self.message);
        }
        past
    }
}

/// What is known of a container.
#[derive(Debug, Clone)]
pub(crate) struct ContainerState {
    pub(crate) name: String,
    pub(crate) image: String,
    pub(crate) image_id: String,
    pub(crate) id: String,
    pub(crate) doing: Doing,
    pub(crate) last: Option<Past>,
    pub(crate) n_restarts: u32,
    pub(crate) is_ready: bool,
    pub(crate) has_started: bool,
    /// Whether it will not run again.
    pub(crate) is_over: bool,
}

impl ContainerState {
    fn new(container: &Container, reason: &str) -> Self {
        Self {
            name: container.name.clone(),
            image: container.image.clone().unwrap_or_default(),
            image_id: String::new(),
            id: String::new(),
            doing: Doing::Waiting { reason: reason.to_owned(), message: None },
            last: None,
            n_restarts: 0,
            is_ready: false,
            has_started: false,
            is_over: false,
        }
    }

    fn json(&self) -> Value {
        let state = match &self.doing {
            Doing::Waiting { reason, message } => {
                let mut waiting = json!({"reason": reason});
                if let Some(message) = message {
                    waiting["message"] = json!(message);
                }
                json!({"waiting": waiting})
            }
            Doing::Running { since } => json!({"running": {"startedAt": since}}),
            Doing::Ended(past) => json!({"terminated": past.json()}),
        };
        let last = self.last.as_ref().map_or(json!({}), |past| json!({"terminated": past.json()}));
        let mut status = json!({
            "name": self.name, "image": self.image, "imageID": self.image_id, "ready": self.is_ready,
            "restartCount": self.n_restarts, "started": self.has_started, "state": state, "lastState": last,
        });
        if !self.id.is_empty() {
            status["containerID"] = json!(self.id);
        }
        status
    }

    fn has_succeeded(&self) -> bool {
        self.is_over && matches!(&self.doing, Doing::Ended(past) if past.code == 0)
    }
}

/// What is known of a pod.
#[derive(Debug, Clone)]
pub(crate) struct PodState {
    pub(crate) address: Option<Ipv4Addr>,
    pub(crate) since: String,
    pub(crate) before: Vec<ContainerState>,
    pub(crate) main: Vec<ContainerState>,
}

impl PodState {
    pub(crate) fn new(spec: &PodSpec) -> Self {
        let before = spec.init_containers.iter().flatten();
        let before: Vec<_> =
            before.map(|one| ContainerState::new(one, "PodInitializing")).collect();
        let reason = if before.is_empty() { "ContainerCreating" } else { "PodInitializing" };
        let main = spec.containers.iter().map(|one| ContainerState::new(one, reason)).collect();
        Self { address: None, since: now(), before, main }
    }

    /// Whether everything ran that runs before.
    fn is_initialized(&self) -> bool {
        self.before.iter().all(ContainerState::has_succeeded)
    }

    fn phase(&self) -> &'static str {
        let has_failed = |one: &ContainerState| one.is_over && !one.has_succeeded();
        if self.before.iter().any(has_failed) {
            return "Failed";
        }
        if !self.is_initialized() {
            return "Pending";
        }
        if self.main.iter().all(|one| one.is_over) {
            return if self.main.iter().any(has_failed) { "Failed" } else { "Succeeded" };
        }
        let never_ran =
            |one: &ContainerState| matches!(one.doing, Doing::Waiting { .. }) && one.last.is_none();
        if self.main.iter().any(never_ran) { "Pending" } else { "Running" }
    }

    /// The status, of which `old` is the one before.
    pub(crate) fn status(&self, old: &Value) -> Value {
        let names = |states: &[ContainerState], is: &dyn Fn(&ContainerState) -> bool| {
            let names = states.iter().filter(|one| is(one)).map(|one| one.name.as_str());
            names.collect::<Vec<_>>().join(" ")
        };
        let incomplete = names(&self.before, &|one| !one.has_succeeded());
        let unready = names(&self.main, &|one| !one.is_ready);
        let phase = self.phase();
        let not_ready =
            ("ContainersNotReady", format!("containers with unready status: [{unready}]"));
        let not_ready = match phase {
            "Succeeded" => Some(("PodCompleted", String::new())),
            _ if unready.is_empty() => None,
            _ => Some(not_ready),
        };
        let not_initialized = (
            "ContainersNotInitialized",
            format!("containers with incomplete status: [{incomplete}]"),
        );
        let not_initialized = (!incomplete.is_empty()).then_some(not_initialized);
        let conditions = [
            condition(old, "Initialized", not_initialized),
            condition(old, "Ready", not_ready.clone()),
            condition(old, "ContainersReady", not_ready),
            condition(old, "PodScheduled", None),
        ];
        let statuses = |states: &[ContainerState]| -> Vec<Value> {
            states.iter().map(ContainerState::json).collect()
        };
        let mut status = json!({
            "phase": phase, "hostIP": crate::ADDRESS, "startTime": self.since,
            "conditions": conditions, "containerStatuses": statuses(&self.main),
        });
        if !self.before.is_empty() {
            status["initContainerStatuses"] = json!(statuses(&self.before));
        }
        if let Some(address) = self.address {
            status["podIP"] = json!(address);
            status["podIPs"] = json!([{"ip": address}]);
        }
        status
    }
}

/// A condition, which holds unless there is a reason why not.
fn condition(old: &Value, kind: &str, why_not: Option<(&str, String)>) -> Value {
    let status = if why_not.is_none() { "True" } else { "False" };
    let before = list(old, "/conditions").iter().find(|one| one["type"] == kind);
    let since = before.filter(|one| one["status"] == status);
    let since = since.and_then(|one| text(one, "/lastTransitionTime")).map(str::to_owned);
    let mut condition =
        json!({"type": kind, "status": status, "lastTransitionTime": since.unwrap_or_else(now)});
    if let Some((reason, message)) = why_not {
        condition["reason"] = json!(reason);
        condition["message"] = json!(message);
    }
    condition
}

/// The spec of a pod; one without is of no use.
pub(crate) fn spec(pod: &Pod) -> PodSpec {
    pod.spec.clone().unwrap_or_default()
}
