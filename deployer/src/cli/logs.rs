//! The arguments of `radiant-deploy logs`.

use std::time::Duration;

use clap::Args;

use super::{ClusterArgs, duration};

pub(super) const EXAMPLES: &str = "\
Examples:
  # All pods and containers, by time
  radiant-deploy logs fraud

  # From now on, also of pods that come later
  radiant-deploy logs fraud -f --tail 10

  # What a container said before it crashed
  radiant-deploy logs fraud -p -c model

  # Errors of the last hour, for a program
  radiant-deploy logs fraud --since 1h --grep error --json";

#[derive(Debug, Clone, Args)]
pub(crate) struct LogsArgs {
    /// The deployment
    pub(crate) name: String,
    /// Go on with new lines, new pods, and over broken connections
    #[arg(short = 'f', long)]
    pub(crate) follow: bool,
    /// How many of the last lines of each container
    #[arg(long, value_name = "LINES")]
    pub(crate) tail: Option<u32>,
    /// How old lines may be, such as 10m
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) since: Option<Duration>,
    /// This container, of whatever kind; repeat it for several
    #[arg(short = 'c', long, value_name = "NAME", help_heading = "Choice")]
    pub(crate) container: Vec<String>,
    /// The containers that run before the others, such as the storage initializer
    #[arg(long, conflicts_with_all = ["container", "engine"], help_heading = "Choice")]
    pub(crate) init: bool,
    /// Seldon's orchestrator
    #[arg(long, conflicts_with = "container", help_heading = "Choice")]
    pub(crate) engine: bool,
    /// What was said before the last restart
    #[arg(short = 'p', long, conflicts_with = "follow", help_heading = "Choice")]
    pub(crate) previous: bool,
    /// Lines that this regular expression is in
    #[arg(long, value_name = "REGEX", help_heading = "Choice")]
    pub(crate) grep: Option<String>,
    /// Each line as a JSON object with its time, pod and container
    #[arg(long)]
    pub(crate) json: bool,
    /// Each line with its time
    #[arg(long, conflicts_with = "json")]
    pub(crate) timestamps: bool,
    /// Lines as they are, also of several containers
    #[arg(long, conflicts_with = "json")]
    pub(crate) no_prefix: bool,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}
