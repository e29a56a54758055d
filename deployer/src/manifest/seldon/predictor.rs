//! What a SeldonDeployment asks for: predictors, each a graph with its pods.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{EnvVar, ResourceRequirements};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{ComponentSpec, PredictiveUnit};

/// What is wanted of a SeldonDeployment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SeldonDeploymentSpec {
    /// The object's name once more; Seldon needs it no longer, and ZenML does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `seldon`, `v2`, `tensorflow`, or `kfserving`, which is `v2` by an older name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// `rest` or `grpc`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transport: Option<String>,
    /// `rpc` or `kafka`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_type: Option<String>,
    /// Pods of each predictor that does not say how many it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Annotations of pods, and settings of the operator.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Who answers, at least one.
    pub predictors: Vec<Predictor>,
}

/// A graph, its pods, and its share of the traffic.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Predictor {
    /// Part of the names of its Deployments and Services: a DNS label.
    pub name: String,
    /// Its share of the traffic in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traffic: Option<i32>,
    /// Whether it gets a copy of the traffic, and nobody its answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shadow: Option<bool>,
    /// Its pods; over what the whole says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Annotations of its pods, and settings of the operator.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Labels of its pods.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// How long its Deployments may go on without progress, in seconds; from operator 1.15 on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress_deadline_seconds: Option<i32>,
    /// The root of its graph.
    pub graph: PredictiveUnit,
    /// Its pods' templates, one Deployment each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub component_specs: Vec<ComponentSpec>,
    /// What the orchestrator may use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub svc_orch_spec: Option<OrchestratorSpec>,
    /// Read by no operator, and written by ZenML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine_resources: Option<ResourceRequirements>,
    /// Who explains its answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explainer: Option<Map<String, Value>>,
    /// The orchestrator's certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssl: Option<Map<String, Value>>,
}

/// The orchestrator's container.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct OrchestratorSpec {
    /// What it may use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourceRequirements>,
    /// Its variables.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<EnvVar>,
    /// Its pods, where it has pods of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
}
