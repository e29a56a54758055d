//! How many pods there are.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How many pods there are: a number, or bounds for an autoscaler.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scale {
    /// How many; 1 where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<u32>,
    /// Kubernetes' own autoscaler, which KEDA makes where it is to know who waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto: Option<Autoscale>,
    /// KEDA's: a component's `kedaSpec`, as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keda: Option<Map<String, Value>>,
    /// How many pods must stay when nodes are drained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pdb: Option<DisruptionBudget>,
}

/// Bounds and aims of Kubernetes' autoscaler.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Autoscale {
    /// The fewest pods.
    pub min: u32,
    /// The most pods.
    pub max: u32,
    /// The share of the CPU request, in percent, that pods are to use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<u32>,
    /// The share of the memory request, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u32>,
    /// Other metrics, as `autoscaling/v2` has them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<Map<String, Value>>,
    /// Requests that wait for a thread of the servers, of which KEDA asks Prometheus.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<Queue>,
}

/// How many requests are to wait in the servers' queues.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Queue {
    /// Where Prometheus answers, such as `http://prometheus.monitoring:9090`.
    pub prometheus: String,
    /// How many for each pod; where nothing is said, two for each processor of one, by its limit or,
    /// without, its request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<u32>,
}

/// How many pods must stay: a number or a share such as `50%`, one of the two.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DisruptionBudget {
    /// The fewest that stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_available: Option<Value>,
    /// The most that go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_unavailable: Option<Value>,
}
