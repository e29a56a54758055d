//! What became of the requests of one turn.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, bail};
use side_by_side::Histogram;

use crate::lane::Ending;

/// The generator's own lateness spoils a figure from this share of the median answer on.
const LATE_SHARE: f64 = 0.1;

/// Requests by how they ended, and times.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    /// Requests whose time had come.
    pub(crate) due: u64,
    pub(crate) own: u64,
    pub(crate) refused: BTreeMap<u16, u64>,
    /// Connections that failed, and requests without an answer.
    pub(crate) failed: u64,
    /// What the first of these, and the first refusal, said.
    pub(crate) said: BTreeMap<&'static str, String>,
    /// Own answers, from when the request was to be sent.
    pub(crate) latency: Histogram,
    /// How much later than that requests were sent although there was room for them.
    pub(crate) lateness: Histogram,
    /// Requests that found no room, as all connections were busy.
    pub(crate) crowded: u64,
    /// How long requests were due.
    pub(crate) elapsed: Duration,
    of_another: Option<String>,
}

impl Tally {
    /// Takes one ending in.
    pub(crate) fn end(&mut self, ending: Ending, latency: Duration) {
        match ending {
            Ending::Own => {
                self.own += 1;
                self.latency.record(latency);
            }
            Ending::Refused(code, said) => {
                *self.refused.entry(code).or_default() += 1;
                self.said.entry("refusal").or_insert(said);
            }
            Ending::Failed(said) => {
                self.failed += 1;
                self.said.entry("failure").or_insert(said);
            }
            Ending::OfAnother(said) => self.of_another = Some(said),
        }
    }

    /// The tally, if every answer went to whom it belongs.
    ///
    /// # Errors
    /// When one did not.
    pub(crate) fn checked(self) -> Result<Self> {
        match self.of_another {
            Some(said) => bail!("an answer of another request: {said}"),
            None => Ok(self),
        }
    }

    /// Takes in another turn of the same.
    pub(crate) fn add(&mut self, other: Self) {
        self.due += other.due;
        self.own += other.own;
        self.failed += other.failed;
        self.crowded += other.crowded;
        self.elapsed += other.elapsed;
        self.latency.add(&other.latency);
        self.lateness.add(&other.lateness);
        for (code, n) in other.refused {
            *self.refused.entry(code).or_default() += n;
        }
        for (kind, said) in other.said {
            self.said.entry(kind).or_insert(said);
        }
    }

    /// Own answers a second.
    pub(crate) fn goodput(&self) -> f64 {
        self.own as f64 / self.elapsed.as_secs_f64()
    }

    /// A share of own answers, in milliseconds.
    pub(crate) fn ms(&self, quantile: f64) -> f64 {
        self.latency.at(quantile).as_secs_f64() * 1e3
    }

    /// Why the figures are worth nothing, if they are not.
    pub(crate) fn void(&self) -> Option<String> {
        let late = self.lateness.at(0.99);
        if self.own == 0 {
            return Some("no answers".to_owned());
        }
        if self.failed > 0 {
            return Some(format!("{} failed", self.failed));
        }
        if late > self.latency.at(0.5).mul_f64(LATE_SHARE) {
            return Some(format!("the generator was late by {} us (p99)", late.as_micros()));
        }
        (self.crowded > self.due / 100).then(|| format!("{} found no connection", self.crowded))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn endings_are_counted_apart_and_only_answers_have_times() {
        let mut tally = Tally { due: 4, elapsed: Duration::from_secs(2), ..Tally::default() };
        tally.end(Ending::Own, 10 * MS);
        tally.end(Ending::Refused(503, "full".to_owned()), MS);
        tally.end(Ending::Refused(503, "full again".to_owned()), MS);
        tally.end(Ending::Failed("gone".to_owned()), MS);
        assert_eq!((tally.own, tally.failed, tally.refused[&503]), (1, 1, 2));
        assert_eq!((tally.latency.count(), tally.said["refusal"].as_str()), (1, "full"));
        assert!((tally.goodput() - 0.5).abs() < 1e-9 && tally.ms(0.5) >= 10.0);
        assert_eq!(tally.void().as_deref(), Some("1 failed"));
    }

    #[test]
    fn a_generator_that_lags_spoils_the_figure() {
        let mut tally = Tally { due: 1, ..Tally::default() };
        assert!(tally.void().is_some());
        tally.end(Ending::Own, 10 * MS);
        tally.lateness.record(MS / 2);
        assert_eq!(tally.void(), None);
        tally.lateness.record(2 * MS);
        assert!(tally.void().unwrap().contains("late by 2"));
        tally.lateness = Histogram::default();
        tally.crowded = 1;
        assert_eq!(tally.void().as_deref(), Some("1 found no connection"));
    }

    #[test]
    fn the_answer_of_another_ends_the_run() {
        let mut tally = Tally::default();
        tally.end(Ending::OfAnother("asked with 1, answered with 2".to_owned()), MS);
        assert!(tally.checked().unwrap_err().to_string().contains("answered with 2"));
    }
}
