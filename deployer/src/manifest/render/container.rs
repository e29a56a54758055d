//! The container of a node.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Container, ContainerPort, EnvFromSource, EnvVar, ExecAction, HTTPGetAction, Lifecycle,
    LifecycleHandler, Probe, SecretEnvSource, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use radiant_contract::ports;

use super::RenderError;
use super::node::{How, Node};
use super::parameters::resources;
use super::security::Security;

/// How long a stopping pod still answers, so that all routes have left it first, in seconds.
pub(super) const PRE_STOP_S: u32 = 5;
/// Where fetched models lie, and the volume of that place.
pub(super) const CACHE: (&str, &str) = ("radiant-cache", "/cache");
/// Where the operator mounts volume claims, and the server looks for them.
const CLAIMS: &str = "/mnt/pvc";
/// The operator numbers gRPC ports from here.
const GRPC: i32 = 9500;
/// How often a starting server is asked whether it is ready, in seconds.
const STARTUP_PERIOD_S: u32 = 2;

/// What the containers of a pod have in common.
#[derive(Debug)]
pub(super) struct Shared<'a> {
    /// Images by digest, by what the configuration calls them.
    pub(super) images: &'a BTreeMap<String, String>,
    /// The Secret with the store's credentials.
    pub(super) secret: Option<&'a str>,
    pub(super) security: &'a Security,
    /// The configuration's own mounts.
    pub(super) mounts: Vec<VolumeMount>,
    /// How long requests may take to end, in seconds.
    pub(super) drain_s: u32,
    /// How long a server may take to start, in seconds.
    pub(super) startup_s: u32,
}

impl Shared<'_> {
    /// The container of a node, the `index`th of its pod; none for a part of the orchestrator.
    pub(super) fn container(
        &self,
        node: &Node<'_>,
        index: i32,
    ) -> Result<Option<Container>, RenderError> {
        let image = match node.how {
            How::BuiltIn(_) => return Ok(None),
            How::Server(_) => node.image.map(|image| self.pinned(image)),
            How::Container | How::Initialized => Some(self.needed_image(node)?),
        };
        let is_told = node.is_ours || image.is_some();
        let mut container = Container {
            name: node.name.to_owned(),
            image_pull_policy: image.is_some().then(|| "IfNotPresent".to_owned()),
            image,
            env: some(self.env(node)),
            env_from: self.env_from(node),
            // The operator numbers ports of containers that have none, from the same number on.
            ports: is_told.then(|| numbered(index)),
            resources: resources(&node.at(place(node)), node.resources)?,
            volume_mounts: some(self.volume_mounts(node)),
            ..Container::default()
        };
        if node.is_ours {
            container.security_context = Some(self.security.container.clone());
            container.termination_message_policy = Some("FallbackToLogsOnError".to_owned());
            self.probes(node, &mut container);
        }
        Ok(Some(container))
    }

    /// The container that fetches a node's model before the server starts.
    ///
    /// It has the name that the operator reserves for its own, which then adds none, whatever its
    /// version.
    pub(super) fn initializer(&self, node: &Node<'_>) -> Result<Option<Container>, RenderError> {
        let How::Initialized = node.how else { return Ok(None) };
        let address = node.address.as_ref().ok_or_else(|| {
            RenderError::new(node.at("model.uri"), "the address of a model to fetch", "none")
        })?;
        let env = node.env.iter().map(|(name, value)| variable(name, value)).collect();
        let mut mounts = vec![mount(&provision(node), ports::MODEL_DIR, false)];
        mounts.extend(claim_mount(node));
        Ok(Some(Container {
            name: format!("{}-model-initializer", node.name),
            image: Some(self.needed_image(node)?),
            image_pull_policy: Some("IfNotPresent".to_owned()),
            args: Some(vec![address.text.clone(), ports::MODEL_DIR.to_owned()]),
            env: some(env),
            env_from: self.secret.map(secret),
            resources: resources(&node.at(place(node)), node.resources)?,
            security_context: Some(self.security.container.clone()),
            termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
            volume_mounts: some(mounts),
            ..Container::default()
        }))
    }

    fn pinned(&self, image: &str) -> String {
        self.images.get(image).map_or_else(|| image.to_owned(), Clone::clone)
    }

    fn needed_image(&self, node: &Node<'_>) -> Result<String, RenderError> {
        node.image.map(|image| self.pinned(image)).ok_or_else(|| {
            let of_graph = node.path.starts_with("graph");
            let path = if of_graph { "server.image".to_owned() } else { node.at("server.image") };
            RenderError::new(path, "the image of the server", "none")
                .hint("name one, or let the operator choose it by `server.mode: prepackaged`")
        })
    }

    /// Ours first, where nobody said otherwise, and all in the order of their names.
    fn env(&self, node: &Node<'_>) -> Vec<EnvVar> {
        let mut env: BTreeMap<&str, String> = BTreeMap::new();
        if node.is_ours {
            env.insert("RADIANT_BIND_EARLY", "true".to_owned());
            env.insert("RADIANT_SHUTDOWN_TIMEOUT", format!("{}s", self.drain_s));
        }
        if needs_cache(node) {
            env.insert("RADIANT_CACHE_DIR", CACHE.1.to_owned());
        }
        env.extend(node.env.iter().map(|(name, value)| (*name, (*value).to_owned())));
        env.iter().map(|(name, value)| variable(name, value)).collect()
    }

    /// Who fetches the model has the credentials, and nobody else.
    fn env_from(&self, node: &Node<'_>) -> Option<Vec<EnvFromSource>> {
        let fetches = node.how == How::Container && node.address.is_some();
        self.secret.filter(|_| fetches).map(secret)
    }

    fn volume_mounts(&self, node: &Node<'_>) -> Vec<VolumeMount> {
        let mut mounts = Vec::new();
        if needs_cache(node) {
            mounts.push(mount(CACHE.0, CACHE.1, false));
        }
        match node.how {
            How::Initialized => mounts.push(mount(&provision(node), ports::MODEL_DIR, true)),
            How::Container => mounts.extend(claim_mount(node)),
            How::Server(_) | How::BuiltIn(_) => {}
        }
        mounts.extend(self.mounts.iter().cloned());
        mounts
    }

    fn probes(&self, node: &Node<'_>, container: &mut Container) {
        // A kubelet checks no certificate, and has none to show; the metrics port wants neither.
        let has_tls = node.env.contains_key("RADIANT_TLS_CERT_FILE");
        let port = if has_tls { "metrics" } else { "http" };
        let probe = |path: &str, period_s: u32, failures: u32, timeout_s: u32| Probe {
            http_get: Some(HTTPGetAction {
                path: Some(path.to_owned()),
                port: IntOrString::String(port.to_owned()),
                ..HTTPGetAction::default()
            }),
            period_seconds: i32::try_from(period_s).ok(),
            failure_threshold: i32::try_from(failures).ok(),
            timeout_seconds: i32::try_from(timeout_s).ok(),
            ..Probe::default()
        };
        let startup = self.startup_s.div_ceil(STARTUP_PERIOD_S).max(1);
        container.startup_probe = Some(probe(ports::READY_PATH, STARTUP_PERIOD_S, startup, 2));
        container.readiness_probe = Some(probe(ports::READY_PATH, 5, 3, 2));
        container.liveness_probe = Some(probe(ports::LIVE_PATH, 10, 3, 5));
        let sleep = format!("/bin/sleep {PRE_STOP_S}");
        let command = ["/bin/sh".to_owned(), "-c".to_owned(), sleep];
        container.lifecycle = Some(Lifecycle {
            pre_stop: Some(LifecycleHandler {
                exec: Some(ExecAction { command: Some(command.to_vec()) }),
                ..LifecycleHandler::default()
            }),
            ..Lifecycle::default()
        });
    }
}

/// Whether the container fetches its model into a volume of ours.
pub(super) fn needs_cache(node: &Node<'_>) -> bool {
    let is_remote = node.address.as_ref().is_some_and(|address| address.is_remote);
    let is_elsewhere = node.env.contains_key("RADIANT_CACHE_DIR");
    node.is_ours && node.how == How::Container && is_remote && !is_elsewhere
}

/// The volume between a node's initializer and its server, named as the operator names its own.
pub(super) fn provision(node: &Node<'_>) -> String {
    format!("{}-provision-location", node.name)
}

/// The volume of the claim that a node's model is in.
pub(super) fn claim_volume(node: &Node<'_>) -> String {
    format!("{}-claim", node.name)
}

fn claim_mount(node: &Node<'_>) -> Option<VolumeMount> {
    node.address.as_ref()?.claim.as_ref()?;
    Some(mount(&claim_volume(node), CLAIMS, true))
}

fn mount(volume: &str, path: &str, is_read_only: bool) -> VolumeMount {
    VolumeMount {
        name: volume.to_owned(),
        mount_path: path.to_owned(),
        read_only: is_read_only.then_some(true),
        ..VolumeMount::default()
    }
}

fn secret(name: &str) -> Vec<EnvFromSource> {
    let secret = SecretEnvSource { name: name.to_owned(), optional: None };
    vec![EnvFromSource { secret_ref: Some(secret), ..EnvFromSource::default() }]
}

fn variable(name: &str, value: &str) -> EnvVar {
    EnvVar { name: name.to_owned(), value: Some(value.to_owned()), ..EnvVar::default() }
}

/// The named ports of the `index`th container of a pod.
fn numbered(index: i32) -> Vec<ContainerPort> {
    let first =
        [("http", i32::from(ports::HTTP)), ("grpc", GRPC), ("metrics", ports::METRICS.into())];
    let port = |(name, first): (&str, i32)| ContainerPort {
        name: Some(name.to_owned()),
        container_port: first + index,
        protocol: Some("TCP".to_owned()),
        ..ContainerPort::default()
    };
    first.map(port).to_vec()
}

fn some<T>(items: Vec<T>) -> Option<Vec<T>> {
    (!items.is_empty()).then_some(items)
}

/// Where a node's resources are in the configuration.
fn place(node: &Node<'_>) -> &'static str {
    if node.path.starts_with("graph") { "resources" } else { "server.resources" }
}
