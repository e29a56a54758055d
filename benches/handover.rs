//! What it costs to hand a job to an engine thread and to get its answer back, beside the least that
//! it can cost: a one-shot channel and a thread that is parked.
//!
//! In both one job at a time is handed over by a thread that waits for the answer, and does next to
//! nothing on the other side, so that what is measured are two wake-ups and what stands around them.
//! Read the ratio within one run; absolute times are those of the machine's scheduler.

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use radiant_schedule::{CostCurve, Counts, Gone, Job, Pool, Ran, Rule, Terms};
use tokio::sync::oneshot;

type Group<'a> = BenchmarkGroup<'a, WallTime>;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
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

fn this_thread() -> Waker {
    Waker::from(Arc::new(Unpark(thread::current())))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Adds one to a number.
struct AddOne(u64);

impl Job for AddOne {
    type Answer = u64;

    fn run(jobs: Vec<Self>, _waited: &[Duration], _gone: &Gone<Self>) -> Ran<u64> {
        Ran { answers: jobs.iter().map(|job| job.0 + 1).collect(), is_typical: true }
    }
}

/// A number, and where its answer goes.
type Request = (u64, oneshot::Sender<u64>);

/// The least: a place for one request, and a thread that is parked beside it.
fn bare(group: &mut Group<'_>, waker: &Waker) {
    let slot: Arc<(Mutex<Option<Request>>, AtomicBool)> = Arc::default();
    let parked = thread::spawn({
        let slot = Arc::clone(&slot);
        move || {
            while !slot.1.load(Ordering::SeqCst) {
                let request = lock(&slot.0).take();
                match request {
                    Some((number, reply)) => reply.send(number + 1).unwrap_or_default(),
                    None => thread::park(),
                }
            }
        }
    });
    group.bench_function("oneshot_and_parked_thread", |bencher| {
        bencher.iter(|| {
            let (reply, answer) = oneshot::channel();
            *lock(&slot.0) = Some((black_box(1), reply));
            parked.thread().unpark();
            wait(waker, answer).ok()
        });
    });
    slot.1.store(true, Ordering::SeqCst);
    parked.thread().unpark();
    drop(parked.join());
}

/// With a channel between them, as who has several to hand over needs one. Its receiver looks again for
/// a while before it sleeps.
fn channelled(group: &mut Group<'_>, waker: &Waker) {
    let (sender, receiver) = channel::<Request>();
    let blocked = thread::spawn(move || {
        for (number, reply) in receiver {
            reply.send(number + 1).unwrap_or_default();
        }
    });
    group.bench_function("oneshot_and_channel", |bencher| {
        bencher.iter(|| {
            let (reply, answer) = oneshot::channel();
            drop(sender.send((black_box(1), reply)));
            wait(waker, answer).ok()
        });
    });
    drop(sender);
    drop(blocked.join());
}

/// What the server does.
fn lane(group: &mut Group<'_>, waker: &Waker) {
    let Ok(pool) = Pool::start(1, |work: Box<dyn FnOnce() + Send>| work()) else { return };
    let mut cost = CostCurve::new();
    cost.teach(1, Duration::from_micros(100));
    let lane = pool.lane(Rule::adaptive(64), 1.0, cost, Counts::default());
    let terms = Terms { rows: 1, key: 0, priority: 0, patience: None };
    group.bench_function("lane_of_a_pool", |bencher| {
        bencher.iter(|| wait(waker, lane.bring(AddOne(black_box(1)), terms)).ok());
    });
    pool.close();
}

fn handover(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("handover");
    let waker = this_thread();
    bare(&mut group, &waker);
    channelled(&mut group, &waker);
    lane(&mut group, &waker);
    group.finish();
}

criterion_group!(benches, handover);
criterion_main!(benches);
