//! Sends log lines to stderr, as text or JSON, and panics to the log.

use std::any::Any;
use std::cell::RefCell;
use std::io::IsTerminal;
use std::panic::PanicHookInfo;

use radiant_server::config::{LogFormat, LogLevel};
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt, registry};

/// Begins to log what is at least as important as `level`. Libraries beneath ours are heard from
/// warnings on: their lines say nothing to who runs a server. From now on a panic is one line of
/// the log, without a backtrace.
///
/// A second call in one process changes nothing.
pub(crate) fn start(level: LogLevel, format: LogFormat) {
    let level = level.as_tracing();
    let filter = Targets::new().with_target("radiant", level).with_default(level.min(Level::WARN));
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = match format {
        LogFormat::Json => lines.json().flatten_event(true).with_ansi(false).boxed(),
        // The layer itself obeys NO_COLOR.
        LogFormat::Text if std::io::stderr().is_terminal() => lines.boxed(),
        LogFormat::Text => lines.with_ansi(false).boxed(),
    };
    // An error says that logging has begun already.
    drop(registry().with(lines.with_filter(filter)).try_init());
    log_panics();
}

fn log_panics() {
    std::panic::set_hook(Box::new(|panic: &PanicHookInfo<'_>| {
        let location = panic.location().map(ToString::to_string).unwrap_or_default();
        PANICKED_AT.with_borrow_mut(|at| at.clone_from(&location));
        let thread = std::thread::current();
        let thread = thread.name().unwrap_or("unnamed");
        tracing::error!(thread, location, said = panic_text(panic.payload()), "panicked");
    }));
}

thread_local! {
    static PANICKED_AT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Where this thread panicked last; empty before logging begins.
pub(crate) fn panic_place() -> String {
    PANICKED_AT.take()
}

/// What a panic says.
pub(crate) fn panic_text(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
