//! What all requests of a process share.

#[cfg(test)]
pub(crate) mod fixture;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use radiant_core::{Error, ErrorKind};

use crate::config::{Cors, LogLevel, Telling};
use crate::http::BodyLimits;
use crate::node::Node;
use crate::observe::RequestMetrics;
use crate::repository::{Entry, Found, Phase, Repository};
use crate::schedule::{Clients, Clock, Permits, Pool};
use crate::work::Work;

/// The part of the configuration that requests look at.
#[derive(Debug, Clone)]
pub(crate) struct RequestConfig {
    pub(crate) body: BodyLimits,
    pub(crate) message_bytes_max: usize,
    pub(crate) compress_bytes_min: Option<usize>,
    pub(crate) request_timeout: Option<Duration>,
    pub(crate) inline_cost_max: Duration,
    pub(crate) timing: Telling,
    pub(crate) include_metrics: bool,
    pub(crate) feedback_counters: bool,
    pub(crate) payload_passthrough: bool,
    pub(crate) cors: Cors,
    pub(crate) access_log: bool,
    /// The requests of each client, where they are bounded.
    pub(crate) clients: Option<Arc<Clients>>,
    pub(crate) log_level: LogLevel,
}

/// The models and everything around them; read by requests without a lock.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) config: RequestConfig,
    pub(crate) permits: Arc<Permits>,
    pub(crate) pool: Arc<Pool>,
    pub(crate) repository: Arc<Repository>,
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
        let repository = Arc::new(repository);
        Self { config, permits, pool, repository, unrouted, draining: AtomicBool::new(false) }
    }

    /// The model that a request is for, ready to run; one that was unloaded to make room is waited
    /// for. What was found stays in `kept` for as long as the request lasts, and for its record. From
    /// here on the times hold that the configuration and the model allow for an answer.
    ///
    /// # Errors
    /// There is no such model, or it is not loaded, or the answer was due before now.
    #[inline]
    pub(crate) async fn serve<'k>(
        &self,
        clock: &Clock,
        kept: &'k mut Option<Found>,
        found: Result<Found, Error>,
    ) -> Result<(&'k Entry, &'k Arc<Node>), Error> {
        clock.allow(self.config.request_timeout, "--request-timeout");
        clock.check()?;
        let found = self.awake(kept, found).await?;
        let node = found.node()?;
        clock.allow(node.queue.timeout, "the model's own limit");
        Ok((found.entry(), node))
    }

    /// Begins a request that is about to be decoded for a model.
    ///
    /// # Errors
    /// [`ErrorKind::Overloaded`] when all permits are taken: who will find none is told before its
    /// request has cost more than reading it. What the response cache knows needs no permit.
    pub(crate) fn begin(&self, node: &Node) -> Result<Box<Work>, Error> {
        if node.kept.is_none() {
            self.permits.check().map_err(|full| node.rejected(full))?;
        }
        let mut work = Work::take();
        work.begin();
        Ok(work)
    }

    /// As [`serve`](Self::serve), for who wants to know more of the model.
    ///
    /// # Errors
    /// As there; a model that waiting does not help is no error yet.
    #[inline]
    pub(crate) async fn awake<'k>(
        &self,
        kept: &'k mut Option<Found>,
        found: Result<Found, Error>,
    ) -> Result<&'k Found, Error> {
        let mut found = found?;
        if !found.is_loaded() {
            found = Box::pin(self.wake(found)).await?;
        }
        Ok(kept.insert(found))
    }

    /// Waits for a model that is not loaded, if waiting helps.
    #[cold]
    async fn wake(&self, found: Found) -> Result<Found, Error> {
        // Who is ready by now was loaded since it was found.
        if !matches!(found.entry().phase(), Phase::Parked | Phase::Ready) {
            return Ok(found);
        }
        // The permits bound how many wait.
        let _permit = self.permits.take(&found.entry().share, 0)?;
        self.repository.wake(found).await
    }

    /// Whether requests are answered.
    ///
    /// # Errors
    /// [`ErrorKind::NotReady`] with the reason.
    pub(crate) fn ready(&self) -> Result<(), Error> {
        if self.is_draining() {
            return Err(Error::new(ErrorKind::NotReady, "the server is shutting down"));
        }
        self.repository.ready()
    }

    /// Whether the process is on its way out.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Makes readiness fail.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
        self.repository.drain();
    }
}
