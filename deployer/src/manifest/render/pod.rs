//! The pods of a predictor: all nodes of its graph in one template.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{
    Container, EmptyDirVolumeSource, LocalObjectReference, PersistentVolumeClaimVolumeSource,
    PodSpec, Volume,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::container::{CACHE, PRE_STOP_S, Shared, claim_volume, needs_cache, provision};
use super::error::{seconds, typed};
use super::node::{How, Node};
use super::part::Part;
use super::security::Security;
use super::{Context, RenderError};
use crate::config::Pod;

/// How long the operator lets containers sleep that have no hook, in seconds.
const OPERATORS_PRE_STOP_S: u32 = 10;
/// Seconds between the end of the drain and the kill, for the process to end.
const MARGIN_S: u32 = 2;
/// How long a server may take to start where the configuration waits for none, in seconds.
const STARTUP_S: u32 = 600;

/// The pods of a graph; none where nobody has a container, nor says anything of one.
pub(super) fn pod(
    context: &Context<'_>,
    part: &Part<'_>,
    root: &Node<'_>,
) -> Result<Option<PodSpec>, RenderError> {
    let config = &context.config.pod;
    let mut nodes = root.all();
    nodes.retain(|node| !matches!(node.how, How::BuiltIn(_)));
    let is_operators = nodes.iter().any(|node| !node.is_ours || matches!(node.how, How::Server(_)));
    let security = Security::of(config, context.has_seccomp_profile(), is_operators)?;
    let drain_s = seconds(&part.at("server.drain"), &part.server.drain)?;
    if drain_s == 0 {
        let path = part.at("server.drain");
        return Err(RenderError::new(
            path,
            "a duration above zero",
            format!("`{}`", part.server.drain),
        ));
    }
    let timeout_s = seconds("rollout.timeout", &context.config.rollout.timeout)?;
    let shared = Shared {
        images: &context.facts.images,
        secret: context.secret.as_deref(),
        security: &security,
        mounts: list("pod.volumeMounts", &config.volume_mounts)?,
        drain_s,
        startup_s: if timeout_s == 0 { STARTUP_S } else { timeout_s },
    };
    let (mut containers, mut initializers) = (Vec::new(), Vec::new());
    for node in &nodes {
        let index = i32::try_from(containers.len()).unwrap_or(i32::MAX);
        containers.extend(shared.container(node, index)?);
        initializers.extend(shared.initializer(node)?);
    }
    if containers.is_empty() {
        return Ok(None);
    }
    let volumes = volumes(&nodes, config)?;
    check(&nodes, &containers, &volumes, config)?;
    // ServiceAccounts of servers that the operator knows are said at the graph.
    let is_servers_own = nodes.iter().all(|node| matches!(node.how, How::Server(_)));
    let pre_stop_s =
        if nodes.iter().all(|node| node.is_ours) { PRE_STOP_S } else { OPERATORS_PRE_STOP_S };
    let account = context.config.credentials.service_account.clone();
    let pod = PodSpec {
        containers,
        init_containers: (!initializers.is_empty()).then_some(initializers),
        volumes: some(volumes),
        // Variables of Services in the namespace could be taken for ours: `radiant-http` would
        // become `RADIANT_HTTP_PORT`.
        enable_service_links: Some(false),
        security_context: Some(security.pod.clone()),
        service_account_name: account.filter(|_| !is_servers_own),
        termination_grace_period_seconds: Some(
            (pre_stop_s + MARGIN_S).saturating_add(drain_s).into(),
        ),
        ..placement(config)?
    };
    Ok(Some(pod))
}

/// On which nodes, and with which rights to the image.
fn placement(config: &Pod) -> Result<PodSpec, RenderError> {
    let secrets = config.image_pull_secrets.iter();
    let secrets: Vec<_> = secrets.map(|name| LocalObjectReference { name: name.clone() }).collect();
    let affinity = Value::Object(config.affinity.clone());
    Ok(PodSpec {
        affinity: if config.affinity.is_empty() { None } else { typed("pod.affinity", &affinity)? },
        image_pull_secrets: (!secrets.is_empty()).then_some(secrets),
        node_selector: (!config.node_selector.is_empty()).then(|| config.node_selector.clone()),
        priority_class_name: config.priority_class_name.clone(),
        tolerations: some(list("pod.tolerations", &config.tolerations)?),
        topology_spread_constraints: some(list(
            "pod.topologySpreadConstraints",
            &config.topology_spread_constraints,
        )?),
        ..PodSpec::default()
    })
}

fn volumes(nodes: &[&Node<'_>], config: &Pod) -> Result<Vec<Volume>, RenderError> {
    let mut volumes = Vec::new();
    let empty = |name: &str| Volume {
        name: name.to_owned(),
        empty_dir: Some(EmptyDirVolumeSource {
            size_limit: config.cache_size.clone().map(Quantity),
            ..EmptyDirVolumeSource::default()
        }),
        ..Volume::default()
    };
    if nodes.iter().any(|node| needs_cache(node)) {
        volumes.push(empty(CACHE.0));
    }
    for node in nodes {
        if node.how == How::Initialized {
            volumes.push(empty(&provision(node)));
        }
        let claim = node.address.as_ref().and_then(|address| address.claim.clone());
        let is_mounted = matches!(node.how, How::Container | How::Initialized);
        volumes.extend(claim.filter(|_| is_mounted).map(|claim| Volume {
            name: claim_volume(node),
            persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
                claim_name: claim,
                read_only: Some(true),
            }),
            ..Volume::default()
        }));
    }
    volumes.extend(list("pod.volumes", &config.volumes)?);
    Ok(volumes)
}

/// Refuses names that come twice, and mounts of nothing: the operator would take them, and fail.
fn check(
    nodes: &[&Node<'_>],
    containers: &[Container],
    volumes: &[Volume],
    config: &Pod,
) -> Result<(), RenderError> {
    let mut names = BTreeSet::new();
    if let Some(node) = nodes.iter().find(|node| !names.insert(node.name)) {
        let expected = "a name that no other node has";
        return Err(RenderError::new(node.at("name"), expected, format!("`{}`", node.name)));
    }
    let mut names = BTreeSet::new();
    if let Some(volume) = volumes.iter().find(|volume| !names.insert(volume.name.as_str())) {
        let expected = "names that no other volume of the pod has";
        return Err(RenderError::new("pod.volumes", expected, format!("`{}`", volume.name)));
    }
    // Ours are mounts of our own volumes; only the configuration's can miss theirs.
    for (index, mount) in config.volume_mounts.iter().enumerate() {
        let name = mount.get("name").and_then(Value::as_str).unwrap_or_default();
        if !names.contains(name) {
            let path = format!("pod.volumeMounts[{index}].name");
            return Err(RenderError::new(path, "a volume of `pod.volumes`", format!("`{name}`")));
        }
    }
    for container in containers {
        let mounts = container.volume_mounts.iter().flatten();
        let mut paths = BTreeSet::new();
        let twice = mounts.map(|mount| mount.mount_path.as_str()).find(|path| !paths.insert(*path));
        if let Some(path) = twice {
            let expected = "paths that nothing else is mounted at";
            return Err(RenderError::new("pod.volumeMounts", expected, format!("`{path}`")));
        }
    }
    Ok(())
}

/// Reads the items of a list as their type.
fn list<T: DeserializeOwned + Serialize>(
    path: &str,
    items: &[Map<String, Value>],
) -> Result<Vec<T>, RenderError> {
    let items = items.iter().enumerate();
    items
        .map(|(index, item)| typed(&format!("{path}[{index}]"), &Value::Object(item.clone())))
        .collect()
}

fn some<T>(items: Vec<T>) -> Option<Vec<T>> {
    (!items.is_empty()).then_some(items)
}
