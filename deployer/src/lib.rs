//! Builds container images of models and pushes them to registries, without Docker.
//!
//! What passes between the parts is a folder of blobs, the [`layout`] of the OCI image
//! specification: `build` writes one, archives are written from one, `push` reads one.

pub mod archive;
mod cli;
mod cluster;
mod commands;
pub mod config;
pub mod credentials;
pub mod error;
pub mod gate;
pub mod image;
pub mod import;
mod interrupt;
pub mod layout;
pub mod local;
pub mod manifest;
pub mod operator;
mod output;
mod permissions;
mod predict;
mod program;
pub mod registry;
pub mod revision;
pub mod rollout;
mod route;
pub mod source;
pub mod traffic;

use std::process::ExitCode;

/// Runs this process, and gives its exit code.
pub fn main() -> ExitCode {
    match commands::run(std::env::args_os().collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
