//! The arguments of `radiant-deploy scale`, `stop` and `start`.

use clap::Args;

use super::{ClusterArgs, WaitingArgs};

pub(super) const SCALE_EXAMPLES: &str = "\
Examples:
  # Three pods, until the next apply says otherwise
  radiant-deploy scale fraud --replicas 3

  # The same, until they serve
  radiant-deploy scale fraud --replicas 3 --wait";

pub(super) const STOP_EXAMPLES: &str = "\
Examples:
  # No pods, and no cost; the URL and all else stays
  radiant-deploy stop fraud

  # As many as before
  radiant-deploy start fraud --wait";

#[derive(Debug, Args)]
pub(crate) struct ScaleArgs {
    /// The deployment
    pub(crate) name: String,
    /// How many pods
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(..=10_000))]
    pub(crate) replicas: u32,
    #[command(flatten)]
    pub(crate) settle: SettleArgs,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

#[derive(Debug, Args)]
pub(crate) struct StopArgs {
    /// The deployment
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) settle: SettleArgs,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

/// Whether the end is awaited.
#[derive(Debug, Clone, Args)]
pub(crate) struct SettleArgs {
    /// Wait until it is done
    #[arg(long)]
    pub(crate) wait: bool,
    #[command(flatten)]
    pub(crate) waiting: WaitingArgs,
}
