//! A container of a pod: what it is for, and which field of radiant.yaml decides what.

use k8s_openapi::api::core::v1::{Container, ContainerState, ContainerStatus, Event, Pod};
use k8s_openapi::jiff::Timestamp;

use super::super::cause::{Cause, Kind, LogAt};
use super::super::event::is_of_container;
use super::Spot;

/// The operator's name for its orchestrator.
const ENGINE: &str = "seldon-container-engine";
/// What the operator's storage initializers end with.
const INITIALIZER: &str = "-model-initializer";

/// What a container is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It serves the model.
    Model,
    /// It is one of several nodes of a graph.
    Node,
    /// It is Seldon's orchestrator.
    Engine,
    /// It fetches the model.
    Initializer,
    /// Somebody else has put it there.
    Other,
}

/// A container of a pod.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) spot: &'a Spot<'a>,
    pub(super) status: &'a ContainerStatus,
    /// What the pod says of it.
    pub(super) spec: Option<&'a Container>,
    pub(super) role: Role,
    pub(super) is_init: bool,
}

impl<'a> Part<'a> {
    /// All containers that have a status, those that run first at first.
    pub(super) fn all(spot: &'a Spot<'a>) -> Vec<Self> {
        let Some(status) = spot.pod.status.as_ref() else { return Vec::new() };
        let init = status.init_container_statuses.iter().flatten().map(|it| (it, true));
        let main = status.container_statuses.iter().flatten().map(|it| (it, false));
        init.chain(main)
            .map(|(status, is_init)| Self {
                spot,
                status,
                spec: spec_of(spot.pod, &status.name),
                role: role_of(spot, &status.name, is_init),
                is_init,
            })
            .collect()
    }

    pub(super) fn name(&self) -> &'a str {
        &self.status.name
    }

    pub(super) fn image(&self) -> &'a str {
        let image = self.spec.and_then(|spec| spec.image.as_deref());
        image.unwrap_or(&self.status.image)
    }

    pub(super) fn state(&self) -> Option<&'a ContainerState> {
        self.status.state.as_ref()
    }

    /// Why it waits, and what is said about that.
    pub(super) fn waiting(&self) -> Option<(&'a str, &'a str)> {
        let waiting = self.state()?.waiting.as_ref()?;
        Some((waiting.reason.as_deref()?, waiting.message.as_deref().unwrap_or_default()))
    }

    /// When the present run began.
    pub(super) fn started(&self) -> Option<Timestamp> {
        self.state()?.running.as_ref()?.started_at.as_ref().map(|time| time.0)
    }

    /// Events about it, the newest first.
    pub(super) fn events(&self) -> Vec<&'a Event> {
        let mut events = self.spot.events();
        events.retain(|event| is_of_container(event, self.name()));
        events
    }

    pub(super) fn cause(&self, kind: Kind, text: &str) -> Cause {
        let mut cause = self.spot.cause(kind, text);
        cause.container = Some(self.name().to_owned());
        cause
    }

    /// Where its last words are.
    pub(super) fn log(&self) -> LogAt {
        let has_ended = self.state().is_some_and(|state| state.terminated.is_some());
        let has_ended_before =
            self.status.last_state.as_ref().is_some_and(|state| state.terminated.is_some());
        LogAt {
            pod: self.spot.name().to_owned(),
            container: self.name().to_owned(),
            is_previous: has_ended_before && !has_ended,
        }
    }

    /// What people call it.
    pub(super) fn title(&self) -> String {
        match self.role {
            Role::Model => "the server".to_owned(),
            Role::Node => format!("the server of node `{}`", self.name()),
            Role::Engine => "Seldon's orchestrator".to_owned(),
            Role::Initializer => "the storage initializer".to_owned(),
            Role::Other if self.is_init => format!("the init container `{}`", self.name()),
            Role::Other => format!("the container `{}`", self.name()),
        }
    }

    /// The field of radiant.yaml below what describes this container's server.
    pub(super) fn server_field(&self, rest: &str) -> String {
        match self.role {
            Role::Node => format!("graph[{}].{rest}", self.name()),
            _ => format!("{}server.{rest}", self.spot.prefix()),
        }
    }

    /// The field that says what it may use of a resource.
    pub(super) fn resource_field(&self, rest: &str) -> String {
        match self.role {
            Role::Engine => format!("{}server.engineResources.{rest}", self.spot.prefix()),
            _ => self.server_field(&format!("resources.{rest}")),
        }
    }

    /// The field that says where the model is.
    pub(super) fn model_field(&self) -> String {
        match self.role {
            Role::Node => format!("graph[{}].model.uri", self.name()),
            _ => format!("{}model.uri", self.spot.prefix()),
        }
    }

    /// A limit or request of it, as it is written.
    pub(super) fn quantity(&self, is_limit: bool, resource: &str) -> Option<&'a str> {
        let resources = self.spec?.resources.as_ref()?;
        let map = if is_limit { &resources.limits } else { &resources.requests };
        map.as_ref()?.get(resource).map(|quantity| quantity.0.as_str())
    }
}

fn spec_of<'a>(pod: &'a Pod, name: &str) -> Option<&'a Container> {
    let spec = pod.spec.as_ref()?;
    spec.containers.iter().chain(spec.init_containers.iter().flatten()).find(|it| it.name == name)
}

fn role_of(spot: &Spot<'_>, name: &str, is_init: bool) -> Role {
    let nodes = &spot.predictor.nodes;
    match name {
        ENGINE => Role::Engine,
        _ if is_init && name.ends_with(INITIALIZER) => Role::Initializer,
        _ if is_init => Role::Other,
        _ if !nodes.contains(&name) => Role::Other,
        _ if nodes.len() == 1 => Role::Model,
        _ => Role::Node,
    }
}
