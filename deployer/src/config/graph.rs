//! Graphs of several nodes.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Model, Resources};

/// What a node does with a message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum NodeType {
    /// Answers it.
    #[default]
    Model,
    /// Changes it on its way to the children.
    Transformer,
    /// Changes the answer on its way back.
    OutputTransformer,
    /// Chooses a child.
    Router,
    /// Makes one answer of the children's.
    Combiner,
}

/// A node of a graph, with those below it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GraphNode {
    /// The node's and its container's name: a DNS label.
    pub name: String,
    /// What it does with a message.
    #[serde(default, rename = "type")]
    pub kind: NodeType,
    /// What it serves; without it, a server that needs no model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Model>,
    /// Its image, where it is not the server's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// A server that the operator knows by name, in place of an image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub implementation: Option<String>,
    /// Its parameters; their types become Seldon's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Value>,
    /// Variables of its container.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// What its container may use; by default what the server may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// A node's `logger`, as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logger: Option<Map<String, Value>>,
    /// The nodes below it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Self>,
}
