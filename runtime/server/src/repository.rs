//! The models of this process: their names, their states, and the loaded ones to run on.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwapOption, Guard};
use radiant_core::{Error, ErrorKind};

use crate::model::{LoadError, Model};
use crate::node::Node;
use crate::observe::{ModelMetrics, RequestMetrics, Statistics};

/// What loads the model of this name; `say` is told what is being done. Blocks meanwhile.
pub type Loader = dyn Fn(&str, &dyn Fn(&str)) -> Result<Model, LoadError> + Send + Sync;

/// The models that were given at start.
pub(crate) struct Repository {
    /// At least one: the main model, which Seldon's paths speak of.
    entries: Vec<Entry>,
    loader: Arc<Loader>,
}

/// One model and everything that stays when it is loaded anew.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) requests: RequestMetrics,
    pub(crate) metrics: Arc<ModelMetrics>,
    pub(crate) statistics: Arc<Statistics>,
    node: ArcSwapOption<Node>,
    status: Mutex<Status>,
    /// Held while somebody's wish to load is carried out.
    loading: Mutex<()>,
}

/// How a model is, in the words of the repository extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Being loaded or warmed.
    Loading,
    /// Answers.
    Ready,
    /// Does not answer: it failed to load, or was unloaded.
    Unavailable,
}

impl Phase {
    /// The state's name in the repository extension.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Loading => "LOADING",
            Self::Ready => "READY",
            Self::Unavailable => "UNAVAILABLE",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) phase: Phase,
    /// How far loading has come, or why the model does not answer.
    pub(crate) reason: String,
    /// Whether somebody asked for it to be unloaded, so that it is not missed.
    pub(crate) unloaded: bool,
}

/// A loaded model, kept for as long as a request needs it.
pub(crate) struct NodeRef(Guard<Option<Arc<Node>>>);

impl Deref for NodeRef {
    type Target = Arc<Node>;

    fn deref(&self) -> &Arc<Node> {
        match &*self.0 {
            Some(node) => node,
            None => unreachable!("a reference is made of a loaded model"),
        }
    }
}

impl Repository {
    pub(crate) fn new(entries: Vec<Entry>, loader: Arc<Loader>) -> Self {
        assert!(!entries.is_empty(), "a server has a model");
        Self { entries, loader }
    }

    /// The model that Seldon's paths speak of.
    pub(crate) fn main(&self) -> &Entry {
        match self.entries.first() {
            Some(entry) => entry,
            None => unreachable!("a repository has an entry"),
        }
    }

    /// All models, the main one first.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The model of this name and version; an empty version is the one there is.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] that tells which there are.
    pub(crate) fn find(&self, name: &str, version: &str) -> Result<&Entry, Error> {
        let entry = self.entries.iter().find(|entry| entry.name == name);
        match entry {
            Some(entry) if version.is_empty() || version == entry.version => Ok(entry),
            Some(entry) => Err(unknown_version(entry, version)),
            None => Err(self.unknown(name)),
        }
    }

    #[cold]
    fn unknown(&self, name: &str) -> Error {
        let shown: String = name.chars().take(200).collect();
        let names: Vec<String> =
            self.entries.iter().map(|entry| format!("`{}`", entry.name)).collect();
        let text = format!("no model `{shown}` here; expected one of {}", names.join(", "));
        Error::new(ErrorKind::NotFound, text)
    }

    /// Whether every model that is not meant to be unloaded answers.
    pub(crate) fn is_ready(&self) -> bool {
        self.entries.iter().all(|entry| {
            let status = entry.status();
            status.phase == Phase::Ready || status.unloaded
        })
    }

    /// Loads and warms the model of an entry, and puts it in place of the one that is there; that
    /// one answers meanwhile, and its requests in flight finish. Blocks.
    ///
    /// # Errors
    /// When the model cannot be loaded; a model that answered before goes on answering.
    pub(crate) fn load(&self, entry: &Entry) -> Result<(), LoadError> {
        let started = std::time::Instant::now();
        entry.begin();
        let say = |doing: &str| entry.set_progress(doing);
        let loaded = (self.loader)(&entry.name, &say).and_then(|model| {
            entry.set_progress("warming up");
            Node::new(model, Arc::clone(&entry.metrics), Arc::clone(&entry.statistics))
        });
        match loaded {
            Ok(node) => {
                entry.metrics.load_seconds.set(started.elapsed().as_secs_f64());
                entry.put(node);
                Ok(())
            }
            Err(error) => {
                entry.fail(&error);
                Err(error)
            }
        }
    }
}

impl Repository {
    /// Loads as [`load`](Self::load) does, for somebody who asks over the network.
    ///
    /// # Errors
    /// [`ErrorKind::NotReady`] when the model is being loaded already, [`ErrorKind::ModelFailed`]
    /// when it cannot be loaded.
    pub(crate) fn reload(&self, entry: &Entry) -> Result<(), Error> {
        let Ok(_loading) = entry.loading.try_lock() else {
            let text = format!("model `{}` is being loaded already", entry.name);
            return Err(Error::new(ErrorKind::NotReady, text));
        };
        self.load(entry).map_err(|error| {
            // Not `NotReady`: trying again does not help.
            let text = format!("model `{}` cannot be loaded: {}", entry.name, chain(&error));
            Error::model_failed(text)
        })
    }
}

/// An error with everything that lies behind it.
fn chain(error: &LoadError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

impl fmt::Debug for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repository").field("entries", &self.entries).finish_non_exhaustive()
    }
}

#[cold]
fn unknown_version(entry: &Entry, version: &str) -> Error {
    let shown: String = version.chars().take(200).collect();
    let text =
        format!("model `{}` has no version `{shown}`; expected `{}`", entry.name, entry.version);
    Error::new(ErrorKind::NotFound, text)
}

impl Entry {
    pub(crate) fn new(
        name: &str,
        version: &str,
        requests: RequestMetrics,
        metrics: ModelMetrics,
    ) -> Self {
        let status =
            Status { phase: Phase::Loading, reason: "loading".to_owned(), unloaded: false };
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            requests,
            metrics: Arc::new(metrics),
            statistics: Arc::default(),
            node: ArcSwapOption::empty(),
            status: Mutex::new(status),
            loading: Mutex::new(()),
        }
    }

    /// The model, if it is loaded.
    ///
    /// # Errors
    /// [`ErrorKind::NotReady`] with how far loading has come.
    #[inline]
    pub(crate) fn node(&self) -> Result<NodeRef, Error> {
        let node = self.node.load();
        if node.is_none() {
            return Err(self.not_ready());
        }
        Ok(NodeRef(node))
    }

    #[cold]
    fn not_ready(&self) -> Error {
        let text = format!("model `{}` is not ready: {}", self.name, self.status().reason);
        Error::new(ErrorKind::NotReady, text)
    }

    /// How the model is.
    pub(crate) fn status(&self) -> Status {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn update(&self, change: impl FnOnce(&mut Status)) {
        change(&mut self.status.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn begin(&self) {
        let answers = self.node.load().is_some();
        self.update(|status| {
            "loading".clone_into(&mut status.reason);
            status.unloaded = false;
            if !answers {
                status.phase = Phase::Loading;
            }
        });
    }

    /// Tells those who ask meanwhile how far loading has come.
    fn set_progress(&self, doing: &str) {
        tracing::info!(model = self.name, doing, "loading");
        self.update(|status| doing.clone_into(&mut status.reason));
    }

    fn put(&self, node: Node) {
        self.node.store(Some(Arc::new(node)));
        self.metrics.ready.set(1.0);
        self.update(|status| {
            *status = Status { phase: Phase::Ready, reason: String::new(), unloaded: false };
        });
    }

    fn fail(&self, error: &LoadError) {
        let answers = self.node.load().is_some();
        self.update(|status| {
            status.phase = if answers { Phase::Ready } else { Phase::Unavailable };
            status.reason = chain(error);
        });
    }

    /// Takes the model out; its requests in flight finish.
    pub(crate) fn unload(&self) {
        self.update(|status| {
            let reason = "it was unloaded on request".to_owned();
            *status = Status { phase: Phase::Unavailable, reason, unloaded: true };
        });
        self.node.store(None);
        self.metrics.ready.set(0.0);
        tracing::info!(model = self.name, "unloaded");
    }

    /// Says that the model will answer no longer, because the process ends.
    pub(crate) fn drain(&self) {
        self.metrics.ready.set(0.0);
    }
}
