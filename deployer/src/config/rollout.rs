//! How one revision follows another.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// In which way a new revision takes over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Strategy {
    /// Pod by pod.
    #[default]
    Rolling,
    /// All old pods end before new ones begin: for those that a GPU is too small for twice.
    Recreate,
    /// Beside the old one, with a growing share of the traffic.
    Canary,
    /// Beside the old one, with a copy of the traffic.
    Shadow,
}

/// What happens to a revision that fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OnFailure {
    /// The one before comes back.
    #[default]
    Rollback,
    /// It stays as it is, to be looked at.
    Keep,
    /// It is scaled to nothing.
    Stop,
}

/// How one revision follows another. Durations are as `90s`, `10m` or `1h`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rollout {
    /// In which way a new revision takes over.
    #[serde(default)]
    pub strategy: Strategy,
    /// How long it may take until it serves.
    #[serde(default = "ten_minutes")]
    #[schemars(regex(pattern = r"^(0|([0-9]+(ms|s|m|h|d))+)$"))]
    pub timeout: String,
    /// What happens to a revision that fails.
    #[serde(default)]
    pub on_failure: OnFailure,
    /// The steps of strategy `canary`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<Canary>,
}

fn ten_minutes() -> String {
    "10m".to_owned()
}

impl Default for Rollout {
    fn default() -> Self {
        Self {
            strategy: Strategy::default(),
            timeout: ten_minutes(),
            on_failure: OnFailure::default(),
            canary: None,
        }
    }
}

/// How a canary's share of the traffic grows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Canary {
    /// Its share in percent, step by step.
    pub steps: Vec<u8>,
    /// How long each step is watched.
    #[schemars(regex(pattern = r"^(0|([0-9]+(ms|s|m|h|d))+)$"))]
    pub hold: String,
    /// When it is given up.
    #[serde(default)]
    pub abort_when: Abort,
}

/// When a canary is given up, judged by the pods' own metrics beside those of the main model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Abort {
    /// More of its answers are errors, such as `1%`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[0-9]+([.][0-9]+)?%$"))]
    pub error_rate: Option<String>,
    /// Its 95th percentile is longer by more than this, such as `20%`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[0-9]+([.][0-9]+)?%$"))]
    pub p95_increase: Option<String>,
}
