//! The arguments of `radiant-deploy promote`, `abort`, `traffic` and `rollback`.

use clap::Args;

use super::{ClusterArgs, WaitingArgs};

pub(super) const PROMOTE_EXAMPLES: &str = "\
Examples:
  # The canary becomes the main model
  radiant-deploy promote fraud";

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
    /// Take over fields that somebody else owns
    #[arg(long)]
    pub(crate) force_conflicts: bool,
    #[command(flatten)]
    pub(crate) waiting: WaitingArgs,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}
