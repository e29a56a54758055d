//! What a free thread does next, for all models.
//!
//! Models share threads by start-time fair queueing (Goyal, Vin and Cheng, SIGCOMM 1996): each has a
//! clock that advances by the time that its runs take, divided by its weight, and the one whose clock
//! stands lowest is next. A model that was quiet starts where the others stand: it cannot save up. So
//! a model that is waited for waits for the runs that are on the threads already, and for at most one
//! run of every other model, whatever these are flooded with, as far as runs cost what was expected;
//! what they cost beyond that is put on the clock when they have ended.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::cost::CostCurve;
use crate::lane::{Entry, Queue};
use crate::policy::{Decision, Observed, Rule, decide};

/// A model's place among the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LaneId(pub usize);

/// All that waits, and what is known of the models.
#[derive(Debug)]
pub struct Dispatcher<T> {
    lanes: BTreeMap<LaneId, LaneState<T>>,
    /// Those with something that waits.
    active: Vec<LaneId>,
    /// The clock of the model that was served last.
    now: f64,
}

#[derive(Debug)]
struct LaneState<T> {
    queue: Queue<T>,
    cost: CostCurve,
    rule: Rule,
    weight: f64,
    /// Seconds on the threads, by weight.
    clock: f64,
    pace: Pace,
    is_active: bool,
    /// Nobody will bring more: it goes when it is empty.
    is_closed: bool,
}

/// How fast a lane moves while something waits in it, whoever else the threads serve.
#[derive(Debug, Default)]
struct Pace {
    /// Seconds for each row; 0 where it is not known.
    row: f64,
    /// When the last run began that left something behind, and its rows.
    last: Option<(Duration, usize)>,
}

/// The weight of a new interval in the pace.
const NEW_PACE: f64 = 0.125;

impl Pace {
    fn took(&mut self, now: Duration, rows: usize, is_more_left: bool) {
        if let Some((before, rows)) = self.last {
            let row = now.saturating_sub(before).as_secs_f64() / rows.max(1) as f64;
            let known = if self.row > 0.0 { self.row } else { row };
            self.row = known + NEW_PACE * (row - known);
        }
        self.last = is_more_left.then_some((now, rows));
    }
}

/// What a free thread does.
#[derive(Debug)]
pub enum Next<T> {
    /// Runs these entries of a lane together, and tells [`Dispatcher::ran`].
    Run {
        /// Whose they are.
        lane: LaneId,
        /// At least one.
        entries: Vec<T>,
        /// Their rows.
        rows: usize,
        /// What the lane's clock was advanced by, in seconds.
        charged: f64,
    },
    /// Looks again after this time, or when something came.
    Wait(Duration),
    /// Nothing waits.
    Idle,
}

impl<T: Entry> Dispatcher<T> {
    /// Nothing waits, and no model is known.
    pub fn new() -> Self {
        Self { lanes: BTreeMap::new(), active: Vec::new(), now: 0.0 }
    }

    /// Makes a model known. `weight` is its part of the threads' time beside other models'.
    pub fn open(&mut self, id: LaneId, rule: Rule, weight: f64, cost: CostCurve) {
        let weight = if weight.is_finite() && weight > 0.0 { weight } else { 1.0 };
        let lane = LaneState {
            queue: Queue::new(),
            cost,
            rule,
            weight,
            clock: self.now,
            pace: Pace::default(),
            is_active: false,
            is_closed: false,
        };
        self.lanes.insert(id, lane);
    }

    /// Forgets a model when nothing of it waits any more.
    pub fn close(&mut self, id: LaneId) {
        if let Some(lane) = self.lanes.get_mut(&id) {
            lane.is_closed = true;
            if !lane.is_active {
                self.lanes.remove(&id);
            }
        }
    }

    /// Adds an entry; gives it back where the model is not known.
    ///
    /// # Errors
    /// The entry.
    pub fn push(&mut self, id: LaneId, entry: T) -> Result<(), T> {
        let Some(lane) = self.lanes.get_mut(&id) else { return Err(entry) };
        lane.queue.push(entry);
        if !lane.is_active {
            lane.is_active = true;
            lane.clock = lane.clock.max(self.now);
            self.active.push(id);
        }
        Ok(())
    }

    /// Whether something waits.
    pub fn is_waited_for(&self) -> bool {
        !self.active.is_empty()
    }

    /// What a thread that is free at `now` does, beside `others_free` others. Entries whose time is
    /// over go into `expired` instead of running.
    pub fn next(&mut self, now: Duration, others_free: usize, expired: &mut Vec<T>) -> Next<T> {
        let mut wait: Option<Duration> = None;
        self.active.sort_by(|a, b| {
            let clock = |id| self.lanes.get(id).map_or(0.0, |lane| lane.clock);
            clock(a).total_cmp(&clock(b))
        });
        let (mut at, mut next) = (0, None);
        while let Some(&id) = self.active.get(at) {
            let Some(lane) = self.lanes.get_mut(&id) else {
                self.active.remove(at);
                continue;
            };
            match lane.look(now, others_free, expired) {
                None => self.deactivate(at),
                Some(Decision::Wait(time)) => {
                    wait = Some(wait.map_or(time, |other| other.min(time)));
                    at += 1;
                }
                Some(Decision::Run { rows }) => {
                    next = Some((id, rows));
                    break;
                }
            }
        }
        match (next, wait) {
            (Some((id, rows)), _) => self.run(id, rows, now),
            (None, Some(wait)) => Next::Wait(wait),
            (None, None) => Next::Idle,
        }
    }

    fn run(&mut self, id: LaneId, rows: usize, now: Duration) -> Next<T> {
        let Some(lane) = self.lanes.get_mut(&id) else { return Next::Idle };
        let entries = lane.queue.take(rows);
        let rows = entries.iter().map(Entry::rows).sum();
        let charged = lane.cost.cost(rows).as_secs_f64();
        self.now = self.now.max(lane.clock);
        lane.clock += charged / lane.weight;
        lane.pace.took(now, rows, !lane.queue.is_empty());
        if lane.queue.is_empty()
            && let Some(at) = self.active.iter().position(|other| *other == id)
        {
            self.deactivate(at);
        }
        Next::Run { lane: id, entries, rows, charged }
    }

    fn deactivate(&mut self, at: usize) {
        let id = self.active.remove(at);
        if let Some(lane) = self.lanes.get_mut(&id) {
            lane.is_active = false;
            if lane.is_closed {
                self.lanes.remove(&id);
            }
        }
    }

    /// Takes in what a run took. `is_typical` is false where it says nothing of others of its size.
    pub fn ran(
        &mut self,
        id: LaneId,
        rows: usize,
        (charged, took): (f64, Duration),
        is_typical: bool,
    ) {
        if let Some(lane) = self.lanes.get_mut(&id) {
            lane.clock += (took.as_secs_f64() - charged) / lane.weight;
            if is_typical {
                lane.cost.observe(rows, took);
            }
        }
    }

    /// Drops what nobody wants any more.
    pub fn purge(&mut self) {
        self.lanes.values_mut().for_each(|lane| lane.queue.purge());
    }

    /// All that waits, which leaves.
    pub fn drain(&mut self) -> Vec<T> {
        self.lanes.values_mut().flat_map(|lane| lane.queue.drain()).collect()
    }

    /// How long a row of a model waits for each row before it, while something waits; none where that
    /// is not known.
    pub fn pace(&self, id: LaneId) -> Option<Duration> {
        let row = self.lanes.get(&id).map(|lane| lane.pace.row).filter(|row| *row > 0.0)?;
        Duration::try_from_secs_f64(row).ok()
    }

    /// What runs of a model cost, as far as it is known.
    pub fn cost(&self, id: LaneId) -> Option<&CostCurve> {
        self.lanes.get(&id).map(|lane| &lane.cost)
    }
}

impl<T: Entry> Default for Dispatcher<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Entry> LaneState<T> {
    /// What a free thread would do for this model; none where nothing waits.
    fn look(
        &mut self,
        now: Duration,
        others_free: usize,
        expired: &mut Vec<T>,
    ) -> Option<Decision> {
        let gathered = self.queue.gather(now, self.rule.rows_max, expired)?;
        let observed = Observed {
            cost: &self.cost,
            rows: gathered.rows,
            waited: now.saturating_sub(gathered.arrived),
            time_left: gathered.deadline.map(|deadline| deadline.saturating_sub(now)),
            others_free,
        };
        Some(decide(&self.rule, &observed))
    }
}
