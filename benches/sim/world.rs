//! Pods behind a Service, an autoscaler, and the requests that come: one event after the other.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use side_by_side::{Histogram, Random};

use crate::balance::{Balance, Balancer};
use crate::demand::{Shape, next_arrival};
use crate::node::Node;
use crate::outcome::Outcome;
use crate::pod::{Life, Pod};
use crate::scaler::{Aim, Measured, Pods, SYNC_S, Scaler};

/// How often Prometheus scrapes, and over how long rates are taken.
const SCRAPE_S: f64 = 15.0;
const RATE_SCRAPES: usize = 4;
/// From a change of a pod's readiness to that of all routes to it.
const ROUTES_S: f64 = 1.0;
/// What the `preStop` that the deployer writes sleeps before SIGTERM.
const PRE_STOP_S: f64 = 5.0;
/// How far runs are from what they cost on average, both ways.
const JITTER: f64 = 0.1;

/// What is simulated.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    pub(crate) node: Node,
    pub(crate) shape: Shape,
    /// Requests a second at the base of the shape.
    pub(crate) base: f64,
    pub(crate) balance: Balance,
    pub(crate) aims: Vec<Aim>,
    /// Pods at the start, the fewest and the most.
    pub(crate) pods: [usize; 3],
    /// From the wish for a pod to its readiness, in seconds.
    pub(crate) start_s: f64,
    /// An answer that takes longer is not good.
    pub(crate) good_s: f64,
    pub(crate) seed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    RunEnds { pod: usize, thread: usize },
    Ready(usize),
    Routed(usize),
    Unrouted(usize),
    Term(usize),
    Scrape,
    Sync,
}

/// When something happens; what was planned first is first.
#[derive(Debug, Clone, Copy)]
struct Planned(f64, u64, Event);

impl Ord for Planned {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0).then(self.1.cmp(&other.1))
    }
}

impl PartialOrd for Planned {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Planned {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Planned {}

/// Sums that only grow, as Prometheus scrapes them.
#[derive(Debug, Clone, Copy, Default)]
struct Counters {
    busy_s: f64,
    queue_s: f64,
    n_run: u64,
    in_flight: f64,
}

struct World<'a> {
    setup: &'a Setup,
    random: Random,
    now: f64,
    planned: BinaryHeap<Reverse<Planned>>,
    n_planned: u64,
    pods: Vec<Pod>,
    routed: Vec<usize>,
    balancer: Balancer,
    scaler: Scaler,
    counters: Counters,
    scraped: VecDeque<Counters>,
    outcome: Outcome,
}

/// What becomes of all requests of a setup; the same each time.
pub(crate) fn simulate(setup: &Setup) -> Outcome {
    let [n_first, min, max] = setup.pods;
    let mut world = World {
        setup,
        random: Random::seeded(setup.seed),
        now: 0.0,
        planned: BinaryHeap::new(),
        n_planned: 0,
        pods: Vec::new(),
        routed: Vec::new(),
        balancer: Balancer::new(setup.balance),
        scaler: Scaler::new(&setup.aims, (min, max)),
        counters: Counters::default(),
        scraped: VecDeque::new(),
        outcome: Outcome::new(setup.shape.begins().unwrap_or(0.0), setup.good_s),
    };
    for pod in 0..n_first {
        world.pods.push(Pod::new(setup.node.n_threads, 0.0));
        world.turn(pod, Life::Ready);
        world.routed.push(pod);
    }
    world.plan(SCRAPE_S, Event::Scrape);
    world.plan(SYNC_S, Event::Sync);
    world.run();
    world.finish()
}

impl World<'_> {
    fn run(&mut self) {
        let (shape, base) = (self.setup.shape, self.setup.base);
        let mut arrival = next_arrival(shape, base, 0.0, &mut self.random);
        let end = shape.lasts();
        loop {
            let next = self.planned.peek().map_or(f64::MAX, |Reverse(planned)| planned.0);
            self.now = next.min(arrival);
            if self.now > end {
                return;
            }
            if arrival < next {
                self.arrive();
                arrival = next_arrival(shape, base, arrival, &mut self.random);
            } else if let Some(Reverse(Planned(_, _, event))) = self.planned.pop() {
                self.happen(event);
            }
        }
    }

    fn plan(&mut self, after: f64, event: Event) {
        self.n_planned += 1;
        self.planned.push(Reverse(Planned(self.now + after, self.n_planned, event)));
    }

    fn arrive(&mut self) {
        let Self { pods, routed, balancer, random, now, .. } = self;
        let is_open = |pod: usize| pods.get(pod).is_some_and(Pod::is_open);
        let load = |pod: usize| pods.get(pod).map_or(usize::MAX, Pod::in_flight);
        let chosen = balancer.choose((*now, random), routed, is_open, load);
        let (node, now) = (&self.setup.node, self.now);
        let taken = chosen.filter(|&at| {
            self.pods.get_mut(at).is_some_and(|pod| pod.is_open() && pod.admit(node, now))
        });
        match taken {
            None => self.outcome.refused(now),
            Some(at) => {
                self.counters.in_flight += 1.0;
                self.begin(at);
            }
        }
    }

    fn begin(&mut self, at: usize) {
        let node = &self.setup.node;
        let Some(run) = self.pods.get_mut(at).and_then(|pod| pod.begin(node, self.now)) else {
            return;
        };
        let jitter = 1.0 + JITTER * (2.0 * self.random.unit() - 1.0);
        let took = node.cost_s(run.rows) * jitter;
        self.counters.queue_s += run.waited;
        self.counters.n_run += run.rows as u64;
        self.counters.busy_s += took / node.n_threads as f64;
        self.plan(took, Event::RunEnds { pod: at, thread: run.thread });
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::RunEnds { pod: at, thread } => {
                let ended = self.pods.get_mut(at).map(|pod| pod.end(thread)).unwrap_or_default();
                self.counters.in_flight -= ended.len() as f64;
                for came in ended {
                    self.outcome.answered(came, self.now);
                }
                self.begin(at);
                self.close(at);
            }
            Event::Ready(at) => {
                if self.is(at, Life::Starting) {
                    self.turn(at, Life::Ready);
                    self.plan(ROUTES_S, Event::Routed(at));
                }
            }
            Event::Routed(at) => {
                if self.is(at, Life::Ready) {
                    self.routed.push(at);
                }
            }
            Event::Unrouted(at) => self.routed.retain(|&pod| pod != at),
            Event::Term(at) => {
                self.turn(at, Life::Closing);
                self.close(at);
            }
            Event::Scrape => {
                self.scraped.push_back(self.counters);
                if self.scraped.len() > RATE_SCRAPES + 1 {
                    self.scraped.pop_front();
                }
                self.plan(SCRAPE_S, Event::Scrape);
            }
            Event::Sync => {
                self.scale();
                self.plan(SYNC_S, Event::Sync);
            }
        }
    }

    fn is(&self, at: usize, life: Life) -> bool {
        self.pods.get(at).is_some_and(|pod| pod.life == life)
    }

    fn turn(&mut self, at: usize, life: Life) {
        if let Some(pod) = self.pods.get_mut(at) {
            pod.life = life;
        }
    }

    /// Ends a pod that has nothing left to do.
    fn close(&mut self, at: usize) {
        let now = self.now;
        if let Some(pod) = self.pods.get_mut(at)
            && pod.life == Life::Closing
            && pod.in_flight() == 0
        {
            pod.until.get_or_insert(now);
        }
    }

    fn measured(&self) -> Option<Measured> {
        let (first, last) = (self.scraped.front()?, self.scraped.back()?);
        let seconds = (self.scraped.len() - 1) as f64 * SCRAPE_S;
        let n_run = last.n_run - first.n_run;
        let in_flight: f64 = self.scraped.iter().map(|counters| counters.in_flight).sum();
        let queue_s = last.queue_s - first.queue_s;
        (seconds > 0.0).then(|| Measured {
            busy: (last.busy_s - first.busy_s) / seconds,
            in_flight: in_flight / self.scraped.len() as f64,
            queue_s: if n_run == 0 { 0.0 } else { queue_s / n_run as f64 },
            waiting: queue_s / seconds,
        })
    }

    fn count(&self, life: Life) -> usize {
        self.pods.iter().filter(|pod| pod.life == life).count()
    }

    fn scale(&mut self) {
        let Some(measured) = self.measured() else { return };
        let pods = Pods { ready: self.count(Life::Ready), starting: self.count(Life::Starting) };
        let current = pods.ready + pods.starting;
        let wanted = self.scaler.sync(self.now, pods, measured);
        for _ in current..wanted {
            let at = self.pods.len();
            self.pods.push(Pod::new(self.setup.node.n_threads, self.now));
            self.plan(self.setup.start_s, Event::Ready(at));
        }
        // Those that are not ready go first, then the youngest.
        let mut leaving: Vec<usize> = (0..self.pods.len())
            .filter(|&at| self.is(at, Life::Starting) || self.is(at, Life::Ready))
            .collect();
        leaving.sort_by_key(|&at| (self.is(at, Life::Ready), Reverse(at)));
        leaving.truncate(current.saturating_sub(wanted));
        for at in leaving {
            self.turn(at, Life::Leaving);
            self.plan(ROUTES_S, Event::Unrouted(at));
            self.plan(PRE_STOP_S, Event::Term(at));
        }
        self.outcome.scaled(wanted);
    }

    fn finish(mut self) -> Outcome {
        let now = self.now;
        let hours = |pod: &Pod| (pod.until.unwrap_or(now) - pod.since) / 3600.0;
        self.outcome.pod_hours = self.pods.iter().map(hours).sum();
        self.outcome.end();
        self.outcome
    }
}

/// A time of the simulation as one that a histogram takes.
pub(crate) fn record(histogram: &mut Histogram, seconds: f64) {
    histogram.record(Duration::try_from_secs_f64(seconds).unwrap_or_default());
}
