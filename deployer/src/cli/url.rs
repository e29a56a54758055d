//! The arguments of `radiant-deploy url`.

use clap::Args;

use super::{ClusterArgs, RouteArgs};

pub(super) const EXAMPLES: &str = "\
Examples:
  # Where it is reached: from outside, within the cluster, by gRPC
  radiant-deploy url fraud

  # A command that asks it
  radiant-deploy url fraud -o curl

  # Whether the way from here to it is open, by an ingress that is named
  radiant-deploy url fraud --base-url https://models.example.com --check";

#[derive(Debug, Args)]
pub(crate) struct UrlArgs {
    /// The deployment
    pub(crate) name: String,
    /// Ask it through the ingress, and fail where it does not answer
    #[arg(long)]
    pub(crate) check: bool,
    #[command(flatten)]
    pub(crate) route: RouteArgs,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}
