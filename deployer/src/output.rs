//! Data to stdout; what people want to know meanwhile to stderr.

use std::io::{ErrorKind, Write};

use anyhow::Context;
use clap::ValueEnum;
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt, registry};

use crate::error::Failure;

/// How a command prints its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// For people and shells.
    Text,
    /// One JSON object, with a versioned `schema`.
    Json,
}

/// How a command speaks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printer {
    /// How its data is printed.
    pub(crate) format: OutputFormat,
    /// Whether people want to hear of problems only.
    pub(crate) quiet: bool,
}

impl Printer {
    /// Tells people something that is no data.
    pub(crate) fn tell(self, text: &str) {
        if !self.quiet {
            // When stderr is gone there is nobody to tell.
            drop(std::io::stderr().lock().write_all(text.as_bytes()));
        }
    }
}

/// Writes `text` to stdout.
///
/// # Errors
/// When it cannot be written; a reader that has gone away ends the program quietly.
pub(crate) fn write(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Failure::abandoned(error)),
        result => Ok(result.context("cannot write to stdout")?),
    }
}

/// Begins to tell on stderr what happens: states by default, warnings alone when `quiet`, and more
/// the more `verbose`. Libraries beneath ours are heard from warnings on.
///
/// A second call in one process changes nothing.
pub(crate) fn start(quiet: bool, verbose: u8) {
    let level = match (quiet, verbose) {
        (true, _) => Level::WARN,
        (false, 0) => Level::INFO,
        (false, 1) => Level::DEBUG,
        (false, _) => Level::TRACE,
    };
    let filter = Targets::new().with_target("radiant", level).with_default(Level::WARN);
    // No times and modules: these are lines for who waits for the command.
    let lines = fmt::layer().with_writer(std::io::stderr).without_time().with_target(false);
    let lines = lines.with_ansi(false).with_filter(filter);
    // An error says that it has begun already.
    drop(registry().with(lines).try_init());
}
