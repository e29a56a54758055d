//! One row of the tables of speed: a model at a batch, and whether the limits hold.

use side_by_side::{Spread, Verdict, ratio};

use crate::cases::{AUTO_LIMIT, Case};
use crate::turns::Round;
use crate::who::Who;

/// What was measured of a model at a batch.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) case: &'static Case,
    pub(crate) n_rows: usize,
    pub(crate) rounds: Vec<Round>,
    pub(crate) auto: Auto,
    /// Whether everybody answers the same.
    pub(crate) agrees: bool,
}

/// Which engine `auto` takes for a model.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Auto {
    /// Where ONNX Runtime is installed as it was here.
    pub(crate) here: Option<Who>,
    /// Where nobody names a library.
    pub(crate) without: Option<Who>,
}

impl Row {
    /// The best of those that have to keep the limit, in times of the best of the others.
    pub(crate) fn held(&self) -> Option<Spread> {
        ratio(&self.rounds, self.case.kind.ours(), self.case.kind.others())
    }

    /// Whether the limit holds, where there is one and somebody to hold it against.
    pub(crate) fn verdict(&self) -> Option<Verdict> {
        Some(Verdict::of(self.held()?, self.case.limit?))
    }

    /// The engine that `auto` takes where ONNX Runtime is installed, in times of the fastest.
    pub(crate) fn auto_here(&self) -> Option<(Who, Spread)> {
        self.auto(self.auto.here, &Who::ENGINES)
    }

    /// The engine that `auto` takes where it is not, in times of the fastest that is compiled in.
    pub(crate) fn auto_without(&self) -> Option<(Who, Spread)> {
        self.auto(self.auto.without, &Who::OURS)
    }

    fn auto(&self, taken: Option<Who>, of: &[Who]) -> Option<(Who, Spread)> {
        let taken = taken.filter(|taken| of.contains(taken))?;
        Some((taken, ratio(&self.rounds, &[taken], of)?))
    }

    /// Whether an engine runs the model at all.
    pub(crate) fn is_answered(&self) -> bool {
        self.rounds.iter().any(|round| Who::ENGINES.iter().any(|who| round.contains_key(who)))
    }

    /// What does not hold, in words.
    pub(crate) fn failures(&self) -> Vec<String> {
        let Case { name, limit, .. } = self.case;
        let head = format!("{name}, {} rows", self.n_rows);
        let mut failures = Vec::new();
        if !self.agrees {
            failures.push(format!("{head}: answers differ"));
        }
        if !self.is_answered() {
            failures.push(format!("{head}: no engine runs it"));
        }
        if let (Some(Verdict::Beyond), Some(held), Some(limit)) =
            (self.verdict(), self.held(), limit)
        {
            failures.push(format!("{head}: {held}, limit {limit:.2}"));
        }
        for (taken, spread) in self.auto_here().into_iter().chain(self.auto_without()) {
            if Verdict::of(spread, AUTO_LIMIT) == Verdict::Beyond {
                let taken = taken.name();
                failures.push(format!("{head}: auto takes {taken}, {spread} of the fastest"));
            }
        }
        failures.dedup();
        failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::CASES;

    fn row(native: f64, rten: f64, ort: f64) -> Row {
        let round = [(Who::Native, native), (Who::Rten, rten), (Who::Ort, ort)];
        let case = CASES.iter().find(|case| case.name == "mlp").unwrap();
        let auto = Auto { here: Some(Who::Rten), without: Some(Who::Rten) };
        Row { case, n_rows: 8, rounds: vec![Round::from(round)], auto, agrees: true }
    }

    #[test]
    fn the_best_of_ours_is_held_against_the_limit() {
        assert_eq!(row(9.0, 2.0, 2.0).verdict(), Some(Verdict::Within));
        assert!(row(9.0, 2.0, 2.0).failures().is_empty());
        let failures = row(9.0, 3.0, 2.0).failures();
        let auto = "mlp, 8 rows: auto takes rten, 1.50 (1.50 to 1.50) of the fastest";
        assert_eq!(failures, ["mlp, 8 rows: 1.50 (1.50 to 1.50), limit 1.40", auto]);
    }

    #[test]
    fn a_model_that_no_engine_runs_is_a_failure() {
        let row = Row { rounds: vec![Round::new()], ..row(1.0, 1.0, 1.0) };
        assert_eq!(row.failures(), ["mlp, 8 rows: no engine runs it"]);
    }

    #[test]
    fn auto_is_held_against_the_fastest() {
        let row = row(1.0, 2.0, 4.0);
        assert_eq!(row.verdict(), Some(Verdict::Within));
        let auto = "mlp, 8 rows: auto takes rten, 2.00 (2.00 to 2.00) of the fastest";
        assert_eq!(row.failures(), [auto]);
    }
}
