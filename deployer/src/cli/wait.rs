//! The arguments of `radiant-deploy wait`.

use clap::Args;

use super::{ClusterArgs, RouteArgs, WaitingArgs};
use crate::rollout::Goal;

pub(super) const EXAMPLES: &str = "\
Examples:
  # Until all pods of the wanted revision serve
  radiant-deploy wait fraud

  # Until it and all its pods are gone, for at most a minute
  radiant-deploy wait fraud --for=deleted --timeout=1m

  # Until it has no pods
  radiant-deploy wait fraud --for=phase=Stopped

Exit codes: 0 it is so; 3 there is none of that name; 5 time is over; 6 it
cannot become so; 9 the cluster is gone; 130 interrupted: the rollout goes on";

#[derive(Debug, Args)]
pub(crate) struct WaitArgs {
    /// The deployment
    pub(crate) name: String,
    /// Until when: ready, deleted, phase=NAME or condition=NAME[=False]
    #[arg(long = "for", value_name = "GOAL", default_value = "ready")]
    pub(crate) goal: Goal,
    #[command(flatten)]
    pub(crate) waiting: WaitingArgs,
    #[command(flatten)]
    pub(crate) route: RouteArgs,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}
