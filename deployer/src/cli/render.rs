//! The arguments of `radiant-deploy render`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::config::ConfigArgs;

pub(super) const EXAMPLES: &str = "\
Examples:
  # What `apply` would write, for another tool to apply
  radiant-deploy render | kubectl apply -f -

  # With the overlay `prod` of radiant.yaml, and other numbers than it has
  radiant-deploy render -e prod --set scale.replicas=4

  # A base for kustomize, in a folder of its own
  radiant-deploy render --as kustomize --split deploy/base

  # A chart for Helm, whose values are the image, the number of pods and what
  # they need
  radiant-deploy render --as helm --split charts/fraud";

#[derive(Debug, Args)]
pub(crate) struct RenderArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// The namespace; by default that of the configuration, or none
    #[arg(short, long, value_name = "NAME")]
    pub(crate) namespace: Option<String>,
    /// For whom it is written
    #[arg(
        long = "as",
        value_enum,
        value_name = "FORM",
        default_value = "seldon",
        help_heading = "Output"
    )]
    pub(crate) form: Form,
    /// A folder to write files to, in place of stdout; `kustomize` and `helm` need it
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub(crate) split: Option<PathBuf>,
}

/// For whom manifests are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// Objects as they are applied.
    Seldon,
    /// The same with a `kustomization.yaml`, as a base.
    Kustomize,
    /// A chart.
    Helm,
}
