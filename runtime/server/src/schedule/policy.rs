//! Inline or on an engine thread: a pure function of what warm-up measured.

use std::time::Duration;

use radiant_schedule::CostCurve;

/// The rows of the second run that warm-up measures.
pub(crate) const WARM_ROWS: u32 = 32;

/// What a model's runs cost, as measured when it was warmed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cost {
    /// One run of one row.
    pub(crate) one_row: Duration,
    /// What each further row of the same run adds.
    pub(crate) further_row: Duration,
}

impl Cost {
    /// That of a model that could not be measured: too much for any thread but an engine's.
    pub(crate) const UNKNOWN: Self = Self { one_row: Duration::MAX, further_row: Duration::ZERO };

    /// The cost from two measured runs, of one row and of `rows` rows.
    pub(crate) fn from_runs(one_row: Duration, rows: u32, many: Duration) -> Self {
        let further = many.saturating_sub(one_row) / rows.saturating_sub(1).max(1);
        Self { one_row, further_row: further }
    }

    /// What is known of runs before requests came.
    pub(crate) fn curve(&self) -> CostCurve {
        let mut curve = CostCurve::new();
        if *self != Self::UNKNOWN {
            for rows in [1, WARM_ROWS] {
                let further = self.further_row.saturating_mul(rows.saturating_sub(1));
                curve.teach(rows as usize, self.one_row.saturating_add(further));
            }
        }
        curve
    }

    /// Whether a run of `rows` rows is cheaper than handing it over to another thread and back,
    /// which costs 5 to 15 microseconds and more where cores are shared.
    pub(crate) fn runs_inline(&self, rows: usize, inline_max: Duration) -> bool {
        let further = u32::try_from(rows.saturating_sub(1)).unwrap_or(u32::MAX);
        self.one_row.saturating_add(self.further_row.saturating_mul(further)) <= inline_max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MICROSECOND: Duration = Duration::from_micros(1);

    #[test]
    fn a_tiny_model_runs_inline_until_the_batch_is_large() {
        let cost = Cost::from_runs(MICROSECOND, 33, 33 * MICROSECOND);
        assert_eq!(cost.further_row, MICROSECOND);
        assert!(cost.runs_inline(50, 50 * MICROSECOND));
        assert!(!cost.runs_inline(51, 50 * MICROSECOND));
        assert!(!cost.runs_inline(usize::MAX, 50 * MICROSECOND));
    }

    #[test]
    fn a_limit_of_zero_sends_everything_to_engine_threads() {
        let cost = Cost::from_runs(MICROSECOND, 2, MICROSECOND);
        assert!(!cost.runs_inline(1, Duration::ZERO));
    }
}
