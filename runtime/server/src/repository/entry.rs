//! One version of a model and everything that stays when it is loaded anew.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use radiant_core::{Error, ErrorKind};

use super::source::OfferedVersion;
use crate::observe::{ModelMetrics, RequestMetrics, Statistics};
use crate::schedule::Share;

/// One version of a model, loaded or not.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) requests: RequestMetrics,
    pub(crate) metrics: Arc<ModelMetrics>,
    pub(crate) statistics: Arc<Statistics>,
    /// Its part of the permits.
    pub(crate) share: Arc<Share>,
    life: Mutex<Life>,
}

/// How a version of a model is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Being loaded or warmed for the first time, or again after it was unloaded.
    Loading,
    /// Answers.
    Ready,
    /// Unloaded to make room; the next request loads it again.
    Parked,
    /// Unloaded on request.
    Unloaded,
    /// Could not be loaded.
    Failed,
}

impl Phase {
    /// The state's name in the repository extension.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Loading => "LOADING",
            Self::Ready => "READY",
            Self::Parked | Self::Unloaded | Self::Failed => "UNAVAILABLE",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) phase: Phase,
    /// How far loading has come, or why the model does not answer, or why it is not the newest of its
    /// files that answers.
    pub(crate) reason: String,
}

/// What changes in the life of an entry.
#[derive(Debug)]
struct Life {
    status: Status,
    /// How large its files were when they were listed last.
    file_bytes: u64,
    /// What its files looked like when they were listed last.
    fingerprint: String,
    /// What they looked like when they were last loaded, well or not.
    tried: Option<String>,
    /// How much memory it took when it was loaded last.
    measured_bytes: Option<u64>,
    loaded_at: Option<Instant>,
    /// How often it could not be loaded.
    n_failures: u64,
    /// What is wrong with how the model is described now; what was loaded before knows nothing of it.
    blame: Option<String>,
}

impl Entry {
    pub(super) fn new(
        name: &str,
        version: &str,
        requests: RequestMetrics,
        metrics: ModelMetrics,
        share: Arc<Share>,
    ) -> Self {
        let life = Life {
            status: Status { phase: Phase::Loading, reason: "loading".to_owned() },
            file_bytes: 0,
            fingerprint: String::new(),
            tried: None,
            measured_bytes: None,
            loaded_at: None,
            n_failures: 0,
            blame: None,
        };
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            requests,
            metrics: Arc::new(metrics),
            statistics: Arc::default(),
            share,
            life: Mutex::new(life),
        }
    }

    fn life(&self) -> MutexGuard<'_, Life> {
        // Nothing that can panic runs under the lock.
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the model is.
    pub(crate) fn status(&self) -> Status {
        let life = self.life();
        let reason = life.blame.as_ref().unwrap_or(&life.status.reason).clone();
        Status { reason, ..life.status }
    }

    pub(crate) fn phase(&self) -> Phase {
        self.life().status.phase
    }

    /// Why it does not answer.
    #[cold]
    pub(super) fn not_ready(&self) -> Error {
        let text = format!("model `{}` is not ready: {}", self.name, self.status().reason);
        Error::new(ErrorKind::NotReady, text)
    }

    /// Says that the model will answer no longer, because the process ends or it is gone.
    pub(crate) fn drain(&self) {
        self.metrics.ready.set(0.0);
    }
}

/// What happens to it; for whoever loads.
impl Entry {
    /// Takes note of its files.
    pub(super) fn listed(&self, offered: &OfferedVersion) {
        let mut life = self.life();
        life.file_bytes = offered.bytes;
        life.fingerprint.clone_from(&offered.fingerprint);
        life.blame = None;
    }

    /// Takes note of what is wrong with how it is described; gives whether that is news. Whatever
    /// answers goes on doing so.
    pub(super) fn blame(&self, problem: &str) -> bool {
        let mut life = self.life();
        if life.status.phase == Phase::Loading {
            life.status.phase = Phase::Failed;
        }
        let before = life.blame.replace(problem.to_owned());
        before.as_deref() != Some(problem)
    }

    /// Whether its files are others than those that were last loaded, or could not be.
    pub(super) fn has_changed(&self) -> bool {
        let life = self.life();
        life.tried.as_ref() != Some(&life.fingerprint)
    }

    /// How often it could not be loaded.
    pub(super) fn n_failures(&self) -> u64 {
        self.life().n_failures
    }

    pub(super) fn begin(&self) {
        let mut life = self.life();
        life.tried = Some(life.fingerprint.clone());
        let status = &mut life.status;
        "loading".clone_into(&mut status.reason);
        // One that answers goes on doing so; for one that is parked requests go on waiting.
        if !matches!(status.phase, Phase::Ready | Phase::Parked) {
            status.phase = Phase::Loading;
        }
    }

    /// Tells those who ask meanwhile how far loading has come.
    pub(super) fn set_progress(&self, doing: &str) {
        tracing::info!(model = self.name, version = self.version, doing, "loading");
        doing.clone_into(&mut self.life().status.reason);
    }

    /// It is loaded, and took so much memory as far as that could be measured.
    pub(super) fn succeed(&self, measured_bytes: Option<u64>) {
        let mut life = self.life();
        life.measured_bytes = measured_bytes;
        life.loaded_at = Some(Instant::now());
        life.status = Status { phase: Phase::Ready, reason: String::new() };
        let held_bytes = life.bytes();
        drop(life);
        self.metrics.ready.set(1.0);
        self.metrics.memory_bytes.set(held_bytes as f64);
    }

    /// It could not be loaded. Whatever answers goes on doing so.
    pub(super) fn fail(&self, reason: &str) {
        let mut life = self.life();
        life.n_failures += 1;
        let status = &mut life.status;
        if status.phase == Phase::Loading {
            status.phase = Phase::Failed;
        }
        reason.clone_into(&mut status.reason);
    }

    /// It answers no longer, for this reason.
    pub(super) fn stop(&self, phase: Phase, reason: &str) {
        self.life().status = Status { phase, reason: reason.to_owned() };
        self.metrics.ready.set(0.0);
        self.metrics.memory_bytes.set(0.0);
    }

    /// The memory that it takes when it is loaded, as far as that is known: the size of its files, or
    /// what was measured where that is more.
    pub(super) fn bytes(&self) -> u64 {
        self.life().bytes()
    }

    /// How large its files are.
    pub(super) fn file_bytes(&self) -> u64 {
        self.life().file_bytes
    }

    /// How long nobody has used it: since the last request, or since it was loaded.
    pub(super) fn idle_ns(&self) -> u128 {
        let loaded = self.life().loaded_at.map(|at| at.elapsed());
        let used = self.requests.last_run();
        loaded.into_iter().chain(used).min().unwrap_or_default().as_nanos()
    }
}

impl Life {
    fn bytes(&self) -> u64 {
        self.measured_bytes.unwrap_or_default().max(self.file_bytes)
    }
}
