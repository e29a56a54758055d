//! The arguments of `radiant-deploy version`.

use clap::Args;

use super::ClusterArgs;

pub(super) const EXAMPLES: &str = "\
Examples:
  # This program, the cluster, and which SeldonDeployments it knows
  radiant-deploy version

  # This program alone
  radiant-deploy version --client

  # For a script
  radiant-deploy version --client -o json";

#[derive(Debug, Args)]
pub(crate) struct VersionArgs {
    /// Tell of this program alone, and ask no cluster
    #[arg(long)]
    pub(crate) client: bool,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}
