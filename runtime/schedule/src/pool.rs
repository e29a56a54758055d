//! Engine threads, and the way of a job to them and back.
//!
//! Who brings a job puts it into a channel without a lock and wakes a thread if one is idle. A thread
//! that is free takes the dispatcher's lock, once for each run and not for each job, sorts what came
//! into the lanes and takes the next run.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::cost::CostCurve;
use crate::dispatcher::{Dispatcher, LaneId, Next};
use crate::idle::Idle;
use crate::policy::Rule;
use crate::ticket::{Counts, Gone, Home, Job, Terms, Ticket, Unrun, Waiting};

/// Entries that nobody wants may stand in the queues up to this many, or to as many as are wanted;
/// beyond that who brings the next one clears them away.
const GONE_MAX: usize = 1024;

/// Engine threads with their queues. Its queues have no bound of their own: who brings jobs bounds
/// them, and a job that nobody waits for holds nothing.
#[derive(Debug)]
pub struct Pool<J: Job> {
    shared: Arc<Shared<J>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    n_lanes: AtomicUsize,
}

/// A model's way into the pool. When it is dropped the pool forgets the model, after what waits.
#[derive(Debug)]
pub struct Lane<J: Job> {
    home: Arc<Home>,
    shared: Arc<Shared<J>>,
}

#[derive(Debug)]
struct Shared<J: Job> {
    epoch: Instant,
    intake: Sender<Came<J>>,
    desk: Mutex<Desk<J>>,
    idle: Idle,
    n_threads: usize,
    /// Threads that have not ended.
    n_alive: AtomicUsize,
    counts: Counts,
    n_gone: Arc<AtomicUsize>,
    /// Threads end when they find nothing to do.
    is_closing: AtomicBool,
    /// The threads have ended.
    is_closed: AtomicBool,
}

#[derive(Debug)]
enum Came<J: Job> {
    Open(LaneId, Rule, f64, Box<CostCurve>),
    Close(LaneId),
    Entry(Arc<Ticket<J>>),
}

/// What one thread at a time has in its hands.
#[derive(Debug)]
struct Desk<J: Job> {
    intake: Receiver<Came<J>>,
    dispatcher: Dispatcher<Arc<Ticket<J>>>,
    n_running: usize,
}

impl<J: Job> Pool<J> {
    /// Starts so many threads, and at least one; `place` runs the loop of each, perhaps inside
    /// something that engines need around it.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn start<P>(n_threads: usize, place: P) -> std::io::Result<Self>
    where
        P: Fn(Box<dyn FnOnce() + Send>) + Clone + Send + 'static,
    {
        let n_threads = n_threads.max(1);
        let (sender, receiver) = channel();
        let desk = Desk { intake: receiver, dispatcher: Dispatcher::new(), n_running: 0 };
        let shared = Arc::new(Shared {
            epoch: Instant::now(),
            intake: sender,
            desk: Mutex::new(desk),
            idle: Idle::new(n_threads),
            n_threads,
            n_alive: AtomicUsize::new(n_threads),
            counts: Counts::default(),
            n_gone: Arc::default(),
            is_closing: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
        });
        let pool = Self { shared, threads: Mutex::default(), n_lanes: AtomicUsize::new(0) };
        for number in 0..n_threads {
            let (shared, place) = (Arc::clone(&pool.shared), place.clone());
            let name = format!("engine-{number}");
            let work = move || place(Box::new(move || shared.work(number)));
            let thread = std::thread::Builder::new().name(name).spawn(work);
            match thread {
                Ok(thread) => pool.lock_threads().push(thread),
                Err(error) => {
                    pool.shared.n_alive.fetch_sub(n_threads - number, Ordering::SeqCst);
                    return Err(error);
                }
            }
        }
        Ok(pool)
    }

    /// A way in for one model, with what is known of its cost. `weight` is its part of the threads'
    /// time beside other models that are waited for; `counts` is where it counts what waits, perhaps
    /// with others.
    pub fn lane(&self, rule: Rule, weight: f64, cost: CostCurve, counts: Counts) -> Lane<J> {
        let id = LaneId(self.n_lanes.fetch_add(1, Ordering::Relaxed));
        self.shared.send(Came::Open(id, rule, weight, Box::new(cost)));
        let (all, n_gone) = (self.shared.counts.clone(), Arc::clone(&self.shared.n_gone));
        let home = Arc::new(Home { lane: id, counts, all, n_gone });
        Lane { home, shared: Arc::clone(&self.shared) }
    }

    /// How much waits in all lanes together.
    pub fn waiting(&self) -> &Counts {
        &self.shared.counts
    }

    /// The number of threads.
    pub fn n_threads(&self) -> usize {
        self.shared.n_threads
    }

    /// Lets the threads finish what waits, then ends them. Blocks until they have.
    pub fn close(&self) {
        self.shared.is_closing.store(true, Ordering::SeqCst);
        self.shared.idle.wake_all();
        for thread in self.lock_threads().drain(..) {
            // Jobs contain their own panics; a thread that still died has nothing left to say.
            drop(thread.join());
        }
    }

    fn lock_threads(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J: Job> Drop for Pool<J> {
    fn drop(&mut self) {
        // Nobody can bring anything any more but through a lane that outlives the pool.
        self.shared.is_closing.store(true, Ordering::SeqCst);
        self.shared.idle.wake_all();
    }
}

impl<J: Job> Lane<J> {
    /// How long who comes now will wait, going by how fast what waited moved.
    pub fn expected_wait(&self) -> Duration {
        self.home.counts.expected_wait()
    }

    /// How long it will take until who comes now is answered, as far as is known.
    pub fn expected_answer(&self) -> Duration {
        self.home.counts.expected_answer()
    }

    /// Brings a job; its answer is waited for.
    pub fn bring(&self, job: J, terms: Terms) -> Waiting<J> {
        let shared = &self.shared;
        let ticket = Ticket::new(&self.home, (job, terms), shared.epoch.elapsed());
        shared.send(Came::Entry(Arc::clone(&ticket)));
        shared.idle.wake_one();
        fence(Ordering::SeqCst);
        if shared.is_closed.load(Ordering::SeqCst) {
            shared.refuse_all();
        }
        shared.clear_away();
        Waiting(ticket)
    }
}

impl<J: Job> Drop for Lane<J> {
    fn drop(&mut self) {
        self.shared.send(Came::Close(self.home.lane));
    }
}

impl<J: Job> Shared<J> {
    fn send(&self, came: Came<J>) {
        // The other end lives as long as this one.
        drop(self.intake.send(came));
    }

    fn lock(&self) -> MutexGuard<'_, Desk<J>> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The loop of an engine thread.
    fn work(&self, number: usize) {
        self.idle.join(number);
        let mut expired = Vec::new();
        let mut desk = self.lock();
        loop {
            desk.sort_in();
            let others_free = self.n_threads.saturating_sub(desk.n_running + 1);
            let next = desk.dispatcher.next(self.epoch.elapsed(), others_free, &mut expired);
            match next {
                Next::Run { lane, entries, rows, charged } => {
                    desk.n_running += 1;
                    if let (Some(pace), Some(first)) = (desk.dispatcher.pace(lane), entries.first())
                    {
                        first.note_pace(
                            pace,
                            Duration::try_from_secs_f64(charged).unwrap_or_default(),
                        );
                    }
                    let is_more = desk.dispatcher.is_waited_for();
                    drop(desk);
                    if is_more {
                        self.idle.wake_one();
                    }
                    expire(&mut expired);
                    let (took, is_typical) = self.run(entries);
                    desk = self.lock();
                    desk.n_running -= 1;
                    desk.dispatcher.ran(lane, rows, (charged, took), is_typical);
                }
                // Before it parks it tells those whose time is over.
                Next::Wait(_) | Next::Idle if !expired.is_empty() => {
                    drop(desk);
                    expire(&mut expired);
                    desk = self.lock();
                }
                Next::Wait(_) | Next::Idle => {
                    let time = if let Next::Wait(time) = next { Some(time) } else { None };
                    if !self.park(desk, number, time) {
                        break;
                    }
                    desk = self.lock();
                }
            }
        }
        if self.n_alive.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.is_closed.store(true, Ordering::SeqCst);
            self.refuse_all();
        }
    }

    /// Runs entries, hands over their answers, and says how long it took.
    fn run(&self, entries: Vec<Arc<Ticket<J>>>) -> (Duration, bool) {
        let now = self.epoch.elapsed();
        let (mut jobs, mut waited) = (Vec::new(), Vec::new());
        let mut begun = Vec::with_capacity(entries.len());
        for ticket in entries {
            if let Some(job) = ticket.begin() {
                waited.push(ticket.waited(now));
                jobs.push(job);
                begun.push(ticket);
            }
        }
        if jobs.is_empty() {
            return (Duration::ZERO, false);
        }
        let gone = Gone(begun.into());
        let ran = catch_unwind(AssertUnwindSafe(|| J::run(jobs, &waited, &gone)));
        let took = self.epoch.elapsed().saturating_sub(now);
        let (answers, is_typical) =
            ran.map_or((Vec::new(), false), |ran| (ran.answers, ran.is_typical));
        let mut answers = answers.into_iter();
        for ticket in gone.0.iter() {
            ticket.finish(answers.next().ok_or(Unrun::Lost));
        }
        (took, is_typical)
    }

    /// Waits until there may be work, for `time` at the longest; false when there will be none.
    fn park(
        &self,
        mut desk: MutexGuard<'_, Desk<J>>,
        number: usize,
        time: Option<Duration>,
    ) -> bool {
        self.idle.enter(number);
        // What came before this thread was seen to be idle wakes nobody.
        let came_any = desk.sort_in();
        drop(desk);
        let is_over = time.is_none() && self.is_closing.load(Ordering::SeqCst);
        if !came_any && !is_over {
            match time {
                Some(time) => std::thread::park_timeout(time),
                None => std::thread::park(),
            }
        }
        self.idle.leave(number);
        came_any || !is_over
    }

    /// Tells all that wait that nothing will run any more.
    #[cold]
    fn refuse_all(&self) {
        let mut desk = self.lock();
        desk.sort_in();
        let left = desk.dispatcher.drain();
        drop(desk);
        for ticket in left {
            ticket.finish(Err(Unrun::Closed));
        }
    }

    /// Clears away entries that nobody wants, if there are many, as they are when clients come and go
    /// while all threads are busy for long.
    fn clear_away(&self) {
        let n_gone = self.n_gone.load(Ordering::Relaxed);
        if n_gone < GONE_MAX || n_gone < self.counts.jobs.load(Ordering::Relaxed) {
            return;
        }
        if let Ok(mut desk) = self.desk.try_lock() {
            desk.sort_in();
            desk.dispatcher.purge();
        }
    }
}

fn expire<J: Job>(expired: &mut Vec<Arc<Ticket<J>>>) {
    expired.drain(..).for_each(|ticket| ticket.finish(Err(Unrun::Expired)));
}

impl<J: Job> Desk<J> {
    /// Sorts what came into the lanes; tells whether there was anything.
    fn sort_in(&mut self) -> bool {
        let mut came_any = false;
        while let Ok(came) = self.intake.try_recv() {
            came_any = true;
            match came {
                Came::Open(id, rule, weight, cost) => {
                    self.dispatcher.open(id, rule, weight, *cost);
                }
                Came::Close(id) => self.dispatcher.close(id),
                Came::Entry(ticket) => {
                    if let Err(ticket) = self.dispatcher.push(ticket.lane(), ticket) {
                        ticket.finish(Err(Unrun::Closed));
                    }
                }
            }
        }
        came_any
    }
}
