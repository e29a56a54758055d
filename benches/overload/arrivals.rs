//! When requests are to be sent: decided before the first is, whatever the server does.

use std::time::Duration;

use side_by_side::Random;

/// How requests are spread over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spacing {
    /// All as far apart.
    Constant,
    /// As those of many clients who know nothing of each other: a Poisson process.
    Poisson,
}

impl Spacing {
    /// Its name on the command line.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Poisson => "poisson",
        }
    }
}

/// The times of requests, from the first on.
#[derive(Debug, Clone)]
pub(crate) struct Arrivals {
    spacing: Spacing,
    /// The mean time between two, in seconds.
    mean: f64,
    random: Random,
    /// When the last was, in seconds.
    at: f64,
    until: f64,
}

impl Arrivals {
    /// So many a second for `duration`.
    pub(crate) fn new(spacing: Spacing, rate: f64, duration: Duration, seed: u64) -> Self {
        let random = Random::seeded(seed);
        Self { spacing, mean: 1.0 / rate, random, at: 0.0, until: duration.as_secs_f64() }
    }
}

impl Iterator for Arrivals {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.at += match self.spacing {
            Spacing::Constant => self.mean,
            Spacing::Poisson => self.mean * self.random.exponential(),
        };
        (self.at < self.until).then(|| Duration::from_secs_f64(self.at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_as_asked_for_and_the_same_each_time() {
        for (spacing, apart) in [(Spacing::Constant, 2), (Spacing::Poisson, 350)] {
            let arrivals = || Arrivals::new(spacing, 1000.0, Duration::from_secs(30), 5);
            let times: Vec<Duration> = arrivals().collect();
            assert!(times.len().abs_diff(30_000) < apart, "{spacing:?}: {}", times.len());
            assert!(times.is_sorted() && arrivals().eq(times));
        }
    }
}
