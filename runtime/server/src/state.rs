//! What all requests of a process share.

#[cfg(test)]
pub(crate) mod fixture;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use radiant_core::{Error, ErrorKind};

use crate::config::{Cors, LogLevel};
use crate::http::BodyLimits;
use crate::observe::RequestMetrics;
use crate::repository::{Entry, Repository};
use crate::schedule::{Permits, Pool};

/// The part of the configuration that requests look at.
#[derive(Debug, Clone)]
pub(crate) struct RequestConfig {
    pub(crate) body: BodyLimits,
    pub(crate) message_bytes_max: usize,
    pub(crate) compress_bytes_min: Option<usize>,
    pub(crate) request_timeout: Option<Duration>,
    pub(crate) inline_cost_max: Duration,
    pub(crate) include_metrics: bool,
    pub(crate) feedback_counters: bool,
    pub(crate) payload_passthrough: bool,
    pub(crate) cors: Cors,
    pub(crate) access_log: bool,
    pub(crate) log_level: LogLevel,
}

/// The models and everything around them; read by requests without a lock.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) config: RequestConfig,
    pub(crate) permits: Arc<Permits>,
    pub(crate) pool: Arc<Pool>,
    pub(crate) repository: Repository,
    /// Requests that name no model of ours.
    pub(crate) unrouted: RequestMetrics,
    draining: AtomicBool,
}

impl State {
    pub(crate) fn new(
        config: RequestConfig,
        permits: Arc<Permits>,
        pool: Arc<Pool>,
        repository: Repository,
        unrouted: RequestMetrics,
    ) -> Self {
        Self { config, permits, pool, repository, unrouted, draining: AtomicBool::new(false) }
    }

    /// The model that Seldon's paths speak of.
    pub(crate) fn main(&self) -> &Entry {
        self.repository.main()
    }

    /// Whether requests are answered.
    ///
    /// # Errors
    /// [`ErrorKind::NotReady`] with the reason.
    pub(crate) fn ready(&self) -> Result<(), Error> {
        if self.is_draining() {
            return Err(Error::new(ErrorKind::NotReady, "the server is shutting down"));
        }
        if self.repository.is_ready() {
            return Ok(());
        }
        let mut entries = self.repository.entries().iter();
        Err(entries
            .find_map(|entry| entry.node().err())
            .unwrap_or_else(|| Error::new(ErrorKind::NotReady, "a model is being loaded")))
    }

    /// Whether the process is on its way out.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Makes readiness fail.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
        self.repository.entries().iter().for_each(Entry::drain);
    }
}
