//! A SeldonDeployment as types: `machinelearning.seldon.io/v1`, as Seldon Core v1 up to 1.18 has it.
//!
//! Written strictly, read leniently: what a newer operator adds is passed over, and a status of any
//! shape reads as what of it makes sense, because nobody must fail to see why a rollout is stuck.

mod component;
mod graph;
mod predictor;
mod status;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, Serialize};

pub use component::{ComponentSpec, DisruptionBudgetSpec, HpaSpec};
pub use graph::{Endpoint, Parameter, PredictiveUnit};
pub use predictor::{OrchestratorSpec, Predictor, SeldonDeploymentSpec};
pub use status::{Address, Condition, DeploymentStatus, SeldonDeploymentStatus, ServiceStatus};

/// The group and version of the kind.
pub const API_VERSION: &str = "machinelearning.seldon.io/v1";
/// The kind's name.
pub const KIND: &str = "SeldonDeployment";

/// What Seldon Core's operator makes pods and routes of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SeldonDeployment {
    /// [`API_VERSION`].
    pub api_version: String,
    /// [`KIND`].
    pub kind: String,
    /// Name, labels, annotations.
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: SeldonDeploymentSpec,
    /// What the operator has seen.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "status::lenient")]
    pub status: Option<SeldonDeploymentStatus>,
}

impl Default for SeldonDeployment {
    fn default() -> Self {
        Self {
            api_version: API_VERSION.to_owned(),
            kind: KIND.to_owned(),
            metadata: ObjectMeta::default(),
            spec: SeldonDeploymentSpec::default(),
            status: None,
        }
    }
}
