//! What it costs to hand a job to an engine thread and to get its answer back, beside the least that
//! it can cost: a one-shot channel and a thread that is parked.
//!
//! In all of them one job at a time is handed over by a thread that waits for the answer, and does next
//! to nothing on the other side, so that what is measured are two wake-ups and what stands around them.
//! The ways have turns in every round, once with one processor for who waits and who works, where a
//! wake-up is no more than a switch between threads, and once with one for each, where it also wakes a
//! processor. Read the ratios; absolute times are those of the machine's scheduler.
#![expect(clippy::print_stdout, reason = "the report is for people")]

use std::collections::BTreeMap;
use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use radiant_schedule::{CostCurve, Counts, Gone, Job, Lane, Pool, Ran, Rule, Terms};
use side_by_side::server::{Cores, pin_load, pin_server};
use side_by_side::{Round, Verdict, ratio, there_and_back};
use tokio::sync::oneshot;

/// The most that a job through a pool's lane may cost, in the least that it can.
const LIMIT: f64 = 1.3;

/// Jobs between two looks at the clock.
const BLOCK: u32 = 64;

/// The ways there and back.
const BARE: &str = "one-shot and parked thread";
const CHANNELLED: &str = "one-shot and channel";
const LANE: &str = "lane of a pool";

/// Hands one job over, and waits for its answer.
type Way<'a> = (&'static str, Box<dyn FnMut() + 'a>);

fn main() -> Result<()> {
    // Cargo gives `--bench` to all benchmarks; `--test` only shows that they run.
    let is_test = std::env::args().any(|argument| argument == "--test");
    let (n_rounds, turn) =
        if is_test { (1, Duration::from_millis(1)) } else { (15, Duration::from_millis(200)) };
    let cores = Cores::find()?;
    pin_load(cores)?;
    let places: [(&str, Place); 2] = [("one processor", pin_load), ("two processors", pin_server)];
    for (name, place) in places {
        let rounds = measure(n_rounds, turn, move || place(cores).unwrap_or_default())?;
        if !is_test {
            println!("{name}");
            print(&rounds)?;
        }
    }
    Ok(())
}

/// Where who works is to run.
type Place = fn(Option<Cores>) -> Result<()>;

/// All ways with workers that `place` has moved to their processor.
fn measure(
    n_rounds: usize,
    turn: Duration,
    place: impl Fn() + Copy + Send + 'static,
) -> Result<Vec<Round<&'static str>>> {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let (bare, channelled, pool) = (Bare::start(place), channelled(place), pool(place)?);
    let lane = lane(&pool);
    let terms = Terms { rows: 1, key: 0, priority: 0, patience: None };
    let mut ways: [Way<'_>; 3] = [
        (BARE, Box::new(|| drop(wait(&waker, bare.bring(black_box(1)))))),
        (
            CHANNELLED,
            Box::new(|| {
                let (reply, answer) = oneshot::channel();
                drop(channelled.send((black_box(1), reply)));
                drop(wait(&waker, answer));
            }),
        ),
        (
            LANE,
            Box::new(|| {
                wait(&waker, lane.bring(AddOne(black_box(1)), terms)).unwrap_or_default();
            }),
        ),
    ];
    let rounds = (0..n_rounds).map(|_| round(&mut ways, turn)).collect();
    drop(ways);
    pool.close();
    bare.stop();
    Ok(rounds)
}

/// All ways in turns; the time of a job in nanoseconds, the mean of a turn.
fn round(ways: &mut [Way<'_>], turn: Duration) -> Round<&'static str> {
    let mut sums = BTreeMap::new();
    for at in there_and_back(ways.len()) {
        if let Some((name, hand_over)) = ways.get_mut(at) {
            *sums.entry(*name).or_default() += mean_ns(turn, hand_over) / 2.0;
        }
    }
    sums
}

fn mean_ns(turn: Duration, hand_over: &mut impl FnMut()) -> f64 {
    let (mut n_jobs, started) = (0_u64, Instant::now());
    while started.elapsed() < turn {
        (0..BLOCK).for_each(|_| hand_over());
        n_jobs += u64::from(BLOCK);
    }
    started.elapsed().as_nanos() as f64 / n_jobs.max(1) as f64
}

fn print(rounds: &[Round<&'static str>]) -> Result<()> {
    for name in [BARE, CHANNELLED, LANE] {
        let times = rounds.iter().filter_map(|round| round.get(name)).copied();
        println!("{name:<28} {:>7.2} us", times.sum::<f64>() / rounds.len() as f64 / 1e3);
    }
    for other in [BARE, CHANNELLED] {
        let spread = ratio(rounds, &[LANE], &[other]).context("there was no round")?;
        let verdict = Verdict::of(spread, LIMIT).text();
        println!("{LANE} / {other}: {spread}, at most {LIMIT:.2}: {verdict}");
    }
    Ok(())
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for a future by parking this thread.
fn wait<F: Future>(waker: &Waker, future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(waker)) {
            return output;
        }
        thread::park();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A number, and where its answer goes.
type Request = (u64, oneshot::Sender<u64>);

/// The least: a place for one request, and a thread that is parked beside it.
struct Bare {
    slot: Arc<(Mutex<Option<Request>>, AtomicBool)>,
    parked: JoinHandle<()>,
}

impl Bare {
    fn start(place: impl FnOnce() + Send + 'static) -> Self {
        let slot: Arc<(Mutex<Option<Request>>, AtomicBool)> = Arc::default();
        let shared = Arc::clone(&slot);
        let parked = thread::spawn(move || {
            place();
            while !shared.1.load(Ordering::SeqCst) {
                let request = lock(&shared.0).take();
                match request {
                    Some((number, reply)) => reply.send(number + 1).unwrap_or_default(),
                    None => thread::park(),
                }
            }
        });
        Self { slot, parked }
    }

    fn bring(&self, number: u64) -> oneshot::Receiver<u64> {
        let (reply, answer) = oneshot::channel();
        *lock(&self.slot.0) = Some((number, reply));
        self.parked.thread().unpark();
        answer
    }

    fn stop(self) {
        self.slot.1.store(true, Ordering::SeqCst);
        self.parked.thread().unpark();
        drop(self.parked.join());
    }
}

/// With a channel between them, as who has several to hand over needs one. Its receiver looks again for
/// a while before it sleeps. The thread ends with the sender.
fn channelled(place: impl FnOnce() + Send + 'static) -> Sender<Request> {
    let (sender, receiver) = channel::<Request>();
    thread::spawn(move || {
        place();
        for (number, reply) in receiver {
            reply.send(number + 1).unwrap_or_default();
        }
    });
    sender
}

/// Adds one to a number.
struct AddOne(u64);

impl Job for AddOne {
    type Answer = u64;

    fn run(jobs: Vec<Self>, _waited: &[Duration], _gone: &Gone<Self>) -> Ran<u64> {
        Ran { answers: jobs.iter().map(|job| job.0 + 1).collect(), is_typical: true }
    }
}

/// What the server has.
fn pool(place: impl Fn() + Copy + Send + 'static) -> Result<Pool<AddOne>> {
    let placed = move |work: Box<dyn FnOnce() + Send>| {
        place();
        work();
    };
    Ok(Pool::start(1, placed)?)
}

fn lane(pool: &Pool<AddOne>) -> Lane<AddOne> {
    let mut cost = CostCurve::new();
    cost.teach(1, Duration::from_micros(100));
    pool.lane(Rule::adaptive(64), 1.0, cost, Counts::default())
}
