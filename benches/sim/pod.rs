//! A pod from its start to its end: the server's queue and threads, as time goes by.

use std::collections::VecDeque;

use crate::node::Node;

/// Where a pod is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    Starting,
    Ready,
    /// Told to end; until SIGTERM, connections that it has are served.
    Leaving,
    /// Behind SIGTERM: what it has is finished.
    Closing,
}

#[derive(Debug)]
pub(crate) struct Pod {
    pub(crate) life: Life,
    pub(crate) since: f64,
    pub(crate) until: Option<f64>,
    /// When the requests that wait came.
    queue: VecDeque<f64>,
    /// When the requests came that each thread runs.
    threads: Vec<Vec<f64>>,
    in_flight: usize,
}

/// A run that begins.
#[derive(Debug, PartialEq)]
pub(crate) struct Run {
    pub(crate) thread: usize,
    pub(crate) rows: usize,
    /// Seconds that its requests waited, all together.
    pub(crate) waited: f64,
}

impl Pod {
    pub(crate) fn new(n_threads: usize, now: f64) -> Self {
        Self {
            life: Life::Starting,
            since: now,
            until: None,
            queue: VecDeque::new(),
            threads: vec![Vec::new(); n_threads],
            in_flight: 0,
        }
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Whether connections that it has are served.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.life, Life::Ready | Life::Leaving)
    }

    /// Takes a request in; whether there was room.
    pub(crate) fn admit(&mut self, node: &Node, now: f64) -> bool {
        if self.in_flight >= node.requests_max {
            return false;
        }
        self.in_flight += 1;
        self.queue.push_back(now);
        true
    }

    /// Begins a run if a thread is free and something waits.
    pub(crate) fn begin(&mut self, node: &Node, now: f64) -> Option<Run> {
        let others_free =
            self.threads.iter().filter(|thread| thread.is_empty()).count().checked_sub(1)?;
        let thread = self.threads.iter().position(Vec::is_empty)?;
        let rows = node.rows(others_free, self.queue.len());
        if rows == 0 {
            return None;
        }
        let taken: Vec<f64> = self.queue.drain(..rows).collect();
        let waited = taken.iter().map(|came| now - came).sum();
        *self.threads.get_mut(thread)? = taken;
        Some(Run { thread, rows, waited })
    }

    /// Ends a run: when its requests came.
    pub(crate) fn end(&mut self, thread: usize) -> Vec<f64> {
        let ended = self.threads.get_mut(thread).map(std::mem::take).unwrap_or_default();
        self.in_flight -= ended.len();
        ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_while_a_thread_is_busy_waits_and_runs_together() {
        let node = Node::new(1, (1.0, 0.01), (64, 4));
        let mut pod = Pod::new(1, 0.0);
        assert!(pod.admit(&node, 0.0));
        assert_eq!(pod.begin(&node, 0.0), Some(Run { thread: 0, rows: 1, waited: 0.0 }));
        assert_eq!(
            [0.1, 0.2, 0.3, 0.4].map(|now| pod.admit(&node, now)),
            [true, true, true, false]
        );
        assert_eq!((pod.begin(&node, 0.5), pod.in_flight()), (None, 4));
        assert_eq!(pod.end(0), [0.0]);
        let run = pod.begin(&node, 1.0).unwrap();
        assert!(run.rows == 3 && (run.waited - 2.4).abs() < 1e-9, "{run:?}");
        assert_eq!((pod.end(0).len(), pod.in_flight()), (3, 0));
    }
}
