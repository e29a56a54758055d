//! What came of a simulation.

use std::time::Duration;

/// All requests and all runs, in the order of their beginning.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Requests by their position.
    pub records: Vec<Record>,
    /// Runs.
    pub runs: Vec<Run>,
    /// The threads that there were.
    pub n_threads: usize,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The position of its source.
    pub source: usize,
    /// The position of its model.
    pub model: usize,
    /// Its rows.
    pub rows: usize,
    /// Its key.
    pub key: u64,
    /// Its priority.
    pub priority: u32,
    /// When it came.
    pub arrived: Duration,
    /// When it ended, and how; none if the policy lost it.
    pub ended: Option<(Duration, Ending)>,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It has its answer.
    Done,
    /// There was no place for it.
    Refused,
    /// Its deadline came first.
    Expired,
    /// Its client went away.
    Gone,
}

/// A run.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// The thread.
    pub thread: usize,
    /// The position of the model.
    pub model: usize,
    /// Positions of the requests, as the policy had them.
    pub requests: Vec<usize>,
    /// Their rows.
    pub rows: usize,
    /// When it began.
    pub begun: Duration,
    /// How long it took.
    pub took: Duration,
}

/// What an operator would look at.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Rows answered a second.
    pub goodput: f64,
    /// The time that half of the answers took at most; zero without answers.
    pub p50: Duration,
    /// The time that all but a hundredth of the answers took at most.
    pub p99: Duration,
    /// The part of all requests that was refused.
    pub refused: f64,
    /// The part of all requests whose deadline came first.
    pub expired: f64,
    /// The mean rows of a run.
    pub batch_rows: f64,
    /// The part of the time that each thread was busy.
    pub busy: Vec<f64>,
}

impl Outcome {
    /// Sums up what came of the requests of some sources between two moments, and the runs that
    /// began between them. Answers count towards goodput when they come.
    pub fn summary(
        &self,
        (from, until): (Duration, Duration),
        is_meant: impl Fn(usize) -> bool,
    ) -> Summary {
        let within = |at: Duration| from <= at && at < until;
        let span = until.saturating_sub(from).as_secs_f64().max(1e-9);
        let meant = || self.records.iter().filter(|record| is_meant(record.source));
        let came = || meant().filter(|record| within(record.arrived));
        let share = |ending| {
            let n = came().filter(|record| record.has_ended(ending)).count();
            n as f64 / came().count().max(1) as f64
        };
        let mut times: Vec<Duration> = came().filter_map(Record::latency).collect();
        times.sort_unstable();
        let done = meant().filter(|record| {
            record.ended.is_some_and(|(at, ending)| ending == Ending::Done && within(at))
        });
        let runs = || self.runs.iter().filter(|run| within(run.begun));
        let rows: usize = runs().map(|run| run.rows).sum();
        let busy = |thread| {
            let of_it = runs().filter(|run| run.thread == thread);
            of_it.map(|run| run.took.as_secs_f64()).sum::<f64>() / span
        };
        Summary {
            goodput: done.map(|record| record.rows).sum::<usize>() as f64 / span,
            p50: percentile(&times, 50),
            p99: percentile(&times, 99),
            refused: share(Ending::Refused),
            expired: share(Ending::Expired),
            batch_rows: rows as f64 / runs().count().max(1) as f64,
            busy: (0..self.n_threads).map(busy).collect(),
        }
    }
}

impl Record {
    /// How long the answer took, where there was one.
    pub fn latency(&self) -> Option<Duration> {
        let (ended, ending) = self.ended?;
        (ending == Ending::Done).then(|| ended.saturating_sub(self.arrived))
    }

    fn has_ended(&self, as_this: Ending) -> bool {
        self.ended.is_some_and(|(_, ending)| ending == as_this)
    }
}

/// The smallest of sorted times that so many of a hundred do not exceed.
fn percentile(sorted: &[Duration], of_hundred: usize) -> Duration {
    let rank = (sorted.len() * of_hundred).div_ceil(100).saturating_sub(1);
    sorted.get(rank).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_times() {
        let times: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(percentile(&times, 50).as_millis(), 100);
        assert_eq!(percentile(&times, 99).as_millis(), 198);
        assert_eq!(percentile(&times[..1], 99).as_millis(), 1);
        assert_eq!(percentile(&[], 99), Duration::ZERO);
    }
}
