//! The response cache: answers that a model gave are given again to whoever asks the same.
//!
//! Off unless it is given bytes. It stands between the check of the inputs and the permit: a hit takes
//! no permit and no engine. A question is compared byte by byte with the one that was answered (its
//! hash, keyed anew in each process, only says where to look), so that no client can be given the
//! answer to another question. Errors are not kept, nor what is large for the cache.

mod key;
mod table;
#[cfg(test)]
mod tests;

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use metrics::Counter;
use radiant_core::{Form, Tensor};
use tokio::time::Instant;

use self::key::Asked;
use self::table::{Entry, Table};
use crate::observe::{Metric, Registry, Statistics};
use crate::work::Work;

/// A question or an answer that is larger than this part of the cache is not kept: one would put out
/// too many others.
const SHARE: usize = 64;
/// Lengths of texts in a key fit 32 bits.
const ENTRY_BYTES_MAX: usize = 1 << 30;

/// The answers of all models.
#[derive(Debug)]
pub(crate) struct Cache {
    table: Table,
    /// Secret and of this process, so that nobody can choose questions that crowd one set.
    hashing: RandomState,
    n_models: AtomicU64,
    entry_bytes_max: usize,
    evictions: Counter,
    registry: Arc<Registry>,
}

impl Cache {
    /// An empty cache that takes at most so many bytes, all that it needs included.
    pub(crate) fn new(bytes_max: usize, registry: &Arc<Registry>) -> Arc<Self> {
        let table = Table::new(bytes_max);
        registry.expose(Metric::CacheBytes, &[], table.n_bytes());
        registry.gauge(Metric::CacheBytesMax, &[]).set(bytes_max as f64);
        Arc::new(Self {
            table,
            hashing: RandomState::new(),
            n_models: AtomicU64::new(0),
            entry_bytes_max: (bytes_max / SHARE).min(ENTRY_BYTES_MAX),
            evictions: registry.counter(Metric::CacheEvictions, &[]),
            registry: Arc::clone(registry),
        })
    }

    /// The part for a model that was just loaded, which nothing is in yet.
    pub(crate) fn part(
        self: &Arc<Self>,
        (name, version): (&str, &str),
        form: Form,
        statistics: &Arc<Statistics>,
    ) -> Part {
        let counter = |metric| self.registry.counter(metric, &[name, version]);
        Part {
            cache: Arc::clone(self),
            asked: Asked { model: self.n_models.fetch_add(1, Ordering::Relaxed), form },
            hits: counter(Metric::CacheHits),
            misses: counter(Metric::CacheMisses),
            statistics: Arc::clone(statistics),
        }
    }
}

#[cfg(test)]
impl Cache {
    fn n_bytes(&self) -> usize {
        self.table.n_bytes().load(Ordering::Relaxed)
    }
}

/// What the cache was for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CacheUse {
    /// It had the answer.
    Hit,
    /// It did not, and does not have it now.
    Miss,
    /// It did not, and has it now.
    Stored,
    /// It was not asked, because the inputs are too large for it.
    Bypass,
}

/// A question on its way to the cache, and what came of it.
#[derive(Debug, Default)]
pub(crate) struct Question {
    key: Vec<u8>,
    hash: u64,
    /// How long it was looked for.
    looked: Duration,
    /// What the cache was for the request, where there is one for the model.
    pub(crate) came_to: Option<CacheUse>,
}

impl Question {
    /// The memory that it keeps from request to request.
    pub(crate) fn capacity(&self) -> usize {
        self.key.capacity()
    }
}

/// The answers of one loaded model: gone with it, and never those of another, nor of the same model
/// loaded anew.
#[derive(Debug)]
pub(crate) struct Part {
    cache: Arc<Cache>,
    asked: Asked,
    hits: Counter,
    misses: Counter,
    statistics: Arc<Statistics>,
}

impl Part {
    /// Leaves the answer to `work.inputs` for `work.wanted` in `work.outputs`, if it is known; tells
    /// whether it is.
    ///
    /// # Cost
    /// A copy and a hash of the inputs, and a copy of the outputs.
    pub(crate) fn recall(&self, work: &mut Work) -> bool {
        let Work { inputs, wanted, outputs, question, .. } = work;
        if key::n_bytes(inputs) > self.cache.entry_bytes_max {
            question.came_to = Some(CacheUse::Bypass);
            return false;
        }
        let begun = Instant::now();
        key::write(&mut question.key, self.asked, wanted, inputs);
        let mut hasher = self.cache.hashing.build_hasher();
        hasher.write(&question.key);
        question.hash = hasher.finish();
        let copy = |found: &[Tensor]| {
            outputs.clear();
            outputs.extend_from_slice(found);
        };
        let is_known = self.cache.table.find(question.hash, &question.key, copy).is_some();
        if is_known {
            question.came_to = Some(CacheUse::Hit);
            self.hits.increment(1);
            self.statistics.recalled(begun.elapsed());
        } else {
            question.came_to = Some(CacheUse::Miss);
            question.looked = begun.elapsed();
            self.misses.increment(1);
        }
        is_known
    }

    /// Keeps `work.outputs` as the answer to what [`recall`](Self::recall) did not know.
    pub(crate) fn remember(&self, work: &mut Work) {
        let Work { outputs, question, .. } = work;
        if question.came_to != Some(CacheUse::Miss) {
            return;
        }
        let begun = Instant::now();
        let (hash, key) = (question.hash, &*question.key);
        let n_bytes = Entry::n_bytes(key, outputs);
        if n_bytes <= self.cache.entry_bytes_max {
            let entry = || Entry::new(hash, self.asked.model, key, outputs);
            let (n_evicted, is_here) = self.cache.table.put(n_bytes, entry);
            self.cache.evictions.increment(n_evicted as u64);
            if is_here {
                question.came_to = Some(CacheUse::Stored);
            }
        }
        self.statistics.missed(question.looked + begun.elapsed());
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.cache.table.forget(self.asked.model);
    }
}
