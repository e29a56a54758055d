//! What decides about runs.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use crate::lane::Entry;

/// Who runs next, with whom.
pub trait Policy {
    /// Takes in a request that came at `now`.
    ///
    /// # Errors
    /// The request, where it is refused.
    fn push(&mut self, request: Request, now: Duration) -> Result<(), Request>;

    /// What a thread that is free at `now` does, beside `others_free` others.
    fn next(&mut self, now: Duration, others_free: usize) -> Step;

    /// Takes in that a run ended, and what it took.
    fn ran(&mut self, batch: &Batch, took: Duration);
}

/// What a free thread does.
#[derive(Debug)]
pub enum Step {
    /// Runs these together.
    Run(Batch),
    /// Looks again after this time, or when something came or ended.
    Wait(Duration),
    /// Nothing waits.
    Idle,
}

/// Requests that share a run.
#[derive(Debug)]
pub struct Batch {
    /// The position of their model.
    pub model: usize,
    /// At least one.
    pub requests: Vec<Request>,
    /// What the policy expects it to take, in seconds, where it does.
    pub charged: f64,
}

impl Batch {
    /// The rows of all.
    pub fn rows(&self) -> usize {
        self.requests.iter().map(Entry::rows).sum()
    }
}

/// A request as a policy sees it.
#[derive(Debug)]
pub struct Request {
    /// Its position among all.
    pub id: usize,
    /// The position of its model.
    pub model: usize,
    pub(super) rows: usize,
    pub(super) key: u64,
    pub(super) priority: u32,
    pub(super) arrived: Duration,
    pub(super) deadline: Option<Duration>,
    pub(super) leaves: Option<Duration>,
    /// What time it is.
    pub(super) clock: Rc<Cell<Duration>>,
}

impl Entry for Request {
    fn rows(&self) -> usize {
        self.rows
    }

    fn key(&self) -> u64 {
        self.key
    }

    fn priority(&self) -> u32 {
        self.priority
    }

    fn arrived(&self) -> Duration {
        self.arrived
    }

    fn deadline(&self) -> Option<Duration> {
        self.deadline
    }

    fn is_gone(&self) -> bool {
        self.leaves.is_some_and(|leaves| leaves <= self.clock.get())
    }
}
