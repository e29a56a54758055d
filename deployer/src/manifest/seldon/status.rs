//! What the operator has seen of a SeldonDeployment, read whatever it looks like.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// What the operator has seen. Any part may be missing, and `state` be any text: operators differ.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SeldonDeploymentStatus {
    /// `Creating`, `Available`, `Failed`, or something else.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub state: Option<String>,
    /// The error that reconciling ended with.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub description: Option<String>,
    /// Pods of all predictors.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub replicas: Option<i64>,
    /// Its Deployments by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "lenient_values")]
    pub deployment_status: BTreeMap<String, DeploymentStatus>,
    /// Its Services by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "lenient_values")]
    pub service_status: BTreeMap<String, ServiceStatus>,
    /// Where it is reached within the cluster.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub address: Option<Address>,
    /// What of it is ready.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "lenient_items")]
    pub conditions: Vec<Condition>,
}

/// A Deployment of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct DeploymentStatus {
    /// How many pods it has.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub replicas: Option<i64>,
    /// How many of them answer.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub available_replicas: Option<i64>,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub description: Option<String>,
}

/// A Service of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ServiceStatus {
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub svc_name: Option<String>,
    /// Host and port over REST.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub http_endpoint: Option<String>,
    /// Host and port over gRPC.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub grpc_endpoint: Option<String>,
    /// The predictor that it explains.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub explainer_for: Option<String>,
}

/// Where it is reached within the cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Address {
    /// The URL of predictions.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub url: Option<String>,
}

/// What of it is ready, or why not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Condition {
    /// What: `Ready`, `DeploymentsReady`, ...
    #[serde(rename = "type", deserialize_with = "lenient")]
    pub kind: String,
    /// `True`, `False`, `Unknown`, or something else.
    #[serde(deserialize_with = "lenient")]
    pub status: String,
    /// A word for why.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub reason: Option<String>,
    /// A sentence for why.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub message: Option<String>,
    /// Since when, as it is written.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub last_transition_time: Option<String>,
}

/// Reads a value, or what stands for none where it is of another shape.
pub(super) fn lenient<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + Default,
{
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).unwrap_or_default())
}

/// Reads those items of a list that make sense.
fn lenient_items<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let Value::Array(items) = Value::deserialize(deserializer)? else { return Ok(Vec::new()) };
    Ok(items.into_iter().filter_map(|item| serde_json::from_value(item).ok()).collect())
}

/// Reads those values of a map that make sense.
fn lenient_values<'de, D, T>(deserializer: D) -> Result<BTreeMap<String, T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let Value::Object(entries) = Value::deserialize(deserializer)? else {
        return Ok(BTreeMap::new());
    };
    let read = |(key, value)| Some((key, serde_json::from_value(value).ok()?));
    Ok(entries.into_iter().filter_map(read).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::SeldonDeployment;
    use super::*;

    fn read(status: &Value) -> Option<SeldonDeploymentStatus> {
        let object =
            json!({"metadata": {"name": "x"}, "spec": {"predictors": []}, "status": status});
        serde_json::from_value::<SeldonDeployment>(object).unwrap().status
    }

    #[test]
    fn a_status_of_any_shape_is_read() {
        let shapes = [
            json!(null),
            json!({}),
            json!("Available"),
            json!([]),
            json!(7),
            json!({"state": 7, "conditions": {}, "deploymentStatus": [], "replicas": "two"}),
            json!({"conditions": [{"type": "Ready", "status": true}, 5, null]}),
        ];
        for shape in &shapes {
            let state = read(shape).and_then(|status| status.state);
            assert_eq!(state, None, "{shape}");
        }
    }

    #[test]
    fn what_makes_sense_of_a_status_is_kept() {
        let status = read(&json!({
            "state": "Sideways",
            "description": "no such image",
            "conditions": [{"type": "Ready", "status": "Unknown", "reason": 5}, 7],
            "deploymentStatus": {"a": {"replicas": 2, "availableReplicas": "one"}, "b": 1},
            "address": {"url": "http://x"},
        }))
        .unwrap();
        assert_eq!(status.state.as_deref(), Some("Sideways"));
        assert_eq!(status.description.as_deref(), Some("no such image"));
        let [condition] = &status.conditions[..] else { panic!("{:?}", status.conditions) };
        assert_eq!((condition.status.as_str(), &condition.reason), ("Unknown", &None));
        assert_eq!(status.deployment_status["a"].replicas, Some(2));
        assert_eq!(status.deployment_status.len(), 1);
        assert_eq!(status.address.unwrap().url.as_deref(), Some("http://x"));
    }
}
