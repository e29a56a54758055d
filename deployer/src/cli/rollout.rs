//! The arguments of `radiant-deploy rollout`, whose verbs are those of kubectl.

use clap::{ArgAction, Args, Subcommand};

use super::{ClusterArgs, HistoryArgs, RollbackArgs, RouteArgs, WaitingArgs};

pub(super) const EXAMPLES: &str = "\
Examples:
  # Follow a rollout to its end
  radiant-deploy rollout status fraud

  # How far it is
  radiant-deploy rollout status fraud --watch=false

  # Back to the revision before
  radiant-deploy rollout undo fraud

  # A canary keeps its share until it is let go on
  radiant-deploy rollout pause fraud
  radiant-deploy rollout resume fraud

  # New pods of the same revision, one after the other
  radiant-deploy rollout restart fraud";

const STATUS_EXAMPLES: &str = "\
Examples:
  # Follow a rollout to its end
  radiant-deploy rollout status fraud

  # How far it is, and whether it is still revision 7
  radiant-deploy rollout status fraud --watch=false --revision 7";

const HISTORY_EXAMPLES: &str = "\
Examples:
  # What was applied, and what became of it
  radiant-deploy rollout history fraud

  # The manifest of a revision
  radiant-deploy rollout history fraud --revision 7";

const UNDO_EXAMPLES: &str = "\
Examples:
  # Back to the last revision that served before this one
  radiant-deploy rollout undo fraud

  # Back to one of `rollout history`
  radiant-deploy rollout undo fraud --to-revision 5";

const PAUSE_EXAMPLES: &str = "\
Examples:
  # A canary keeps its share until it is let go on
  radiant-deploy rollout pause fraud";

const RESUME_EXAMPLES: &str = "\
Examples:
  # It goes on to its next step, or may be promoted
  radiant-deploy rollout resume fraud";

const RESTART_EXAMPLES: &str = "\
Examples:
  # New pods of the same revision, one after the other
  radiant-deploy rollout restart fraud";

#[derive(Debug, Args)]
pub(crate) struct RolloutArgs {
    #[command(subcommand)]
    pub(crate) command: RolloutCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RolloutCommand {
    /// Follow a rollout to its end
    #[command(after_help = STATUS_EXAMPLES)]
    Status(RolloutStatusArgs),
    /// List what was applied, or show a revision
    #[command(after_help = HISTORY_EXAMPLES)]
    History(HistoryArgs),
    /// Bring an earlier revision back
    #[command(after_help = UNDO_EXAMPLES)]
    Undo(UndoArgs),
    /// Let a canary keep its share of the traffic
    #[command(after_help = PAUSE_EXAMPLES)]
    Pause(PauseArgs),
    /// Let a canary that is paused go on
    #[command(after_help = RESUME_EXAMPLES)]
    Resume(PauseArgs),
    /// Replace all pods by new ones of the same revision
    #[command(after_help = RESTART_EXAMPLES)]
    Restart(RestartArgs),
}

#[derive(Debug, Args)]
pub(crate) struct UndoArgs {
    /// The revision; by default the last one before that served
    #[arg(long, value_name = "NUMBER")]
    pub(crate) to_revision: Option<u32>,
    #[command(flatten)]
    pub(crate) rollback: RollbackArgs,
}

#[derive(Debug, Args)]
pub(crate) struct PauseArgs {
    /// The deployment
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RestartArgs {
    /// The deployment
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) waiting: WaitingArgs,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RolloutStatusArgs {
    /// The deployment
    pub(crate) name: String,
    /// Whether to wait for the end
    #[arg(
        short,
        long,
        value_name = "BOOL",
        action = ArgAction::Set,
        num_args = 0..=1,
        require_equals = true,
        default_value_t = true,
        default_missing_value = "true"
    )]
    pub(crate) watch: bool,
    /// A revision that must not have been followed by another
    #[arg(long, value_name = "NUMBER")]
    pub(crate) revision: Option<String>,
    #[command(flatten)]
    pub(crate) waiting: WaitingArgs,
    #[command(flatten)]
    pub(crate) route: RouteArgs,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}
