//! Kubernetes' autoscaler: how many pods there should be, from what was measured of those there are.
//!
//! Source: Kubernetes, "Horizontal Pod Autoscaling", sections "Algorithm details" and "Configurable scaling
//! behavior", and its defaults; KEDA, "Scaling Deployments": KEDA hands triggers to this autoscaler as
//! external metrics, and by itself only starts the first pod and stops the last.

use std::collections::VecDeque;

/// How often it looks (`--horizontal-pod-autoscaler-sync-period`).
pub(crate) const SYNC_S: f64 = 15.0;
/// What is as good as the aim (`--horizontal-pod-autoscaler-tolerance`).
const TOLERANCE: f64 = 0.1;
/// How long a smaller number must have been enough (`behavior.scaleDown.stabilizationWindowSeconds`).
const DOWN_WINDOW_S: f64 = 300.0;
/// Policies of `behavior.scaleUp`: the larger of the two, for each period, which is that of the sync.
const UP_FACTOR: usize = 2;
const UP_PODS: usize = 4;

/// What is measured, and its aim.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Aim {
    /// The share of the threads' time that is used: a resource metric, or one of pods.
    Busy(f64),
    /// Requests in flight a pod: `AverageValue`.
    InFlight(f64),
    /// Mean seconds in the queue: an external metric of type `Value`.
    Queue(f64),
    /// Requests that wait, a pod: an external metric of type `AverageValue`. By Little's law they are what
    /// the sum of the seconds in the queue grows by in a second.
    Waiting(f64),
}

/// What was measured.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Measured {
    /// Threads' time used by all pods, in pods.
    pub(crate) busy: f64,
    /// Requests in flight in all pods.
    pub(crate) in_flight: f64,
    /// Mean seconds in the queue.
    pub(crate) queue_s: f64,
    /// Seconds in the queue of all pods' requests, a second.
    pub(crate) waiting: f64,
}

/// How many pods there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pods {
    pub(crate) ready: usize,
    /// Started, and not ready yet.
    pub(crate) starting: usize,
}

impl Pods {
    fn all(self) -> usize {
        self.ready + self.starting
    }
}

/// Aims and bounds, and what was recommended before.
#[derive(Debug, Clone)]
pub(crate) struct Scaler {
    aims: Vec<Aim>,
    min: usize,
    max: usize,
    /// When how many were recommended.
    recommended: VecDeque<(f64, usize)>,
}

impl Scaler {
    pub(crate) fn new(aims: &[Aim], (min, max): (usize, usize)) -> Self {
        Self { aims: aims.to_vec(), min, max, recommended: VecDeque::new() }
    }

    /// How many pods there should be at `now`.
    pub(crate) fn sync(&mut self, now: f64, pods: Pods, measured: Measured) -> usize {
        let current = pods.all();
        let wanted = self.aims.iter().map(|aim| aim.wants(pods, measured)).max().unwrap_or(current);
        self.recommended.push_back((now, wanted));
        while self.recommended.front().is_some_and(|&(when, _)| when <= now - DOWN_WINDOW_S) {
            self.recommended.pop_front();
        }
        let lately = self.recommended.iter().map(|&(_, wanted)| wanted).max().unwrap_or(wanted);
        // Upwards the last counts, downwards the most of the window.
        let stable = if wanted >= current { wanted } else { lately.min(current) };
        let most = (current * UP_FACTOR).max(current + UP_PODS);
        stable.min(most).clamp(self.min, self.max)
    }
}

impl Aim {
    /// How many pods this aim wants.
    fn wants(self, pods: Pods, measured: Measured) -> usize {
        match self {
            Self::Busy(share) => of_pods(pods, measured.busy, share),
            Self::InFlight(requests) => of_pods(pods, measured.in_flight, requests),
            Self::Queue(seconds) => {
                let ratio = measured.queue_s / seconds;
                if is_near(ratio) { pods.all() } else { times(pods.ready, ratio) }
            }
            Self::Waiting(requests) => {
                // Nobody asks which pods an external metric is of: those that start count as all others.
                let ratio = measured.waiting / (pods.all().max(1) as f64 * requests);
                if is_near(ratio) { pods.all() } else { times(pods.all().max(1), ratio) }
            }
        }
    }
}

/// Of a metric that each pod has its part of. Pods that are not ready count as if they had nothing on
/// the way up and all that they should on the way down; where that turns the way, nothing happens.
fn of_pods(pods: Pods, sum: f64, aim: f64) -> usize {
    let ratio = sum / (pods.ready.max(1) as f64 * aim);
    if pods.starting == 0 {
        return if is_near(ratio) { pods.all() } else { times(pods.ready, ratio) };
    }
    let assumed = if ratio < 1.0 { pods.starting as f64 * aim } else { 0.0 };
    let cautious = (sum + assumed) / (pods.all() as f64 * aim);
    let turns = (ratio < 1.0) != (cautious < 1.0);
    if is_near(cautious) || turns { pods.all() } else { times(pods.all(), cautious) }
}

fn is_near(ratio: f64) -> bool {
    (ratio - 1.0).abs() <= TOLERANCE
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a bounded number of pods"
)]
fn times(n_pods: usize, ratio: f64) -> usize {
    (n_pods as f64 * ratio).ceil().clamp(0.0, 1e6) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUSY: Aim = Aim::Busy(0.5);

    fn pods(ready: usize, starting: usize) -> Pods {
        Pods { ready, starting }
    }

    fn busy(busy: f64) -> Measured {
        Measured { busy, ..Measured::default() }
    }

    #[test]
    fn pods_are_as_many_as_bring_the_mean_to_its_aim() {
        // The documentation's own: 200m of 100m doubles, 50m of 100m halves.
        assert_eq!(Aim::Busy(0.1).wants(pods(4, 0), busy(0.8)), 8);
        assert_eq!(Aim::Busy(0.1).wants(pods(4, 0), busy(0.2)), 2);
        assert_eq!(BUSY.wants(pods(10, 0), busy(5.4)), 10, "within the tolerance");
        assert_eq!(Aim::Queue(0.1).wants(pods(10, 5), Measured { queue_s: 0.2, ..busy(0.0) }), 20);
        let in_flight = Measured { in_flight: 30.0, ..Measured::default() };
        assert_eq!(Aim::InFlight(2.0).wants(pods(10, 0), in_flight), 15);
        let waiting = Measured { waiting: 30.0, ..Measured::default() };
        assert_eq!(Aim::Waiting(2.0).wants(pods(10, 0), waiting), 15);
        assert_eq!(Aim::Waiting(2.0).wants(pods(10, 5), waiting), 15, "as many as there are");
        assert_eq!(Aim::Waiting(2.0).wants(pods(10, 20), waiting), 15);
    }

    #[test]
    fn pods_that_start_dampen_both_ways() {
        // Twice as much as there should be, but ten more pods are on their way.
        assert_eq!(BUSY.wants(pods(10, 10), busy(10.0)), 20);
        assert_eq!(BUSY.wants(pods(10, 4), busy(10.0)), 20);
        // Half as much, and those that start are taken for busy.
        assert_eq!(BUSY.wants(pods(10, 2), busy(2.5)), 7);
    }

    #[test]
    fn up_at_once_and_at_most_doubling_down_after_five_minutes() {
        let mut scaler = Scaler::new(&[BUSY], (2, 100));
        assert_eq!(scaler.sync(0.0, pods(10, 0), busy(50.0)), 20);
        assert_eq!(scaler.sync(15.0, pods(20, 0), busy(15.0)), 30);
        let mut now = 15.0;
        while now < 300.0 {
            now += 15.0;
            assert_eq!(scaler.sync(now, pods(30, 0), busy(0.0)), 30, "{now}");
        }
        assert_eq!(scaler.sync(now + 15.0, pods(30, 0), busy(0.0)), 2);
        assert_eq!(Scaler::new(&[BUSY], (1, 100)).sync(0.0, pods(1, 0), busy(1.0)), 2);
        assert_eq!(Scaler::new(&[BUSY], (1, 7)).sync(0.0, pods(4, 0), busy(9.0)), 7);
    }
}
