//! The commands, and what they share.

mod check;
mod config;
mod fetch;
mod serve;

pub(crate) use check::TOLERANCE;

use std::ffi::OsString;
use std::fs::File;
use std::io::{ErrorKind, Read};

use anyhow::Context;
use radiant_contract::{ProcessEnv, ports};
use radiant_server::config::{Config, Flags};

use crate::Builtin;
use crate::args::{self, Command};
use crate::failure::Failure;
use crate::trial;

/// Parses the arguments of a process and does what they say.
pub(crate) fn run(arguments: Vec<OsString>, builtins: &'static [Builtin]) -> Result<(), Failure> {
    if arguments.get(1).is_some_and(|word| word == trial::COMMAND) {
        return trial::run().map_err(Failure::plain);
    }
    let command = args::parse(arguments)?;
    match command {
        Command::Serve(args) => serve::run(&(*args).into(), builtins),
        Command::Check(args) => check::run(&args),
        Command::Config(args) => config::run(*args),
        Command::Fetch(args) => fetch::run(&args),
    }
}

/// Annotations beyond this many bytes are more than Kubernetes takes.
const ANNOTATIONS_BYTES_MAX: u64 = 1 << 20;

/// The configuration that these flags, this process's environment and this pod's annotations give.
fn configure(flags: &Flags) -> Result<Config, Failure> {
    let annotations = annotations().map_err(Failure::refused)?;
    Ok(Config::build(flags, &ProcessEnv, annotations.as_deref())?)
}

/// The text of the pod's annotations file; outside a pod there is none.
fn annotations() -> anyhow::Result<Option<String>> {
    let mut text = String::new();
    let read = File::open(ports::ANNOTATIONS_FILE)
        .and_then(|file| file.take(ANNOTATIONS_BYTES_MAX).read_to_string(&mut text));
    match read {
        Ok(_) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => {
            Err(error).with_context(|| format!("cannot read `{}`", ports::ANNOTATIONS_FILE))
        }
    }
}
