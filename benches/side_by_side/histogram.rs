//! Times, counted in steps that grow with them: how many there are is bounded, and so is the error.

use std::time::Duration;

/// Steps between a power of two and the next; a quantile is at most one in so many too large.
const STEPS: u64 = 64;
const STEP_BITS: u32 = STEPS.ilog2();

/// One step for each nanosecond up to `STEPS`, then `STEPS` for each doubling up to 2^64 ns.
const N_SLOTS: usize = (1 + 64 - STEP_BITS as usize) << STEP_BITS;

/// A histogram of times from 1 ns to 584 years.
///
/// Logarithmic with linear steps, as Tene's `HdrHistogram`.
#[derive(Debug, Clone)]
pub struct Histogram {
    slots: Box<[u64]>,
    count: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { slots: vec![0; N_SLOTS].into_boxed_slice(), count: 0 }
    }
}

impl Histogram {
    /// Counts one time.
    pub fn record(&mut self, time: Duration) {
        self.record_ns(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Counts one time in nanoseconds.
    pub fn record_ns(&mut self, ns: u64) {
        if let Some(slot) = self.slots.get_mut(slot_of(ns)) {
            *slot += 1;
            self.count += 1;
        }
    }

    /// Counts all that another has counted.
    pub fn add(&mut self, other: &Self) {
        for (slot, more) in self.slots.iter_mut().zip(&other.slots) {
            *slot += more;
        }
        self.count += other.count;
    }

    /// How many times were counted.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The time that `quantile` of all do not exceed, such as 0.99; at most 1/64 too large. Zero of none.
    pub fn at(&self, quantile: f64) -> Duration {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of it"
        )]
        let wanted = ((quantile * self.count as f64).ceil() as u64).max(1);
        let mut below = 0;
        for (at, n) in self.slots.iter().enumerate() {
            below += n;
            if below >= wanted {
                return Duration::from_nanos(largest_in(at));
            }
        }
        Duration::ZERO
    }
}

fn slot_of(ns: u64) -> usize {
    let doublings = ns.max(1).ilog2().saturating_sub(STEP_BITS);
    // From 0 to 2 x STEPS; its upper half belongs to this doubling.
    let step = ns >> doublings;
    usize::try_from(u64::from(doublings) * STEPS + step).unwrap_or(usize::MAX)
}

/// The longest time that a slot counts.
fn largest_in(slot: usize) -> u64 {
    let slot = slot as u64;
    let doublings = (slot / STEPS).saturating_sub(1);
    let step = slot - doublings * STEPS;
    // The last slot's end is 2^64, which wraps to zero.
    ((step + 1) << doublings).wrapping_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Random;

    #[test]
    fn a_slot_is_at_most_a_64th_wide() {
        let mut random = Random::seeded(1);
        let edges = (0..64).flat_map(|bit| [(1 << bit) - 1, 1 << bit, (1 << bit) + 1]);
        let any = (0..100_000).map(|_| random.number() >> random.below(64));
        for ns in edges.chain(any).chain([u64::MAX]) {
            let slot = slot_of(ns);
            let largest = largest_in(slot);
            assert!(slot < N_SLOTS && largest >= ns, "{ns}: {slot} to {largest}");
            assert!(largest - ns <= ns / STEPS, "{ns}: {largest}");
            assert_eq!(slot_of(largest), slot, "{ns}");
        }
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_times() {
        let mut random = Random::seeded(2);
        let mut times: Vec<u64> =
            (0..10_000).map(|_| 1_000 + random.number() % 1_000_000).collect();
        let (mut one, mut other) = (Histogram::default(), Histogram::default());
        for (at, &ns) in times.iter().enumerate() {
            if at % 3 == 0 { &mut one } else { &mut other }.record_ns(ns);
        }
        one.add(&other);
        times.sort_unstable();
        for (quantile, at) in [(0.0, 0), (0.5, 4_999), (0.99, 9_899), (0.999, 9_989), (1.0, 9_999)]
        {
            let (found, exact) = (one.at(quantile).as_nanos(), u128::from(times[at]));
            assert!(found >= exact && found <= exact + exact / 64, "{quantile}: {found} {exact}");
        }
        assert_eq!(one.count(), 10_000);
        assert_eq!(Histogram::default().at(0.5), Duration::ZERO);
    }
}
