//! The arguments of `radiant-deploy install` and `uninstall`.

use clap::Args;

use super::ClusterArgs;

pub(super) const INSTALL_EXAMPLES: &str = "\
Examples:
  # The operator knows the server as RADIANT_SERVER from now on
  radiant-deploy install --image registry.example.com/radiant:1.4

  # And starts it where SKLEARN_SERVER is asked for, in all namespaces
  radiant-deploy install --image registry.example.com/radiant:1.4 \\
    --override SKLEARN_SERVER

  # What would be written
  radiant-deploy install --image registry.example.com/radiant:1.4 --dry-run";

pub(super) const UNINSTALL_EXAMPLES: &str = "\
Examples:
  # The operator's table as it was before `install`
  radiant-deploy uninstall";

#[derive(Debug, Args)]
pub(crate) struct InstallArgs {
    /// The server's image, with a digest or a tag
    #[arg(long, value_name = "IMAGE")]
    pub(crate) image: String,
    /// A server of the operator's that ours takes the place of; repeat it for several
    ///
    /// What was there is kept beside it and comes back with `uninstall`.
    #[arg(long = "override", value_name = "NAME")]
    pub(crate) overrides: Vec<String>,
    #[command(flatten)]
    pub(crate) operator: OperatorArgs,
}

#[derive(Debug, Args)]
pub(crate) struct UninstallArgs {
    #[command(flatten)]
    pub(crate) operator: OperatorArgs,
}

/// Where the operator is.
#[derive(Debug, Args)]
pub(crate) struct OperatorArgs {
    /// The operator's namespace
    #[arg(long, value_name = "NAME", default_value = "seldon-system")]
    pub(crate) operator_namespace: String,
    /// Print what would be written, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}
