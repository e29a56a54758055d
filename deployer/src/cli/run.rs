//! The arguments of `radiant-deploy run`.

use std::path::PathBuf;

use clap::Args;

use super::ConfigArgs;

pub(super) const EXAMPLES: &str = "\
Examples:
  # What radiant.yaml describes, on this machine, with the variables that the
  # operator sets
  radiant-deploy run

  # The same in a container, as a pod runs it: no root, nothing written
  radiant-deploy run --container

  # Anew with each change of radiant.yaml and of the model
  radiant-deploy run --watch

  # Only what the process would be told
  radiant-deploy run --print-env";

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The port of REST; gRPC and metrics get the two after it
    #[arg(long, value_name = "PORT", default_value_t = 9000)]
    pub(crate) port: u16,
    /// The address to listen on
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    pub(crate) host: String,
    /// The server's program; by default `radiant` beside this one
    #[arg(long, value_name = "FILE", conflicts_with = "container")]
    pub(crate) runtime: Option<PathBuf>,
    /// Run the configuration's image by docker or podman
    #[arg(long)]
    pub(crate) container: bool,
    /// The program that runs containers
    #[arg(long, value_name = "PROGRAM", default_value = "docker", requires = "container")]
    pub(crate) engine: String,
    /// Start it anew whenever the configuration or a model of this machine changes
    #[arg(long, conflicts_with_all = ["container", "print_env"])]
    pub(crate) watch: bool,
    /// Print the variables, values of secrets as stars, and run nothing
    #[arg(long)]
    pub(crate) print_env: bool,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}
