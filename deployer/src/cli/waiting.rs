//! The arguments of all commands that wait.

use std::time::Duration;

use clap::{ArgAction, Args};

use super::duration;
use crate::rollout::Mode;

/// For how long, and how that is told.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Waiting")]
pub(crate) struct WaitingArgs {
    /// How long to wait, by default 10m, or what the configuration says; 0 looks once
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,
    /// How to tell of progress on stderr
    #[arg(long, value_enum, value_name = "HOW", default_value = "auto")]
    pub(crate) progress: Mode,
    /// Whether a cause that stays ends the wait before time is over
    ///
    /// Without it only the operator and Kubernetes' own deadline end it, which by default is ten minutes.
    #[arg(
        long,
        value_name = "BOOL",
        action = ArgAction::Set,
        num_args = 0..=1,
        require_equals = true,
        default_value_t = true,
        default_missing_value = "true"
    )]
    pub(crate) fail_fast: bool,
    /// How long a cause must have stayed to end the wait
    ///
    /// A cause that may pass, such as a registry that cannot be reached, gets six times as long.
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    pub(crate) grace: Duration,
}
