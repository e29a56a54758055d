//! The variables that the operator sets in a container of a graph's node.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// A node's container, as the operator sees it.
#[derive(Debug, Clone)]
pub struct Node<'a> {
    /// The SeldonDeployment.
    pub deployment: &'a str,
    /// Its predictor.
    pub predictor: &'a str,
    /// The node, and its container.
    pub name: &'a str,
    /// The container's image.
    pub image: &'a str,
    /// The ports: REST, gRPC, metrics. By default those of [`PORTS`].
    pub ports: [u16; 3],
    /// Whether the operator calls it over gRPC (`transport: grpc`).
    pub is_grpc: bool,
    /// The node's `parameters`.
    pub parameters: &'a [Value],
    /// Whether a storage initializer puts the model into `/mnt/models`.
    pub has_model: bool,
}

/// The ports that the operator gives to the first container.
pub const PORTS: [u16; 3] = [9000, 9500, 6000];

/// The variables, by name.
pub fn variables(node: &Node<'_>) -> BTreeMap<&'static str, String> {
    let [http, grpc, metrics] = node.ports.map(|port| port.to_string());
    let service = if node.is_grpc { &grpc } else { &http }.clone();
    let path = || "/prometheus".to_owned();
    let mut variables = BTreeMap::from([
        ("PREDICTIVE_UNIT_SERVICE_PORT", service),
        ("PREDICTIVE_UNIT_HTTP_SERVICE_PORT", http.clone()),
        ("MLSERVER_HTTP_PORT", http),
        ("PREDICTIVE_UNIT_GRPC_SERVICE_PORT", grpc.clone()),
        ("MLSERVER_GRPC_PORT", grpc),
        ("PREDICTIVE_UNIT_METRICS_SERVICE_PORT", metrics.clone()),
        ("MLSERVER_METRICS_PORT", metrics),
        ("PREDICTIVE_UNIT_METRICS_ENDPOINT", path()),
        ("MLSERVER_METRICS_ENDPOINT", path()),
        ("PREDICTIVE_UNIT_ID", node.name.to_owned()),
        ("MLSERVER_MODEL_NAME", node.name.to_owned()),
        ("PREDICTIVE_UNIT_IMAGE", node.image.to_owned()),
        ("PREDICTOR_ID", node.predictor.to_owned()),
        ("PREDICTOR_LABELS", json!({"version": node.predictor}).to_string()),
        ("SELDON_DEPLOYMENT_ID", node.deployment.to_owned()),
        ("SELDON_EXECUTOR_ENABLED", "true".to_owned()),
    ]);
    if !node.parameters.is_empty() {
        let parameters = Value::Array(node.parameters.to_vec()).to_string();
        variables.insert("PREDICTIVE_UNIT_PARAMETERS", parameters);
    }
    if node.has_model {
        variables.insert("MLSERVER_MODEL_URI", "/mnt/models".to_owned());
    }
    variables
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_is_told_who_it_is() {
        let parameters = [json!({"name": "model_uri", "type": "STRING", "value": "s3://m"})];
        let node = Node {
            deployment: "fraud",
            predictor: "main",
            name: "model",
            image: "radiant:1",
            ports: PORTS,
            is_grpc: false,
            parameters: &parameters,
            has_model: false,
        };
        let set = variables(&node);
        assert_eq!(set["PREDICTIVE_UNIT_SERVICE_PORT"], "9000");
        assert_eq!(set["PREDICTIVE_UNIT_GRPC_SERVICE_PORT"], "9500");
        assert_eq!(set["PREDICTOR_LABELS"], r#"{"version":"main"}"#);
        assert!(set["PREDICTIVE_UNIT_PARAMETERS"].contains("s3://m"));
        assert_eq!(set.get("MLSERVER_MODEL_URI"), None);
        let bare = variables(&Node { is_grpc: true, parameters: &[], has_model: true, ..node });
        assert_eq!(bare["PREDICTIVE_UNIT_SERVICE_PORT"], "9500");
        assert_eq!(bare["MLSERVER_MODEL_URI"], "/mnt/models");
        assert_eq!(bare.get("PREDICTIVE_UNIT_PARAMETERS"), None);
    }
}
