//! The pods of a predictor.

use k8s_openapi::api::core::v1::PodSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A template of pods, how many there are, and who may change that.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ComponentSpec {
    /// Labels and annotations of the pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<ObjectMeta>,
    /// The pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec: Option<PodSpec>,
    /// How many; over what the predictor says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Kubernetes' autoscaler.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hpa_spec: Option<HpaSpec>,
    /// KEDA's, which comes before Kubernetes' own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keda_spec: Option<Map<String, Value>>,
    /// How many pods must stay when nodes are drained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pdb_spec: Option<DisruptionBudgetSpec>,
}

/// Kubernetes' autoscaler.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct HpaSpec {
    /// The fewest pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_replicas: Option<i32>,
    /// The most pods.
    pub max_replicas: i32,
    /// Metrics as `autoscaling/v2beta1` has them, for clusters without `autoscaling/v2`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<Value>,
    /// Metrics as `autoscaling/v2` has them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metricsv2: Vec<Value>,
}

/// How many pods must stay: one of the two.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct DisruptionBudgetSpec {
    /// The fewest that stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_available: Option<IntOrString>,
    /// The most that go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_unavailable: Option<IntOrString>,
}
