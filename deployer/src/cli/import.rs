//! The arguments of `radiant-deploy import`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::ClusterArgs;

pub(super) const EXAMPLES: &str = "\
Examples:
  # What somebody wrote by hand, as radiant.yaml
  radiant-deploy import seldon iris > radiant.yaml

  # What ZenML deployed
  radiant-deploy import zenml zenml-6f0c1d2e-0000-4000-8000-1c2d3e4f5a6b \\
    > radiant.yaml

  # A manifest of this machine
  radiant-deploy import seldon --manifest iris.yaml > radiant.yaml";

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// Who wrote it
    #[arg(value_enum)]
    pub(crate) from: Origin,
    /// The SeldonDeployment
    #[arg(required_unless_present = "manifest")]
    pub(crate) name: Option<String>,
    /// A file with the manifest, in place of an object of the cluster
    #[arg(long, value_name = "FILE", conflicts_with = "name")]
    pub(crate) manifest: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

/// Who wrote a SeldonDeployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Origin {
    /// Anybody.
    Seldon,
    /// ZenML.
    Zenml,
}
