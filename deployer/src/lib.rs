//! Builds container images of models and pushes them to registries, without Docker.
//!
//! What passes between the parts is a folder of blobs, the [`layout`] of the OCI image
//! specification: `build` writes one, archives are written from one, `push` reads one.

pub mod archive;
mod cli;
mod commands;
pub mod error;
pub mod image;
pub mod layout;
mod output;
pub mod registry;
pub mod source;

use std::process::ExitCode;

/// Runs this process, and gives its exit code.
pub fn main() -> ExitCode {
    match commands::run(std::env::args_os().collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
