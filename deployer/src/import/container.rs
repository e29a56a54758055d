//! Pods and their containers.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::node::Reading;
use super::taking::Taking;
use crate::config::{Pod, Resources};

/// What a configuration says of a container.
#[derive(Debug, Default)]
pub(super) struct Container {
    pub(super) image: Option<String>,
    pub(super) env: BTreeMap<String, String>,
    /// The Secret whose keys are its variables.
    pub(super) secret: Option<String>,
    pub(super) resources: Resources,
    pub(super) volume_mounts: Vec<Map<String, Value>>,
    /// What fetched its model before it began.
    pub(super) initializer: Option<Initializer>,
}

/// An init container with the arguments of Seldon's storage initializer.
#[derive(Debug, Default)]
pub(super) struct Initializer {
    pub(super) uri: Option<String>,
    pub(super) secret: Option<String>,
}

/// Quantities of a `resources` of Kubernetes.
pub(super) fn resources(mut from: Taking) -> Resources {
    let mut quantities = |name| from.object(name).rest().into_iter().collect();
    Resources { requests: quantities("requests"), limits: quantities("limits") }
}

/// Reads a PodSpec: what all its containers share into `pod`, and the containers by name.
pub(super) fn pod(
    mut spec: Taking,
    pod: &mut Pod,
    account: &mut Option<String>,
    reading: &mut Reading,
) -> BTreeMap<String, Container> {
    pod.node_selector.extend(spec.object("nodeSelector").texts());
    pod.tolerations.extend(spec.list("tolerations").into_iter().map(|mut it| it.rest()));
    pod.affinity.append(&mut spec.object("affinity").rest());
    let spread = spec.list("topologySpreadConstraints");
    pod.topology_spread_constraints.extend(spread.into_iter().map(|mut it| it.rest()));
    let pull = spec.list("imagePullSecrets").into_iter();
    pod.image_pull_secrets.extend(pull.filter_map(|mut it| it.text("name")));
    let security = spec.object("securityContext").rest();
    if !security.is_empty() {
        pod.security_context = Some(security);
    }
    pod.priority_class_name = spec.text("priorityClassName").or(pod.priority_class_name.take());
    *account = spec.text("serviceAccountName").or(account.take());
    // The older name of the same, and what follows from our own probes and preStop.
    for name in [
        "serviceAccount",
        "terminationGracePeriodSeconds",
        "restartPolicy",
        "dnsPolicy",
        "schedulerName",
    ] {
        spec.value(name);
    }
    let is_the_operators = |volume: &Map<String, Value>| {
        let name = volume.get("name").and_then(Value::as_str).unwrap_or_default();
        name == "seldon-podinfo" || name.ends_with("-provision-location")
    };
    let volumes = spec.list("volumes").into_iter().map(|mut it| it.rest());
    pod.volumes.extend(volumes.filter(|volume| !is_the_operators(volume)));
    let mut containers: BTreeMap<_, _> =
        spec.list("containers").into_iter().map(|it| container(it, reading)).collect();
    for init in spec.list("initContainers") {
        initializer(init, &mut containers, reading);
    }
    spec.left(&mut reading.left_out);
    containers
}

fn container(mut from: Taking, reading: &mut Reading) -> (String, Container) {
    let name = from.text("name").unwrap_or_default();
    let mut container = Container {
        image: from.text("image"),
        resources: resources(from.object("resources")),
        ..Container::default()
    };
    for mut variable in from.list("env") {
        match (variable.text("name"), variable.text("value")) {
            (Some(name), value @ Some(_)) => {
                drop(container.env.insert(name, value.unwrap_or_default()));
            }
            (name, None) => {
                let place = variable.place("valueFrom");
                let name = name.unwrap_or_default();
                reading.left_out.push(format!("{place} (of `{name}`)"));
            }
            (None, Some(_)) => {}
        }
    }
    for mut source in from.list("envFrom") {
        let secret = source.object("secretRef").text("name");
        match secret {
            Some(secret) if container.secret.is_none() => container.secret = Some(secret),
            _ => reading.left_out.push(source.place("")),
        }
    }
    let is_the_operators = |mount: &Map<String, Value>| {
        let name = mount.get("name").and_then(Value::as_str).unwrap_or_default();
        name == "seldon-podinfo" || name.ends_with("-provision-location")
    };
    let mounts = from.list("volumeMounts").into_iter().map(|mut it| it.rest());
    container.volume_mounts = mounts.filter(|mount| !is_the_operators(mount)).collect();
    // Ours has its own ports and hooks.
    for name in [
        "ports",
        "lifecycle",
        "imagePullPolicy",
        "terminationMessagePath",
        "terminationMessagePolicy",
    ] {
        from.value(name);
    }
    let of = name.clone();
    for name in ["readinessProbe", "livenessProbe", "startupProbe"] {
        if from.value(name).is_some() {
            reading
                .note(format!("its own `{name}` takes the place of the one of container `{of}`"));
        }
    }
    from.left(&mut reading.left_out);
    (name, container)
}

fn initializer(
    mut from: Taking,
    containers: &mut BTreeMap<String, Container>,
    reading: &mut Reading,
) {
    let name = from.text("name").unwrap_or_default();
    let of = name.strip_suffix("-model-initializer").and_then(|of| containers.get_mut(of));
    let Some(container) = of else {
        reading.left_out.push(format!("initContainers: `{name}`"));
        return;
    };
    let uri = match from.value("args") {
        Some(Value::Array(args)) => args.first().and_then(Value::as_str).map(str::to_owned),
        _ => None,
    };
    let mut sources = from.list("envFrom").into_iter();
    let secret = sources.find_map(|mut source| source.object("secretRef").text("name"));
    container.initializer = Some(Initializer { uri, secret });
}
