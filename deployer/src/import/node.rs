//! Graphs: nodes with the containers of their names.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::container::{Container, pod};
use super::taking::Taking;
use crate::config::{Deployment, GraphNode, Mode, Model, NodeType, Resources};

/// What is noted while an object is read.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) notes: Vec<String>,
    pub(super) left_out: Vec<String>,
}

impl Reading {
    pub(super) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// ZenML writes a container's resources where no operator looks.
    pub(super) fn engine_resources(
        &mut self,
        unused: Map<String, Value>,
        deployment: &mut Deployment,
    ) {
        let resources = &mut deployment.server.resources;
        if *resources == Resources::default() {
            let place = "engineResources";
            *resources = super::container::resources(Taking::new(place, Value::Object(unused)));
            self.note(
                "`engineResources` was written and never applied: the operator does not read it. \
                 It is `server.resources` now, and takes effect",
            );
        } else {
            self.note("`engineResources` is left out: the operator never read it");
        }
    }
}

/// Reads the graph of a predictor with its containers; whether it is one node.
pub(super) fn graph(
    mut root: Taking,
    components: Vec<Taking>,
    deployment: &mut Deployment,
    reading: &mut Reading,
) -> bool {
    let mut containers = BTreeMap::new();
    for mut component in components {
        let mut metadata = component.object("metadata");
        deployment.pod.labels.extend(metadata.object("labels").texts());
        deployment.pod.annotations.extend(metadata.object("annotations").texts());
        // Those that an API server fills in.
        metadata.value("creationTimestamp");
        metadata.left(&mut reading.left_out);
        let account = &mut deployment.credentials.service_account;
        containers.extend(pod(component.object("spec"), &mut deployment.pod, account, reading));
        component.left(&mut reading.left_out);
    }
    let children = root.list("children");
    let is_single = children.is_empty();
    if is_single {
        single(root, &mut containers, deployment, reading);
    } else {
        let node = one_of_several(root, children, &mut containers, deployment, reading);
        deployment.graph = Some(node);
    }
    for (name, _) in containers {
        reading.left_out.push(format!("componentSpecs: the container `{name}`, which is no node"));
    }
    is_single
}

/// What a node says of itself, whether it is the only one or not.
struct Node {
    name: String,
    kind: NodeType,
    implementation: Option<String>,
    parameters: BTreeMap<String, Value>,
    model: Model,
    secret: Option<String>,
    account: Option<String>,
    initializer: Option<String>,
    logger: Option<Map<String, Value>>,
}

fn read(mut node: Taking, reading: &mut Reading) -> Node {
    let kind = match node.text("type").as_deref() {
        Some("TRANSFORMER") => NodeType::Transformer,
        Some("OUTPUT_TRANSFORMER") => NodeType::OutputTransformer,
        Some("ROUTER") => NodeType::Router,
        Some("COMBINER") => NodeType::Combiner,
        _ => NodeType::Model,
    };
    let mut parameters: BTreeMap<_, _> =
        node.list("parameters").into_iter().filter_map(parameter).collect();
    let mut text = |name: &str| match parameters.remove(name) {
        Some(Value::String(text)) => Some(text),
        Some(other) => Some(other.to_string()),
        None => None,
    };
    let uri = text("model_uri");
    let method = text("method");
    // The operator fills in where a container is found.
    node.value("endpoint");
    let implementation = node.text("implementation");
    let read = Node {
        name: node.text("name").unwrap_or_default(),
        kind,
        implementation: implementation.filter(|name| name != "UNKNOWN_IMPLEMENTATION"),
        model: Model { uri: node.text("modelUri").or(uri), method, ..Model::default() },
        parameters,
        secret: node.text("envSecretRefName"),
        account: node.text("serviceAccountName"),
        initializer: node.text("storageInitializerImage"),
        logger: node.value("logger").and_then(|value| match value {
            Value::Object(fields) => Some(fields),
            _ => None,
        }),
    };
    node.left(&mut reading.left_out);
    read
}

/// A parameter with the type that Seldon gives it.
fn parameter(mut parameter: Taking) -> Option<(String, Value)> {
    let (name, value) = (parameter.text("name")?, parameter.text("value").unwrap_or_default());
    let typed = match parameter.text("type").as_deref() {
        Some("INT") => value.parse::<i64>().ok().map(Value::from),
        Some("FLOAT" | "DOUBLE") => value.parse::<f64>().ok().map(Value::from),
        // As Python's distutils reads them, which Seldon uses.
        Some("BOOL") => match value.to_lowercase().as_str() {
            "y" | "yes" | "t" | "true" | "on" | "1" => Some(Value::Bool(true)),
            _ => Some(Value::Bool(false)),
        },
        _ => None,
    };
    Some((name, typed.unwrap_or(Value::String(value))))
}

fn single(
    node: Taking,
    containers: &mut BTreeMap<String, Container>,
    deployment: &mut Deployment,
    reading: &mut Reading,
) {
    let node = read(node, reading);
    let container = containers.remove(&node.name).unwrap_or_default();
    let server = &mut deployment.server;
    server.image = container.image;
    server.env = container.env;
    server.resources = container.resources;
    server.parameters = node.parameters;
    deployment.pod.volume_mounts = container.volume_mounts;
    deployment.model = node.model;
    if let Some(name) = node.implementation {
        server.mode = Mode::Prepackaged;
        server.implementation = name;
    } else if let Some(initializer) = container.initializer {
        deployment.model.uri = deployment.model.uri.take().or(initializer.uri);
        reading.note(
            "an init container fetched the model: the server fetches it itself now (`server.mode: custom`)",
        );
        deployment.credentials.existing_secret = initializer.secret;
    }
    if node.initializer.is_some() {
        reading.note("`storageInitializerImage` is left out: `server.mode: initializer` sets it");
    }
    if node.logger.is_some() {
        reading.left_out.push("graph.logger".to_owned());
    }
    let credentials = &mut deployment.credentials;
    credentials.service_account = node.account.or(credentials.service_account.take());
    credentials.existing_secret =
        node.secret.or(container.secret).or(credentials.existing_secret.take());
    if credentials.existing_secret.is_some()
        && let Some(account) = credentials.service_account.take()
    {
        reading.note(format!(
            "the ServiceAccount `{account}` is left out: a Secret has the store's credentials, and \
             `credentials` takes one of the two"
        ));
    }
}

fn one_of_several(
    node: Taking,
    children: Vec<Taking>,
    containers: &mut BTreeMap<String, Container>,
    deployment: &mut Deployment,
    reading: &mut Reading,
) -> GraphNode {
    let node = read(node, reading);
    let container = containers.remove(&node.name).unwrap_or_default();
    let credentials = &mut deployment.credentials;
    for secret in [node.secret, container.secret].into_iter().flatten() {
        let known = credentials.existing_secret.get_or_insert_with(|| secret.clone());
        if *known != secret {
            reading.note(format!("node `{}`: its Secret `{secret}` is left out", node.name));
        }
    }
    if let Some(account) = node.account {
        credentials.service_account.get_or_insert(account);
    }
    let mut below = Vec::new();
    for mut child in children {
        let grandchildren = child.list("children");
        below.push(one_of_several(child, grandchildren, containers, deployment, reading));
    }
    GraphNode {
        name: node.name,
        kind: node.kind,
        model: Some(node.model).filter(|model| *model != Model::default()),
        image: container.image,
        implementation: node.implementation,
        parameters: node.parameters,
        env: container.env,
        resources: Some(container.resources).filter(|it| *it != Resources::default()),
        logger: node.logger,
        children: below,
    }
}
