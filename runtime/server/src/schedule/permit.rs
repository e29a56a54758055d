//! Step 5 of the straight line: one permit a request in flight, or an honest refusal.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use radiant_core::{Error, ErrorKind};

use crate::observe::{Metric, Registry};

/// The permits of the process.
#[derive(Debug)]
pub(crate) struct Permits {
    max: usize,
    taken: Arc<AtomicUsize>,
}

impl Permits {
    /// As many permits as requests may be in flight.
    pub(crate) fn new(max: usize, registry: &Registry) -> Arc<Self> {
        registry.gauge(Metric::RequestsInFlightMax, &[]).set(max as f64);
        let taken = Arc::new(AtomicUsize::new(0));
        registry.expose(Metric::RequestsInFlight, &[], &taken);
        Arc::new(Self { max, taken })
    }

    /// Takes a permit for as long as the answer is kept.
    ///
    /// # Errors
    /// [`ErrorKind::Overloaded`] when all are taken. Nobody waits here: a caller that is told at
    /// once can try another replica.
    pub(crate) fn take(self: &Arc<Self>) -> Result<Permit, Error> {
        let before = self.taken.fetch_add(1, Ordering::Relaxed);
        // The permit exists before the check, so that its drop gives back what was added.
        let permit = Permit(Arc::clone(self));
        if before >= self.max {
            return Err(overloaded(self.max));
        }
        Ok(permit)
    }

    /// The number of permits that are taken.
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }
}

#[cold]
fn overloaded(max: usize) -> Error {
    Error::new(
        ErrorKind::Overloaded,
        format!("all {max} permits are taken (--requests-max); try again, or add replicas"),
    )
}

/// The right to be in flight; given back when dropped.
#[derive(Debug)]
pub(crate) struct Permit(Arc<Permits>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_request_takes_nothing() {
        let permits = Permits::new(1, &Registry::new());
        let first = permits.take().unwrap();
        assert_eq!(permits.take().unwrap_err().kind(), ErrorKind::Overloaded);
        assert_eq!(permits.taken(), 1);
        drop(first);
        assert!(permits.take().is_ok());
    }
}
