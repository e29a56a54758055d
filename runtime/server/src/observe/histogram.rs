//! A histogram of fixed buckets that many threads record into without a lock or an allocation.

use std::sync::atomic::{AtomicU64, Ordering};

use metrics::HistogramFn;

/// Counts of values by upper bound.
#[derive(Debug)]
pub(crate) struct Buckets {
    bounds: &'static [f64],
    // One count a bound and one beyond the last; not cumulative.
    counts: Box<[AtomicU64]>,
    sum_bits: AtomicU64,
}

/// What a [`Buckets`] held at one moment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Snapshot {
    /// Each bound with the number of values up to it.
    pub(crate) cumulative: Vec<(f64, u64)>,
    /// The number of values.
    pub(crate) count: u64,
    /// The sum of all values.
    pub(crate) sum: f64,
}

impl Buckets {
    /// Empty buckets with these upper bounds, in ascending order; `+Inf` is added.
    pub(crate) fn new(bounds: &'static [f64]) -> Self {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self { bounds, counts, sum_bits: AtomicU64::new(0.0_f64.to_bits()) }
    }

    /// The values so far. Values recorded meanwhile may be in the count and not yet in the sum.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let mut count = 0;
        let mut cumulative = Vec::with_capacity(self.bounds.len());
        let mut counts = self.counts.iter().map(|count| count.load(Ordering::Relaxed));
        for (&bound, in_bucket) in self.bounds.iter().zip(&mut counts) {
            count += in_bucket;
            cumulative.push((bound, count));
        }
        count += counts.sum::<u64>();
        Snapshot { cumulative, count, sum: f64::from_bits(self.sum_bits.load(Ordering::Relaxed)) }
    }
}

impl HistogramFn for Buckets {
    fn record(&self, value: f64) {
        let bucket = self.bounds.partition_point(|&bound| bound < value);
        if let Some(count) = self.counts.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        metrics::GaugeFn::increment(&self.sum_bits, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_on_a_bound_belongs_to_that_bound() {
        let buckets = Buckets::new(&[0.1, 1.0]);
        for value in [0.05, 0.1, 0.5, 1.0, 7.0] {
            buckets.record(value);
        }
        let snapshot = buckets.snapshot();
        assert_eq!(snapshot.cumulative, [(0.1, 2), (1.0, 4)]);
        assert_eq!((snapshot.count, snapshot.sum), (5, 8.65));
    }
}
