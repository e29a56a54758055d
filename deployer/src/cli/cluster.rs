//! The arguments of all commands that ask a cluster. Those that are global may stand before the command.

use std::path::PathBuf;

use clap::Args;

/// Which cluster, as whom, and where in it.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Cluster")]
pub(crate) struct ClusterArgs {
    /// The namespace; by default that of the configuration, then of the context
    #[arg(short, long, value_name = "NAME", global = true)]
    pub(crate) namespace: Option<String>,
    /// The context of the kubeconfig
    #[arg(long, value_name = "NAME", global = true)]
    pub(crate) context: Option<String>,
    /// The kubeconfig; by default KUBECONFIG, ~/.kube/config, the pod's account
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// A user to act as, where one may
    #[arg(long = "as", value_name = "USER")]
    pub(crate) impersonate: Option<String>,
    /// How long one request to the cluster may take
    #[arg(long, value_name = "DURATION", default_value = "30s", global = true)]
    pub(crate) request_timeout: String,
    /// Who owns the fields that are written
    #[arg(long, value_name = "NAME", default_value = "radiant-deploy", global = true)]
    pub(crate) field_manager: String,
}
