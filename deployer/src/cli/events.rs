//! The arguments of `radiant-deploy events`.

use clap::Args;

use super::ClusterArgs;

pub(super) const EXAMPLES: &str = "\
Examples:
  # What happened to a deployment and all that was made of it, in order
  radiant-deploy events fraud

  # What is happening
  radiant-deploy events fraud -w";

#[derive(Debug, Args)]
pub(crate) struct EventsArgs {
    /// The deployment
    pub(crate) name: String,
    /// Go on, with a line for each event
    #[arg(short = 'w', long)]
    pub(crate) watch: bool,
    /// Warnings only
    #[arg(long)]
    pub(crate) warnings: bool,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}
