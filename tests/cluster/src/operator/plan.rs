//! What a SeldonDeployment is made into: Deployments and Services, as a pure function.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

use super::container::{PODINFO_VOLUME, Place, Ports};
use super::settings::Settings;
use super::spec::{Component, Node, Predictor, Spec};
use super::{initializer, names, scaling, services};
use crate::object::{add_named, list_mut, set_default};

/// The user of pods that name none.
const USER: u32 = 8888;
/// How long pods may take to end that say nothing of it.
const GRACE_S: u32 = 20;
/// The name of the orchestrator's container.
pub(crate) const ORCHESTRATOR: &str = "seldon-container-engine";

/// What is to be there.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) deployments: Vec<Value>,
    pub(crate) services: Vec<Value>,
    /// Autoscalers and disruption budgets.
    pub(crate) scaling: Vec<Value>,
    /// Where the first predictor answers.
    pub(crate) url: String,
}

/// Whose plan it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owner<'a> {
    pub(crate) name: &'a str,
    pub(crate) namespace: &'a str,
    pub(crate) uid: &'a str,
}

impl Owner<'_> {
    /// The metadata of something that belongs to it.
    pub(crate) fn metadata(
        &self,
        name: &str,
        labels: &BTreeMap<String, String>,
        annotations: &BTreeMap<String, String>,
    ) -> Value {
        json!({
            "name": name, "namespace": self.namespace, "labels": labels, "annotations": annotations,
            "ownerReferences": [{
                "apiVersion": "machinelearning.seldon.io/v1", "kind": "SeldonDeployment",
                "name": self.name, "uid": self.uid, "controller": true, "blockOwnerDeletion": true,
            }],
        })
    }

    /// Its value of the label `seldon-deployment-id`.
    pub(crate) fn id(&self) -> String {
        names::shortened(self.name)
    }
}

/// Plans everything, or says why there is no plan.
///
/// # Errors
/// In the words that the status will show.
pub(crate) fn plan(owner: Owner<'_>, spec: &Spec, settings: &Settings) -> Result<Plan, String> {
    let mut plan = Plan::default();
    for predictor in &spec.predictors {
        let mut predictor = predictor.clone();
        let version = predictor.name.clone();
        predictor.labels.entry("version".to_owned()).or_insert(version);
        add_servers(&mut predictor, spec, settings)?;
        let prepared = prepare(owner, spec, &predictor, settings)?;
        if plan.url.is_empty() {
            plan.url = services::url(owner, spec, &predictor, &prepared.ports);
        }
        plan.services.extend(services::all(owner, spec, &predictor, &prepared.ports));
        for (component_idx, component) in prepared.components.iter().enumerate() {
            let deployment = deployment(owner, spec, &prepared.predictor, component, component_idx);
            plan.scaling.extend(scaling::all(owner, component, &deployment));
            plan.deployments.push(deployment);
        }
    }
    Ok(plan)
}

/// Gives nodes that name a server their container, and its image where that names none.
fn add_servers(predictor: &mut Predictor, spec: &Spec, settings: &Settings) -> Result<(), String> {
    let nodes: Vec<Node> = predictor.nodes().into_iter().cloned().collect();
    for node in nodes {
        let Some(server) = node.server() else { continue };
        if !settings.config.has_server(server) {
            return Err(format!("Failed to get server config for {server}"));
        }
        if predictor.component_specs.is_empty() {
            let spec = json!({"containers": []});
            predictor.component_specs.push(Component { spec, ..Component::default() });
        }
        if predictor.container(&node.name).is_none() {
            let first = predictor.component_specs.first_mut();
            let first = first.and_then(|component| list_mut(&mut component.spec, "containers"));
            if let Some(there) = first {
                there.push(json!({"name": node.name}));
            }
        }
        let components = predictor.component_specs.iter_mut();
        for container in
            components.filter_map(|one| list_mut(&mut one.spec, "containers")).flatten()
        {
            if container["name"] == node.name.as_str() {
                let image = settings.config.image(server, spec.protocol());
                set_default(container, "image", json!(image));
                if container["image"] == "" {
                    container["image"] = json!(image);
                }
            }
        }
    }
    Ok(())
}

/// A predictor whose pods have everything that they get.
struct Prepared {
    predictor: Predictor,
    components: Vec<Component>,
    ports: BTreeMap<String, Ports>,
}

fn prepare(
    owner: Owner<'_>,
    spec: &Spec,
    predictor: &Predictor,
    settings: &Settings,
) -> Result<Prepared, String> {
    let mut components = predictor.component_specs.clone();
    let mut ports = BTreeMap::new();
    let nodes: Vec<&Node> = predictor.nodes();
    for component in &mut components {
        for container in list_mut(&mut component.spec, "containers").into_iter().flatten() {
            let Some(node) = nodes.iter().find(|node| container["name"] == node.name.as_str())
            else {
                continue;
            };
            let own = Ports::of(container, ports.len() as u64);
            ports.insert(node.name.clone(), own);
            let place = Place { deployment: owner.name, spec, predictor, node, ports: own };
            place.complete(container);
        }
        for node in &nodes {
            if component.containers().any(|container| container["name"] == node.name.as_str()) {
                initializer::inject(&mut component.spec, node, settings);
                let account = node.service_account_name.as_ref().filter(|name| !name.is_empty());
                if let (Some(account), Some(_)) = (account, node.server()) {
                    set_default(&mut component.spec, "serviceAccountName", json!(account));
                }
            }
        }
        complete_pod(&mut component.spec);
    }
    let mut predictor = predictor.clone();
    predictor.component_specs.clone_from(&components);
    set_endpoints(&mut predictor.graph, owner, &predictor.component_specs, &predictor.name, &ports);
    if !predictor.has_no_engine()
        && let Some(first) = components.first_mut()
        && let Some(containers) = list_mut(&mut first.spec, "containers")
    {
        containers.push(orchestrator(owner, spec, &predictor, settings)?);
    }
    Ok(Prepared { predictor, components, ports })
}

/// Tells each node where it is: beside the orchestrator, or behind its own Service.
fn set_endpoints(
    node: &mut Node,
    owner: Owner<'_>,
    components: &[Component],
    predictor: &str,
    ports: &BTreeMap<String, Ports>,
) {
    if let Some(own) = ports.get(&node.name) {
        let beside = components.first().is_some_and(|first| {
            first.containers().any(|container| container["name"] == node.name.as_str())
        });
        let service = names::container(owner.name, predictor, &node.name);
        let host = format!("{service}.{}.svc.cluster.local", owner.namespace);
        let host = if beside { "localhost".to_owned() } else { host };
        node.endpoint = Some(json!({
            "service_host": host, "service_port": own.http, "httpPort": own.http,
            "grpcPort": own.grpc, "type": "REST",
        }));
    }
    if node.kind.is_none() && node.methods.is_empty() || node.server().is_some() {
        node.kind = Some("MODEL".to_owned());
    }
    for child in &mut node.children {
        set_endpoints(child, owner, components, predictor, ports);
    }
}

fn complete_pod(pod: &mut Value) {
    // The API server merges ports by number and protocol, and must be told both.
    for container in list_mut(pod, "containers").into_iter().flatten() {
        for port in list_mut(container, "ports").into_iter().flatten() {
            set_default(port, "protocol", json!("TCP"));
        }
    }
    set_default(pod, "terminationGracePeriodSeconds", json!(GRACE_S));
    set_default(pod, "securityContext", json!({"runAsUser": USER}));
    if let Some(volumes) = list_mut(pod, "volumes") {
        let field = json!({"fieldPath": "metadata.annotations", "apiVersion": "v1"});
        let items = json!([{"path": "annotations", "fieldRef": field}]);
        add_named(volumes, json!({"name": PODINFO_VOLUME, "downwardAPI": {"items": items}}));
    }
}

fn orchestrator(
    owner: Owner<'_>,
    spec: &Spec,
    predictor: &Predictor,
    settings: &Settings,
) -> Result<Value, String> {
    let graph = serde_json::to_vec(predictor).map_err(|error| error.to_string())?;
    let transport = if spec.is_grpc() { "grpc" } else { "rest" };
    let quarter = json!({"cpu": "500m", "memory": "512Mi"});
    let ours = predictor.svc_orch_spec.clone().unwrap_or_default();
    let resources = ours.resources.unwrap_or(json!({"requests": quarter, "limits": quarter}));
    let mut env = vec![
        json!({"name": "ENGINE_PREDICTOR", "value": BASE64_STANDARD.encode(graph)}),
        json!({"name": "SELDON_DEPLOYMENT_ID", "value": owner.name}),
        json!({"name": "PREDICTOR_ID", "value": predictor.name}),
    ];
    env.extend(ours.env);
    let probe = |path: &str| {
        json!({
            "httpGet": {"path": path, "port": 8000}, "initialDelaySeconds": 20, "periodSeconds": 5,
            "timeoutSeconds": 60, "failureThreshold": 3, "successThreshold": 1,
        })
    };
    Ok(json!({
        "name": ORCHESTRATOR, "image": settings.orchestrator_image, "imagePullPolicy": "IfNotPresent",
        "args": [
            "--sdep", owner.name, "--namespace", owner.namespace, "--predictor", predictor.name,
            "--http_port", "8000", "--grpc_port", "5001", "--protocol", spec.protocol(),
            "--transport", transport, "--prometheus_path", "/prometheus", "--server_type", "rpc",
            "--full_health_checks=false",
        ],
        "env": env, "resources": resources, "securityContext": {"runAsUser": USER},
        "ports": [
            {"name": "http", "containerPort": 8000, "protocol": "TCP"},
            {"name": "grpc", "containerPort": 5001, "protocol": "TCP"},
        ],
        "readinessProbe": probe("/ready"), "livenessProbe": probe("/live"),
        "volumeMounts": [{"name": PODINFO_VOLUME, "mountPath": "/etc/podinfo"}],
    }))
}

fn deployment(
    owner: Owner<'_>,
    spec: &Spec,
    predictor: &Predictor,
    component: &Component,
    component_idx: usize,
) -> Value {
    let containers = component.containers().filter(|container| container["name"] != ORCHESTRATOR);
    let containers: Vec<String> =
        containers.filter_map(|container| container["name"].as_str().map(str::to_owned)).collect();
    let name = names::deployment(owner.name, &predictor.name, component_idx, &containers);
    let key = names::predictor(owner.name, predictor);
    let fixed =
        [("seldon-deployment-id", owner.id()), ("app", name.clone()), ("fluentd", "true".into())];
    let fixed: BTreeMap<String, String> =
        fixed.into_iter().map(|(label, value)| (label.to_owned(), value)).collect();
    let mut labels = predictor.labels.clone();
    labels.extend(fixed.clone());
    labels.insert("app.kubernetes.io/managed-by".to_owned(), "seldon-core".to_owned());
    labels.insert("seldon-app".to_owned(), key);
    for node in predictor.nodes().iter().filter(|node| containers.contains(&node.name)) {
        let service = names::container(owner.name, &predictor.name, &node.name);
        labels.insert(format!("seldon-app-svc-{}", node.name), service);
        labels.insert(node.kind_label().to_owned(), "true".to_owned());
    }
    let mut annotations = spec.annotations.clone();
    annotations.extend(predictor.annotations.clone());
    let mut pod_annotations = annotations.clone();
    pod_annotations.insert("prometheus.io/scrape".to_owned(), "true".to_owned());
    pod_annotations.insert("prometheus.io/path".to_owned(), "/prometheus".to_owned());
    let mut pod_labels = labels.clone();
    pod_labels.extend(texts(component.metadata.as_ref(), "/labels"));
    pod_annotations.extend(texts(component.metadata.as_ref(), "/annotations"));
    let mut deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": owner.metadata(&name, &labels, &annotations),
        "spec": {
            "selector": {"matchLabels": fixed},
            // The operator means 10 %, and writes it so that 0 is read.
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": "25%"}},
            "template": {
                "metadata": {"labels": pod_labels, "annotations": pod_annotations},
                "spec": component.spec,
            },
        },
    });
    if component.hpa_spec.is_none() && component.keda_spec.is_none() {
        let replicas = component.replicas.or(predictor.replicas).or(spec.replicas).unwrap_or(1);
        deployment["spec"]["replicas"] = json!(replicas);
    }
    if let Some(deadline_s) = predictor.progress_deadline_seconds {
        deployment["spec"]["progressDeadlineSeconds"] = json!(deadline_s);
    }
    deployment
}

/// A map of texts inside a value.
fn texts(value: Option<&Value>, pointer: &str) -> Vec<(String, String)> {
    let map = value.and_then(|value| value.pointer(pointer)).and_then(Value::as_object);
    let pairs = map.into_iter().flat_map(Map::iter);
    pairs.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}
