//! The arguments of `radiant-deploy validate`.

use clap::Args;

use super::ConfigArgs;

pub(super) const EXAMPLES: &str = "\
Examples:
  # ./radiant.yaml
  radiant-deploy validate

  # As it is deployed to production, and with warnings as errors
  radiant-deploy validate -f radiant.yaml -e prod --strict

  # For a script: every problem with its place
  radiant-deploy validate -o json

Nothing is asked of a cluster or a store. Exit codes: 0 valid, 2 not, 3 no
such file.";

#[derive(Debug, Args)]
pub(crate) struct ValidateArgs {
    /// Take warnings for errors
    #[arg(long)]
    pub(crate) strict: bool,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}
