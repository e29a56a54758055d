//! What all requests of a process share.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use radiant_core::{Error, ErrorKind};

use crate::config::Cors;
use crate::http::BodyLimits;
use crate::node::Node;
use crate::observe::RequestMetrics;
use crate::schedule::{Permits, Pool};

/// The part of the configuration that requests look at.
#[derive(Debug, Clone)]
pub(crate) struct RequestConfig {
    pub(crate) body: BodyLimits,
    pub(crate) request_timeout: Option<Duration>,
    pub(crate) inline_cost_max: Duration,
    pub(crate) include_metrics: bool,
    pub(crate) feedback_counters: bool,
    pub(crate) payload_passthrough: bool,
    pub(crate) cors: Cors,
    pub(crate) access_log: bool,
}

/// The model and everything around it; read by requests without a lock.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) config: RequestConfig,
    pub(crate) permits: Arc<Permits>,
    pub(crate) pool: Arc<Pool>,
    pub(crate) requests: RequestMetrics,
    pub(crate) model_name: String,
    node: OnceLock<Arc<Node>>,
    progress: Mutex<String>,
    draining: AtomicBool,
}

impl State {
    pub(crate) fn new(
        config: RequestConfig,
        permits: Arc<Permits>,
        pool: Arc<Pool>,
        requests: RequestMetrics,
        model_name: String,
    ) -> Self {
        Self {
            config,
            permits,
            pool,
            requests,
            model_name,
            node: OnceLock::new(),
            progress: Mutex::new("loading".to_owned()),
            draining: AtomicBool::new(false),
        }
    }

    /// The model, once it is loaded.
    ///
    /// # Errors
    /// [`ErrorKind::NotReady`] with how far loading has come.
    pub(crate) fn node(&self) -> Result<&Arc<Node>, Error> {
        self.node.get().ok_or_else(|| self.not_ready())
    }

    #[cold]
    fn not_ready(&self) -> Error {
        let progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        let text = format!("model `{}` is not ready: {progress}", self.model_name);
        Error::new(ErrorKind::NotReady, text)
    }

    /// Tells those who ask meanwhile how far loading has come.
    pub(crate) fn set_progress(&self, progress: &str) {
        progress.clone_into(&mut self.progress.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Puts the model in place; from now on it answers.
    pub(crate) fn set_node(&self, node: Node) {
        node.metrics.ready.set(1.0);
        // A process serves one model: a second one would be a defect, and the first stays.
        drop(self.node.set(Arc::new(node)));
    }

    /// Checks that a path names the model that is served.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] that tells the name which is.
    pub(crate) fn check_model(&self, asked: &str) -> Result<(), Error> {
        if asked == self.model_name {
            return Ok(());
        }
        let text = format!("no model `{asked}` here; this node serves `{}`", self.model_name);
        Err(Error::new(ErrorKind::NotFound, text))
    }

    /// Whether the process is on its way out.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Makes readiness fail.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
        if let Some(node) = self.node.get() {
            node.metrics.ready.set(0.0);
        }
    }
}
