//! How long requests took: quantiles of all of them.

use std::time::Duration;

/// Durations, in microseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Latencies {
    micros: Vec<u32>,
}

impl Latencies {
    /// Notes a duration; beyond an hour it counts as one.
    pub(crate) fn add(&mut self, duration: Duration) {
        self.micros.push(u32::try_from(duration.as_micros()).unwrap_or(u32::MAX));
    }

    /// Takes those of another one.
    pub(crate) fn extend(&mut self, other: Self) {
        self.micros.extend(other.micros);
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.micros.len()
    }

    /// The least durations that these shares, in percent, are not longer than (nearest rank).
    pub(crate) fn quantiles<const N: usize>(&mut self, percents: [u32; N]) -> [Duration; N] {
        self.micros.sort_unstable();
        let n = self.micros.len() as u64;
        percents.map(|percent| {
            let rank = (n * u64::from(percent)).div_ceil(100).saturating_sub(1);
            let found = usize::try_from(rank).ok().and_then(|rank| self.micros.get(rank));
            Duration::from_micros(u64::from(found.copied().unwrap_or_default()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_nearest_rank() {
        let mut latencies = Latencies::default();
        for ms in (1..=100).rev() {
            latencies.add(Duration::from_millis(ms));
        }
        let ms = |n: u64| Duration::from_millis(n);
        assert_eq!(latencies.quantiles([0, 1, 50, 95, 99, 100]), [1, 1, 50, 95, 99, 100].map(ms));
        let mut one = Latencies::default();
        one.add(ms(7));
        assert_eq!(one.quantiles([50, 99]), [ms(7), ms(7)]);
        assert_eq!(Latencies::default().quantiles([50]), [ms(0)]);
    }
}
