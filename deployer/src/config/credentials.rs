//! Who a model's store takes the pods for.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the credentials of a model's store come from: exactly one of these, or none for a model that
/// needs no store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Credentials {
    /// A ServiceAccount that the cloud knows: IRSA, GKE's and Azure's workload identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account: Option<String>,
    /// A Secret that is there: its keys become the container's environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub existing_secret: Option<String>,
    /// The variables of this process: AWS_*, GOOGLE_*, AZURE_*, RCLONE_CONFIG_*.
    #[serde(default, skip_serializing_if = "is_false")]
    pub from_env: bool,
    /// A profile of AWS's files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_profile: Option<String>,
    /// A file: variables as `NAME=value`, Google's JSON, or rclone's configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_file: Option<PathBuf>,
    /// The store asks nobody who they are.
    #[serde(default, skip_serializing_if = "is_false")]
    pub anonymous: bool,
    /// Nodes of the cluster have a role that may read it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub implicit: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_false(flag: &bool) -> bool {
    !*flag
}
