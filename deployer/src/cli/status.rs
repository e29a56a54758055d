//! The arguments of `radiant-deploy status`.

use clap::Args;

use super::{ClusterArgs, RouteArgs};

pub(super) const EXAMPLES: &str = "\
Examples:
  # How fraud fares, and why it is not ready
  radiant-deploy status fraud

  # The field of radiant.yaml that stands in its way
  radiant-deploy status fraud -o jsonpath='{.cause.field}'

The phase is computed from Deployments, ReplicaSets, pods, events and
containers; what the operator says is only a part of it. Phases are Absent,
Ignored, Creating, Progressing, Ready, Degraded, Failed, Stopped and
Terminating.

Exit codes: 0 it is ready, stopped, or on its way; 3 there is none of that name;
6 it gets no further without somebody changing something";

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// The deployment
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) route: RouteArgs,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}
