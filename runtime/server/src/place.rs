//! How many connections a port has, and the bound on them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::observe::{Metric, Registry};

/// The places for connections, of which each takes one for as long as it is open.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    max: usize,
    taken: Arc<AtomicUsize>,
}

impl Places {
    /// As many places as connections may be open.
    pub(crate) fn new(max: usize) -> Self {
        Self { max, taken: Arc::default() }
    }

    /// As [`new`](Self::new), with the number of those that are taken on the metrics page.
    pub(crate) fn exposed(max: usize, metric: Metric, registry: &Registry) -> Self {
        let places = Self::new(max);
        registry.expose(metric, &[], &places.taken);
        places
    }

    /// The most connections that may be open.
    pub(crate) fn max(&self) -> usize {
        self.max
    }

    /// The number of connections that are open.
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// A place for a connection that somebody else has seen to be within the bound.
    pub(crate) fn take(&self) -> Place {
        self.taken.fetch_add(1, Ordering::Relaxed);
        Place(Arc::clone(&self.taken))
    }

    /// A place, unless all are taken.
    pub(crate) fn try_take(&self) -> Option<Place> {
        let before = self.taken.fetch_add(1, Ordering::Relaxed);
        // The place exists before the check, so that its drop gives back what was added.
        let place = Place(Arc::clone(&self.taken));
        (before < self.max).then_some(place)
    }
}

/// A connection's place, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_connection_takes_no_place() {
        let registry = Registry::new();
        let places = Places::exposed(1, Metric::GrpcConnections, &registry);
        let first = places.try_take().expect("is free");
        assert!(places.try_take().is_none());
        assert_eq!(places.taken(), 1);
        assert!(registry.render().contains("radiant_grpc_connections 1.0"));
        drop(first);
        assert!(places.try_take().is_some());
        assert_eq!(places.taken(), 0);
    }
}
