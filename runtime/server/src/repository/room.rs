//! Loading one version within the memory that models may take, and unloading others for it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use super::Repository;
use super::budget::{Candidate, victims};
use super::entry::{Entry, Phase};
use super::load::{Loaded, PARKED};
use crate::memory::resident_bytes;
use crate::model::LoadError;
use crate::node::Node;

impl Repository {
    /// Loads and warms a version, and puts it nowhere yet; others are unloaded first where memory is
    /// bounded. `pending_bytes` is what was loaded and is not in the table either.
    ///
    /// # Errors
    /// When it cannot be loaded; then that is in its state, in the log and in the metrics.
    pub(super) fn load_version(
        &self,
        entry: &Arc<Entry>,
        pending_bytes: u64,
    ) -> Result<Loaded, LoadError> {
        let started = Instant::now();
        entry.begin();
        let loaded = self.room_for(entry, pending_bytes).and_then(|()| {
            let before = resident_bytes();
            let node = contain(|| {
                let say = |doing: &str| entry.set_progress(doing);
                let model = self.source.load(&entry.name, &entry.version, &say)?;
                entry.set_progress("warming up");
                let (metrics, statistics) = (Arc::clone(&entry.metrics), &entry.statistics);
                let (statistics, share) = (Arc::clone(statistics), Arc::clone(&entry.share));
                Node::new(model, &self.pool, metrics, statistics, share)
            });
            let mut node = node?;
            if let Some(cache) = &self.cache {
                node.keep_answers(cache, (&entry.name, &entry.version));
            }
            let grown = resident_bytes().zip(before).map(|(now, then)| now.saturating_sub(then));
            Ok(Loaded { entry: Arc::clone(entry), node: Arc::new(node), measured_bytes: grown })
        });
        match &loaded {
            Ok(_) => {
                entry.metrics.loads.increment(1);
                entry.metrics.load_seconds.set(started.elapsed().as_secs_f64());
            }
            Err(error) => {
                let reason = error.chain();
                entry.metrics.failed_loads.increment(1);
                tracing::error!(model = entry.name, version = entry.version, reason, "not loaded");
                entry.fail(&reason);
            }
        }
        loaded
    }

    /// Whether a model fits beside those that are loaded.
    pub(super) fn fits(&self, entry: &Entry, pending_bytes: u64) -> bool {
        let needed = self.held_bytes() + pending_bytes + entry.file_bytes();
        // One that fits nowhere is to be refused.
        self.bytes_max.is_none_or(|max| needed <= max || entry.file_bytes() > max)
    }

    fn room_for(&self, entry: &Arc<Entry>, pending_bytes: u64) -> Result<(), LoadError> {
        let needed = entry.file_bytes();
        if let Some(max) = self.bytes_max.filter(|max| needed > *max) {
            let text = format!(
                "model `{}`: expected files of at most {max} bytes (--models-memory), got {needed} \
                 bytes",
                entry.name
            );
            return Err(LoadError::new(text));
        }
        self.make_room(pending_bytes + entry.bytes(), Some(entry));
        Ok(())
    }

    /// Unloads models, but not this one, until so much memory more can be taken.
    pub(super) fn make_room(&self, needed: u64, spared: Option<&Arc<Entry>>) {
        let Some(max) = self.bytes_max else { return };
        let excess = (self.held_bytes() + needed).saturating_sub(max);
        let table = self.table();
        let loaded = table.slots().filter(|slot| slot.node.is_some()).map(|slot| &slot.entry);
        let entries: Vec<&Arc<Entry>> = loaded
            .filter(|entry| spared.is_none_or(|spared| !Arc::ptr_eq(entry, spared)))
            .collect();
        let candidates: Vec<Candidate> = entries
            .iter()
            .map(|entry| Candidate { bytes: entry.bytes(), idle_ns: entry.idle_ns() })
            .collect();
        for entry in victims(&candidates, excess).into_iter().filter_map(|at| entries.get(at)) {
            // First the state: who finds it neither loaded nor parked is refused.
            entry.stop(Phase::Parked, PARKED);
            self.put(entry, None);
            entry.metrics.evictions.increment(1);
            tracing::info!(model = entry.name, version = entry.version, "unloaded to make room");
        }
    }

    /// The memory that all loaded models take.
    fn held_bytes(&self) -> u64 {
        let table = self.table();
        let loaded = table.slots().filter(|slot| slot.node.is_some());
        loaded.map(|slot| slot.entry.bytes()).sum()
    }
}

/// Runs a loader; a panic becomes an error.
fn contain<T>(load: impl FnOnce() -> Result<T, LoadError>) -> Result<T, LoadError> {
    catch_unwind(AssertUnwindSafe(load)).unwrap_or_else(|_panic| {
        Err(LoadError::new("loading the model panicked; the panic is in the log above"))
    })
}
