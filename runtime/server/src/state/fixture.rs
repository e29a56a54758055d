//! A state for tests: one model that answers with what it was given.

use std::sync::Arc;
use std::time::Duration;

use radiant_core::{Component, Error, Payload, Reply, Tensor};
use radiant_protocol::Limits;

use super::{RequestConfig, State};
use crate::config::{Cors, LogLevel, NodeIdentity};
use crate::http::BodyLimits;
use crate::node::OutputChoice;
use crate::observe::{ModelMetrics, NodeLabels, Registry, RequestMetrics};
use crate::repository::{Entry, Repository};
use crate::schedule::{Permits, Pool};
use crate::{LoadError, Model, Served};

#[derive(Debug)]
struct Echo;

impl Component for Echo {
    fn predict(&self, input: Payload, _names: &[String]) -> Result<Reply, Error> {
        Ok(Reply::new(input))
    }

    fn infer(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>, Error> {
        Ok(inputs)
    }
}

/// The state of a server of one model, `echo`, which is loaded when `is_loaded`. Replies of 150 bytes
/// are worth compressing, bodies have 10,000 bytes and messages 20,000 at most.
pub(crate) fn echo(is_loaded: bool) -> Arc<State> {
    let registry = Arc::new(Registry::new());
    let labels = NodeLabels::new(&NodeIdentity::default());
    let requests = |name: &str| RequestMetrics::new(&registry, &labels, name, "1");
    let entry =
        Entry::new("echo", "1", requests("echo"), ModelMetrics::new(&registry, "echo", "1"));
    let load = |_: &str, _: &dyn Fn(&str)| {
        Ok::<_, LoadError>(Model {
            served: Served::Component(Arc::new(Echo)),
            output: OutputChoice::Probabilities,
            class_names: None,
            request_path: None,
            metadata: "{}\n".to_owned(),
            platform: "test".to_owned(),
            reason: String::new(),
        })
    };
    let repository = Repository::new(vec![entry], Arc::new(load));
    let config = RequestConfig {
        body: BodyLimits {
            bytes_max: 10_000,
            read_timeout: Duration::from_millis(2),
            json: Limits::default(),
        },
        message_bytes_max: 20_000,
        compress_bytes_min: Some(150),
        request_timeout: None,
        inline_cost_max: Duration::ZERO,
        include_metrics: true,
        feedback_counters: false,
        payload_passthrough: false,
        cors: Cors::Any,
        access_log: false,
        log_level: LogLevel::Info,
    };
    let permits = Permits::new(10, &registry);
    let pool = Pool::start(1, |work| work(), &registry).unwrap();
    let state = Arc::new(State::new(config, permits, pool, repository, requests("")));
    if is_loaded {
        state.repository.load(state.main()).unwrap();
    }
    state
}
