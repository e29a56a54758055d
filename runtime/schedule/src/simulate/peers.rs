//! The rules of other servers, for comparison.

use std::collections::VecDeque;
use std::time::Duration;

use super::policy::{Batch, Policy, Request, Step};
use crate::lane::Entry;

/// The rule of NVIDIA Triton's dynamic batcher; without preferred sizes it is the plain rule "so many
/// rows, or so long", and with one row at most it is no batching at all.
///
/// Runs are as large as they can be up to a limit. Where sizes are preferred, the largest of them that
/// the first requests make exactly is run; where they make none, a request waits up to a delay for
/// company. What differs from the first ends a batch. Requests beyond the length of the queue are
/// refused, and those that wait for too long leave when a batch is looked for. Instances share the
/// threads here, and the model whose first request came first is next.
///
/// Source: Triton's user guide, "Batchers" (dynamic batcher: preferred batch sizes, delayed batching,
/// queue policy), and `GetDynamicBatch` of triton-inference-server/core.
#[derive(Debug)]
pub struct Triton {
    queues: Vec<VecDeque<Request>>,
    /// `max_batch_size`.
    rows_max: usize,
    /// `preferred_batch_size`.
    preferred: Vec<usize>,
    /// `max_queue_delay_microseconds`.
    delay: Duration,
    /// `max_queue_size`; none bounds it at zero.
    queue_max: usize,
}

/// What the first of a queue can make together.
struct Prefix {
    n_requests: usize,
    /// Nothing that comes later can join them.
    is_closed: bool,
    /// Requests of the largest preferred batch.
    n_preferred: Option<usize>,
}

impl Triton {
    /// Runs of up to so many rows, for which a request waits so long at most.
    pub fn new(n_models: usize, rows_max: usize, delay: Duration) -> Self {
        let queues = (0..n_models).map(|_| VecDeque::new()).collect();
        Self { queues, rows_max, preferred: vec![rows_max], delay, queue_max: 0 }
    }

    /// Every request by itself, the first that came first.
    pub fn off(n_models: usize) -> Self {
        Self::new(n_models, 1, Duration::ZERO)
    }

    /// With sizes that are preferred to others.
    #[must_use]
    pub fn preferring(self, preferred: &[usize]) -> Self {
        Self { preferred: preferred.to_vec(), ..self }
    }

    /// With queues of so many requests at most.
    #[must_use]
    pub fn with_queue_max(self, queue_max: usize) -> Self {
        Self { queue_max, ..self }
    }

    fn prefix(&self, queue: &VecDeque<Request>) -> Prefix {
        let largest = self.preferred.iter().copied().max().unwrap_or(self.rows_max);
        let mut prefix = Prefix { n_requests: 0, is_closed: false, n_preferred: None };
        let mut rows = 0;
        for request in queue {
            let fits = rows + request.rows() <= self.rows_max;
            let is_alike = queue.front().is_none_or(|first| first.key() == request.key());
            if prefix.n_requests > 0 && rows + request.rows() > largest {
                prefix.n_preferred = prefix.n_preferred.or(Some(prefix.n_requests));
            }
            if prefix.n_requests > 0 && !(fits && is_alike) {
                prefix.is_closed = true;
                break;
            }
            rows += request.rows();
            prefix.n_requests += 1;
            if self.preferred.contains(&rows) {
                prefix.n_preferred = Some(prefix.n_requests);
            }
        }
        prefix.is_closed |= rows >= largest;
        prefix
    }
}

impl Policy for Triton {
    fn push(&mut self, request: Request, _: Duration) -> Result<(), Request> {
        let queue = &mut self.queues[request.model];
        if self.queue_max > 0 && queue.len() >= self.queue_max {
            return Err(request);
        }
        queue.push_back(request);
        Ok(())
    }

    fn next(&mut self, now: Duration, _: usize) -> Step {
        for queue in &mut self.queues {
            queue.retain(|request| {
                !request.is_gone() && request.deadline().is_none_or(|deadline| deadline > now)
            });
        }
        let mut order: Vec<(Duration, usize)> = Vec::new();
        for (model, queue) in self.queues.iter().enumerate() {
            order.extend(queue.front().map(|first| (first.arrived(), model)));
        }
        order.sort_unstable();
        let mut wait: Option<Duration> = None;
        for (arrived, model) in order {
            let waited = now.saturating_sub(arrived);
            let is_over = waited >= self.delay;
            let prefix = self.prefix(&self.queues[model]);
            let n_requests = match prefix.n_preferred {
                Some(n_preferred) if !is_over || self.delay.is_zero() => n_preferred,
                _ if prefix.is_closed || is_over => prefix.n_requests,
                _ => {
                    let time = self.delay.saturating_sub(waited);
                    wait = Some(wait.map_or(time, |other| other.min(time)));
                    continue;
                }
            };
            let requests = self.queues[model].drain(..n_requests).collect();
            return Step::Run(Batch { model, requests, charged: 0.0 });
        }
        wait.map_or(Step::Idle, Step::Wait)
    }

    fn ran(&mut self, _: &Batch, _: Duration) {}
}

/// The rule of MLServer's adaptive batching.
///
/// One loop for each model gathers requests, whatever their rows, up to a number of them or for a time
/// that begins with the first, whether workers are free or not; what was gathered waits for a worker
/// in the order of its making. Nothing is refused, and nothing leaves before it has run. Requests that
/// differ are kept apart here.
///
/// Source: MLServer's user guide, "Adaptive batching" (`max_batch_size`, `max_batch_time`), and
/// `AdaptiveBatcher` of SeldonIO/MLServer, which takes the whole time since the first request from
/// what is left of it at each further one.
#[derive(Debug)]
pub struct MlServer {
    /// What each model's loop has gathered.
    open: Vec<Option<Gathering>>,
    ready: VecDeque<Batch>,
    requests_max: usize,
    time: Duration,
}

#[derive(Debug)]
struct Gathering {
    requests: Vec<Request>,
    since: Duration,
    /// What was left of the time when the last request came, and when it is over.
    left: Duration,
    until: Duration,
}

impl MlServer {
    /// Batches of up to so many requests, gathered for so long at most.
    pub fn new(n_models: usize, requests_max: usize, time: Duration) -> Self {
        let open = (0..n_models).map(|_| None).collect();
        Self { open, ready: VecDeque::new(), requests_max: requests_max.max(1), time }
    }

    fn close(&mut self, model: usize) {
        if let Some(Gathering { requests, .. }) = self.open[model].take() {
            self.ready.push_back(Batch { model, requests, charged: 0.0 });
        }
    }

    /// Closes the batches whose time is over, the first first.
    fn advance(&mut self, now: Duration) {
        let over = |(model, open): (usize, &Option<Gathering>)| {
            open.as_ref().filter(|open| open.until <= now).map(|open| (open.until, model))
        };
        let mut due: Vec<_> = self.open.iter().enumerate().filter_map(over).collect();
        due.sort_unstable();
        for (_, model) in due {
            self.close(model);
        }
    }
}

impl Policy for MlServer {
    fn push(&mut self, request: Request, now: Duration) -> Result<(), Request> {
        self.advance(now);
        let (model, key) = (request.model, request.key());
        let differs = |open: &Gathering| open.requests.first().is_some_and(|one| one.key() != key);
        if self.open[model].as_ref().is_some_and(differs) {
            self.close(model);
        }
        let (left, until) = (self.time, now + self.time);
        let open = self.open[model].get_or_insert_with(|| Gathering {
            requests: Vec::new(),
            since: now,
            left,
            until,
        });
        open.requests.push(request);
        open.left = open.left.saturating_sub(now.saturating_sub(open.since));
        open.until = now + open.left;
        if open.requests.len() >= self.requests_max || open.left.is_zero() {
            self.close(model);
        }
        Ok(())
    }

    fn next(&mut self, now: Duration, _: usize) -> Step {
        self.advance(now);
        if let Some(batch) = self.ready.pop_front() {
            return Step::Run(batch);
        }
        let until = self.open.iter().flatten().map(|open| open.until).min();
        until.map_or(Step::Idle, |until| Step::Wait(until.saturating_sub(now)))
    }

    fn ran(&mut self, _: &Batch, _: Duration) {}
}
