//! The arguments of all commands that read `radiant.yaml`.

use std::path::PathBuf;

use clap::Args;

/// Which configuration, and what takes the place of parts of it.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Configuration")]
pub(crate) struct ConfigArgs {
    /// The configuration, by default radiant.yaml; `-` for stdin
    ///
    /// A second one is laid over the first.
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// An overlay of the configuration's `environments`
    #[arg(short = 'e', long, value_name = "NAME")]
    pub(crate) environment: Option<String>,
    /// A value by its path, such as scale.replicas=3; over everything else
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub(crate) values: Vec<String>,
    /// Write what ZenML finds and reads: its name, labels and annotations
    #[arg(long)]
    pub(crate) zenml_compat: bool,
}

impl ConfigArgs {
    /// The configuration where none is named.
    const FILE: &str = "radiant.yaml";

    /// The files, in the order in which they are laid over each other.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        if self.files.is_empty() { vec![Self::FILE.into()] } else { self.files.clone() }
    }

    /// Whether any of it was said.
    pub(crate) fn is_given(&self) -> bool {
        !(self.files.is_empty() && self.environment.is_none() && self.values.is_empty())
    }
}
