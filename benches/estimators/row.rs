//! One row of the table: a model opened, or asked with a batch, and whether the limit holds.

use side_by_side::{Round, Spread, Verdict, ratio};

use crate::cases::{Case, LOAD_LIMIT};
use crate::who::Who;

/// What is timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// From a path to something that predicts.
    Open,
    /// So many rows.
    Rows(usize),
}

impl Work {
    /// As tables say it.
    pub(crate) fn text(self) -> String {
        match self {
            Self::Open => "open".to_owned(),
            Self::Rows(1) => "1 row".to_owned(),
            Self::Rows(n_rows) => format!("{n_rows} rows"),
        }
    }
}

/// What was measured of a model.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) case: &'static Case,
    pub(crate) work: Work,
    pub(crate) rounds: Vec<Round<Who>>,
}

impl Row {
    /// The most that ours may take, and in whose times; of several, the fastest's.
    pub(crate) fn limit(&self) -> (f64, &'static [Who]) {
        match self.work {
            Work::Open => (LOAD_LIMIT, &[Who::Library]),
            Work::Rows(1) => (1.0 / self.case.gain, &[Who::Library]),
            Work::Rows(_) => (self.case.kind.batch_limit(), self.case.kind.others()),
        }
    }

    /// Ours in times of those of the limit.
    pub(crate) fn held(&self) -> Option<Spread> {
        ratio(&self.rounds, &[Who::Ours], self.limit().1)
    }

    /// Whether the limit holds, where there is somebody to hold it against.
    pub(crate) fn verdict(&self) -> Option<Verdict> {
        Some(Verdict::of(self.held()?, self.limit().0))
    }

    /// What does not hold, in words.
    pub(crate) fn failure(&self) -> Option<String> {
        let (held, limit) = (self.held()?, self.limit().0);
        let (name, work) = (self.case.name, self.work.text());
        (self.verdict()? == Verdict::Beyond)
            .then(|| format!("{name}, {work}: {held}, limit {limit:.3}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::CASES;

    fn row(work: Work, library: f64, ort: f64) -> Row {
        let round = Round::from([(Who::Ours, 1.0), (Who::Library, library), (Who::Ort, ort)]);
        let case = CASES.iter().find(|case| case.name == "forest").unwrap();
        Row { case, work, rounds: vec![round] }
    }

    #[test]
    fn single_rows_are_held_against_the_library_and_batches_against_the_fastest() {
        assert_eq!(row(Work::Rows(1), 40.0, 0.1).failure(), None);
        let failure = row(Work::Rows(1), 39.0, 9.0).failure();
        assert_eq!(failure.unwrap(), "forest, 1 row: 0.026 (0.026 to 0.026), limit 0.025");
        let failure = row(Work::Rows(64), 2.0, 0.5).failure();
        assert_eq!(failure.unwrap(), "forest, 64 rows: 2.00 (2.00 to 2.00), limit 1.000");
        assert_eq!(row(Work::Open, 1.0, 0.1).verdict(), Some(Verdict::Within));
    }
}
