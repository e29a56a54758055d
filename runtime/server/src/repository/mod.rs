//! The models of this process: their names, versions and states, and the loaded ones to run on.
//!
//! A request looks in a [`Table`], which it gets by one atomic load. `load.rs` brings models into
//! the table and takes them out of it, `watch.rs` looks for changes, `budget.rs` says what is
//! unloaded to make room.

mod budget;
mod entry;
mod load;
mod room;
mod source;
mod table;
#[cfg(test)]
mod tests;
mod watch;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, Guard};
use metrics::Gauge;
use radiant_core::{Error, ErrorKind};

use crate::cache::Cache;
use crate::node::Node;
use crate::observe::{GaugeGuard, Metric, ModelMetrics, NodeLabels, Registry, RequestMetrics};
use crate::schedule::{Permits, Pool};

pub(crate) use entry::{Entry, Phase, Status};
pub use source::{Offered, OfferedVersion, Source};
pub(crate) use table::{Found, Listed, Slot, Table};
pub(crate) use watch::watch;

/// What the configuration says of the models as a whole.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The models that have to be there, with the version of each, the main one first.
    pub(crate) required: Vec<(String, String)>,
    /// How much memory models may take together.
    pub(crate) bytes_max: Option<u64>,
    /// How much memory their answers may take in a cache.
    pub(crate) response_cache_bytes: Option<usize>,
    /// What requests to them are admitted by.
    pub(crate) permits: Arc<Permits>,
}

/// The models.
pub(crate) struct Repository {
    table: ArcSwap<Table>,
    /// Held while the next table is built.
    publishing: Mutex<()>,
    /// Held by whoever loads: one model at a time, so that the memory it takes can be told.
    turn: Mutex<()>,
    /// Names of models that are loaded because somebody asked over the network.
    asked: Mutex<Vec<String>>,
    /// Where requests for parked models wait for each other; permits bound them.
    line: tokio::sync::Mutex<()>,
    waiting: Gauge,
    source: Arc<dyn Source>,
    /// Where the models will run.
    pool: Arc<Pool>,
    permits: Arc<Permits>,
    registry: Arc<Registry>,
    labels: NodeLabels,
    bytes_max: Option<u64>,
    cache: Option<Arc<Cache>>,
}

impl Repository {
    /// The models that have to be there, none of them loaded.
    pub(crate) fn new(
        plan: &Plan,
        source: Arc<dyn Source>,
        pool: &Arc<Pool>,
        registry: &Arc<Registry>,
        labels: NodeLabels,
    ) -> Self {
        if let Some(bytes_max) = plan.bytes_max {
            registry.gauge(Metric::ModelsMemoryMax, &[]).set(bytes_max as f64);
        }
        let repository = Self {
            table: ArcSwap::default(),
            publishing: Mutex::new(()),
            turn: Mutex::new(()),
            asked: Mutex::default(),
            line: tokio::sync::Mutex::new(()),
            waiting: registry.gauge(Metric::WaitingForModel, &[]),
            source,
            pool: Arc::clone(pool),
            permits: Arc::clone(&plan.permits),
            registry: Arc::clone(registry),
            labels,
            bytes_max: plan.bytes_max,
            cache: plan.response_cache_bytes.map(|bytes_max| Cache::new(bytes_max, registry)),
        };
        let listed = |(name, version): &(String, String)| {
            let entry = repository.new_entry(name, version);
            Listed::new(name, vec![Slot::empty(&entry)], true)
        };
        let required = plan.required.iter().map(listed).collect();
        repository.table.store(Arc::new(Table::new(required, false)));
        repository
    }

    /// The models at this moment.
    pub(crate) fn table(&self) -> Guard<Arc<Table>> {
        self.table.load()
    }

    /// The model that Seldon's paths speak of.
    ///
    /// # Errors
    /// [`ErrorKind::NotReady`] when there is none.
    #[inline]
    pub(crate) fn main(&self) -> Result<Found, Error> {
        Found::main(self.table.load())
    }

    /// The model of this name, in the version of this name or label; an empty version is the newest
    /// that answers.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] that tells which there are.
    #[inline]
    pub(crate) fn find(&self, name: &str, version: &str) -> Result<Found, Error> {
        Found::new(self.table.load(), name, version)
    }

    /// Whether every model that is not meant to be unloaded answers.
    ///
    /// # Errors
    /// [`ErrorKind::NotReady`] with the reason.
    pub(crate) fn ready(&self) -> Result<(), Error> {
        let table = self.table();
        if table.is_ready() {
            return Ok(());
        }
        Err(table.missed().unwrap_or_else(|| {
            Error::new(ErrorKind::NotReady, "the models are still being listed")
        }))
    }

    /// Says that no model will answer any longer, because the process ends.
    pub(crate) fn drain(&self) {
        self.table().slots().for_each(|slot| slot.entry.drain());
    }

    /// Waits until a model that was unloaded to make room is loaded again, and finds it anew.
    ///
    /// # Errors
    /// It cannot be loaded, or is gone by now.
    pub(crate) async fn wake(self: &Arc<Self>, mut found: Found) -> Result<Found, Error> {
        let _waiting = GaugeGuard::enter(&self.waiting);
        loop {
            let (entry, asked) = (Arc::clone(found.entry()), found.asked());
            // The table that it was found in keeps models in memory that are unloaded meanwhile.
            drop(found);
            let n_failures = entry.n_failures();
            let _first = self.line.lock().await;
            if entry.phase() == Phase::Parked {
                // Who waited while another tried in vain is told the same, so that a line of requests
                // does not become a line of attempts.
                if entry.n_failures() != n_failures {
                    return Err(entry.not_ready());
                }
                let (repository, parked) = (Arc::clone(self), Arc::clone(&entry));
                let loading = tokio::task::spawn_blocking(move || repository.load_parked(&parked));
                loading.await.unwrap_or_else(|panic| Err(load_panicked(panic)))?;
            }
            found = self.find(&entry.name, &asked)?;
            // Another may have been loaded in its place before it was found.
            if found.is_loaded() || found.entry().phase() != Phase::Parked {
                return Ok(found);
            }
        }
    }

    fn new_entry(&self, name: &str, version: &str) -> Arc<Entry> {
        let requests = RequestMetrics::new(&self.registry, &self.labels, name, version);
        let metrics = ModelMetrics::new(&self.registry, name, version);
        let entry = Arc::new(Entry::new(
            name,
            version,
            requests,
            metrics,
            self.permits.share(name, version),
        ));
        self.registry.expose_runs(Metric::BatchRows, &[name, version], &entry.statistics);
        entry
    }

    /// Builds the next table from the models as they are and puts it in place.
    fn publish(&self, change: impl FnOnce(&mut Vec<Listed>)) {
        let _publishing = self.publishing.lock().unwrap_or_else(PoisonError::into_inner);
        let table = self.table.load();
        let mut models = table.models().to_vec();
        change(&mut models);
        self.table.store(Arc::new(Table::new(models, table.is_complete())));
    }

    /// As [`publish`](Self::publish), once all models have been listed.
    fn publish_listed(&self, change: impl FnOnce(&mut Vec<Listed>)) {
        let _publishing = self.publishing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut models = self.table.load().models().to_vec();
        change(&mut models);
        self.table.store(Arc::new(Table::new(models, true)));
    }

    /// Gives a version of a model something to run on, or takes it away.
    fn put(&self, entry: &Arc<Entry>, node: Option<&Arc<Node>>) {
        self.publish(|models| {
            let slots = models.iter_mut().flat_map(|model| &mut model.slots);
            for slot in slots.filter(|slot| Arc::ptr_eq(&slot.entry, entry)) {
                slot.node = node.cloned();
            }
        });
    }
}

/// What somebody is told who waits for a load that panicked.
pub(crate) fn load_panicked(panic: tokio::task::JoinError) -> Error {
    Error::internal("loading the model panicked; the panic is in the server's log")
        .with_source(panic)
}

impl fmt::Debug for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repository").field("table", &self.table).finish_non_exhaustive()
    }
}
