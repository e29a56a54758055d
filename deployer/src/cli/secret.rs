//! The arguments of `radiant-deploy secret ...`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};

use super::{ClusterArgs, ConfigArgs};

pub(super) const EXAMPLES: &str = "\
Examples:
  # What a pod would get from a profile of AWS, without values
  radiant-deploy secret convert --from-profile prod --model s3://models/fraud

  # What radiant.yaml says, made in the cluster
  radiant-deploy secret create fraud -f radiant.yaml

  # New keys for a deployment that runs; then remove what nothing names any more
  radiant-deploy secret rotate fraud --from-profile prod
  radiant-deploy secret gc --dry-run

Values are printed by no command and in no form of output: only `convert --out`
writes them.";

const CONVERT_EXAMPLES: &str = "\
Examples:
  # What a pod would get from a profile of AWS, without values
  radiant-deploy secret convert --from-profile prod --model s3://models/fraud

  # A manifest with the values, for a tool that encrypts it
  radiant-deploy secret convert --from-file sa.json --model gs://models/fraud \\
    --out secret.yaml";

/// `CREDENTIALS` is one of the flags below that heading: all of them would not fit on a line.
const CONVERT_USAGE: &str = "radiant-deploy secret convert [OPTIONS] --model <URI> <CREDENTIALS>";

const CHECK_USAGE: &str =
    "radiant-deploy secret check [OPTIONS] --model <URI> <SECRET|CREDENTIALS>";

const CREATE_EXAMPLES: &str = "\
Examples:
  # What radiant.yaml says, made in the cluster
  radiant-deploy secret create fraud -f radiant.yaml

  # From this process' variables, if the store lets them in
  radiant-deploy secret create fraud --from-env --check \\
    --model s3://models/fraud";

const CHECK_EXAMPLES: &str = "\
Examples:
  # Whether a Secret that is there opens the store
  radiant-deploy secret check s3-creds --model s3://models/fraud

  # Whether a file would
  radiant-deploy secret check --from-file sa.json --model gs://models/fraud";

const GC_EXAMPLES: &str = "\
Examples:
  # What would be deleted
  radiant-deploy secret gc --dry-run

  # Secrets of one deployment that nothing has named for a day
  radiant-deploy secret gc fraud --older-than 1440";

const ROTATE_EXAMPLES: &str = "\
Examples:
  # New keys for a deployment that runs
  radiant-deploy secret rotate fraud --from-profile prod

  # What would change
  radiant-deploy secret rotate fraud --from-file keys.env --dry-run";

/// What is done with Secrets of stores.
#[derive(Debug, Subcommand)]
pub(crate) enum SecretCommand {
    /// Show what a pod would get of some credentials, or write it to a file
    #[command(after_help = CONVERT_EXAMPLES, override_usage = CONVERT_USAGE)]
    Convert(ConvertArgs),
    /// Make a Secret with credentials of a model's store
    #[command(after_help = CREATE_EXAMPLES)]
    Create(CreateArgs),
    /// List a model with the credentials of a Secret, as a pod would
    #[command(after_help = CHECK_EXAMPLES, override_usage = CHECK_USAGE)]
    Check(CheckArgs),
    /// Delete Secrets that no deployment and no revision names
    #[command(after_help = GC_EXAMPLES)]
    Gc(GcArgs),
    /// Give a deployment new credentials; its pods are replaced
    #[command(after_help = ROTATE_EXAMPLES)]
    Rotate(RotateArgs),
}

/// Where credentials are from; where a configuration is read, it says so unless these do.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Credentials")]
#[command(group(ArgGroup::new("source").multiple(false)))]
pub(crate) struct SourceArgs {
    /// Take them from this process' variables and the files that these name
    ///
    /// AWS_*, GOOGLE_*, AZURE_* and RCLONE_CONFIG_*, as their own tools read them: also the default profile
    /// of AWS and the login of gcloud.
    #[arg(long, group = "source")]
    pub(crate) from_env: bool,
    /// Take them from a profile of AWS's files
    #[arg(long, value_name = "NAME", group = "source")]
    pub(crate) from_profile: Option<String>,
    /// Take them from a file, whose form is told by what it holds
    ///
    /// Lines of NAME=value, JSON of Google, Azure, AWS or MinIO, rclone's configuration, a profile of AWS, a
    /// connection string, key or signature of Azure, or a Secret in YAML or JSON.
    #[arg(long, value_name = "FILE", group = "source")]
    pub(crate) from_file: Option<PathBuf>,
    /// Take them from a Secret of the cluster, such as ZenML or rclone's users have
    #[arg(long, value_name = "NAME", group = "source")]
    pub(crate) from_secret: Option<String>,
    /// Ask as nobody: the store is public
    #[arg(long, group = "source")]
    pub(crate) anonymous: bool,
    /// Let pods ask by an identity of their own: a ServiceAccount or a node's role
    #[arg(long, group = "source")]
    pub(crate) implicit: bool,
    /// Which remote of rclone, or section of the file, where there are several
    #[arg(long, value_name = "NAME")]
    pub(crate) remote: Option<String>,
    /// The storage account of Azure, where nothing else says it
    #[arg(long, value_name = "NAME")]
    pub(crate) account: Option<String>,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("required-source").required(true).args(
    ["from_env", "from_profile", "from_file", "from_secret", "anonymous", "implicit"])))]
pub(crate) struct ConvertArgs {
    /// The model's address: it says which store, and what pods look for
    #[arg(long, value_name = "URI")]
    pub(crate) model: String,
    /// The deployment that the Secret is called after
    #[arg(long, value_name = "NAME", default_value = "model")]
    pub(crate) name: String,
    /// Write the manifest with its values to this file, for its owner; `-` is stdout
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    /// The deployment that the Secret is for
    pub(crate) name: String,
    /// The model's address; by default that of radiant.yaml
    #[arg(long, value_name = "URI")]
    pub(crate) model: Option<String>,
    /// List the model with these credentials first; without a list nothing is made
    #[arg(long)]
    pub(crate) check: bool,
    /// Say what would be made, and make nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("required-source").required(true).args(
    ["secret", "from_env", "from_profile", "from_file", "from_secret", "anonymous", "implicit"])))]
pub(crate) struct CheckArgs {
    /// A Secret of the cluster, whose variables are used as they are
    #[arg(group = "source")]
    pub(crate) secret: Option<String>,
    /// The model's address
    #[arg(long, value_name = "URI")]
    pub(crate) model: String,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

#[derive(Debug, Args)]
pub(crate) struct GcArgs {
    /// Only Secrets of this deployment
    pub(crate) name: Option<String>,
    /// Spare Secrets that are younger: an apply may be about to name them
    #[arg(long, value_name = "MINUTES", default_value_t = 10)]
    pub(crate) older_than: u32,
    /// Say what would be deleted, and delete nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RotateArgs {
    /// The deployment
    pub(crate) name: String,
    /// The model's address; by default that which the deployment says
    #[arg(long, value_name = "URI")]
    pub(crate) model: Option<String>,
    /// Do not list the model with the new credentials first
    #[arg(long)]
    pub(crate) no_check: bool,
    /// Say what would change, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}
