//! The graph of a predictor.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A node: a container of its name, or a server that the operator knows by name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PredictiveUnit {
    /// The name of the node and of its container: a DNS label.
    pub name: String,
    /// `MODEL`, `TRANSFORMER`, `OUTPUT_TRANSFORMER`, `ROUTER`, `COMBINER` or `UNKNOWN_TYPE`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// A server or a node that the operator knows by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub implementation: Option<String>,
    /// Methods that it has beyond those of its type.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
    /// Where the storage initializer fetches its model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_uri: Option<String>,
    /// The Secret of the storage initializer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_secret_ref_name: Option<String>,
    /// The pod's ServiceAccount; the operator reads it of servers that it knows by name only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account_name: Option<String>,
    /// The storage initializer's image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_initializer_image: Option<String>,
    /// What the container is started with.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Parameter>,
    /// Where it is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Endpoint>,
    /// Who is sent requests and answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logger: Option<Map<String, Value>>,
    /// The nodes below it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Self>,
}

impl PredictiveUnit {
    /// It and all nodes below it, each with its path from it, such as `children[0].children[1]`.
    pub fn nodes(&self) -> Vec<(String, &Self)> {
        let mut nodes = vec![(String::new(), self)];
        for (index, child) in self.children.iter().enumerate() {
            let here = format!(".children[{index}]");
            nodes
                .extend(child.nodes().into_iter().map(|(path, node)| (here.clone() + &path, node)));
        }
        nodes
    }
}

/// A parameter. All three are strings, whatever the type.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// `INT`, `FLOAT`, `DOUBLE`, `STRING` or `BOOL`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its value.
    pub value: String,
}

/// Where a node is called.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Endpoint {
    /// `REST` or `GRPC`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Its host.
    #[serde(rename = "service_host", skip_serializing_if = "Option::is_none")]
    pub service_host: Option<String>,
    /// Its port, of either transport.
    #[serde(rename = "service_port", skip_serializing_if = "Option::is_none")]
    pub service_port: Option<i32>,
    /// Its REST port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_port: Option<i32>,
    /// Its gRPC port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grpc_port: Option<i32>,
}
