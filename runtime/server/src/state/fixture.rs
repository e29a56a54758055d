//! A state for tests: one model that answers with what it was given, or tells it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use radiant_contract::repository::QueuePolicy;
use radiant_core::schema::Scoring;
use radiant_core::{
    Answers, Cancel, Component, DType, Engine, Error, Form, Payload, Reply, Signature, Tensor,
    TensorSpec,
};
use radiant_protocol::Limits;

use super::{RequestConfig, State};
use crate::config::{Admission, Cors, LogLevel, NodeIdentity, Telling};
use crate::http::BodyLimits;
use crate::node::OutputChoice;
use crate::observe::{NodeLabels, Registry, RequestMetrics};
use crate::repository::{Offered, OfferedVersion, Plan, Repository, Source};
use crate::schedule::{BatchOptions, Permits, Pool, UNLIMITED};
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

/// An engine that takes tables and tells what it was given: in its only output, `seen`, for each row.
/// Before the rows it wants columns `a` and `b`, or one table of two columns.
#[derive(Debug)]
struct Seen(Signature);

impl Seen {
    fn new(form: Form) -> Self {
        let column = |name: &str, dtype| TensorSpec::new(name, dtype, vec![None]);
        let inputs = match form {
            Form::Frame => vec![column("a", DType::F64), column("b", DType::Bytes)],
            _ => vec![TensorSpec::new("input", DType::F64, vec![None, Some(2)])],
        };
        let outputs = vec![column("seen", DType::Bytes)];
        let answers = Answers::First;
        Self(Signature { form, answers, ..Signature::new(inputs, outputs) })
    }
}

impl Engine for Seen {
    fn name(&self) -> &'static str {
        "seen"
    }

    fn signature(&self) -> &Signature {
        &self.0
    }

    fn run(
        &self,
        inputs: &[Tensor],
        wanted: &[usize],
        outputs: &mut Vec<Tensor>,
        _cancel: &Cancel,
    ) -> Result<(), Error> {
        let show = |input: &Tensor| {
            let data = format!("{:?}", input.data);
            let elements = data.split_once('(').map_or("", |(_, rest)| rest.trim_end_matches(')'));
            format!("{} {} {} {elements}", input.name, input.dtype(), input.shape)
        };
        let seen = inputs.iter().map(show).collect::<Vec<_>>().join("; ");
        let rows = inputs[0].shape.rows();
        let texts = std::iter::repeat_n(seen.trim(), rows).collect();
        *outputs = vec![Tensor::strings("seen", &[rows], texts); wanted.len()];
        Ok(())
    }
}

/// Where the one model comes from.
struct One {
    name: String,
    served: Served,
    scoring: Scoring,
}

impl Source for One {
    fn list(&self) -> Result<Vec<Offered>, LoadError> {
        let version =
            OfferedVersion { version: "1".to_owned(), bytes: 0, fingerprint: String::new() };
        let (name, versions) = (self.name.clone(), Ok(vec![version]));
        Ok(vec![Offered { name, versions, labels: BTreeMap::new(), default: None }])
    }

    fn load(&self, _: &str, _: &str, _: &dyn Fn(&str)) -> Result<Model, LoadError> {
        Ok(Model {
            served: self.served.clone(),
            output: OutputChoice::Probabilities,
            class_names: None,
            request_path: None,
            metadata: "{}\n".to_owned(),
            platform: "test".to_owned(),
            reason: String::new(),
            scoring: self.scoring.clone(),
            queue: QueuePolicy::default(),
        })
    }
}

/// The state of a server of one model, `echo`, which is loaded when `is_loaded`. Replies of 150 bytes
/// are worth compressing, bodies have 10,000 bytes and messages 20,000 at most.
pub(crate) fn echo(is_loaded: bool) -> Arc<State> {
    serving("echo", Served::Component(Arc::new(Echo)), &Scoring::default(), is_loaded)
}

/// As [`echo`], of one model, `seen`, that takes tables of this form and tells what it was given.
pub(crate) fn seen(form: Form) -> Arc<State> {
    scored_seen(form, &Scoring::default())
}

/// As [`seen`], of a model that has a signature of MLflow.
pub(crate) fn scored_seen(form: Form, scoring: &Scoring) -> Arc<State> {
    serving("seen", Served::Engine(Arc::new(Seen::new(form))), scoring, true)
}

/// As [`echo`], of one model, `engine`, whose runs are all on the one engine thread.
pub(crate) fn running(engine: Arc<dyn Engine>) -> Arc<State> {
    serving("engine", Served::Engine(engine), &Scoring::default(), true)
}

fn serving(model: &str, served: Served, scoring: &Scoring, is_loaded: bool) -> Arc<State> {
    let registry = Arc::new(Registry::new());
    let labels = NodeLabels::new(&NodeIdentity::default());
    let unrouted = RequestMetrics::new(&registry, &labels, "", "1");
    let source = Arc::new(One { name: model.to_owned(), served, scoring: scoring.clone() });
    let required = vec![(model.to_owned(), "1".to_owned())];
    let limits = Admission { requests_max: 10, ..UNLIMITED };
    let permits = Permits::new(limits, &registry);
    let plan = Plan {
        required,
        bytes_max: None,
        response_cache_bytes: None,
        permits: Arc::clone(&permits),
    };
    let batching = BatchOptions::default();
    let pool = Arc::new(Pool::start(1, |work| work(), batching, &registry).unwrap());
    let repository = Repository::new(&plan, source, &pool, &registry, labels);
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
        timing: Telling::Off,
        include_metrics: true,
        feedback_counters: false,
        payload_passthrough: false,
        cors: Cors::Any,
        access_log: false,
        clients: None,
        log_level: LogLevel::Info,
    };
    let state = Arc::new(State::new(config, permits, pool, repository, unrouted));
    if is_loaded {
        state.repository.start().unwrap();
    }
    state
}
