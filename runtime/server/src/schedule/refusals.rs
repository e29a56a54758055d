//! What is refused because a budget is used up: counted by budget, and logged once when it begins and
//! once when it has ended.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use metrics::Counter;
use radiant_core::{Error, ErrorKind};
use tokio::sync::Notify;

use crate::observe::{Metric, Registry};

/// Refusals have ended when there was none for so long.
const QUIET: Duration = Duration::from_secs(5);

/// The value of the label `budget` for what a client alone may have; that is no overload.
pub(super) const CLIENT_REQUESTS: &str = "client_requests";

/// A budget that can be used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Budget {
    /// Requests in flight, of the process.
    Requests,
    /// Requests in flight, of a model.
    ModelRequests,
    /// Rows of requests in flight.
    Rows,
    /// Bytes of requests in flight.
    Bytes,
    /// The time that the request itself allows: it would pass before its turn came.
    Time,
}

impl Budget {
    const ALL: [Self; 5] =
        [Self::Requests, Self::ModelRequests, Self::Rows, Self::Bytes, Self::Time];

    /// The value of the label `budget`.
    const fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::ModelRequests => "model_requests",
            Self::Rows => "rows",
            Self::Bytes => "bytes",
            Self::Time => "time",
        }
    }
}

/// Counts refusals, and knows whether there are any just now.
#[derive(Debug)]
pub(crate) struct Refusals {
    by_budget: [Counter; Budget::ALL.len()],
    n_refused: AtomicU64,
    is_refusing: AtomicBool,
    /// When the last one was, in milliseconds since the start.
    last_ms: AtomicU64,
    started: Instant,
    begun: Notify,
}

impl Refusals {
    pub(super) fn new(registry: &Registry) -> Self {
        Self {
            by_budget: Budget::ALL.map(|of| registry.counter(Metric::Refusals, &[of.name()])),
            n_refused: AtomicU64::new(0),
            is_refusing: AtomicBool::new(false),
            last_ms: AtomicU64::new(0),
            started: Instant::now(),
            begun: Notify::new(),
        }
    }

    /// Refuses a request because this budget is used up; `text` tells the client.
    #[cold]
    pub(super) fn refuse(&self, budget: Budget, text: String) -> Error {
        if let Some(counter) = self.by_budget.get(budget as usize) {
            counter.increment(1);
        }
        self.n_refused.fetch_add(1, Ordering::Relaxed);
        self.last_ms.store(self.now_ms(), Ordering::Relaxed);
        let is_first = !self.is_refusing.load(Ordering::Relaxed)
            && !self.is_refusing.swap(true, Ordering::Relaxed);
        if is_first {
            tracing::warn!(budget = budget.name(), reason = text, "refusing requests");
            self.begun.notify_one();
        }
        Error::new(ErrorKind::Overloaded, text)
    }

    /// Says in the log when refusals have ended; runs as long as the process.
    pub(crate) async fn watch(&self) {
        let mut n_told = 0;
        loop {
            self.begun.notified().await;
            let begun = Instant::now();
            while let Some(left) = quiet_left(self.now_ms(), self.last_ms.load(Ordering::Relaxed)) {
                tokio::time::sleep(left).await;
            }
            // One that comes between the two is the first of the next time.
            self.is_refusing.store(false, Ordering::Relaxed);
            let n_refused = self.n_refused.load(Ordering::Relaxed);
            let seconds = begun.elapsed().saturating_sub(QUIET).as_secs_f64();
            tracing::info!(refused = n_refused - n_told, seconds, "no longer refusing requests");
            n_told = n_refused;
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// How long it must be quiet still, both times in milliseconds; `None` when it was quiet for long
/// enough.
fn quiet_left(now_ms: u64, last_ms: u64) -> Option<Duration> {
    let since = Duration::from_millis(now_ms.saturating_sub(last_ms));
    QUIET.checked_sub(since).filter(|left| !left.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_budget_has_its_counter_and_the_state_changes_once() {
        let registry = Registry::new();
        let refusals = Refusals::new(&registry);
        for budget in Budget::ALL {
            let error = refusals.refuse(budget, "full".to_owned());
            assert_eq!(error.kind(), ErrorKind::Overloaded);
            assert!(refusals.is_refusing.load(Ordering::Relaxed));
        }
        let page = registry.render();
        for budget in Budget::ALL {
            let series = format!("radiant_refusals_total{{budget=\"{}\"}} 1.0", budget.name());
            assert!(page.contains(&series), "{page}");
        }
    }

    #[test]
    fn it_is_quiet_five_seconds_after_the_last_refusal() {
        assert_eq!(quiet_left(1_000, 1_000), Some(QUIET));
        assert_eq!(quiet_left(3_000, 1_000), Some(Duration::from_secs(3)));
        assert_eq!(quiet_left(6_000, 1_000), None);
        assert_eq!(quiet_left(0, 1_000), Some(QUIET), "another thread was faster");
    }
}
