//! The arguments of `radiant-deploy push`.

use clap::Args;

use super::RegistryArgs;

pub(super) const EXAMPLES: &str = "\
Examples:
  # An image that `radiant-deploy build --oci-layout image` has made
  radiant-deploy push image registry.example.com/team/iris:1

  # Under two names: contents go once
  radiant-deploy push image registry.example.com/team/iris:1 \\
    registry.example.com/team/iris:latest

  # What `docker save` wrote, to a registry with a certificate of its own
  radiant-deploy push iris.tar registry.internal:5000/iris:1 \\
    --registry-ca ca.pem

  # With a password from elsewhere than Docker's and Podman's files
  radiant-deploy push image registry.example.com/team/iris:1 \\
    --username ci --password-env TOKEN";

#[derive(Debug, Args)]
pub(crate) struct PushArgs {
    /// The image: an image layout or archive, with `:TAG` if it is one of several
    pub(crate) source: String,
    /// Where to: `registry/repository:tag`
    #[arg(required = true, value_name = "REFERENCE")]
    pub(crate) references: Vec<String>,
    #[command(flatten)]
    pub(crate) registry: RegistryArgs,
}
