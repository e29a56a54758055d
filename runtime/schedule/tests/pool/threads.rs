//! Every job is answered once, with its own answer, or told why not.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use radiant_schedule::{CostCurve, Counts, Gone, Job, Lane, Pool, Ran, Rule, Terms, Unrun};

/// Doubles a number; may first wait at a gate, or panic.
struct Double {
    number: u64,
    gate: Option<Arc<Gate>>,
    panics: bool,
    _held: Held,
}

/// Counts the jobs that are there.
struct Held(Arc<AtomicUsize>);

struct Gate {
    reached: Mutex<Sender<()>>,
    opened: Mutex<Receiver<()>>,
}

static LARGEST_RUN: AtomicUsize = AtomicUsize::new(0);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Job for Double {
    type Answer = (u64, usize, bool);

    fn run(jobs: Vec<Self>, waited: &[Duration], gone: &Gone<Self>) -> Ran<Self::Answer> {
        assert_eq!(jobs.len(), waited.len());
        LARGEST_RUN.fetch_max(jobs.len(), Ordering::Relaxed);
        let n_jobs = jobs.len();
        let answer = |job: &Self| {
            if let Some(gate) = &job.gate {
                gate.reached.lock().unwrap().send(()).unwrap();
                gate.opened.lock().unwrap().recv().unwrap();
            }
            assert!(!job.panics, "as was asked for");
            (job.number * 2, n_jobs, gone.all())
        };
        Ran { answers: jobs.iter().map(answer).collect(), is_typical: true }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn wait<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = std::pin::pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        std::thread::park();
    }
}

fn pool(n_threads: usize) -> Pool<Double> {
    Pool::start(n_threads, |work: Box<dyn FnOnce() + Send>| work()).unwrap()
}

fn lane(pool: &Pool<Double>, rows_max: usize) -> Lane<Double> {
    let mut cost = CostCurve::new();
    cost.teach(1, Duration::from_micros(100));
    cost.teach(32, Duration::from_micros(131));
    pool.lane(Rule::adaptive(rows_max), 1.0, cost, Counts::default())
}

const TERMS: Terms = Terms { rows: 1, key: 0, priority: 0, patience: None };

#[derive(Default)]
struct Jobs {
    held: Arc<AtomicUsize>,
}

impl Jobs {
    fn double(&self, number: u64) -> Double {
        self.held.fetch_add(1, Ordering::SeqCst);
        Double { number, gate: None, panics: false, _held: Held(Arc::clone(&self.held)) }
    }

    /// A job that says when it runs, and goes on when it is told to.
    fn gated(&self) -> (Double, Receiver<()>, Sender<()>) {
        let (reached, is_reached) = channel();
        let (open, opened) = channel();
        let gate = Gate { reached: Mutex::new(reached), opened: Mutex::new(opened) };
        (Double { gate: Some(Arc::new(gate)), ..self.plain() }, is_reached, open)
    }

    fn plain(&self) -> Double {
        self.double(1)
    }

    fn n_held(&self) -> usize {
        self.held.load(Ordering::SeqCst)
    }
}

#[test]
fn many_threads_bring_many_jobs_and_each_gets_its_own_answer() {
    let (pool, jobs) = (pool(3), Jobs::default());
    let lanes = [lane(&pool, 64), lane(&pool, 1), lane(&pool, 7)];
    std::thread::scope(|scope| {
        for thread in 0..8_u64 {
            let (lanes, jobs) = (&lanes, &jobs);
            scope.spawn(move || {
                for turn in 0..2_000_u64 {
                    let numbers: Vec<u64> = (0..5).map(|n| thread << 32 | turn << 8 | n).collect();
                    let bring = |&number: &u64| {
                        let terms =
                            Terms { key: number % 3, priority: (number % 2) as u32, ..TERMS };
                        lanes[(number % 3) as usize].bring(jobs.double(number), terms)
                    };
                    let waiting: Vec<_> = numbers.iter().map(bring).collect();
                    for (number, waiting) in numbers.iter().zip(waiting) {
                        // Every seventh client goes away.
                        if (number + turn) % 7 != 0 {
                            assert_eq!(wait(waiting).unwrap().0, number * 2);
                        }
                    }
                }
            });
        }
    });
    pool.close();
    assert_eq!(jobs.n_held(), 0);
    assert_eq!(pool.waiting().jobs.load(Ordering::SeqCst), 0);
    assert_eq!(pool.waiting().rows.load(Ordering::SeqCst), 0);
    assert!(LARGEST_RUN.load(Ordering::Relaxed) <= 64);
}

#[test]
fn what_comes_while_all_threads_are_busy_runs_together() {
    let (pool, jobs) = (pool(1), Jobs::default());
    let lane = lane(&pool, 4);
    let (first, is_running, open) = jobs.gated();
    let first = lane.bring(first, TERMS);
    is_running.recv().unwrap();
    let bring = |number, key| lane.bring(jobs.double(number), Terms { key, ..TERMS });
    let others: Vec<_> = (0..6).map(|number| bring(number, 0)).collect();
    let odd = bring(9, 1);
    assert_eq!(pool.waiting().jobs.load(Ordering::SeqCst), 7);
    open.send(()).unwrap();
    assert_eq!(wait(first).unwrap(), (2, 1, false));
    let sizes: Vec<usize> = others.into_iter().map(|waiting| wait(waiting).unwrap().1).collect();
    assert_eq!(sizes, [4, 4, 4, 4, 2, 2]);
    assert_eq!(wait(odd).unwrap(), (18, 1, false));
    pool.close();
}

#[test]
fn who_goes_away_takes_its_job_along_at_once() {
    let (pool, jobs) = (pool(1), Jobs::default());
    let lane = lane(&pool, 1);
    let (first, is_running, open) = jobs.gated();
    let first = lane.bring(first, TERMS);
    is_running.recv().unwrap();
    // Many more than are let stand in the queues.
    for turn in 0..5_000 {
        let waiting = lane.bring(jobs.double(turn), TERMS);
        assert_eq!(jobs.n_held(), 2);
        drop(waiting);
        assert_eq!(jobs.n_held(), 1);
    }
    assert_eq!(pool.waiting().jobs.load(Ordering::SeqCst), 0);
    open.send(()).unwrap();
    wait(first).unwrap();
    pool.close();
}

#[test]
fn a_run_is_told_when_nobody_waits_for_it() {
    let (pool, jobs) = (pool(1), Jobs::default());
    let lane = lane(&pool, 1);
    let (first, is_running, open) = jobs.gated();
    let first = lane.bring(first, TERMS);
    is_running.recv().unwrap();
    drop(first);
    open.send(()).unwrap();
    pool.close();
    assert_eq!(jobs.n_held(), 0);
}

#[test]
fn who_has_no_time_left_is_not_run() {
    let (pool, jobs) = (pool(1), Jobs::default());
    let lane = lane(&pool, 1);
    let terms = Terms { patience: Some(Duration::ZERO), ..TERMS };
    let (first, is_running, open) = jobs.gated();
    let first = lane.bring(first, TERMS);
    is_running.recv().unwrap();
    let late = lane.bring(jobs.plain(), terms);
    open.send(()).unwrap();
    assert_eq!(wait(late).unwrap_err(), Unrun::Expired);
    assert!(wait(first).is_ok());
    pool.close();
}

#[test]
fn a_panic_loses_its_run_and_no_other() {
    let (pool, jobs) = (pool(1), Jobs::default());
    let lane = lane(&pool, 1);
    let broken = Double { panics: true, ..jobs.plain() };
    assert_eq!(wait(lane.bring(broken, TERMS)).unwrap_err(), Unrun::Lost);
    assert_eq!(wait(lane.bring(jobs.double(4), TERMS)).unwrap().0, 8);
    pool.close();
}

#[test]
fn what_waits_is_finished_before_the_threads_end_and_what_comes_later_is_refused() {
    let (pool, jobs) = (pool(2), Jobs::default());
    let lane = lane(&pool, 2);
    let waiting: Vec<_> = (0..50).map(|n| lane.bring(jobs.double(n), TERMS)).collect();
    pool.close();
    for (number, waiting) in (0..).zip(waiting) {
        assert_eq!(wait(waiting).unwrap().0, number * 2);
    }
    assert_eq!(wait(lane.bring(jobs.plain(), TERMS)).unwrap_err(), Unrun::Closed);
    drop(pool);
    assert_eq!(wait(lane.bring(jobs.plain(), TERMS)).unwrap_err(), Unrun::Closed);
}

#[test]
fn jobs_that_are_brought_while_the_pool_closes_are_answered_or_refused() {
    for _ in 0..50 {
        let (pool, jobs) = (pool(2), Jobs::default());
        let lane = lane(&pool, 8);
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while !is_over.load(Ordering::SeqCst) {
                        match wait(lane.bring(jobs.double(21), TERMS)) {
                            Ok((answer, ..)) => assert_eq!(answer, 42),
                            Err(unrun) => assert_eq!(unrun, Unrun::Closed),
                        }
                    }
                });
            }
            scope.spawn(|| {
                pool.close();
                is_over.store(true, Ordering::SeqCst);
            });
        });
        assert_eq!(jobs.n_held(), 0);
    }
}
