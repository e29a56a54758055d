//! The events of a simulation, one after the other.

use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;
use std::time::Duration;

use super::outcome::{Ending, Outcome, Record, Run};
use super::policy::{Batch, Policy, Request, Step};
use super::random::Random;
use super::scenario::{Arrivals, Scenario, Source};

/// How long a client that was refused waits before it asks again, at least.
const AGAIN_AFTER: Duration = Duration::from_millis(1);

/// Lets a policy serve what a scenario brings, until all of it has ended.
///
/// # Panics
/// Where the scenario names a model that it has not, or the policy runs a request that it was not
/// given.
pub fn simulate(scenario: &Scenario, policy: &mut dyn Policy) -> Outcome {
    let mut world = World::new(scenario);
    while let Some(Reverse((at, _, event))) = world.events.pop() {
        world.clock.set(at);
        world.handle(event, policy);
        // What happens at one moment has all happened when threads look.
        let is_last = world.events.peek().is_none_or(|Reverse((next, _, _))| *next > at);
        if is_last {
            world.put_threads_to_work(policy);
        }
    }
    world.outcome
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A request, or a group of them, of the source of this position.
    Arrive(usize),
    /// A request's deadline came.
    Expire(usize),
    /// A request's client goes away.
    Leave(usize),
    /// A thread's run ended.
    End(usize),
    /// A thread looks again.
    Look,
}

struct World<'a> {
    scenario: &'a Scenario,
    clock: Rc<Cell<Duration>>,
    /// By time, then in the order of their making.
    events: BinaryHeap<Reverse<(Duration, u64, Event)>>,
    n_events: u64,
    /// What each thread runs.
    threads: Vec<Option<(Batch, Duration)>>,
    n_in_flight: usize,
    /// A stream of random numbers for each source, so that policies do not change what comes.
    sources: Vec<Random>,
    noise: Random,
    outcome: Outcome,
}

impl<'a> World<'a> {
    fn new(scenario: &'a Scenario) -> Self {
        let mut seeds = Random::seeded(scenario.seed);
        let mut world = Self {
            scenario,
            clock: Rc::default(),
            events: BinaryHeap::new(),
            n_events: 0,
            threads: (0..scenario.n_threads).map(|_| None).collect(),
            n_in_flight: 0,
            noise: Random::seeded(seeds.number()),
            sources: scenario.sources.iter().map(|_| Random::seeded(seeds.number())).collect(),
            outcome: Outcome {
                records: Vec::new(),
                runs: Vec::new(),
                n_threads: scenario.n_threads,
            },
        };
        for (position, source) in scenario.sources.iter().enumerate() {
            match source.arrivals {
                Arrivals::Closed(n_clients, _) => {
                    (0..n_clients).for_each(|_| world.at(Duration::ZERO, Event::Arrive(position)));
                }
                _ => world.next_arrival(position),
            }
        }
        world
    }

    fn at(&mut self, time: Duration, event: Event) {
        self.events.push(Reverse((time, self.n_events, event)));
        self.n_events += 1;
    }

    fn handle(&mut self, event: Event, policy: &mut dyn Policy) {
        match event {
            Event::Arrive(position) => self.arrive(position, policy),
            Event::Expire(id) => self.end(id, Ending::Expired),
            Event::Leave(id) => self.end(id, Ending::Gone),
            Event::End(thread) => {
                if let Some((batch, took)) = self.threads[thread].take() {
                    policy.ran(&batch, took);
                    batch.requests.iter().for_each(|request| self.end(request.id, Ending::Done));
                }
            }
            Event::Look => {}
        }
    }

    fn arrive(&mut self, position: usize, policy: &mut dyn Policy) {
        let source = &self.scenario.sources[position];
        let n_requests = if let Arrivals::Bursts(n, _) = source.arrivals { n } else { 1 };
        for _ in 0..n_requests {
            let request = self.request(position);
            let (id, deadline, leaves) = (request.id, request.deadline, request.leaves);
            self.n_in_flight += 1;
            let has_place = self.n_in_flight <= self.scenario.requests_max;
            if !has_place || policy.push(request, self.clock.get()).is_err() {
                self.end(id, Ending::Refused);
                continue;
            }
            for (time, event) in [(deadline, Event::Expire(id)), (leaves, Event::Leave(id))] {
                if let Some(time) = time {
                    self.at(time, event);
                }
            }
        }
        self.next_arrival(position);
    }

    /// Makes the next request of a source, and its record.
    fn request(&mut self, position: usize) -> Request {
        let (source, random) = (&self.scenario.sources[position], &mut self.sources[position]);
        let arrived = self.clock.get();
        let (least, most) = (*source.rows.start(), *source.rows.end());
        let rows = least + random.below(most - least + 1);
        let key = random.below(source.n_keys) as u64;
        let priority = u32::try_from(random.below(source.n_priorities)).unwrap_or(u32::MAX);
        let will_leave = |leaving: &&super::Leaving| random.unit() < leaving.share;
        let leaves = source.leaving.as_ref().filter(will_leave);
        let (id, model) = (self.outcome.records.len(), source.model);
        self.outcome.records.push(Record {
            source: position,
            model,
            rows,
            key,
            priority,
            arrived,
            ended: None,
        });
        Request {
            id,
            model,
            rows,
            key,
            priority,
            arrived,
            deadline: source.deadline.map(|deadline| arrived + deadline),
            leaves: leaves.map(|leaving| arrived + leaving.after),
            clock: Rc::clone(&self.clock),
        }
    }

    fn next_arrival(&mut self, position: usize) {
        let random = &mut self.sources[position];
        let seconds = match self.scenario.sources[position].arrivals {
            Arrivals::Constant(rate) => 1.0 / rate,
            Arrivals::Poisson(rate) | Arrivals::Bursts(_, rate) => random.exponential() / rate,
            Arrivals::Closed(..) => return,
        };
        let time = self.clock.get().saturating_add(Duration::from_secs_f64(seconds));
        if time < self.scenario.lasts {
            self.at(time, Event::Arrive(position));
        }
    }

    /// Ends a request, if it has not ended before.
    fn end(&mut self, id: usize, ending: Ending) {
        let now = self.clock.get();
        let record = &mut self.outcome.records[id];
        if record.ended.is_some() {
            return;
        }
        record.ended = Some((now, ending));
        let position = record.source;
        self.n_in_flight -= 1;
        let Source { arrivals, .. } = &self.scenario.sources[position];
        if let Arrivals::Closed(_, pause) = *arrivals {
            let least = if ending == Ending::Done { Duration::ZERO } else { AGAIN_AFTER };
            let time = now + pause.max(least);
            if time < self.scenario.lasts {
                self.at(time, Event::Arrive(position));
            }
        }
    }

    fn put_threads_to_work(&mut self, policy: &mut dyn Policy) {
        let now = self.clock.get();
        while let Some(thread) = self.threads.iter().position(Option::is_none) {
            let n_free = self.threads.iter().filter(|thread| thread.is_none()).count();
            match policy.next(now, n_free - 1) {
                Step::Run(batch) => self.begin(thread, batch),
                Step::Wait(wait) => {
                    let soon = Duration::from_nanos(1);
                    return self.at(now.saturating_add(wait.max(soon)), Event::Look);
                }
                Step::Idle => return,
            }
        }
    }

    fn begin(&mut self, thread: usize, batch: Batch) {
        let (begun, rows, model) = (self.clock.get(), batch.rows(), batch.model);
        let took = self.scenario.models[model].cost.draw(rows, &mut self.noise);
        let requests = batch.requests.iter().map(|request| request.id).collect();
        self.outcome.runs.push(Run { thread, model, requests, rows, begun, took });
        self.threads[thread] = Some((batch, took));
        self.at(begun + took, Event::End(thread));
    }
}
