//! The arguments of `radiant-deploy import`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{ClusterArgs, WaitingArgs};

pub(super) const EXAMPLES: &str = "\
Examples:
  # What somebody wrote by hand, as radiant.yaml
  radiant-deploy import seldon iris > radiant.yaml

  # What ZenML deployed
  radiant-deploy import zenml zenml-6f0c1d2e-0000-4000-8000-1c2d3e4f5a6b \\
    > radiant.yaml

  # What somebody wrote, as this tool's from now on: the differences are shown, and asked about
  radiant-deploy import seldon iris --adopt --allow-restart > radiant.yaml

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
    pub(crate) adoption: AdoptArgs,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

/// Whether the object becomes this tool's.
#[derive(Debug, Args)]
#[command(next_help_heading = "Adoption")]
pub(crate) struct AdoptArgs {
    /// Take the object over, as revision 1 of what is printed
    ///
    /// Its fields become this tool's, by server-side apply; the differences are shown first.
    #[arg(long, conflicts_with = "manifest")]
    pub(crate) adopt: bool,
    /// Adopt it although its pods are replaced
    #[arg(long, requires = "adopt")]
    pub(crate) allow_restart: bool,
    /// Adopt it without asking
    #[arg(long, requires = "adopt")]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) waiting: WaitingArgs,
}

/// Who wrote a SeldonDeployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Origin {
    /// Anybody.
    Seldon,
    /// ZenML.
    Zenml,
}
