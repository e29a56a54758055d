//! The arguments of `radiant-deploy validate`.

use clap::Args;

use super::ConfigArgs;
use crate::manifest::CrdVersion;

pub(super) const EXAMPLES: &str = "\
Examples:
  # ./radiant.yaml
  radiant-deploy validate

  # As it is deployed to production, and with warnings as errors
  radiant-deploy validate -f radiant.yaml -e prod --strict

  # Whether an operator of that version takes it
  radiant-deploy validate --crd-version 1.14

  # For a script: every problem with its place
  radiant-deploy validate -o json

Nothing is asked of a cluster or a store. Exit codes: 0 valid, 2 not, 3 no
such file.";

#[derive(Debug, Args)]
pub(crate) struct ValidateArgs {
    /// Take warnings for errors
    #[arg(long)]
    pub(crate) strict: bool,
    /// Check against the definitions of this version of Seldon Core, such as 1.14
    ///
    /// By default against those of 1.17. They differ in few fields, and manifests do without these where
    /// they may; what else needs them is refused.
    #[arg(long, value_name = "VERSION")]
    pub(crate) crd_version: Option<CrdVersion>,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}
