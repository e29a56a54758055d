//! The program `radiant`: arguments, logging, commands, and the wiring of engines into the server.
//!
//! A library, so that a program with models of its own can have the same commands: it calls
//! [`main`] with its [`Builtin`]s, and serves them by `builtin:NAME`. Nothing of how models are
//! served is here, and nothing of how they compute.

mod applet;
mod args;
mod commands;
mod echo;
pub mod engines;
mod failure;
mod fetcher;
mod init;
mod loader;
mod logging;
mod models;
mod output;
mod pages;
mod termination;
mod trial;
mod verify;

use std::ffi::OsString;
use std::process::ExitCode;

pub use echo::{ECHO, Echo};
pub use radiant_server::Served;

/// A model that is compiled in, served as `builtin:NAME`.
#[derive(Debug, Clone, Copy)]
pub struct Builtin {
    /// The name after `builtin:`.
    pub name: &'static str,
    /// Makes what computes its answers.
    pub make: fn() -> Served,
}

/// Runs the program with the arguments of this process; returns its exit code: 0 done, 1 failed, 2
/// wrong usage or configuration, 128 and the signal's number when one ended it.
pub fn main(builtins: &'static [Builtin]) -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if let Some(code) = applet::run(&arguments) {
        return code;
    }
    // Before anything large: what is touched before has large pages already.
    pages::keep_small();
    commands::run(arguments, builtins)
}
