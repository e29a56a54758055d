//! The policy of this server.

use std::time::Duration;

use super::policy::{Batch, Policy, Request, Step};
use super::scenario::Model;
use crate::cost::CostCurve;
use crate::dispatcher::{Dispatcher, LaneId, Next};
use crate::policy::Rule;

/// The dispatcher that the server's threads ask.
#[derive(Debug)]
pub struct Ours {
    dispatcher: Dispatcher<Request>,
    expired: Vec<Request>,
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
        Self { dispatcher, expired: Vec::new() }
    }

    /// What it has learnt of a model.
    pub fn cost(&self, model: usize) -> Option<&CostCurve> {
        self.dispatcher.cost(LaneId(model))
    }
}

impl Policy for Ours {
    fn push(&mut self, request: Request, _: Duration) -> Result<(), Request> {
        self.dispatcher.push(LaneId(request.model), request)
    }

    fn next(&mut self, now: Duration, others_free: usize) -> Step {
        let next = self.dispatcher.next(now, others_free, &mut self.expired);
        // Their clients have been told already.
        self.expired.clear();
        match next {
            Next::Run { lane: LaneId(model), entries: requests, charged, .. } => {
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
