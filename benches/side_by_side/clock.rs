//! The least time of a call, and times of several rounds beside each other.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::Spread;

/// Calls are timed in blocks of at least so much, so that reading the clock costs nothing.
const BLOCK: Duration = Duration::from_micros(20);

/// Times calls in blocks of as many as take long enough.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    calls_in_block: u32,
}

impl Clock {
    /// Calls twice: what is called makes what it needs, and shows how long it takes.
    ///
    /// # Errors
    /// As the call.
    pub fn of(mut call: impl FnMut() -> Result<()>) -> Result<Self> {
        call()?;
        let took = Self { calls_in_block: 1 }.block(&mut call)?;
        Ok(Self::for_calls_of(took))
    }

    /// At most a million calls make a block.
    fn for_calls_of(took: Duration) -> Self {
        let calls = BLOCK.as_nanos() / took.as_nanos().max(1);
        Self { calls_in_block: u32::try_from(calls).unwrap_or(u32::MAX).clamp(1, 1_000_000) }
    }

    /// The least time of a call among those of `duration`, in nanoseconds; one block at least.
    ///
    /// # Errors
    /// As the call.
    pub fn least_ns(self, duration: Duration, mut call: impl FnMut() -> Result<()>) -> Result<f64> {
        let started = Instant::now();
        let mut least = self.block(&mut call)?;
        while started.elapsed() < duration {
            least = least.min(self.block(&mut call)?);
        }
        Ok(least.as_nanos() as f64 / f64::from(self.calls_in_block))
    }

    fn block(self, call: &mut impl FnMut() -> Result<()>) -> Result<Duration> {
        let started = Instant::now();
        for _ in 0..self.calls_in_block {
            call()?;
        }
        Ok(started.elapsed())
    }
}

/// The turns of a round among `n`: A B C C B A, so that what else happens on the machine meanwhile
/// favours nobody.
pub fn there_and_back(n: usize) -> impl Iterator<Item = usize> {
    (0..n).chain((0..n).rev())
}

/// The least time of a call of each, in nanoseconds.
pub type Round<K> = BTreeMap<K, f64>;

/// The best of `ours` in times of the best of `others`, round by round; `None` where either side
/// was never there.
pub fn ratio<K: Ord>(rounds: &[Round<K>], ours: &[K], others: &[K]) -> Option<Spread> {
    let best = |round: &Round<K>, side: &[K]| {
        side.iter().filter_map(|who| round.get(who)).copied().min_by(f64::total_cmp)
    };
    let ratios = rounds.iter().filter_map(|round| Some(best(round, ours)? / best(round, others)?));
    Spread::of(ratios.collect())
}

/// The least time of a call in all rounds, in microseconds.
pub fn least_us<K: Ord>(rounds: &[Round<K>], who: &K) -> Option<f64> {
    let times = rounds.iter().filter_map(|round| round.get(who)).copied();
    Some(times.min_by(f64::total_cmp)? / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_of_each_side_is_compared_round_by_round() {
        let round =
            |native, tract, ort| Round::from([("native", native), ("tract", tract), ("ort", ort)]);
        let rounds = [round(2.0, 4.0, 8.0), round(9.0, 6.0, 12.0)];
        let spread = ratio(&rounds, &["native", "tract"], &["ort"]).unwrap();
        assert_eq!((spread.min, spread.max), (0.25, 0.5));
        assert_eq!(ratio(&rounds, &["native"], &["xgboost"]), None);
        assert_eq!(least_us(&rounds, &"native"), Some(0.002));
    }

    #[test]
    fn everybody_has_two_turns_around_the_same_middle() {
        assert_eq!(there_and_back(3).collect::<Vec<_>>(), [0, 1, 2, 2, 1, 0]);
    }

    #[test]
    fn short_calls_are_timed_together() {
        for (took_ns, expected) in [(0, 20_000), (1, 20_000), (300, 66), (20_000, 1), (1 << 40, 1)]
        {
            let clock = Clock::for_calls_of(Duration::from_nanos(took_ns));
            assert_eq!(clock.calls_in_block, expected, "{took_ns} ns");
        }
        let mut n_calls = 0;
        let least = Clock { calls_in_block: 50 }.least_ns(Duration::ZERO, || {
            n_calls += 1;
            Ok(())
        });
        assert!(least.unwrap().is_finite() && n_calls == 50);
    }
}
