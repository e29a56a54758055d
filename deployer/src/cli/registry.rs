//! Arguments of all commands that ask registries.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

/// How registries are reached, and as whom.
#[derive(Debug, Args)]
#[command(next_help_heading = "Registry")]
#[command(group(ArgGroup::new("password").multiple(false)))]
pub(crate) struct RegistryArgs {
    /// Log in as this user, instead of as Docker's or Podman's files say
    #[arg(long, requires = "password")]
    pub(crate) username: Option<String>,
    /// Read the password from standard input
    #[arg(long, group = "password", requires = "username")]
    pub(crate) password_stdin: bool,
    /// Read the password from this environment variable
    #[arg(long, value_name = "NAME", group = "password", requires = "username")]
    pub(crate) password_env: Option<String>,
    /// Trust the certificates in this file too, in PEM
    #[arg(long, value_name = "FILE")]
    pub(crate) registry_ca: Option<PathBuf>,
    /// Ask this registry without TLS; one on this machine needs no flag
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(crate) plain_http: Vec<String>,
    /// Let registries have contents sent to this host too, without a login
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(crate) upload_host: Vec<String>,
    /// Take blobs over from this repository of the same registry, if it has them
    #[arg(long, value_name = "REPOSITORY")]
    pub(crate) mount_from: Vec<String>,
    /// How many blobs go or come at once
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=32))]
    pub(crate) parallel: u8,
}
