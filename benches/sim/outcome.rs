//! What became of the requests of a simulation.

use side_by_side::Histogram;

use crate::world::record;

/// How long the windows are by which recovery is told.
const WINDOW_S: f64 = 5.0;

/// Counts and times of all requests from when the load began to change.
#[derive(Debug)]
pub(crate) struct Outcome {
    from: f64,
    good_s: f64,
    pub(crate) n_answered: u64,
    pub(crate) n_refused: u64,
    pub(crate) latency: Histogram,
    pub(crate) pod_hours: f64,
    pub(crate) pods_most: usize,
    /// How often the number of pods was changed from up to down or back.
    pub(crate) n_turns: usize,
    /// When the last window ended in which more than one in a hundred was refused or late.
    last_bad: Option<f64>,
    window: Window,
    last_pods: Option<usize>,
    rises: Option<bool>,
}

#[derive(Debug, Default)]
struct Window {
    end: f64,
    n_good: u64,
    n_bad: u64,
}

impl Outcome {
    /// Counts what comes from `from` on; what takes longer than `good_s` is not good.
    pub(crate) fn new(from: f64, good_s: f64) -> Self {
        Self {
            from,
            good_s,
            n_answered: 0,
            n_refused: 0,
            latency: Histogram::default(),
            pod_hours: 0.0,
            pods_most: 0,
            n_turns: 0,
            last_bad: None,
            window: Window { end: from + WINDOW_S, ..Window::default() },
            last_pods: None,
            rises: None,
        }
    }

    pub(crate) fn answered(&mut self, came: f64, now: f64) {
        if came >= self.from {
            self.n_answered += 1;
            record(&mut self.latency, now - came);
            self.count(now, now - came <= self.good_s);
        }
    }

    pub(crate) fn refused(&mut self, now: f64) {
        if now >= self.from {
            self.n_refused += 1;
            self.count(now, false);
        }
    }

    /// Takes the number of pods that is wanted now.
    pub(crate) fn scaled(&mut self, n_pods: usize) {
        self.pods_most = self.pods_most.max(n_pods);
        let before = self.last_pods.replace(n_pods).unwrap_or(n_pods);
        if before != n_pods {
            let rises = n_pods > before;
            self.n_turns += usize::from(self.rises.is_some_and(|it| it != rises));
            self.rises = Some(rises);
        }
    }

    /// Closes the last window.
    pub(crate) fn end(&mut self) {
        self.judge();
    }

    /// Seconds from the change of the load until all windows were good; `None` where none was bad.
    pub(crate) fn recovered_s(&self) -> Option<f64> {
        self.last_bad.map(|end| end - self.from)
    }

    /// The share of requests that were refused, in percent.
    pub(crate) fn refused_percent(&self) -> f64 {
        let all = (self.n_answered + self.n_refused).max(1);
        self.n_refused as f64 / all as f64 * 100.0
    }

    fn count(&mut self, now: f64, is_good: bool) {
        while now >= self.window.end {
            self.judge();
            self.window = Window { end: self.window.end + WINDOW_S, ..Window::default() };
        }
        *(if is_good { &mut self.window.n_good } else { &mut self.window.n_bad }) += 1;
    }

    fn judge(&mut self) {
        let Window { end, n_good, n_bad } = self.window;
        if n_bad * 100 > n_good + n_bad {
            self.last_bad = Some(end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recovery_is_the_end_of_the_last_bad_window() {
        let mut outcome = Outcome::new(100.0, 1.0);
        outcome.refused(99.0);
        outcome.answered(99.0, 110.0);
        assert_eq!((outcome.n_refused, outcome.n_answered), (0, 0));
        outcome.answered(101.0, 101.5);
        outcome.refused(112.0);
        for time in 0..100 {
            outcome.answered(120.0 + f64::from(time), 120.5 + f64::from(time));
        }
        outcome.end();
        assert_eq!(outcome.recovered_s(), Some(15.0));
        assert!(outcome.refused_percent() < 1.0);
    }

    #[test]
    fn turns_are_changes_of_direction() {
        let mut outcome = Outcome::new(0.0, 1.0);
        for n_pods in [4, 8, 8, 9, 3, 2, 2, 5] {
            outcome.scaled(n_pods);
        }
        assert_eq!((outcome.n_turns, outcome.pods_most), (2, 9));
    }
}
