//! Ctrl-C and SIGTERM: work stops at the next piece, what was begun is cleared away as after any failure,
//! and who interrupted is told how far it came.

use std::io;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread;

use anyhow::{Context, anyhow};
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::error::{Code, Failure};

/// Whether this process was asked to end: signals are for all of it.
static ASKED: LazyLock<watch::Sender<bool>> = LazyLock::new(|| watch::Sender::new(false));

/// From now on a signal stops the work, and a second one the process. Before, when nothing has been begun
/// and a password may be waited for, one signal ends it as it does any other.
///
/// # Errors
/// When the system refuses a thread or a signal's handler.
pub(crate) fn listen() -> Result<(), Failure> {
    let cannot = "cannot listen for signals";
    let runtime = Builder::new_current_thread().enable_all().build().context(cannot)?;
    let signals = {
        let _within = runtime.enter();
        Signals::listen().context(cannot)?
    };
    let hearing = move || runtime.block_on(hear(signals));
    thread::Builder::new().name("radiant-signals".to_owned()).spawn(hearing).context(cannot)?;
    Ok(())
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self { terminate, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

async fn hear(mut signals: Signals) {
    signals.next().await;
    ASKED.send_replace(true);
    signals.next().await;
    #[expect(
        clippy::exit,
        reason = "who asks twice does not want to wait for files to be removed"
    )]
    std::process::exit(i32::from(Code::Interrupted as u8));
}

/// For loops over bytes: fails once the process was asked to end.
///
/// # Errors
/// Then. The error is not of the kind that is tried again.
pub(crate) fn check() -> io::Result<()> {
    if *ASKED.borrow() { Err(io::Error::other("interrupted")) } else { Ok(()) }
}

/// A reader that fails once the process was asked to end.
pub(crate) struct Checked<R>(pub(crate) R);

impl<R: io::Read> io::Read for Checked<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        check()?;
        self.0.read(bytes)
    }
}

/// Runs what asks registries and stores to its end, or until the process is asked to end.
///
/// # Errors
/// As the work, and when it was stopped.
pub(crate) fn wait<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.context("cannot start the threads that wait for others")?;
    runtime.block_on(async {
        let mut asked = ASKED.subscribe();
        tokio::select! {
            done = work => done,
            // The sender is never dropped.
            _ = asked.wait_for(|is_asked| *is_asked) => Err(anyhow!("interrupted").into()),
        }
    })
}

/// What a command is asked for, in the order in which it does it, and how far it came.
#[derive(Debug, Default)]
pub(crate) struct Steps(Mutex<Vec<(String, Step)>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Left,
    Begun,
    Done,
}

impl Steps {
    pub(crate) fn new(names: impl IntoIterator<Item = String>) -> Self {
        Self(Mutex::new(names.into_iter().map(|name| (name, Step::Left)).collect()))
    }

    /// Somebody else is asked for it, who may do it even when we do not hear of that.
    pub(crate) fn begin(&self, name: &str) {
        self.set(name, Step::Begun);
    }

    pub(crate) fn end(&self, name: &str) {
        self.set(name, Step::Done);
    }

    fn set(&self, name: &str, to: Step) {
        let mut steps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, step) in steps.iter_mut().filter(|(known, _)| known == name) {
            *step = to;
        }
    }

    /// What a command gives: when it failed because it was interrupted, that, and how far it came.
    ///
    /// # Errors
    /// As the result.
    pub(crate) fn explain<T>(&self, result: Result<T, Failure>) -> Result<T, Failure> {
        result.map_err(|failure| {
            let is_asked = *ASKED.borrow();
            if is_asked { Failure::new(Code::Interrupted, anyhow!(self.line())) } else { failure }
        })
    }

    fn line(&self) -> String {
        let steps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let named = |wanted: Step| {
            let names = steps.iter().filter(|(_, step)| *step == wanted);
            names.map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        };
        let mut parts = vec![match named(Step::Done) {
            names if names.is_empty() => "done: nothing".to_owned(),
            names => format!("done: {names}"),
        }];
        for (what, step) in [("perhaps done", Step::Begun), ("not done", Step::Left)] {
            let names = named(step);
            parts.extend((!names.is_empty()).then(|| format!("{what}: {names}")));
        }
        format!("interrupted: {}", parts.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_interrupts_is_told_what_was_done_and_what_not() {
        let steps = Steps::new(["a.tar", "host/a:1", "host/a:2"].map(str::to_owned));
        let expected = "interrupted: done: nothing; not done: `a.tar`, `host/a:1`, `host/a:2`";
        assert_eq!(steps.line(), expected);
        steps.begin("a.tar");
        steps.end("a.tar");
        steps.begin("host/a:1");
        let expected = "interrupted: done: `a.tar`; perhaps done: `host/a:1`; not done: `host/a:2`";
        assert_eq!(steps.line(), expected);
    }

    #[test]
    fn what_fails_by_itself_says_so() {
        let failure = Failure::new(Code::NotFound, anyhow!("no such file"));
        let explained = Steps::default().explain::<()>(Err(failure)).unwrap_err();
        assert_eq!(explained.code(), Some(Code::NotFound));
        assert!(check().is_ok());
    }
}
