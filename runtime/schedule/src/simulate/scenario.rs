//! What is simulated.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::cost::TrueCost;

/// A server, its models and those who ask it.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// What all that looks random begins with.
    pub seed: u64,
    /// Engine threads.
    pub n_threads: usize,
    /// Requests in flight at once; more are refused.
    pub requests_max: usize,
    /// After this nothing new comes, and what is there is finished.
    pub lasts: Duration,
    /// The models, by position.
    pub models: Vec<Model>,
    /// Those who ask.
    pub sources: Vec<Source>,
}

/// A model of the server.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// What its runs take.
    pub cost: TrueCost,
    /// The most rows that a run should have.
    pub rows_max: usize,
    /// Its part of the threads' time.
    pub weight: f64,
}

/// Requests of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// The position of the model that it asks.
    pub model: usize,
    /// When requests come.
    pub arrivals: Arrivals,
    /// Rows of each, all equally likely.
    pub rows: RangeInclusive<usize>,
    /// Keys of each, all equally likely: requests share runs with their like.
    pub n_keys: usize,
    /// Priorities of each, from 0 on, all equally likely.
    pub n_priorities: usize,
    /// How long after it came a request is of use.
    pub deadline: Option<Duration>,
    /// Clients that go away.
    pub leaving: Option<Leaving>,
}

/// Clients that go away before they have their answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaving {
    /// This part of all clients
    pub share: f64,
    /// waits no longer than this.
    pub after: Duration,
}

/// When requests come. Rates are of a second.
#[derive(Debug, Clone, PartialEq)]
pub enum Arrivals {
    /// At equal distances.
    Constant(f64),
    /// One independent of the other.
    Poisson(f64),
    /// So many at once, such groups independent of one another.
    Bursts(usize, f64),
    /// So many clients, each of which asks again so long after its answer.
    Closed(usize, Duration),
}

impl Model {
    /// A model of weight 1 whose runs have up to 64 rows.
    pub fn new(cost: TrueCost) -> Self {
        Self { cost, rows_max: 64, weight: 1.0 }
    }
}

impl Source {
    /// Requests of one row to a model, all alike, without deadlines.
    pub fn new(model: usize, arrivals: Arrivals) -> Self {
        Self {
            model,
            arrivals,
            rows: 1..=1,
            n_keys: 1,
            n_priorities: 1,
            deadline: None,
            leaving: None,
        }
    }

    /// The mean of its rows.
    pub fn mean_rows(&self) -> f64 {
        f64::midpoint(*self.rows.start() as f64, *self.rows.end() as f64)
    }
}
