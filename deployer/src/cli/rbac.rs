//! The arguments of `radiant-deploy rbac` and `radiant-deploy config`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::permissions::Feature;

pub(super) const RBAC_EXAMPLES: &str = "\
Examples:
  # All that is needed in a namespace of models, given by whoever may
  radiant-deploy rbac -n ml | kubectl apply -f -

  # For a pipeline that deploys, and for people who look
  radiant-deploy rbac -n ml --bind serviceaccount:ci
  radiant-deploy rbac -n ml --for view,logs --name model-viewer \\
    --bind group:data-science";

pub(super) const CONFIG_EXAMPLES: &str = "\
Examples:
  # Which clusters there are, and which one is asked
  radiant-deploy config get-contexts";

#[derive(Debug, Args)]
pub(crate) struct RbacArgs {
    /// What it is for; by default all of a namespace of models
    #[arg(long = "for", value_enum, value_delimiter = ',', value_name = "FEATURES")]
    pub(crate) features: Vec<Feature>,
    /// What the Role is called
    #[arg(long, default_value = "radiant-deploy")]
    pub(crate) name: String,
    /// Where it holds; seldon-system for `install`
    #[arg(short, long, value_name = "NAME", default_value = "default")]
    pub(crate) namespace: String,
    /// Who gets it: user:NAME, group:NAME or serviceaccount:[NAMESPACE/]NAME
    #[arg(long, value_name = "SUBJECT")]
    pub(crate) bind: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct KubeconfigArgs {
    #[command(subcommand)]
    pub(crate) command: KubeconfigCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KubeconfigCommand {
    /// List the contexts of the kubeconfig
    #[command(after_help = CONFIG_EXAMPLES)]
    GetContexts(GetContextsArgs),
}

#[derive(Debug, Args)]
pub(crate) struct GetContextsArgs {
    /// The kubeconfig; by default KUBECONFIG, else ~/.kube/config
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
}
