//! `radiant-deploy completion`: what a shell needs to complete commands and flags.

use anyhow::Context;

use crate::cli::{self, CompletionArgs};
use crate::error::Failure;
use crate::output;

pub(super) fn run(args: &CompletionArgs) -> Result<(), Failure> {
    let mut command = cli::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, name, &mut script);
    output::write(&String::from_utf8(script).context("cannot write the shell's script")?)
}
