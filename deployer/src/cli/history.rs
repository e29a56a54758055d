//! The arguments of `radiant-deploy history`.

use clap::Args;

use super::ClusterArgs;

pub(super) const EXAMPLES: &str = "\
Examples:
  # What was applied, and what became of it
  radiant-deploy history fraud

  # The manifest of a revision, with the digests of its model and image
  radiant-deploy history fraud --revision 7";

#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// The deployment
    pub(crate) name: String,
    /// One revision, with its manifest
    #[arg(long, value_name = "NUMBER")]
    pub(crate) revision: Option<u32>,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}
