//! The policy of this server.

use std::collections::BTreeMap;
use std::time::Duration;

use super::policy::{Batch, Policy, Request, Step};
use super::scenario::Model;
use crate::cost::CostCurve;
use crate::dispatcher::{Dispatcher, LaneId, Next};
use crate::policy::{Rule, expected_answer, is_in_time};

/// The dispatcher that the server's threads ask.
#[derive(Debug)]
pub struct Ours {
    dispatcher: Dispatcher<Request>,
    expired: Vec<Request>,
    /// By model, where not all are let in.
    waiting: Option<Vec<Waiting>>,
}

/// What waits of a model.
#[derive(Debug, Clone, Default)]
struct Waiting {
    /// Rows by position, and until when they do.
    rows: BTreeMap<usize, (usize, Duration)>,
    /// What the last run was expected to take.
    run: Duration,
}

impl Ours {
    /// Runs of up to the models' own limits, without waiting. What runs of `warmed` rows take is
    /// measured before the first request comes.
    pub fn new(models: &[Model], warmed: &[usize]) -> Self {
        let rule = |model: &Model| Rule::adaptive(model.rows_max);
        Self::with_rule(models, rule, warmed)
    }

    /// As [`Ours::new`], with a rule of its own for each model.
    pub fn with_rule(models: &[Model], rule: impl Fn(&Model) -> Rule, warmed: &[usize]) -> Self {
        let mut dispatcher = Dispatcher::new();
        for (position, model) in models.iter().enumerate() {
            let mut curve = CostCurve::new();
            for &rows in warmed {
                curve.teach(rows, model.cost.mean(rows));
            }
            dispatcher.open(LaneId(position), rule(model), model.weight, curve);
        }
        Self { dispatcher, expired: Vec::new(), waiting: None }
    }

    /// Refuses who would be late, as the server does when it gives out permits.
    #[must_use]
    pub fn refusing_who_is_late(mut self, n_models: usize) -> Self {
        self.waiting = Some(vec![Waiting::default(); n_models]);
        self
    }

    fn lets_in(&mut self, request: &Request, now: Duration) -> bool {
        let Some(waiting) = self.waiting.as_mut().and_then(|all| all.get_mut(request.model)) else {
            return true;
        };
        waiting.rows.retain(|_, (_, until)| *until > now);
        if let Some(deadline) = request.deadline {
            let rows: usize = waiting.rows.values().map(|(rows, _)| rows).sum();
            let pace = self.dispatcher.pace(LaneId(request.model)).unwrap_or_default();
            let expected = expected_answer(rows, pace, waiting.run);
            if !is_in_time(expected, deadline.saturating_sub(now)) {
                return false;
            }
        }
        let until = [request.deadline, request.leaves].into_iter().flatten().min();
        waiting.rows.insert(request.id, (request.rows, until.unwrap_or(Duration::MAX)));
        true
    }

    /// What it has learnt of a model.
    pub fn cost(&self, model: usize) -> Option<&CostCurve> {
        self.dispatcher.cost(LaneId(model))
    }
}

impl Policy for Ours {
    fn push(&mut self, request: Request, now: Duration) -> Result<(), Request> {
        if !self.lets_in(&request, now) {
            return Err(request);
        }
        self.dispatcher.push(LaneId(request.model), request)
    }

    fn next(&mut self, now: Duration, others_free: usize) -> Step {
        let next = self.dispatcher.next(now, others_free, &mut self.expired);
        // Their clients have been told already.
        self.expired.clear();
        match next {
            Next::Run { lane: LaneId(model), entries: requests, charged, .. } => {
                if let Some(waiting) = self.waiting.as_mut().and_then(|all| all.get_mut(model)) {
                    waiting.run = Duration::try_from_secs_f64(charged).unwrap_or_default();
                    waiting.rows.retain(|id, _| requests.iter().all(|request| request.id != *id));
                }
                Step::Run(Batch { model, requests, charged })
            }
            Next::Wait(wait) => Step::Wait(wait),
            Next::Idle => Step::Idle,
        }
    }

    fn ran(&mut self, batch: &Batch, took: Duration) {
        self.dispatcher.ran(LaneId(batch.model), batch.rows(), (batch.charged, took), true);
    }
}
