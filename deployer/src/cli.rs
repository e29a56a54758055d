//! What may be typed: commands, flags, and their help.

mod apply;
mod build;
mod canary;
mod cluster;
mod completion;
mod config;
mod delete;
mod doctor;
mod duration;
mod events;
mod get;
mod history;
mod import;
mod init;
mod install;
mod logs;
mod man;
mod predict;
mod push;
mod rbac;
mod registry;
mod render;
mod rollout;
mod run;
mod scale;
mod schema;
mod secret;
mod status;
mod url;
mod validate;
mod version;
mod wait;
mod waiting;

use std::ffi::OsString;

use clap::{Args, CommandFactory, FromArgMatches as _, Parser, Subcommand};

pub(crate) use apply::{ApplyArgs, DiffArgs, DryRun};
pub(crate) use build::BuildArgs;
pub(crate) use canary::{AbortArgs, PromoteArgs, RollbackArgs, TrafficArgs};
pub(crate) use cluster::ClusterArgs;
pub(crate) use completion::CompletionArgs;
pub(crate) use config::ConfigArgs;
pub(crate) use delete::{CascadeChoice, DeleteArgs};
pub(crate) use doctor::{Area, DoctorArgs};
pub(crate) use duration::duration;
pub(crate) use events::EventsArgs;
pub(crate) use get::{DescribeArgs, GetArgs, ManagedBy, RouteArgs};
pub(crate) use history::HistoryArgs;
pub(crate) use import::{AdoptArgs, ImportArgs, Origin};
pub(crate) use init::InitArgs;
pub(crate) use install::{InstallArgs, OperatorArgs, UninstallArgs};
pub(crate) use logs::LogsArgs;
pub(crate) use man::ManArgs;
pub(crate) use predict::{
    BenchArgs, DataArgs, PredictArgs, ProtocolChoice, TargetArgs, TestArgs, Via,
};
pub(crate) use push::PushArgs;
pub(crate) use rbac::{GetContextsArgs, KubeconfigArgs, KubeconfigCommand, RbacArgs};
pub(crate) use registry::RegistryArgs;
pub(crate) use render::{Form, RenderArgs};
pub(crate) use rollout::{PauseArgs, RestartArgs, RolloutArgs, RolloutCommand, RolloutStatusArgs};
pub(crate) use run::RunArgs;
pub(crate) use scale::{ScaleArgs, SettleArgs, StopArgs};
pub(crate) use secret::{
    CheckArgs, ConvertArgs, CreateArgs, GcArgs, RotateArgs, SecretCommand, SourceArgs,
};
pub(crate) use status::StatusArgs;
pub(crate) use url::UrlArgs;
pub(crate) use validate::ValidateArgs;
pub(crate) use version::VersionArgs;
pub(crate) use wait::WaitArgs;
pub(crate) use waiting::WaitingArgs;

use crate::error::Failure;
use crate::output::{ColorChoice, OutputFormat};

/// Bring models to Kubernetes with Seldon Core, and say why one does not serve
#[derive(Debug, Parser)]
#[command(name = "radiant-deploy", version, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: Global,
}

const EXAMPLES: &str = "\
Examples:
  # A first radiant.yaml for a model, then the deployment that it describes
  radiant-deploy init --model s3://models/fraud/7
  radiant-deploy apply

  # How it fares, and why it is not further
  radiant-deploy status fraud

  # An image of a model, as a file for `docker load` or `podman load`
  radiant-deploy build iris.onnx --tarball iris.tar -t iris:1

Exit codes:
  0    done, also where nothing had to be
  1    failed; of `diff`: there are differences
  2    usage or configuration
  3    not found
  4    a conflict: somebody else owns a field, or was faster
  5    it took too long; it may still come
  6    the revision cannot serve
  7    the revision cannot serve, and the one before is back
  8    forbidden: the verb and the resource are named
  9    the cluster cannot be reached
  10   the model's store, or its credentials
  11   a golden request was answered otherwise, or a canary is worse
  130  interrupted: what was begun goes on, and the last line says how to";

/// Options of all commands.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global")]
pub(crate) struct Global {
    /// How to print: table, wide, json, yaml, name, jsonl or jsonpath=TEMPLATE
    ///
    /// Templates are those of kubectl: `{.items[*].metadata.name}`, `{range .items[*]}...{end}`. Not every
    /// command knows every form; none of them shows what is secret.
    #[arg(short = 'o', long, value_name = "FORM", default_value = "table", global = true)]
    pub(crate) output: OutputFormat,
    /// When to use colours; NO_COLOR is heeded
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto", global = true)]
    pub(crate) color: ColorChoice,
    /// Tell of problems only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Tell more; twice for still more
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub(crate) verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a first radiant.yaml for a model
    #[command(after_help = init::EXAMPLES)]
    Init(InitArgs),
    /// Check a configuration, without a cluster
    #[command(alias = "lint", after_help = validate::EXAMPLES)]
    Validate(ValidateArgs),
    /// Print the objects that a configuration becomes
    #[command(after_help = render::EXAMPLES)]
    Render(Box<RenderArgs>),
    /// Show what `apply` would change
    #[command(after_help = apply::DIFF_EXAMPLES)]
    Diff(Box<DiffArgs>),
    /// Create or update a deployment, and wait until it serves
    #[command(alias = "deploy", after_help = apply::APPLY_EXAMPLES)]
    Apply(Box<ApplyArgs>),
    /// List deployments, and how they fare
    #[command(after_help = get::GET_EXAMPLES, visible_aliases = ["list", "ls"])]
    Get(Box<GetArgs>),
    /// Tell all of a deployment: pods, conditions, events, URLs
    #[command(after_help = get::DESCRIBE_EXAMPLES)]
    Describe(Box<DescribeArgs>),
    /// Show how a deployment fares, and why it is not further
    #[command(after_help = status::EXAMPLES)]
    Status(Box<StatusArgs>),
    /// Wait until a deployment is ready, deleted, or otherwise as asked for
    #[command(after_help = wait::EXAMPLES)]
    Wait(Box<WaitArgs>),
    /// Print what all pods and containers of a deployment say
    #[command(after_help = logs::EXAMPLES)]
    Logs(Box<LogsArgs>),
    /// List what happened to a deployment and its pods, in order
    #[command(after_help = events::EXAMPLES)]
    Events(Box<EventsArgs>),
    /// Print where a deployment is reached
    #[command(after_help = url::EXAMPLES)]
    Url(Box<UrlArgs>),
    /// Ask a deployment for a prediction
    #[command(after_help = predict::PREDICT_EXAMPLES)]
    Predict(Box<PredictArgs>),
    /// Send golden requests and compare the answers
    #[command(after_help = predict::TEST_EXAMPLES)]
    Test(Box<TestArgs>),
    /// Delete deployments, with their Secrets and history
    #[command(after_help = delete::EXAMPLES, visible_aliases = ["rm", "undeploy"])]
    Delete(Box<DeleteArgs>),
    /// Change how many pods a deployment has
    #[command(after_help = scale::SCALE_EXAMPLES)]
    Scale(Box<ScaleArgs>),
    /// Take all pods of a deployment away, and note how many there were
    #[command(after_help = scale::STOP_EXAMPLES)]
    Stop(Box<StopArgs>),
    /// Give a stopped deployment its pods back
    #[command(after_help = scale::STOP_EXAMPLES)]
    Start(Box<StopArgs>),
    /// Follow rollouts, as kubectl does
    #[command(after_help = rollout::EXAMPLES)]
    Rollout(Box<RolloutArgs>),
    /// Bring an earlier revision back
    #[command(after_help = canary::ROLLBACK_EXAMPLES)]
    Rollback(Box<RollbackArgs>),
    /// List what was applied, or show a revision
    #[command(after_help = history::EXAMPLES)]
    History(Box<HistoryArgs>),
    /// Make the canary the main model
    #[command(after_help = canary::PROMOTE_EXAMPLES)]
    Promote(Box<PromoteArgs>),
    /// Give the canary up
    #[command(after_help = canary::ABORT_EXAMPLES)]
    Abort(Box<AbortArgs>),
    /// Give predictors their shares of the traffic
    #[command(after_help = canary::TRAFFIC_EXAMPLES)]
    Traffic(Box<TrafficArgs>),
    /// Check whether deployments can work from here, and say what to do
    #[command(after_help = doctor::EXAMPLES)]
    Doctor(Box<DoctorArgs>),
    /// Turn credentials of a model's store into Secrets, check and renew them
    #[command(subcommand, after_help = secret::EXAMPLES)]
    Secret(Box<SecretCommand>),
    /// Make the operator know the server by a name
    #[command(after_help = install::INSTALL_EXAMPLES)]
    Install(Box<InstallArgs>),
    /// Take the server out of the operator's table
    #[command(after_help = install::UNINSTALL_EXAMPLES)]
    Uninstall(Box<UninstallArgs>),
    /// Turn an object of a cluster into radiant.yaml
    #[command(after_help = import::EXAMPLES)]
    Import(Box<ImportArgs>),
    /// Print the Role that this tool needs
    #[command(after_help = rbac::RBAC_EXAMPLES)]
    Rbac(RbacArgs),
    /// Load a deployment for a while and tell how long answers take
    #[command(after_help = predict::BENCH_EXAMPLES)]
    Bench(Box<BenchArgs>),
    /// Build an image of a model
    #[command(after_help = build::EXAMPLES)]
    Build(Box<BuildArgs>),
    /// Push an image to a registry
    #[command(after_help = push::EXAMPLES)]
    Push(Box<PushArgs>),
    /// Start what a configuration describes on this machine
    #[command(after_help = run::EXAMPLES)]
    Run(Box<RunArgs>),
    /// Print the JSON Schema of radiant.yaml
    #[command(after_help = schema::EXAMPLES)]
    Schema,
    /// Print what a shell needs to complete commands
    #[command(after_help = completion::EXAMPLES)]
    Completion(CompletionArgs),
    /// Print or write manual pages
    #[command(after_help = man::EXAMPLES)]
    Man(ManArgs),
    /// Print versions
    #[command(after_help = version::EXAMPLES)]
    Version(VersionArgs),
    /// Look at the kubeconfig
    #[command(after_help = rbac::CONFIG_EXAMPLES)]
    Config(KubeconfigArgs),
}

/// The whole command line, for what is made from it.
///
/// Which cluster is meant may be said before the command, as kubectl's users do. Commands that ask none
/// take it as well, so that one alias serves for all, and do not tell of it.
pub(crate) fn command() -> clap::Command {
    let of_cluster = ClusterArgs::augment_args(clap::Command::new(""));
    let of_cluster: Vec<clap::Arg> =
        of_cluster.get_arguments().filter(|it| it.is_global_set()).cloned().collect();
    let command = <Cli as CommandFactory>::command().mut_subcommands(|command| {
        let is_own =
            |it: &&clap::Arg| command.get_arguments().any(|own| own.get_id() == it.get_id());
        let others = of_cluster.iter().filter(|it| !is_own(it));
        let hidden: Vec<clap::Arg> = others.map(|it| it.clone().hide(true)).collect();
        command.args(hidden)
    });
    command.args(of_cluster)
}

/// Reads the arguments of a process, the program's name first.
fn read<A: Into<OsString> + Clone>(
    arguments: impl IntoIterator<Item = A>,
) -> Result<Cli, clap::Error> {
    let mut matches = command().try_get_matches_from(arguments)?;
    Cli::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command()))
}

/// Parses the arguments of a process, the program's name first.
///
/// # Errors
/// When they are wrong, or ask for help or the version: the message has been printed.
pub(crate) fn parse(arguments: Vec<OsString>) -> Result<Cli, Failure> {
    read(arguments).map_err(|error| {
        // When the stream is gone there is nobody to tell.
        drop(error.print());
        Failure::told(u8::try_from(error.exit_code()).unwrap_or(2), error)
    })
}

#[cfg(test)]
mod tests;
