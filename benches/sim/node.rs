//! One server: engine threads, what a run costs, how many rows it gets, and how much may wait.

use std::time::Duration;

use radiant_schedule::CostCurve;
use radiant_schedule::policy::{Decision, Observed, Rule, decide};

/// A server as all pods run it.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) n_threads: usize,
    /// What every run costs, and every row of it, in seconds.
    pub(crate) run_s: f64,
    pub(crate) row_s: f64,
    /// Requests in flight; one more is refused.
    pub(crate) requests_max: usize,
    /// The rows that the server's own policy takes, by the other threads that are free and the rows
    /// that wait.
    plans: Vec<Vec<usize>>,
}

impl Node {
    /// A server of `n_threads` whose runs of up to `rows_max` rows cost so much.
    pub(crate) fn new(
        n_threads: usize,
        (run_s, row_s): (f64, f64),
        (rows_max, requests_max): (usize, usize),
    ) -> Self {
        let mut cost = CostCurve::new();
        for rows in CostCurve::sizes(rows_max) {
            cost.teach(rows, Duration::from_secs_f64(run_s + row_s * rows as f64));
        }
        let rule = Rule::adaptive(rows_max);
        let plan = |others_free: usize, rows: usize| {
            let (waited, time_left) = (Duration::ZERO, None);
            match decide(&rule, &Observed { cost: &cost, rows, waited, time_left, others_free }) {
                Decision::Run { rows } => rows,
                // Which an adaptive rule never does.
                Decision::Wait(_) => 1,
            }
        };
        let plans = (0..n_threads)
            .map(|others_free| (1..=requests_max).map(|rows| plan(others_free, rows)).collect())
            .collect();
        Self { n_threads, run_s, row_s, requests_max, plans }
    }

    /// The rows of the next run.
    pub(crate) fn rows(&self, others_free: usize, n_waiting: usize) -> usize {
        let plan =
            self.plans.get(others_free).and_then(|plans| plans.get(n_waiting.checked_sub(1)?));
        plan.copied().unwrap_or(n_waiting).min(n_waiting)
    }

    /// What a run costs, in seconds.
    pub(crate) fn cost_s(&self, rows: usize) -> f64 {
        self.run_s + self.row_s * rows as f64
    }

    /// The most that it answers a second.
    pub(crate) fn capacity(&self) -> f64 {
        let full = self.rows(0, self.requests_max);
        self.n_threads as f64 * full as f64 / self.cost_s(full)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_those_of_the_servers_policy() {
        let node = Node::new(2, (0.05, 0.1), (64, 32));
        assert_eq!((node.rows(0, 0), node.rows(0, 1), node.rows(1, 8)), (0, 1, 4));
        let full = node.rows(0, 32);
        assert!((8..=32).contains(&full), "{full}");
        assert!((17.0..20.0).contains(&node.capacity()), "{}", node.capacity());
    }
}
