//! Every environment variable that the server reads, and the one place that reads them.
//!
//! Each is a constant of its own name and a row of [`ALL`], from which `docs/env.md` is written.
//! A variable that is empty counts as unset, as Kubernetes manifests cannot take one away.

mod docs;
mod file;
mod source;
mod table;

pub use docs::to_markdown;
pub use file::{Layered, VariablesError, VariablesFile};
pub use source::{EnvSource, MapEnv, ProcessEnv};
pub use table::*;

/// An environment variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EnvVar {
    /// Its name.
    pub name: &'static str,
    /// What holds when it is unset, as it would be written; empty when that is nothing.
    pub default: &'static str,
    /// What it says, in one or two sentences.
    pub meaning: &'static str,
    /// Whose it is.
    pub origin: Origin,
}

/// Whose a variable is, which decides which of two wins: ours before the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The server's own; each is a flag too.
    Ours,
    /// Set by Seldon Core's operator, or read by its Python microservice.
    Seldon,
    /// Set by Seldon Core's operator for MLServer images.
    MlServer,
}

impl EnvVar {
    /// The variable's value; `None` when it is unset or empty.
    pub fn read(&self, env: &dyn EnvSource) -> Option<String> {
        env.get(self.name)
    }
}
