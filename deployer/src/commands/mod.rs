//! The commands, and what they share.

mod build;
mod push;
mod registry;

use std::ffi::OsString;

use anyhow::Context;
use radiant_contract::ProcessEnv;

use crate::cli::{self, Command};
use crate::error::Failure;
use crate::output::{self, Printer};

/// Parses the arguments of a process and does what they say.
pub(crate) fn run(arguments: Vec<OsString>) -> Result<(), Failure> {
    let cli = cli::parse(arguments)?;
    output::start(cli.global.quiet, cli.global.verbose);
    let printer = Printer { format: cli.global.output, quiet: cli.global.quiet };
    match cli.command {
        Command::Build(args) => build::run(&args, printer),
        Command::Push(args) => push::run(&args, printer, &ProcessEnv),
    }
}

/// Runs what asks registries to its end.
fn wait<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.context("cannot start the threads that wait for registries")?.block_on(work)
}
