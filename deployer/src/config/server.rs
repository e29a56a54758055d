//! What serves the model: the container and how the operator is told of it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Resources;

/// How the server comes into the pod.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// A container of ours, which fetches the model itself.
    #[default]
    Custom,
    /// A server that the operator knows by name, and its storage initializer.
    Prepackaged,
    /// A container of ours, and our image as storage initializer.
    Initializer,
}

/// Which protocol the operator and its ingress speak with the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Protocol {
    /// Seldon v1.
    #[default]
    Seldon,
    /// The Open Inference Protocol.
    V2,
    /// TensorFlow Serving's predict API.
    Tensorflow,
}

/// Whether Seldon's orchestrator stands before the model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Orchestrator {
    /// Where the graph needs it.
    #[default]
    Auto,
    /// Always.
    On,
    /// Never; a graph of several nodes is refused.
    Off,
}

/// What serves the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Server {
    /// How the server comes into the pod.
    #[serde(default)]
    pub mode: Mode,
    /// The image; its tag is pinned to a digest when it is deployed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// In mode `prepackaged`, the name of the operator's server.
    #[serde(default = "radiant_server")]
    pub implementation: String,
    /// Which protocol the operator and its ingress speak with the server.
    #[serde(default)]
    pub protocol: Protocol,
    /// Whether Seldon's orchestrator stands before the model.
    #[serde(default)]
    pub engine: Orchestrator,
    /// Parameters of the model; their types become Seldon's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Value>,
    /// Variables of the container. Secrets are refused.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// What the model's container may use.
    #[serde(default)]
    pub resources: Resources,
    /// What the orchestrator may use.
    #[serde(default)]
    pub engine_resources: Resources,
    /// How long requests in flight may take when a pod stops.
    #[serde(default = "drain")]
    #[schemars(regex(pattern = r"^(0|([0-9]+(ms|s|m|h|d))+)$"))]
    pub drain: String,
}

fn radiant_server() -> String {
    "RADIANT_SERVER".to_owned()
}

fn drain() -> String {
    "10s".to_owned()
}

impl Default for Server {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            image: None,
            implementation: radiant_server(),
            protocol: Protocol::default(),
            engine: Orchestrator::default(),
            parameters: BTreeMap::new(),
            env: BTreeMap::new(),
            resources: Resources::default(),
            engine_resources: Resources::default(),
            drain: drain(),
        }
    }
}
