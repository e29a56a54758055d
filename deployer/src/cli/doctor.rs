//! The arguments of `radiant-deploy doctor`.

use clap::{Args, ValueEnum};

use super::{ClusterArgs, ConfigArgs, RouteArgs};

pub(super) const EXAMPLES: &str = "\
Examples:
  # Whether a deployment can work from here, and what to do where it cannot
  radiant-deploy doctor

  # Permissions alone, for a program
  radiant-deploy doctor --only rbac -o json

  # Whether what radiant.yaml names is there: the model, and the server's image for these nodes
  radiant-deploy doctor --only storage,image

Without a configuration, the areas storage and image are left out.";

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// These checks alone
    #[arg(long, value_enum, value_delimiter = ',', value_name = "AREAS")]
    pub(crate) only: Vec<Area>,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    #[command(flatten)]
    pub(crate) route: RouteArgs,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

/// What is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Area {
    /// The kubeconfig and its credentials
    Client,
    /// The API server and the namespace
    Cluster,
    /// Seldon Core's operator
    Operator,
    /// What one may do
    Rbac,
    /// The ingress
    Route,
    /// The models of a configuration, with the credentials that pods will have
    Storage,
    /// The images of a configuration
    Image,
}
