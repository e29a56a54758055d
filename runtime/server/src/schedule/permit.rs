//! Step 5 of the straight line: one permit a request in flight, or an honest refusal.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use radiant_core::Error;
use radiant_schedule::policy::is_in_time;

use super::refusals::{Budget, Refusals};
use super::threshold::{may_take, most_alone};
use crate::config::Admission;
use crate::observe::{Metric, Registry};

/// The permits of the process.
#[derive(Debug)]
pub(crate) struct Permits {
    pub(super) limits: Admission,
    requests: Arc<AtomicUsize>,
    rows: Arc<AtomicUsize>,
    pub(super) bytes: Arc<AtomicUsize>,
    /// How many versions of models share them.
    n_shares: AtomicUsize,
    pub(crate) refusals: Refusals,
    registry: Arc<Registry>,
}

impl Permits {
    /// As many permits as may be in flight.
    pub(crate) fn new(limits: Admission, registry: &Arc<Registry>) -> Arc<Self> {
        let level = |now, max, limit: usize| {
            registry.gauge(max, &[]).set(limit as f64);
            let level = Arc::<AtomicUsize>::default();
            registry.expose(now, &[], &level);
            level
        };
        let Admission { requests_max, rows_max, bytes_max, .. } = limits;
        Arc::new(Self {
            limits,
            requests: level(Metric::RequestsInFlight, Metric::RequestsInFlightMax, requests_max),
            rows: level(Metric::RowsInFlight, Metric::RowsInFlightMax, rows_max),
            bytes: level(Metric::RequestBytes, Metric::RequestBytesMax, bytes_max),
            n_shares: AtomicUsize::new(0),
            refusals: Refusals::new(registry),
            registry: Arc::clone(registry),
        })
    }

    /// The part of a version of a model, which it keeps for as long as it is there.
    pub(crate) fn share(self: &Arc<Self>, model: &str, version: &str) -> Arc<Share> {
        let level = |metric| {
            let level = Arc::<AtomicUsize>::default();
            self.registry.expose(metric, &[model, version], &level);
            level
        };
        self.count_share(true);
        Arc::new(Share {
            permits: Arc::clone(self),
            requests: level(Metric::ModelRequestsInFlight),
            rows: level(Metric::ModelRowsInFlight),
        })
    }

    /// Takes a permit for as long as the answer is kept, for a request of so many rows.
    ///
    /// # Errors
    /// [`ErrorKind::Overloaded`](radiant_core::ErrorKind::Overloaded) when a budget is used up. Nobody
    /// waits here: a caller that is told at once can try another replica.
    pub(crate) fn take(&self, share: &Arc<Share>, rows: usize) -> Result<Permit, Error> {
        let taken = self.requests.fetch_add(1, Ordering::Relaxed);
        let held = share.requests.fetch_add(1, Ordering::Relaxed);
        let rows_taken = self.rows.fetch_add(rows, Ordering::Relaxed);
        share.rows.fetch_add(rows, Ordering::Relaxed);
        // The permit exists before the checks, so that its drop gives back what was added.
        let permit = Permit { share: Arc::clone(share), rows };
        if taken >= self.limits.requests_max {
            return Err(self.all_taken());
        }
        if !self.may_hold(held, self.limits.requests_max - taken) {
            return Err(self.share_taken(held));
        }
        // One that is larger than the budget runs while nothing else does.
        if rows_taken > 0 && rows_taken.saturating_add(rows) > self.limits.rows_max {
            return Err(self.rows_taken(rows_taken, rows));
        }
        Ok(permit)
    }

    /// Whether there is a permit just now, for who is about to read or decode a request.
    ///
    /// # Errors
    /// As [`take`](Self::take), when there is none.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.taken() >= self.limits.requests_max { Err(self.all_taken()) } else { Ok(()) }
    }

    /// Whether a request whose answer is due so soon (`patience`) has a chance behind those that wait:
    /// who runs to no avail takes the time of others, until nobody is in time.
    ///
    /// # Errors
    /// [`ErrorKind::Overloaded`](radiant_core::ErrorKind::Overloaded) when its time will be over before
    /// its answer is there, or hardly later.
    pub(crate) fn in_time(
        &self,
        expected: Duration,
        patience: Duration,
        by: &str,
    ) -> Result<(), Error> {
        if is_in_time(expected, patience) {
            return Ok(());
        }
        let (answer, allowed) = (expected.as_secs_f64(), patience.as_secs_f64());
        let text = format!(
            "behind those that wait an answer takes about {answer:.3} s, and it is due in \
             {allowed:.3} s ({by}); try again, or add replicas"
        );
        Err(self.refusals.refuse(Budget::Time, text).with_retry_after(expected))
    }

    /// The number of permits that are taken.
    pub(crate) fn taken(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    /// Whether a model that holds so many may take one more of those that are free.
    fn may_hold(&self, held: usize, free: usize) -> bool {
        match self.limits.model_requests_max {
            Some(max) => held < max,
            None => self.n_shares.load(Ordering::Relaxed) < 2 || may_take(held, free),
        }
    }

    fn count_share(&self, comes: bool) {
        let n_shares = if comes {
            self.n_shares.fetch_add(1, Ordering::Relaxed) + 1
        } else {
            self.n_shares.fetch_sub(1, Ordering::Relaxed) - 1
        };
        let all = self.limits.requests_max;
        let auto = if n_shares < 2 { all } else { most_alone(all) };
        let max = self.limits.model_requests_max.unwrap_or(auto);
        self.registry.gauge(Metric::ModelRequestsInFlightMax, &[]).set(max as f64);
    }

    #[cold]
    fn all_taken(&self) -> Error {
        let max = self.limits.requests_max;
        let text =
            format!("all {max} permits are taken (--requests-max); try again, or add replicas");
        self.refusals.refuse(Budget::Requests, text)
    }

    #[cold]
    fn share_taken(&self, held: usize) -> Error {
        let of = match self.limits.model_requests_max {
            Some(max) => format!("all {max} permits that it may hold"),
            None => format!("{held} permits, its share of {}", self.limits.requests_max),
        };
        let text = format!(
            "the model has {of} (--model-requests-max, --requests-max); try again, or add replicas"
        );
        self.refusals.refuse(Budget::ModelRequests, text)
    }

    #[cold]
    fn rows_taken(&self, rows_taken: usize, rows: usize) -> Error {
        let max = self.limits.rows_max;
        let text = format!(
            "{rows} rows do not fit beside the {rows_taken} in flight: all may have {max} \
             (--rows-max); try again, or add replicas"
        );
        self.refusals.refuse(Budget::Rows, text)
    }
}

/// A model's part of the permits.
#[derive(Debug)]
pub(crate) struct Share {
    permits: Arc<Permits>,
    requests: Arc<AtomicUsize>,
    rows: Arc<AtomicUsize>,
}

impl Drop for Share {
    fn drop(&mut self) {
        self.permits.count_share(false);
    }
}

/// The right to be in flight; given back when dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    share: Arc<Share>,
    rows: usize,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Share { permits, requests, rows } = &*self.share;
        permits.requests.fetch_sub(1, Ordering::Relaxed);
        permits.rows.fetch_sub(self.rows, Ordering::Relaxed);
        requests.fetch_sub(1, Ordering::Relaxed);
        rows.fetch_sub(self.rows, Ordering::Relaxed);
    }
}

/// No limits.
#[cfg(test)]
pub(crate) const UNLIMITED: Admission = Admission {
    requests_max: usize::MAX,
    model_requests_max: None,
    rows_max: usize::MAX,
    bytes_max: usize::MAX,
};

#[cfg(test)]
#[path = "permit_tests.rs"]
mod tests;
