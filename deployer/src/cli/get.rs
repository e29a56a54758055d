//! The arguments of `radiant-deploy get` and `radiant-deploy describe`.

use clap::{Args, ValueEnum};

use super::ClusterArgs;
use crate::rollout::Phase;

pub(super) const GET_EXAMPLES: &str = "\
Examples:
  # What there is in the namespace
  radiant-deploy get

  # In all namespaces, with images and why they are not further
  radiant-deploy get -A -o wide

  # What is not serving, as names for a script
  radiant-deploy get --phase Failed -o name

  # The URL that the operator gave one
  radiant-deploy get fraud -o jsonpath='{.status.address.url}'";

pub(super) const DESCRIBE_EXAMPLES: &str = "\
Examples:
  # One deployment with its pods, conditions, events and URLs
  radiant-deploy describe fraud";

#[derive(Debug, Args)]
pub(crate) struct GetArgs {
    /// The deployments; all of them where none is named
    pub(crate) names: Vec<String>,
    /// Those of all namespaces
    #[arg(short = 'A', long, conflicts_with_all = ["names", "namespace"], help_heading = "Choice")]
    pub(crate) all_namespaces: bool,
    /// Those with these labels, such as team=risk
    #[arg(
        short = 'l',
        long,
        value_name = "LABELS",
        conflicts_with = "names",
        help_heading = "Choice"
    )]
    pub(crate) selector: Option<String>,
    /// Those in this phase, such as Ready or Failed
    #[arg(long, value_name = "PHASE", help_heading = "Choice")]
    pub(crate) phase: Option<Phase>,
    /// Those whose model's URI has this in it
    #[arg(long, value_name = "TEXT", help_heading = "Choice")]
    pub(crate) model: Option<String>,
    /// Those that this tool made
    #[arg(long, value_enum, value_name = "TOOL", default_value = "all", help_heading = "Choice")]
    pub(crate) managed_by: ManagedBy,
    /// Go on, with a line for each change
    #[arg(short = 'w', long)]
    pub(crate) watch: bool,
    #[command(flatten)]
    pub(crate) route: RouteArgs,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

/// Which tool made a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ManagedBy {
    /// This one.
    Radiant,
    /// ZenML.
    Zenml,
    /// Whichever.
    All,
}

#[derive(Debug, Args)]
pub(crate) struct DescribeArgs {
    /// The deployment
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) route: RouteArgs,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

/// Where the ingress is.
#[derive(Debug, Clone, Args)]
pub(crate) struct RouteArgs {
    /// The ingress, such as https://models.example.com; auto looks for it
    ///
    /// `auto` finds the Service of Istio's or Ambassador's gateway; `none` does not look.
    #[arg(long, value_name = "URL", default_value = "auto", value_parser = base_url, help_heading = "Route")]
    pub(crate) base_url: String,
}

/// Reads the address of an ingress, which may lack its scheme.
fn base_url(text: &str) -> Result<String, String> {
    match text.split_once("://") {
        Some((scheme, _)) if !["http", "https"].contains(&scheme) => {
            Err("expected an address such as `https://models.example.com`".to_owned())
        }
        _ => Ok(text.to_owned()),
    }
}
