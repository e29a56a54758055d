//! What may be typed: commands, flags, and their help.

mod build;
mod push;
mod registry;

use std::ffi::OsString;

use clap::{Args, Parser, Subcommand};

pub(crate) use build::BuildArgs;
pub(crate) use push::PushArgs;
pub(crate) use registry::RegistryArgs;

use crate::error::Failure;
use crate::output::OutputFormat;

/// Build container images of models and push them, without Docker
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
  # An image of a model, as a file for `docker load` or `podman load`
  radiant-deploy build iris.onnx --tarball iris.tar -t iris:1

Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 not found, 4 conflict, 5 timed out,
8 forbidden, 9 unreachable, 10 a model's store or its credentials";

/// Options of all commands.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global")]
pub(crate) struct Global {
    /// How to print what comes out
    #[arg(short = 'o', long, value_enum, default_value = "text", global = true)]
    pub(crate) output: OutputFormat,
    /// Tell of problems only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Tell more; twice for still more
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub(crate) verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Build an image of a model
    #[command(after_help = build::EXAMPLES)]
    Build(Box<BuildArgs>),
    /// Push an image to a registry
    #[command(after_help = push::EXAMPLES)]
    Push(Box<PushArgs>),
}

/// Parses the arguments of a process, the program's name first.
///
/// # Errors
/// When they are wrong, or ask for help or the version: the message has been printed.
pub(crate) fn parse(arguments: Vec<OsString>) -> Result<Cli, Failure> {
    Cli::try_parse_from(arguments).map_err(|error| {
        // When the stream is gone there is nobody to tell.
        drop(error.print());
        Failure::told(u8::try_from(error.exit_code()).unwrap_or(2), error)
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_first_line_of_each_flag_fits_and_has_no_stop() {
        let mut command = Cli::command();
        command.build();
        for command in std::iter::once(&command).chain(command.get_subcommands()) {
            for argument in command.get_arguments() {
                let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
                let id = argument.get_id();
                assert!(!help.is_empty() && help.len() <= 80, "{id}: `{help}`");
                assert!(!help.ends_with('.'), "{id}: `{help}`");
            }
        }
    }
}
