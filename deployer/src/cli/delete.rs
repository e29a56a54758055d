//! The arguments of `radiant-deploy delete`.

use clap::{Args, ValueEnum};

use super::{ClusterArgs, WaitingArgs};

pub(super) const EXAMPLES: &str = "\
Examples:
  # One deployment, with its Secret and history, until its pods are gone
  radiant-deploy delete fraud

  # In a script that may run twice
  radiant-deploy delete fraud churn --ignore-not-found

  # Without waiting, and without time for requests in flight
  radiant-deploy delete fraud --force --timeout 0";

#[derive(Debug, Args)]
pub(crate) struct DeleteArgs {
    /// The deployments
    #[arg(required = true)]
    pub(crate) names: Vec<String>,
    /// Let those that are missing be
    #[arg(long)]
    pub(crate) ignore_not_found: bool,
    /// End pods at once: requests in flight fail
    #[arg(long)]
    pub(crate) force: bool,
    /// Leave the Secret with the store's credentials
    #[arg(long)]
    pub(crate) keep_secret: bool,
    /// When what was made of it goes
    #[arg(long, value_enum, value_name = "ORDER", default_value = "background")]
    pub(crate) cascade: CascadeChoice,
    #[command(flatten)]
    pub(crate) waiting: WaitingArgs,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

/// When what was made of a deployment goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CascadeChoice {
    /// After it.
    Background,
    /// Before it.
    Foreground,
    /// Never: its pods serve on.
    Orphan,
}
