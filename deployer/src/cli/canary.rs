//! The arguments of `radiant-deploy promote`, `abort`, `traffic` and `rollback`.

use std::time::Duration;

use clap::Args;

use super::{ClusterArgs, WaitingArgs, duration};
use crate::gate::Slo;

pub(super) const PROMOTE_EXAMPLES: &str = "\
Examples:
  # The canary becomes the main model
  radiant-deploy promote fraud

  # If it is no worse than the main model for ten minutes; else it goes
  radiant-deploy promote fraud --after 10m --slo errorRate=1% --slo p95Increase=20%";

pub(super) const ABORT_EXAMPLES: &str = "\
Examples:
  # The canary goes, and the main model has all traffic again
  radiant-deploy abort fraud";

pub(super) const TRAFFIC_EXAMPLES: &str = "\
Examples:
  # Half of the traffic for the canary
  radiant-deploy traffic fraud main=50 canary=50";

pub(super) const ROLLBACK_EXAMPLES: &str = "\
Examples:
  # To the last revision that served before this one
  radiant-deploy rollback fraud

  # To one of `history`
  radiant-deploy rollback fraud 5 --change-cause 'wrong threshold'";

#[derive(Debug, Args)]
pub(crate) struct PromoteArgs {
    /// The deployment
    pub(crate) name: String,
    /// Watch the canary for so long before, and give it up if it is worse
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) after: Option<Duration>,
    /// How bad it may be meanwhile: errorRate=1% or p95Increase=20%
    #[arg(long, value_name = "KEY=VALUE", requires = "after")]
    pub(crate) slo: Vec<Slo>,
    /// How many revisions are kept
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) history_max: usize,
    #[command(flatten)]
    pub(crate) waiting: WaitingArgs,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

#[derive(Debug, Args)]
pub(crate) struct AbortArgs {
    /// The deployment
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) waiting: WaitingArgs,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

#[derive(Debug, Args)]
pub(crate) struct TrafficArgs {
    /// The deployment
    pub(crate) name: String,
    /// Shares in percent, of all predictors that take traffic
    #[arg(required = true, value_name = "PREDICTOR=PERCENT")]
    pub(crate) shares: Vec<String>,
    #[command(flatten)]
    pub(crate) waiting: WaitingArgs,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct RollbackArgs {
    /// The deployment
    pub(crate) name: String,
    /// The revision; by default the last one before that served
    pub(crate) revision: Option<u32>,
    /// Why, for the history
    #[arg(long, value_name = "TEXT")]
    pub(crate) change_cause: Option<String>,
    /// How many revisions are kept
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) history_max: usize,
    /// Go back even where the model's files are others by now, or cannot be seen
    #[arg(long)]
    pub(crate) force: bool,
    /// Take over fields that somebody else owns
    #[arg(long)]
    pub(crate) force_conflicts: bool,
    #[command(flatten)]
    pub(crate) waiting: WaitingArgs,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}
