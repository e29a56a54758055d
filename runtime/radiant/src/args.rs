//! What may be typed: commands, flags, and their help.
//!
//! Values of flags are text here; the configuration checks them together with the environment's. The
//! default and the variable of each flag are added to its help from the table of variables.

mod fetch;
mod serve;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use radiant_contract::env;
use radiant_server::config::parse_duration;

pub(crate) use fetch::{CacheOptions, FetchOptions, flags as fetch_flags};
pub(crate) use serve::ServeArgs;

use crate::engines;
use crate::failure::Failure;
use crate::output::OutputFormat;

/// Serve models over Seldon Core v1, the Open Inference Protocol (V2) and TensorFlow Serving's API
///
/// Without arguments, `radiant` serves what the environment names, as a container of Seldon Core
/// does; with a URI and an absolute folder alone, it fetches, as a storage initializer does.
#[derive(Debug, Parser)]
#[command(name = "radiant", after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  # Serve a model on port 9000
  radiant serve iris.onnx

  # What would be served, and how fast it is
  radiant check iris.onnx

  # Which value of each option holds, and where it comes from
  radiant config

  # Whether the server in this container answers
  radiant probe

Exit codes: 0 done, 1 failed, 2 wrong usage or configuration; ended by a signal: 143 SIGTERM,
130 SIGINT (a server that drains: 0)";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve a model
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(Box<ServeArgs>),
    /// Load a model and tell what it is, without serving it
    #[command(after_help = CHECK_EXAMPLES)]
    Check(Box<CheckArgs>),
    /// Print the value of each option and where it comes from
    #[command(after_help = CONFIG_EXAMPLES)]
    Config(Box<ConfigArgs>),
    /// Ask the server on this machine whether it is ready
    ///
    /// Finds it by the environment and the options of `serve`, of which only those of address and TLS
    /// matter. Asks the REST port; with TLS the metrics port, which is plain and asks for no
    /// certificate.
    #[command(after_help = PROBE_EXAMPLES)]
    Probe(Box<ProbeArgs>),
    /// Copy a model from a URI into a folder
    #[command(after_help = FETCH_EXAMPLES)]
    Fetch(FetchArgs),
}

const SERVE_EXAMPLES: &str = "\
Examples:
  # Serve a model on port 9000, its metrics on port 6000
  radiant serve iris.onnx

  # Serve what the environment names, on another port
  radiant serve --http-port 8080

  # Answer every request with itself
  radiant serve builtin:echo";

const CHECK_EXAMPLES: &str = "\
Examples:
  # Engine, inputs, outputs and the cost of a row
  radiant check iris.onnx

  # The same for a program
  radiant check /mnt/models -o json";

const CONFIG_EXAMPLES: &str = "\
Examples:
  # What holds in this environment
  radiant config

  # What would hold with these flags
  radiant config iris.onnx --http-port 8080 -o json";

const PROBE_EXAMPLES: &str = "\
Examples:
  # Whether the server in this container is ready
  radiant probe

  # Whether it is alive, in a Dockerfile
  HEALTHCHECK CMD [\"/radiant\", \"probe\", \"--live\"]

  # A server that was started with options of its own
  radiant probe --http-port 8080";

const FETCH_EXAMPLES: &str = "\
Examples:
  # Copy what is below a prefix of a bucket into the folder that the server reads
  radiant fetch s3://models/iris /mnt/models

  # The same with a mounted Secret, as an init container's arguments
  RADIANT_CREDENTIALS=/mnt/secret radiant s3://models/iris /mnt/models

  # A remote that RCLONE_CONFIG_MINIO_* variables define
  radiant fetch minio:models/iris ./iris";

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The model: a file, a folder with one, or a URI
    pub(crate) model: String,
    /// The engine: `auto` or the name of one that is compiled in
    #[arg(long, default_value = "auto")]
    pub(crate) engine: String,
    /// The file of ONNX Runtime's library (libonnxruntime.so)
    #[arg(long, value_name = "FILE")]
    pub(crate) ort_library: Option<PathBuf>,
    /// Classes that a file of Python objects may name besides the known ones
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) pickle_allow: Vec<String>,
    /// Run the test data in the model's folder too
    #[arg(long)]
    pub(crate) verify: bool,
    /// Rows with the answers that are expected of them
    ///
    /// Arrays by name in an `.npz` archive or a JSON object. Those named like an output (`predict`,
    /// `predict_proba`, ...) are compared, the others are the model's input or its columns.
    #[arg(long, value_name = "ROWS")]
    pub(crate) against: Option<PathBuf>,
    /// How far answers may be from those expected
    ///
    /// Relative to the greater of one and the size of the answer.
    #[arg(long, value_name = "NUMBER", default_value_t = crate::commands::TOLERANCE)]
    pub(crate) tolerance: f64,
    /// How to print
    // The long name `output` is an option of `serve`.
    #[arg(short = 'o', long, value_enum, default_value = "text")]
    pub(crate) format: OutputFormat,
    #[command(flatten)]
    pub(crate) fetch: FetchOptions,
    #[command(flatten)]
    pub(crate) cache: CacheOptions,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    #[command(flatten)]
    pub(crate) serve: ServeArgs,
    /// How to print
    #[arg(short = 'o', long, value_enum, default_value = "text")]
    pub(crate) format: OutputFormat,
}

#[derive(Debug, Args)]
pub(crate) struct ProbeArgs {
    /// Ask whether the process is alive, whatever its models do
    #[arg(long)]
    pub(crate) live: bool,
    /// How long to wait for the answer
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = duration)]
    pub(crate) timeout: Duration,
    #[command(flatten)]
    pub(crate) serve: ServeArgs,
}

fn duration(text: &str) -> Result<Duration, &'static str> {
    let duration = parse_duration(text).filter(|duration| !duration.is_zero());
    duration.ok_or("expected a duration above 0, such as 500ms or 2s")
}

/// Options of `serve` that say where a server is.
const PLACE: [&str; 9] = [
    "live",
    "timeout",
    "host",
    "http_port",
    "metrics_port",
    "ports_file",
    "tls_cert_file",
    "tls_key_file",
    "tls_client_ca_file",
];

#[derive(Debug, Args)]
pub(crate) struct FetchArgs {
    /// Where the model is: a URI, or a path on this machine
    pub(crate) uri: String,
    /// The folder to copy it into
    pub(crate) folder: PathBuf,
    #[command(flatten)]
    pub(crate) options: FetchOptions,
    /// A file that is told why nothing was fetched, if it is there, or `none`
    #[arg(long, value_name = "FILE")]
    pub(crate) termination_log: Option<String>,
}

/// Parses the arguments of a process, the program's name first.
///
/// # Errors
/// When they are wrong, or ask for help or the version: the message has been printed.
pub(crate) fn parse(arguments: Vec<OsString>) -> Result<Command, Failure> {
    let parsed = command().try_get_matches_from(completed(arguments));
    let parsed = parsed.and_then(|matches: ArgMatches| Cli::from_arg_matches(&matches));
    parsed.map(|cli| cli.command).map_err(|error| {
        // When the stream is gone there is nobody to tell.
        drop(error.print());
        Failure::told(u8::try_from(error.exit_code()).unwrap_or(2), error)
    })
}

/// Adds the command where it is left out: `serve` without arguments, `fetch` for a URI and an
/// absolute folder.
fn completed(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let left_out = match &arguments[..] {
        [] | [_] => Some("serve"),
        [_, uri, folder] if is_value(uri) && folder.to_string_lossy().starts_with('/') => {
            Some("fetch")
        }
        _ => None,
    };
    if let Some(name) = left_out {
        arguments.insert(arguments.len().min(1), name.into());
    }
    arguments
}

/// Whether an argument is neither a flag nor a command.
fn is_value(argument: &OsString) -> bool {
    let text = argument.to_string_lossy();
    !text.starts_with('-')
        && !Cli::command().get_subcommands().any(|known| known.get_name() == text)
}

/// The parser, with defaults and variables in the help of all options.
fn command() -> clap::Command {
    let with_variables = |command: clap::Command| command.mut_args(with_variable);
    let probe = |command: clap::Command| {
        command.mut_args(|arg| {
            let is_shown = PLACE.contains(&arg.get_id().as_str());
            arg.hide(!is_shown)
        })
    };
    let command = Cli::command().version(version()).mut_subcommands(with_variables);
    command.mut_subcommand("probe", probe)
}

fn with_variable(arg: clap::Arg) -> clap::Arg {
    let name = format!("RADIANT_{}", arg.get_id().as_str().to_uppercase());
    let Some(variable) = env::ALL.iter().find(|variable| variable.name == name) else { return arg };
    let help = arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
    let default = match variable.default {
        "" => String::new(),
        default => format!("[default: {default}] "),
    };
    arg.long_help(format!("{help}\n\n{default}[env: {name}]"))
}

/// `radiant 0.1.0 (engines: native, tract)`, less the name.
fn version() -> String {
    format!("{} (engines: {})", env!("CARGO_PKG_VERSION"), engines::COMPILED_IN.join(", "))
}

#[cfg(test)]
mod tests;
