//! The arguments of `radiant-deploy man`.

use std::path::PathBuf;

use clap::Args;

pub(super) const EXAMPLES: &str = "\
Examples:
  # Read the page of the program
  radiant-deploy man | man -l -

  # Install those of all commands
  radiant-deploy man ~/.local/share/man/man1";

#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// A folder for the pages of all commands; by default the main one goes to stdout
    pub(crate) dir: Option<PathBuf>,
}
