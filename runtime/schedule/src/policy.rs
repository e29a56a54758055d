//! How many rows the next run of a model gets: a pure function of what was observed.
//!
//! A thread that is free never waits for company (unless a rule says so): under load company has
//! come by itself while all threads were busy, and without load there is nothing to gain by it. What
//! is left to decide is how much of what waits to take. Larger runs cost less a row, up to where the
//! model's own work outweighs what each run costs, so that the smallest run is right whose rate comes
//! near the best: a larger one would only make those who come next wait longer.

use std::time::Duration;

use crate::cost::CostCurve;

/// A rate this near the best is as good: the smaller run is taken.
const GOOD_ENOUGH: f64 = 0.985;

/// For a deadline a run is made smaller as long as its rate is this part of the best.
const HURRIED_AT_LEAST: f64 = 0.5;

/// The part of its time that a request is expected to take at most: what waits does not move evenly.
const EXPECTED_PART_MAX: f64 = 0.8;

/// How long it takes until who comes now is answered: it waits `pace` for each of `rows` that wait, and
/// then has a run like the last. Where nothing waits its own may be shorter, and nothing is known.
pub fn expected_answer(rows: usize, pace: Duration, run: Duration) -> Duration {
    let wait = pace.saturating_mul(u32::try_from(rows).unwrap_or(u32::MAX));
    if wait.is_zero() { wait } else { wait.saturating_add(run) }
}

/// Whether who comes now, and is expected to be answered after this time, has a chance to be within
/// `patience`. Who has none should be told so: it would run to no avail and take the time of others,
/// until nobody is in time.
pub fn is_in_time(expected: Duration, patience: Duration) -> bool {
    expected <= patience.mul_f64(EXPECTED_PART_MAX)
}

/// What a model's runs must keep to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The most rows of a run, unless one request has more. One where requests never share a run.
    pub rows_max: usize,
    /// How long a free thread may wait for a run to become as large as that. Not at all is right
    /// for all but tests of other servers' policies.
    pub wait_max: Duration,
}

impl Rule {
    /// Every request runs by itself.
    pub const ALONE: Self = Self { rows_max: 1, wait_max: Duration::ZERO };

    /// Runs of up to so many rows, without waiting for company.
    pub fn adaptive(rows_max: usize) -> Self {
        Self { rows_max: rows_max.max(1), wait_max: Duration::ZERO }
    }
}

/// What is known of a model at the moment when a thread is free.
#[derive(Debug, Clone, Copy)]
pub struct Observed<'a> {
    /// What runs cost.
    pub cost: &'a CostCurve,
    /// Rows that wait.
    pub rows: usize,
    /// How long the one that came first has waited.
    pub waited: Duration,
    /// How long the one with the least time left can still wait for its answer, if any has a deadline.
    pub time_left: Option<Duration>,
    /// Other threads that are free, too.
    pub others_free: usize,
}

/// What a free thread does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Run up to so many rows now; the first request in any case.
    Run {
        /// The rows, at least one.
        rows: usize,
    },
    /// Look again when something comes, or after this time at the latest.
    Wait(Duration),
}

/// Decides what a thread that is free does for a model that is waited for.
pub fn decide(rule: &Rule, observed: &Observed<'_>) -> Decision {
    let best = best_rows(rule, observed);
    if observed.rows < rule.rows_max && observed.waited < rule.wait_max {
        let patience = rule.wait_max.saturating_sub(observed.waited);
        let runs = observed.cost.cost(best);
        let spare = observed.time_left.map_or(Duration::MAX, |left| left.saturating_sub(runs));
        let wait = patience.min(spare);
        if !wait.is_zero() {
            return Decision::Wait(wait);
        }
    }
    Decision::Run { rows: best }
}

/// The rows of the next run.
fn best_rows(rule: &Rule, observed: &Observed<'_>) -> usize {
    let Observed { cost, rows, others_free, time_left, .. } = *observed;
    // What others who are free can take at once they should: it is all answered sooner.
    let share = rows.div_ceil(others_free + 1);
    let most = share.clamp(1, rule.rows_max.max(1));
    let sizes = || CostCurve::sizes(most).filter(|&size| size < most).chain([most]);
    let peak = sizes().map(|size| cost.rate(size)).fold(0.0, f64::max);
    let in_time = |&size: &usize| {
        time_left.is_none_or(|left| cost.cost(size) <= left)
            && cost.rate(size) >= HURRIED_AT_LEAST * peak
    };
    // Where that comes too late, or all others pay for it, hurrying helps nobody.
    let hurry = time_left.is_some() && sizes().any(|size| in_time(&size));
    let allowed = || sizes().filter(|size| !hurry || in_time(size));
    let best = allowed().map(|size| cost.rate(size)).fold(0.0, f64::max);
    allowed().find(|&size| cost.rate(size) >= GOOD_ENOUGH * best).unwrap_or(most)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn curve(points: &[(usize, u64)]) -> CostCurve {
        let mut curve = CostCurve::new();
        for &(rows, us) in points {
            curve.teach(rows, Duration::from_micros(us));
        }
        curve
    }

    fn observed(cost: &CostCurve, rows: usize) -> Observed<'_> {
        Observed { cost, rows, waited: Duration::ZERO, time_left: None, others_free: 0 }
    }

    fn rows(rule: Rule, observed: &Observed<'_>) -> usize {
        match decide(&rule, observed) {
            Decision::Run { rows } => rows,
            Decision::Wait(wait) => panic!("waits {wait:?}"),
        }
    }

    #[test]
    fn what_waits_is_taken_as_far_as_it_makes_rows_cheaper() {
        let rule = Rule::adaptive(1024);
        // A run costs 1000, a row 10: nearly all that there is.
        let steep = curve(&[(1, 1010), (1024, 11_240)]);
        assert_eq!(rows(rule, &observed(&steep, 1)), 1);
        assert_eq!(rows(rule, &observed(&steep, 37)), 37);
        // Rows cost what they cost: company would only wait.
        let points: Vec<_> = (1..=40).map(|rows| (rows, 100 * rows as u64)).collect();
        assert_eq!(rows(rule, &observed(&curve(&points), 37)), 1);
    }

    #[test]
    fn a_size_that_is_padded_is_passed_by() {
        // As an engine that fills runs up to powers of two.
        let paid = |rows: usize| 30 + 10 * rows.next_power_of_two() as u64;
        let points: Vec<_> = (1..=32).map(|rows| (rows, paid(rows))).collect();
        let padded = curve(&points);
        assert_eq!(rows(Rule::adaptive(64), &observed(&padded, 4)), 4);
        assert_eq!(rows(Rule::adaptive(64), &observed(&padded, 5)), 4);
        assert_eq!(rows(Rule::adaptive(64), &observed(&padded, 8)), 8);
    }

    #[test]
    fn threads_that_are_free_share_what_waits() {
        let steep = curve(&[(1, 1010), (1024, 11_240)]);
        let shared = Observed { others_free: 3, ..observed(&steep, 10) };
        assert_eq!(rows(Rule::adaptive(64), &shared), 3);
    }

    #[test]
    fn a_run_ends_in_time_for_the_first_deadline_where_one_can() {
        let steep = curve(&[(1, 1010), (1024, 11_240)]);
        let hurried =
            |us| Observed { time_left: Some(Duration::from_micros(us)), ..observed(&steep, 500) };
        assert_eq!(rows(Rule::adaptive(1024), &hurried(2_000)), 96);
        assert!(rows(Rule::adaptive(1024), &hurried(10)) > 400);
    }

    #[test]
    fn who_may_wait_waits_until_the_run_is_full_or_the_time_is_up() {
        let steep = curve(&[(1, 1000), (64, 2000)]);
        let ms = Duration::from_millis;
        let rule = Rule { rows_max: 8, wait_max: ms(5) };
        let at =
            |rows, waited, left| Observed { waited, time_left: left, ..observed(&steep, rows) };
        assert_eq!(decide(&rule, &at(3, ms(2), None)), Decision::Wait(ms(3)));
        assert_eq!(decide(&rule, &at(8, ms(2), None)), Decision::Run { rows: 8 });
        assert_eq!(decide(&rule, &at(3, ms(5), None)), Decision::Run { rows: 3 });
        assert_eq!(decide(&rule, &at(1, ms(0), Some(ms(2)))), Decision::Wait(ms(1)));
        assert_eq!(decide(&rule, &at(1, ms(0), Some(ms(1)))), Decision::Run { rows: 1 });
    }

    proptest! {
        #[test]
        fn a_run_is_never_empty_nor_larger_than_allowed(
            points in prop::collection::vec((1_usize..5000, 1_u64..100_000), 0..12),
            n_rows in 1_usize..10_000,
            rows_max in 1_usize..2000,
            (left, wait) in (prop::option::of(0_u64..100_000), 0_u64..10),
            others_free in 0_usize..5,
        ) {
            let cost = curve(&points);
            let rule = Rule { rows_max, wait_max: Duration::from_millis(wait) };
            let time_left = left.map(Duration::from_micros);
            let observed = Observed { time_left, others_free, ..observed(&cost, n_rows) };
            match decide(&rule, &observed) {
                Decision::Run { rows } => prop_assert!((1..=rows_max.min(n_rows)).contains(&rows)),
                Decision::Wait(until) => {
                    prop_assert!(!until.is_zero() && until <= rule.wait_max);
                    prop_assert!(n_rows < rows_max);
                }
            }
            let waited = Observed { waited: rule.wait_max, ..observed };
            prop_assert!(matches!(decide(&rule, &waited), Decision::Run { .. }), "waits for ever");
        }
    }
}
