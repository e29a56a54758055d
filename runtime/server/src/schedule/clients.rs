//! How many requests one client has in flight, where that is bounded.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use metrics::Counter;
use radiant_core::{Error, ErrorKind};

use super::refusals::CLIENT_REQUESTS;
use crate::observe::{Metric, Registry};

/// Clients are told apart under so many locks, so that two cores seldom want the same one.
const N_SHARDS: usize = 64;

/// The requests in flight of each client that has any.
#[derive(Debug)]
pub(crate) struct Clients {
    max: usize,
    /// The header whose value tells a client; the address does where there is none.
    header: Option<String>,
    // Clients by the hash of what tells them, whose key nobody knows: that two have the same one
    // happens to nobody who could tell, and would make them share a bound.
    hasher: RandomState,
    shards: [Mutex<HashMap<u64, usize>>; N_SHARDS],
    /// How many clients have any.
    active: Arc<AtomicUsize>,
    refused: Counter,
}

impl Clients {
    /// Bounds the requests of each client.
    pub(crate) fn new(max: usize, header: Option<String>, registry: &Registry) -> Arc<Self> {
        registry.gauge(Metric::ClientRequestsMax, &[]).set(max as f64);
        let active = Arc::<AtomicUsize>::default();
        registry.expose(Metric::Clients, &[], &active);
        Arc::new(Self {
            max,
            header,
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| Mutex::default()),
            active,
            refused: registry.counter(Metric::Refusals, &[CLIENT_REQUESTS]),
        })
    }

    /// The header whose value tells a client.
    pub(crate) fn header(&self) -> Option<&str> {
        self.header.as_deref()
    }

    /// Counts a request of this client for as long as what is returned is kept. Clients that cannot be
    /// told apart are one.
    ///
    /// # Errors
    /// [`ErrorKind::ClientLimit`] when it has as many as it may.
    pub(crate) fn enter(self: &Arc<Self>, client: Option<impl Hash>) -> Result<Entered, Error> {
        let key = client.map_or(0, |client| self.hasher.hash_one(client));
        let mut shard = self.shard(key);
        let n_requests = shard.entry(key).or_default();
        if *n_requests >= self.max {
            drop(shard);
            self.refused.increment(1);
            return Err(limit_reached(self.max));
        }
        if *n_requests == 0 {
            self.active.fetch_add(1, Ordering::Relaxed);
        }
        *n_requests += 1;
        drop(shard);
        Ok(Entered { clients: Arc::clone(self), key })
    }

    fn shard(&self, key: u64) -> MutexGuard<'_, HashMap<u64, usize>> {
        let index = usize::try_from(key % N_SHARDS as u64).unwrap_or_default();
        let Some(shard) = self.shards.get(index) else { unreachable!("a remainder is less") };
        // Nothing that can panic runs under the lock.
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that is counted; no longer when dropped.
#[derive(Debug)]
pub(crate) struct Entered {
    clients: Arc<Clients>,
    key: u64,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut shard = self.clients.shard(self.key);
        let left = shard.get(&self.key).map_or(0, |n_requests| n_requests.saturating_sub(1));
        // Who has nothing in flight takes no room.
        if left == 0 {
            shard.remove(&self.key);
            self.clients.active.fetch_sub(1, Ordering::Relaxed);
        } else {
            shard.insert(self.key, left);
        }
    }
}

#[cold]
fn limit_reached(max: usize) -> Error {
    let text = format!(
        "the client has {max} requests in flight, as many as one may have \
         (--client-requests-max); wait for an answer"
    );
    Error::new(ErrorKind::ClientLimit, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_has_its_own_bound_and_leaves_nothing_behind() {
        let registry = Registry::new();
        let clients = Clients::new(2, None, &registry);
        let [one, other] = ["10.0.0.1", "10.0.0.2"].map(Some);
        let first = [clients.enter(one).unwrap(), clients.enter(one).unwrap()];
        let error = clients.enter(one).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ClientLimit);
        assert!(error.message().contains("--client-requests-max"), "{}", error.message());
        let second = clients.enter(other).unwrap();
        assert!(registry.render().contains("radiant_clients 2.0"), "{}", registry.render());
        let [kept, gone] = first;
        drop(gone);
        let third = clients.enter(one).unwrap();
        drop((kept, second, third));
        assert!(clients.shards.iter().all(|shard| shard.lock().unwrap().is_empty()));
        let page = registry.render();
        assert!(page.contains("radiant_clients 0.0"), "{page}");
        assert!(page.contains("radiant_refusals_total{budget=\"client_requests\"} 1.0"), "{page}");
    }

    #[test]
    fn clients_that_cannot_be_told_apart_are_one() {
        let clients = Clients::new(1, None, &Registry::new());
        let _first = clients.enter(None::<&str>).unwrap();
        assert!(clients.enter(None::<&str>).is_err());
        assert!(clients.enter(Some("known")).is_ok());
    }
}
