//! The commands, and what they share.

mod check;
mod config;
mod fetch;
mod probe;
mod serve;

pub(crate) use check::TOLERANCE;

use std::ffi::OsString;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use anyhow::Context;
use radiant_contract::{ProcessEnv, ports};
use radiant_server::config::{self as options, Config, Flags};

use crate::Builtin;
use crate::args::{self, Command};
use crate::failure::Failure;
use crate::termination::TerminationLog;
use crate::{init, logging, trial};

/// Parses the arguments of a process and does what they say; returns its exit code.
pub(crate) fn run(arguments: Vec<OsString>, builtins: &'static [Builtin]) -> ExitCode {
    if arguments.get(1).is_some_and(|word| word == trial::COMMAND) {
        let tried = trial::run().map_err(Failure::plain);
        return tried.map_or_else(|failure| failure.report(), |()| ExitCode::SUCCESS);
    }
    let command = args::parse(arguments);
    let log = termination_log(command.as_ref().ok());
    let done = command.and_then(|command| contained(|| execute(command, builtins)));
    let Err(failure) = done else { return ExitCode::SUCCESS };
    if let Some(words) = failure.last_words() {
        log.write(&words);
    }
    failure.report()
}

fn execute(command: Command, builtins: &'static [Builtin]) -> Result<(), Failure> {
    let duties = init::begin().context("cannot listen for signals")?;
    match command {
        Command::Serve(args) => serve::run(&(*args).into(), builtins, duties),
        Command::Check(args) => check::run(&args),
        Command::Config(args) => config::run(*args),
        Command::Probe(args) => probe::run(*args),
        Command::Fetch(args) => fetch::run(&args),
    }
}

/// A panic ends the command, as a failure that can be told.
fn contained(work: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        Err(Failure::panicked(logging::panic_text(&*panic), &logging::panic_place()))
    })
}

/// Where the last words of a command go. A command that somebody runs in a container beside its first
/// process does not end the container, and has none.
fn termination_log(command: Option<&Command>) -> TerminationLog {
    let flag = match command {
        Some(Command::Serve(args)) => args.termination_log.as_ref(),
        Some(Command::Fetch(args)) => args.termination_log.as_ref(),
        None | Some(Command::Check(_) | Command::Config(_) | Command::Probe(_)) => {
            if !init::is_first() {
                return TerminationLog::default();
            }
            None
        }
    };
    TerminationLog::new(options::termination_log(flag, &ProcessEnv))
}

/// The address to reach a server at that listens on `host`, from this machine.
fn from_here(host: IpAddr) -> IpAddr {
    match host {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_bad_end_with_last_words() {
        let failure = contained(|| panic!("no luck")).expect_err("it panicked");
        let words = failure.last_words().expect("it is a bad end");
        assert!(words.contains("the program panicked") && words.contains("no luck"), "{words}");
    }
}
