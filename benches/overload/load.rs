//! The load: requests that are sent when their time has come, or when the one before was answered.
//!
//! An open loop sends each request at a time that was decided before, and counts its answer from that
//! time, also where the generator came late or no connection was free: a server that stalls is asked
//! on, and the requests that nobody could send meanwhile count as they would have been answered. A
//! closed loop that counts from when it sends leaves out just those (coordinated omission).
//!
//! Source: Tene, "How NOT to Measure Latency", 2013; Schroeder, Wierman and Harchol-Balter, "Open versus
//! closed: a cautionary tale", NSDI 2006.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::task::{LocalSet, spawn_local, yield_now};
use tokio::time::sleep;

use crate::arrivals::{Arrivals, Spacing};
use crate::lane::{Lane, NONCE_MIN, after};
use crate::tally::Tally;

/// How long after the last request answers are waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Timers are as exact as this: the rest of a pause is spun away.
const TIMER: Duration = Duration::from_millis(2);

/// Requests at times of their own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    pub(crate) spacing: Spacing,
    /// Requests a second.
    pub(crate) a_second: f64,
    pub(crate) seed: u64,
}

/// How long: so much first that is not counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) warm: Duration,
    pub(crate) counted: Duration,
}

/// What requests on their way share.
#[derive(Debug)]
struct Board {
    free: Vec<Lane>,
    tally: Tally,
    nonce: u32,
    on_their_way: u64,
}

impl Board {
    fn new(lanes: Vec<Lane>) -> Rc<RefCell<Self>> {
        let tally = Tally::default();
        Rc::new(RefCell::new(Self { free: lanes, tally, nonce: NONCE_MIN, on_their_way: 0 }))
    }

    /// Takes a lane and a number for it.
    fn take(&mut self) -> Option<(Lane, u32)> {
        let lane = self.free.pop()?;
        self.nonce = after(self.nonce);
        self.on_their_way += 1;
        Some((lane, self.nonce))
    }
}

/// Asks, and counts what came, from `since` on, if it counts when it has come.
async fn ask(
    board: Rc<RefCell<Board>>,
    (mut lane, nonce): (Lane, u32),
    since: Instant,
    counts: impl FnOnce() -> bool,
) {
    let ending = lane.ask(nonce).await;
    let mut board = board.borrow_mut();
    if counts() {
        board.tally.end(ending, since.elapsed());
    }
    board.on_their_way -= 1;
    board.free.push(lane);
}

/// Sends requests at their times over free lanes, and waits for the last answers.
///
/// # Errors
/// When an answer was another request's.
pub(crate) async fn open_loop(lanes: Vec<Lane>, rate: Rate, span: Span) -> Result<Tally> {
    let board = Board::new(lanes);
    let set = LocalSet::new();
    set.run_until(send_all(Rc::clone(&board), rate, span)).await;
    finish(&set, &board, span).await
}

async fn send_all(board: Rc<RefCell<Board>>, rate: Rate, span: Span) {
    let Rate { spacing, a_second, seed } = rate;
    let started = Instant::now();
    let whole = span.warm + span.counted;
    // Whether requests are late only because there was no room for them.
    let mut is_crowded = false;
    for at in Arrivals::new(spacing, a_second, whole, seed) {
        let (due, is_counted) = (started + at, at >= span.warm);
        while let Some(early) =
            due.checked_duration_since(Instant::now()).filter(|it| !it.is_zero())
        {
            is_crowded = false;
            pause(early).await;
        }
        let taken = loop {
            if let Some(taken) = board.borrow_mut().take() {
                break Some(taken);
            }
            is_crowded = true;
            if started.elapsed() > whole + PATIENCE {
                break None;
            }
            yield_now().await;
        };
        if is_counted {
            let tally = &mut board.borrow_mut().tally;
            tally.due += 1;
            tally.crowded += u64::from(is_crowded);
            tally.failed += u64::from(taken.is_none());
            if !is_crowded {
                tally.lateness.record(due.elapsed());
            }
        }
        if let Some(taken) = taken {
            spawn_local(ask(Rc::clone(&board), taken, due, move || is_counted));
        }
    }
}

/// Lets others run until shortly before the time, and then all the time.
async fn pause(early: Duration) {
    match early.checked_sub(TIMER) {
        Some(long) if !long.is_zero() => sleep(long).await,
        _ => yield_now().await,
    }
}

/// Waits for what is on its way; what has not come by then has failed.
async fn finish(set: &LocalSet, board: &Rc<RefCell<Board>>, span: Span) -> Result<Tally> {
    let all = async {
        while board.borrow().on_their_way > 0 {
            sleep(Duration::from_millis(1)).await;
        }
    };
    // What is left when the time is up is counted below.
    drop(tokio::time::timeout(PATIENCE, set.run_until(all)).await);
    let board = board.borrow();
    let mut tally = board.tally.clone();
    tally.failed += board.on_their_way;
    tally.elapsed = span.counted;
    tally.checked()
}

/// Keeps every lane busy: the next request goes when the one before was answered.
///
/// # Errors
/// When an answer was another request's.
pub(crate) async fn closed_loop(lanes: Vec<Lane>, span: Span) -> Result<Tally> {
    let n_lanes = lanes.len();
    let board = Board::new(lanes);
    let set = LocalSet::new();
    let started = Instant::now();
    for _ in 0..n_lanes {
        let board = Rc::clone(&board);
        set.spawn_local(async move {
            while started.elapsed() < span.warm + span.counted {
                let Some(taken) = board.borrow_mut().take() else { return };
                // The rate of a closed loop is that of the answers that come while it is measured.
                let counts = || (span.warm..span.warm + span.counted).contains(&started.elapsed());
                ask(Rc::clone(&board), taken, Instant::now(), counts).await;
            }
        });
    }
    set.run_until(sleep(span.warm + span.counted)).await;
    let mut tally = finish(&set, &board, span).await?;
    tally.due = tally.own + tally.failed + tally.refused.values().sum::<u64>();
    Ok(tally)
}
