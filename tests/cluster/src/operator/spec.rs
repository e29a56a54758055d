//! SeldonDeployments, as far as the operator reads them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Implementations that are no servers with an image of their own.
const BUILT_IN: [&str; 5] = [
    "SIMPLE_MODEL",
    "SIMPLE_ROUTER",
    "RANDOM_ABTEST",
    "AVERAGE_COMBINER",
    "UNKNOWN_IMPLEMENTATION",
];

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Spec {
    pub(crate) predictors: Vec<Predictor>,
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) protocol: Option<String>,
    pub(crate) transport: Option<String>,
    pub(crate) server_type: Option<String>,
    pub(crate) replicas: Option<i32>,
}

impl Spec {
    pub(crate) fn protocol(&self) -> &str {
        self.protocol.as_deref().filter(|text| !text.is_empty()).unwrap_or("seldon")
    }

    /// Whether the V2 protocol is spoken, under either of its names.
    pub(crate) fn is_v2(&self) -> bool {
        matches!(self.protocol(), "v2" | "kfserving")
    }

    pub(crate) fn is_grpc(&self) -> bool {
        self.transport.as_deref() == Some("grpc")
    }
}

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Predictor {
    pub(crate) name: String,
    pub(crate) graph: Node,
    pub(crate) component_specs: Vec<Component>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) replicas: Option<i32>,
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) labels: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) svc_orch_spec: Option<Orchestrator>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) traffic: Option<i32>,
    pub(crate) shadow: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) progress_deadline_seconds: Option<i32>,
}

impl Predictor {
    /// Whether the container of the only node answers by itself.
    pub(crate) fn has_no_engine(&self) -> bool {
        self.annotations.get("seldon.io/no-engine").is_some_and(|value| value == "true")
    }

    /// All nodes of the graph, parents first.
    pub(crate) fn nodes(&self) -> Vec<&Node> {
        let mut nodes = Vec::new();
        let mut left = vec![&self.graph];
        while let Some(node) = left.pop() {
            nodes.push(node);
            left.extend(node.children.iter().rev());
        }
        nodes
    }

    /// The container of a name, wherever it is.
    pub(crate) fn container(&self, name: &str) -> Option<&Value> {
        let mut all = self.component_specs.iter().flat_map(Component::containers);
        all.find(|container| container["name"] == name)
    }
}

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Component {
    pub(crate) metadata: Option<Value>,
    /// A `PodSpec`, which is handed on as it is.
    pub(crate) spec: Value,
    pub(crate) replicas: Option<i32>,
    pub(crate) hpa_spec: Option<Value>,
    pub(crate) keda_spec: Option<Value>,
    pub(crate) pdb_spec: Option<Value>,
}

impl Component {
    pub(crate) fn containers(&self) -> impl Iterator<Item = &Value> {
        crate::object::list(&self.spec, "/containers").iter()
    }
}

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Orchestrator {
    pub(crate) resources: Option<Value>,
    pub(crate) env: Vec<Value>,
}

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Node {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) children: Vec<Self>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) implementation: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) methods: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) parameters: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) model_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) service_account_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) env_secret_ref_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) storage_initializer_image: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) logger: Option<Value>,
}

impl Node {
    /// The server that is named instead of a container, if one is.
    pub(crate) fn server(&self) -> Option<&str> {
        let name = self.implementation.as_deref().filter(|name| !name.is_empty())?;
        (!BUILT_IN.contains(&name)).then_some(name)
    }

    /// Whether it needs a container: not if the orchestrator plays it.
    pub(crate) fn needs_container(&self) -> bool {
        let name = self.implementation.as_deref().unwrap_or_default();
        matches!(name, "" | "UNKNOWN_IMPLEMENTATION") || self.server().is_some()
    }

    pub(crate) fn model_uri(&self) -> Option<&str> {
        self.model_uri.as_deref().filter(|uri| !uri.is_empty())
    }

    /// The label that tells what it is.
    pub(crate) fn kind_label(&self) -> &'static str {
        match self.kind.as_deref() {
            Some("ROUTER") => "seldon.io/router",
            Some("COMBINER") => "seldon.io/combiner",
            Some("TRANSFORMER") => "seldon.io/transformer",
            Some("OUTPUT_TRANSFORMER") => "seldon.io/output-transformer",
            _ => "seldon.io/model",
        }
    }
}
