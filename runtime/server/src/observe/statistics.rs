//! What a model has run, in the terms of Triton's statistics extension.
//!
//! Counts are exact, and so are durations on engine threads and of runs of many rows. Of other runs one
//! in sixteen is timed, and of decoding and encoding one request in sixteen; a sum is the mean of those
//! times the count.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::histogram::Snapshot;

/// Runs of up to this many rows have a cell without a lock; larger ones take long enough not to
/// notice one.
const ROWS_MAX: usize = 128;
/// Reading the clock twice costs as much as a tiny model.
const TIMED_EVERY: u64 = 16;
/// The number of larger sizes that are kept apart: a client chooses them.
const SIZES_MAX: usize = 1024;

/// How often something was measured, and how long it took.
#[derive(Debug, Default)]
struct Sampled {
    count: AtomicU64,
    ns: AtomicU64,
}

/// How often something happened, and how long that took in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Total {
    pub(crate) count: u64,
    pub(crate) ns: u64,
}

impl Total {
    fn plus(self, other: Self) -> Self {
        Self { count: self.count.saturating_add(other.count), ns: self.ns.saturating_add(other.ns) }
    }

    /// The part of this that `count` of it took.
    pub(crate) fn share(self, count: u64) -> Self {
        let ns = u128::from(self.ns) * u128::from(count);
        let ns = ns.checked_div(u128::from(self.count)).unwrap_or(0);
        Self { count, ns: u64::try_from(ns).unwrap_or(u64::MAX) }
    }
}

impl Sampled {
    fn add(&self, elapsed: Duration) {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.ns.fetch_add(nanoseconds(elapsed), Ordering::Relaxed);
    }

    /// What was measured, nothing having been left out.
    fn exact(&self) -> Total {
        Total { count: self.count.load(Ordering::Relaxed), ns: self.ns.load(Ordering::Relaxed) }
    }

    /// The time that `count` took, if each took as long as those measured.
    fn total(&self, count: u64) -> Total {
        self.exact().share(count)
    }
}

#[derive(Debug, Default)]
struct Runs {
    count: AtomicU64,
    timed: Sampled,
}

/// The runs of one model since the process started.
#[derive(Debug)]
pub(crate) struct Statistics {
    small: Box<[Runs]>,
    large: Mutex<BTreeMap<usize, Total>>,
    decoding: Sampled,
    encoding: Sampled,
    queue: Sampled,
    /// The requests that shared a run with others, but for one of each run, and the time of those runs
    /// once for each of them.
    sharing: Sampled,
    recalled: Sampled,
    missed: Sampled,
}

/// The runs with one number of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Batch {
    pub(crate) rows: u64,
    pub(crate) total: Total,
}

/// What a [`Statistics`] held at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StatisticsSnapshot {
    pub(crate) batches: Vec<Batch>,
    pub(crate) decoding: Total,
    pub(crate) encoding: Total,
    pub(crate) queue: Total,
    pub(crate) sharing: Total,
    /// Requests that the response cache answered.
    pub(crate) recalled: Total,
    /// Requests that it did not, with the time of looking and of keeping.
    pub(crate) missed: Total,
}

impl StatisticsSnapshot {
    /// The requests that were run, and the time that each spent in its run, which it may have shared.
    pub(crate) fn requests(&self) -> Total {
        self.runs().plus(self.sharing)
    }

    /// The runs by their rows.
    pub(crate) fn in_buckets(&self, bounds: &[f64]) -> Snapshot {
        let up_to = |bound: f64| {
            let small = self.batches.iter().filter(|batch| batch.rows as f64 <= bound);
            (bound, small.map(|batch| batch.total.count).sum())
        };
        Snapshot {
            cumulative: bounds.iter().copied().map(up_to).collect(),
            count: self.runs().count,
            sum: self.rows() as f64,
        }
    }

    /// All runs together.
    pub(crate) fn runs(&self) -> Total {
        self.batches.iter().fold(Total::default(), |sum, batch| sum.plus(batch.total))
    }

    /// The rows of all runs.
    pub(crate) fn rows(&self) -> u64 {
        let rows = self.batches.iter().map(|batch| batch.rows.saturating_mul(batch.total.count));
        rows.fold(0, u64::saturating_add)
    }
}

impl Default for Statistics {
    fn default() -> Self {
        Self {
            small: (0..=ROWS_MAX).map(|_| Runs::default()).collect(),
            large: Mutex::default(),
            decoding: Sampled::default(),
            encoding: Sampled::default(),
            queue: Sampled::default(),
            sharing: Sampled::default(),
            recalled: Sampled::default(),
            missed: Sampled::default(),
        }
    }
}

impl Statistics {
    /// Whether the next run of `rows` rows should be timed, where not all are.
    pub(crate) fn is_due(&self, rows: usize) -> bool {
        let before = self.small.get(rows).map(|runs| runs.count.load(Ordering::Relaxed));
        before.is_none_or(|before| before.is_multiple_of(TIMED_EVERY))
    }

    /// Counts a run of `rows` rows for so many requests that succeeded, with its time where that was
    /// measured, as it is of all runs for several.
    pub(crate) fn ran(&self, rows: usize, n_requests: usize, elapsed: Option<Duration>) {
        if n_requests > 1 {
            let others = n_requests as u64 - 1;
            let ns = nanoseconds(elapsed.unwrap_or_default()).saturating_mul(others);
            self.sharing.count.fetch_add(others, Ordering::Relaxed);
            self.sharing.ns.fetch_add(ns, Ordering::Relaxed);
        }
        if let Some(runs) = self.small.get(rows) {
            runs.count.fetch_add(1, Ordering::Relaxed);
            return elapsed.map_or((), |elapsed| runs.timed.add(elapsed));
        }
        let mut large = self.large.lock().unwrap_or_else(PoisonError::into_inner);
        // The sizes beyond the limit are put with the largest known, so that no run is lost.
        let last = large.last_key_value().map_or(rows, |(&rows, _)| rows);
        let key = if large.len() < SIZES_MAX || large.contains_key(&rows) { rows } else { last };
        let total = large.entry(key).or_default();
        total.count = total.count.saturating_add(1);
        total.ns = total.ns.saturating_add(nanoseconds(elapsed.unwrap_or_default()));
    }

    /// Records how long a request took to decode.
    pub(crate) fn decoded(&self, elapsed: Duration) {
        self.decoding.add(elapsed);
    }

    /// Records how long a reply took to encode.
    pub(crate) fn encoded(&self, elapsed: Duration) {
        self.encoding.add(elapsed);
    }

    /// Records how long a request that was run waited for an engine thread.
    pub(crate) fn queued(&self, elapsed: Duration) {
        self.queue.add(elapsed);
    }

    /// Records how long the response cache took to answer a request.
    pub(crate) fn recalled(&self, elapsed: Duration) {
        self.recalled.add(elapsed);
    }

    /// Records how long the response cache was looked in without success, and took to keep the answer.
    pub(crate) fn missed(&self, elapsed: Duration) {
        self.missed.add(elapsed);
    }

    /// What there is so far.
    pub(crate) fn snapshot(&self) -> StatisticsSnapshot {
        let small = self.small.iter().enumerate().map(|(rows, runs)| Batch {
            rows: rows as u64,
            total: runs.timed.total(runs.count.load(Ordering::Relaxed)),
        });
        let large = self.large.lock().unwrap_or_else(PoisonError::into_inner);
        let large = large.iter().map(|(&rows, &total)| Batch { rows: rows as u64, total });
        let batches: Vec<Batch> =
            small.chain(large).filter(|batch| batch.total.count > 0).collect();
        let sharing = self.sharing.exact();
        let runs = batches.iter().fold(0_u64, |sum, batch| sum.saturating_add(batch.total.count));
        let requests = runs.saturating_add(sharing.count);
        let recalled = self.recalled.exact();
        StatisticsSnapshot {
            batches,
            decoding: self.decoding.total(requests),
            encoding: self.encoding.total(requests),
            // Who ran where it was decoded waited for nobody, nor did whom the cache answered.
            queue: Total {
                count: requests.saturating_add(recalled.count),
                ns: self.queue.exact().ns,
            },
            sharing,
            recalled,
            missed: self.missed.exact(),
        }
    }
}

fn nanoseconds(elapsed: Duration) -> u64 {
    u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_means_of_what_was_timed_times_the_exact_count() {
        let statistics = Statistics::default();
        statistics.ran(2, 1, Some(Duration::from_nanos(10)));
        for _ in 0..3 {
            statistics.ran(2, 1, None);
        }
        statistics.ran(ROWS_MAX + 1, 1, Some(Duration::from_nanos(70)));
        let snapshot = statistics.snapshot();
        let batch = |rows, count, ns| Batch { rows, total: Total { count, ns } };
        assert_eq!(snapshot.batches, [batch(2, 4, 40), batch(129, 1, 70)]);
        assert_eq!((snapshot.runs(), snapshot.rows()), (Total { count: 5, ns: 110 }, 137));
    }

    #[test]
    fn requests_that_share_a_run_are_counted_with_its_time_each() {
        let statistics = Statistics::default();
        let took = Duration::from_nanos(100);
        statistics.ran(6, 3, Some(took));
        (0..3).for_each(|_| statistics.queued(Duration::from_nanos(7)));
        statistics.recalled(Duration::from_nanos(5));
        let snapshot = statistics.snapshot();
        assert_eq!((snapshot.runs(), snapshot.rows()), (Total { count: 1, ns: 100 }, 6));
        assert_eq!(snapshot.requests(), Total { count: 3, ns: 300 });
        assert_eq!(snapshot.queue, Total { count: 4, ns: 21 });
        assert_eq!(snapshot.recalled, Total { count: 1, ns: 5 });
    }

    #[test]
    fn runs_are_put_into_buckets_by_their_rows() {
        let statistics = Statistics::default();
        for rows in [1, 1, 3, 500] {
            statistics.ran(rows, 1, None);
        }
        let buckets = statistics.snapshot().in_buckets(&[1.0, 4.0, 64.0]);
        assert_eq!(buckets.cumulative, [(1.0, 2), (4.0, 3), (64.0, 3)]);
        assert_eq!((buckets.count, buckets.sum), (4, 505.0));
    }

    #[test]
    fn sizes_that_clients_choose_are_bounded_in_number() {
        let statistics = Statistics::default();
        for rows in 0..2 * SIZES_MAX {
            statistics.ran(ROWS_MAX + 1 + rows, 1, Some(Duration::ZERO));
        }
        let snapshot = statistics.snapshot();
        assert_eq!((snapshot.batches.len(), snapshot.runs().count), (SIZES_MAX, 2048));
    }
}
