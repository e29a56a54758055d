//! One that waits for an answer: its place in the queue, and the hand-over of the answer.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::dispatcher::LaneId;
use crate::lane::Entry;
use crate::policy::expected_answer;

/// What runs on an engine thread.
pub trait Job: Send + Sized + 'static {
    /// What comes of it.
    type Answer: Send + 'static;

    /// Runs jobs that were brought to one lane with equal keys, in the order of their coming, and gives
    /// an answer for each, in the same order. Equal keys do not prove that they fit: that is to be
    /// seen to here. `waited` has for each how long it waited.
    ///
    /// A panic here loses the answers of all of them: each is told [`Unrun::Lost`].
    fn run(jobs: Vec<Self>, waited: &[Duration], gone: &Gone<Self>) -> Ran<Self::Answer>;
}

/// What came of a run.
#[derive(Debug)]
pub struct Ran<A> {
    /// One for each job.
    pub answers: Vec<A>,
    /// Whether the time that it took says something of others of its size: not where it failed, or
    /// was run again.
    pub is_typical: bool,
}

/// On what terms a job waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Its rows.
    pub rows: usize,
    /// Only jobs of equal keys may share a run.
    pub key: u64,
    /// The smaller comes first.
    pub priority: u32,
    /// How long it may wait to be begun; without bound where there is none.
    pub patience: Option<Duration>,
}

/// Why a job was not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unrun {
    /// Its time was over before its turn came.
    Expired,
    /// The pool ends.
    Closed,
    /// The run that it was in broke off.
    Lost,
}

/// How much waits.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// Jobs.
    pub jobs: Arc<AtomicUsize>,
    /// Their rows.
    pub rows: Arc<AtomicUsize>,
    /// Nanoseconds that a row waits for each row before it, as it was when something waited last.
    pub pace_ns: Arc<AtomicU64>,
    /// Nanoseconds that the run was expected to take that was taken then.
    pub run_ns: Arc<AtomicU64>,
}

impl Counts {
    /// How long who comes now will wait, going by how fast what waited moved.
    pub fn expected_wait(&self) -> Duration {
        self.expected(Duration::ZERO)
    }

    /// How long it will take until who comes now is answered, as far as is known.
    pub fn expected_answer(&self) -> Duration {
        self.expected(Duration::from_nanos(self.run_ns.load(Ordering::Relaxed)))
    }

    fn expected(&self, run: Duration) -> Duration {
        let pace = Duration::from_nanos(self.pace_ns.load(Ordering::Relaxed));
        expected_answer(self.rows.load(Ordering::Relaxed), pace, run)
    }

    fn enter(&self, rows: usize) {
        self.jobs.fetch_add(1, Ordering::Relaxed);
        self.rows.fetch_add(rows, Ordering::Relaxed);
    }

    fn leave(&self, rows: usize) {
        self.jobs.fetch_sub(1, Ordering::Relaxed);
        self.rows.fetch_sub(rows, Ordering::Relaxed);
    }
}

/// Where tickets of a lane are counted: one for all of them, so that a ticket costs one count of owners.
#[derive(Debug)]
pub(crate) struct Home {
    pub(crate) lane: LaneId,
    /// What waits in the lane, perhaps with others.
    pub(crate) counts: Counts,
    /// What waits in all lanes.
    pub(crate) all: Counts,
    /// Entries of the pool's queues that nobody wants any more.
    pub(crate) n_gone: Arc<AtomicUsize>,
}

impl Home {
    fn enter(&self, rows: usize) {
        self.counts.enter(rows);
        self.all.enter(rows);
    }

    fn leave(&self, rows: usize) {
        self.counts.leave(rows);
        self.all.leave(rows);
    }
}

/// What those who wait and those who run share.
pub(crate) struct Ticket<J: Job> {
    home: Arc<Home>,
    terms: Terms,
    arrived: Duration,
    deadline: Option<Duration>,
    state: Mutex<State<J>>,
    is_gone: AtomicBool,
    /// Whether it went before it was begun, and is counted in `n_gone` until it is out of the queue.
    left_early: AtomicBool,
}

enum State<J: Job> {
    Queued {
        job: J,
        waker: Option<Waker>,
    },
    Running {
        waker: Option<Waker>,
    },
    Done(Result<J::Answer, Unrun>),
    /// Nobody waits, or the answer was taken.
    Over,
}

impl<J: Job> Ticket<J> {
    pub(crate) fn new(home: &Arc<Home>, (job, terms): (J, Terms), arrived: Duration) -> Arc<Self> {
        let deadline = terms.patience.map(|patience| arrived.saturating_add(patience));
        home.enter(terms.rows);
        Arc::new(Self {
            home: Arc::clone(home),
            terms,
            arrived,
            deadline,
            state: Mutex::new(State::Queued { job, waker: None }),
            is_gone: AtomicBool::new(false),
            left_early: AtomicBool::new(false),
        })
    }

    pub(crate) fn lane(&self) -> LaneId {
        self.home.lane
    }

    fn lock(&self) -> MutexGuard<'_, State<J>> {
        // Nothing that can panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn leave_queue(&self) {
        self.home.leave(self.terms.rows);
    }

    /// Takes the job out of the queue to run it, unless nobody waits any more.
    pub(crate) fn begin(&self) -> Option<J> {
        let mut state = self.lock();
        match std::mem::replace(&mut *state, State::Over) {
            State::Queued { job, waker } => {
                *state = State::Running { waker };
                drop(state);
                self.leave_queue();
                Some(job)
            }
            other => {
                *state = other;
                None
            }
        }
    }

    /// Hands over the answer, if somebody still waits.
    pub(crate) fn finish(&self, answer: Result<J::Answer, Unrun>) {
        let mut state = self.lock();
        let (waker, unrun) = match std::mem::replace(&mut *state, State::Over) {
            State::Queued { waker, job } => (waker, Some(job)),
            State::Running { waker } => (waker, None),
            other @ (State::Done(_) | State::Over) => {
                *state = other;
                return;
            }
        };
        *state = State::Done(answer);
        drop(state);
        if unrun.is_some() {
            self.leave_queue();
        }
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Notes how fast the lane moves, and what a run of it takes.
    pub(crate) fn note_pace(&self, pace: Duration, run: Duration) {
        let ns = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.home.counts.pace_ns.store(ns(pace), Ordering::Relaxed);
        self.home.counts.run_ns.store(ns(run), Ordering::Relaxed);
    }

    pub(crate) fn waited(&self, now: Duration) -> Duration {
        now.saturating_sub(self.arrived)
    }
}

impl<J: Job> fmt::Debug for Ticket<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").field("terms", &self.terms).finish_non_exhaustive()
    }
}

impl<J: Job> Drop for Ticket<J> {
    fn drop(&mut self) {
        if *self.left_early.get_mut() {
            self.home.n_gone.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl<J: Job> Entry for Arc<Ticket<J>> {
    fn rows(&self) -> usize {
        self.terms.rows
    }

    fn key(&self) -> u64 {
        self.terms.key
    }

    fn priority(&self) -> u32 {
        self.terms.priority
    }

    fn arrived(&self) -> Duration {
        self.arrived
    }

    fn deadline(&self) -> Option<Duration> {
        self.deadline
    }

    fn is_gone(&self) -> bool {
        self.is_gone.load(Ordering::Relaxed)
    }
}

/// Waits for an answer. When it is dropped, a job that was not begun is dropped at once, and what is
/// running is told that nobody waits.
#[derive(Debug)]
pub struct Waiting<J: Job>(pub(crate) Arc<Ticket<J>>);

impl<J: Job> Future for Waiting<J> {
    type Output = Result<J::Answer, Unrun>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.0.lock();
        match &mut *state {
            State::Queued { waker, .. } | State::Running { waker } => {
                match waker {
                    Some(waker) => waker.clone_from(context.waker()),
                    None => *waker = Some(context.waker().clone()),
                }
                Poll::Pending
            }
            State::Done(_) => match std::mem::replace(&mut *state, State::Over) {
                State::Done(answer) => Poll::Ready(answer),
                // Only what was matched above can be here.
                _ => Poll::Ready(Err(Unrun::Lost)),
            },
            State::Over => Poll::Ready(Err(Unrun::Lost)),
        }
    }
}

impl<J: Job> Drop for Waiting<J> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        if matches!(*state, State::Over) {
            return;
        }
        self.0.is_gone.store(true, Ordering::Relaxed);
        let before = std::mem::replace(&mut *state, State::Over);
        drop(state);
        if matches!(before, State::Queued { .. }) {
            self.0.left_early.store(true, Ordering::Relaxed);
            self.0.home.n_gone.fetch_add(1, Ordering::Relaxed);
            self.0.leave_queue();
        }
        // With the job goes what it holds; after the lock, because that may take its time.
        drop(before);
    }
}

/// Tells a run whether anybody still waits for it.
#[derive(Debug)]
pub struct Gone<J: Job>(pub(crate) Arc<[Arc<Ticket<J>>]>);

impl<J: Job> Gone<J> {
    /// Whether nobody waits for any answer of the run.
    pub fn all(&self) -> bool {
        self.0.iter().all(Entry::is_gone)
    }

    /// Whether nobody waits for the answer of the job at this place.
    pub fn one(&self, at: usize) -> bool {
        self.0.get(at).is_none_or(Entry::is_gone)
    }
}

impl<J: Job> Clone for Gone<J> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}
