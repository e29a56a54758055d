//! The arguments of `radiant-deploy apply` and `diff`.

use clap::{Args, ValueEnum};

use super::{ClusterArgs, ConfigArgs, WaitingArgs};

pub(super) const APPLY_EXAMPLES: &str = "\
Examples:
  # Create or update what radiant.yaml describes, and wait until it serves
  radiant-deploy apply

  # Another model, with a word on why, from a pipeline
  radiant-deploy apply --set model.uri=s3://models/fraud/2026-10-02/ \\
    --change-cause 'retrained'

  # A tenth of the traffic for the new revision; the old one keeps the rest
  radiant-deploy apply --canary 10

  # Only if a check of your own agrees; otherwise what serves goes on serving
  radiant-deploy apply --if './accuracy.sh --min 0.9'

  # All deployments of a file; those of the team that are not in it any more go
  radiant-deploy apply -f team.yaml --prune --selector team=risk --yes

  # What the cluster would say, with nothing written
  radiant-deploy apply --dry-run server";

pub(super) const DIFF_EXAMPLES: &str = "\
Examples:
  # What `apply` would change; ends with 1 if it is anything
  radiant-deploy diff

  # With the overlay `prod`
  radiant-deploy diff -e prod";

#[derive(Debug, Args)]
pub(crate) struct ApplyArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// Wait until it serves, which is the default
    #[arg(long, overrides_with = "no_wait", help_heading = "Rollout")]
    pub(crate) wait: bool,
    /// Do not wait until it serves
    #[arg(long, overrides_with = "wait", help_heading = "Rollout")]
    pub(crate) no_wait: bool,
    /// Bring the one before back if this one cannot serve, whatever the file says
    #[arg(long, help_heading = "Rollout")]
    pub(crate) atomic: bool,
    /// Put the new revision beside the old one, with so many percent of the traffic
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(1..=99), help_heading = "Rollout")]
    pub(crate) canary: Option<u8>,
    /// Put the new revision beside the old one, with a copy of the traffic
    #[arg(long, conflicts_with = "canary", help_heading = "Rollout")]
    pub(crate) shadow: bool,
    /// A command that must succeed; when it fails, the old revision serves on
    #[arg(long = "if", value_name = "COMMAND", help_heading = "Rollout")]
    pub(crate) condition: Option<String>,
    /// Go on with a model whose inputs or outputs break callers of the one before
    #[arg(long, help_heading = "Rollout")]
    pub(crate) allow_breaking: bool,
    /// Why this is applied, for the history
    #[arg(long, value_name = "TEXT", help_heading = "Rollout")]
    pub(crate) change_cause: Option<String>,
    /// How many revisions are kept
    #[arg(long, value_name = "N", default_value_t = 10, help_heading = "Rollout")]
    pub(crate) history_max: usize,
    /// Only say what would happen
    #[arg(long, value_enum, value_name = "HOW", default_value = "none", help_heading = "Rollout")]
    pub(crate) dry_run: DryRun,
    /// Show what changes before it is written
    #[arg(long, help_heading = "Rollout")]
    pub(crate) diff: bool,
    /// Take over fields that somebody else owns
    #[arg(long, help_heading = "Rollout")]
    pub(crate) force_conflicts: bool,
    /// Delete deployments of this tool in the namespace that are in no file
    #[arg(long)]
    pub(crate) prune: bool,
    /// Labels that a deployment must have to be pruned
    #[arg(short = 'l', long, value_name = "LABELS", requires = "prune")]
    pub(crate) selector: Option<String>,
    /// Delete without being asked
    #[arg(long, requires = "prune")]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) waiting: WaitingArgs,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

/// How far an apply goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DryRun {
    /// To its end.
    None,
    /// Until the objects are rendered.
    Client,
    /// Until the cluster has said that it would take them.
    Server,
}

#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}
