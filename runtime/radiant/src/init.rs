//! The duties of a container's first process, PID 1: to end when it is asked to, and to bury orphans.
//!
//! The kernel ends that process by no signal that it does not handle itself, and hands it every process
//! whose parent has ended. Any other process leaves both to whoever does them for it.

use std::io;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, TryLockError};
use std::thread;
use std::time::Duration;

use rustix::process::{WaitOptions, getpid, wait};
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Read by whoever has a child of its own, for as long as it waits for it.
static OWN_CHILDREN: RwLock<()> = RwLock::new(());

/// How long orphans wait while there are children of our own.
const LATER: Duration = Duration::from_secs(1);

/// Keeps the end of a child for whoever started it. Taken before it is started.
pub(crate) fn own_child() -> RwLockReadGuard<'static, ()> {
    OWN_CHILDREN.read().unwrap_or_else(PoisonError::into_inner)
}

/// Whether this is the first process of its container.
pub(crate) fn is_first() -> bool {
    getpid().is_init()
}

/// What is done for a first process from [`begin`] on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Duties {
    handed_over: Arc<AtomicBool>,
}

impl Duties {
    /// Leaves SIGTERM and SIGINT to somebody else, who handles them already.
    pub(crate) fn hand_signals_over(&self) {
        self.handed_over.store(true, Ordering::Release);
    }
}

/// Begins to do them, if this is the first process of its container: SIGTERM and SIGINT end it at once.
///
/// # Errors
/// When the system refuses a thread or a signal's handler.
pub(crate) fn begin() -> io::Result<Duties> {
    let duties = Duties::default();
    if !is_first() {
        return Ok(duties);
    }
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let entered = runtime.enter();
    let signals = EndSignals::listen()?;
    let orphans = signal(SignalKind::child())?;
    drop(entered);
    let handed_over = Arc::clone(&duties.handed_over);
    thread::Builder::new().name("radiant-init".to_owned()).spawn(move || {
        runtime.block_on(async { tokio::join!(end(signals, handed_over), bury(orphans)) })
    })?;
    Ok(duties)
}

async fn end(mut signals: EndSignals, handed_over: Arc<AtomicBool>) {
    loop {
        let code = signals.asked().await;
        if !handed_over.load(Ordering::Acquire) {
            #[expect(clippy::exit, reason = "what a signal does to any other process")]
            std::process::exit(i32::from(code));
        }
    }
}

async fn bury(mut ended: Signal) {
    loop {
        // Some may have been there before this program was.
        while !bury_all() {
            tokio::time::sleep(LATER).await;
        }
        ended.recv().await;
    }
}

/// Takes the exit status of all children that have ended, if none of them can be our own.
fn bury_all() -> bool {
    let _nobody_starts_any = match OWN_CHILDREN.try_write() {
        Ok(guard) => guard,
        Err(TryLockError::Poisoned(guard)) => guard.into_inner(),
        Err(TryLockError::WouldBlock) => return false,
    };
    // An error says that there is no child at all.
    while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
    true
}

/// The signals that ask a process to end.
#[derive(Debug)]
pub(crate) struct EndSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl EndSignals {
    /// From now on neither ends the process by itself. Within a runtime.
    pub(crate) fn listen() -> io::Result<Self> {
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self { terminate, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for one; gives the exit code that a shell would give for it.
    pub(crate) async fn asked(&mut self) -> u8 {
        tokio::select! {
            _ = self.terminate.recv() => 143,
            _ = self.interrupt.recv() => 130,
        }
    }
}

/// Sleeps, unless it is asked to end.
///
/// # Errors
/// When the system refuses a signal's handler.
pub(crate) fn sleep(duration: Duration) -> io::Result<ExitCode> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut signals = EndSignals::listen()?;
        Ok(tokio::select! {
            () = tokio::time::sleep(duration) => ExitCode::SUCCESS,
            code = signals.asked() => ExitCode::from(code),
        })
    })
}
