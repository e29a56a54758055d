//! A loaded model with everything resolved that its requests need.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use radiant_contract::repository::QueuePolicy;
use radiant_core::schema::{Schema, Scoring};
use radiant_core::{
    Answers, Cancel, Component, DType, Defaults, Engine, Error, Form, Signature, Tensor, TensorSpec,
};
use radiant_protocol::{Inputs, seldon};
use tokio::time::Instant;

use crate::cache::{Cache, Part};
use crate::observe::{Ending, ModelMetrics, Statistics};
use crate::schedule::{Batch, Cost, ModelLane, Pool, Share, WARM_ROWS, rows};
use crate::work::Work;
use crate::{LoadError, Model, Served};

/// How a model's V1 requests run on an engine.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The type that numbers are decoded to: the single input's. Those of a table keep their own.
    pub(crate) want: Option<DType>,
    /// The index of the one output that a V1 reply carries.
    pub(crate) wanted: [usize; 1],
    pub(crate) cost: Cost,
    /// The way to the engine threads.
    pub(crate) lane: ModelLane,
}

/// Which output a V1 reply carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutputChoice {
    /// A classifier's probabilities, any other model's first output.
    Probabilities,
    /// A classifier's labels, another estimator's output `predict` if it has one, and any other model's
    /// first output.
    Labels,
    /// The output `decision_function`.
    Decision,
    /// The output with this name.
    Named(String),
}

/// The outputs that engines of estimators call after methods of scikit-learn, where a choice means
/// them.
const PREDICT: &str = "predict";
const DECISION: &str = "decision_function";

/// A model that is ready to answer.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) served: Served,
    /// Column names of the replies, where metadata gives them.
    pub(crate) class_names: Option<Vec<String>>,
    /// The node's entry in `meta.requestPath`, if the node has a name.
    pub(crate) request_path: Option<(String, String)>,
    /// The `meta` of a reply to a request without one, encoded.
    pub(crate) plain_meta: Vec<u8>,
    /// The same for gRPC.
    pub(crate) plain_meta_proto: Vec<u8>,
    /// The reply to `/metadata`, encoded.
    pub(crate) metadata: String,
    /// What the model's file says of its format, in the protocol's terms.
    pub(crate) platform: String,
    /// Why it is this engine that runs the model; empty where there was nothing to choose.
    pub(crate) reason: String,
    /// How it answers MLflow's scoring protocol.
    pub(crate) scoring: Scoring,
    /// How long its requests may take, and which of them come first.
    pub(crate) queue: QueuePolicy,
    /// The columns of its MLflow signature, where they have names.
    pub(crate) frame: Option<Vec<TensorSpec>>,
    /// The answers that it gave, if there is a response cache and equal inputs get equal answers.
    pub(crate) kept: Option<Part>,
    pub(crate) metrics: Arc<ModelMetrics>,
    pub(crate) statistics: Arc<Statistics>,
    /// The model's part of the permits.
    pub(crate) share: Arc<Share>,
    plan: Option<Plan>,
}

/// Warm-up repeats a run until it has taken this long, so that one slow start does not decide.
const WARM_TIME: Duration = Duration::from_millis(20);
const WARM_RUNS_MAX: usize = 50;

impl Node {
    /// Resolves and warms `model`, whose runs will be on the threads of `pool`. Blocks while the engine
    /// runs.
    ///
    /// # Errors
    /// When the chosen output does not exist.
    pub(crate) fn new(
        model: Model,
        pool: &Pool,
        metrics: Arc<ModelMetrics>,
        statistics: Arc<Statistics>,
        share: Arc<Share>,
    ) -> Result<Self, LoadError> {
        let plan = match &model.served {
            Served::Engine(engine) => {
                if let Some(name) = &model.scoring.output {
                    output_named(engine.signature(), "`predict_fn` in `MLmodel`", name)?;
                }
                Some(Plan::new(&**engine, &model.output, &model.queue, (pool, &metrics))?)
            }
            Served::Component(_) => None,
        };
        let (mut plain_meta, mut plain_meta_proto) = (Vec::new(), Vec::new());
        let mut meta = seldon::Meta::default();
        if let Some((id, image)) = &model.request_path {
            meta.request_path.insert(id.clone(), image.as_str().into());
        }
        seldon::encode_meta(&mut plain_meta, &meta);
        seldon::proto::encode_meta(&mut plain_meta_proto, &meta);
        Ok(Self {
            served: model.served,
            class_names: model.class_names,
            request_path: model.request_path,
            plain_meta,
            plain_meta_proto,
            metadata: model.metadata,
            platform: model.platform,
            reason: model.reason,
            frame: model.scoring.schema.as_ref().and_then(Schema::frame),
            scoring: model.scoring,
            queue: model.queue,
            kept: None,
            metrics,
            statistics,
            share,
            plan,
        })
    }

    /// Lets this cache keep what the model of this name and version answers.
    pub(crate) fn keep_answers(&mut self, cache: &Arc<Cache>, name: (&str, &str)) {
        self.kept = self.engine().and_then(|(engine, _)| {
            let Signature { form, varies, .. } = *engine.signature();
            (!varies).then(|| cache.part(name, form, &self.statistics))
        });
    }

    /// The engine with its plan, if this node predicts on tensors.
    pub(crate) fn engine(&self) -> Option<(&dyn Engine, &Plan)> {
        match (&self.served, &self.plan) {
            (Served::Engine(engine), Some(plan)) => Some((&**engine, plan)),
            _ => None,
        }
    }

    /// Counts a request that found no permit, and tells it when what waits now will be answered.
    #[cold]
    pub(crate) fn rejected(&self, full: Error) -> Error {
        self.metrics.endings.count(Ending::Rejected);
        match self.engine() {
            Some((_, plan)) => full.with_retry_after(plan.lane.expected_wait()),
            None => full,
        }
    }

    /// The methods that are not the engine's.
    pub(crate) fn component(&self) -> &dyn Component {
        match &self.served {
            Served::Engine(_) => &Defaults,
            Served::Component(component) => &**component,
        }
    }

    /// The inputs that requests may bring.
    pub(crate) fn inputs(&self) -> Inputs<'_> {
        self.engine().map_or(Inputs::Any, |(engine, _)| engine.signature().into())
    }

    /// Step 8: runs the engine on `work.inputs` for the outputs `work.wanted`, and counts the run.
    /// Where it need not be `timed`, one short run in a few is.
    ///
    /// # Errors
    /// What the engine says, or that it panicked; a panic fails this request alone.
    pub(crate) fn run(&self, work: &mut Work, cancel: &Cancel, timed: bool) -> Result<(), Error> {
        let (engine, _) = self.engine().ok_or_else(no_engine)?;
        let Work { inputs, outputs, wanted, timing, .. } = work;
        let rows = rows(engine.signature(), inputs);
        timing.rows = rows;
        let started = (timed || self.statistics.is_due(rows)).then(Instant::now);
        self.contain(|| engine.run(inputs, wanted, outputs, cancel))?;
        let elapsed = started.map(|started| started.elapsed());
        if let Some(elapsed) = elapsed {
            timing.run = elapsed;
        }
        self.count(rows, 1, elapsed);
        Ok(())
    }

    /// As [`run`](Self::run), for several requests at once: on the inputs of `batch`, into its outputs.
    /// Tells how long it took.
    ///
    /// # Errors
    /// As there; nobody can tell yet to which of the requests it is due.
    pub(crate) fn run_batch(&self, batch: &mut Batch, cancel: &Cancel) -> Result<Duration, Error> {
        let (engine, _) = self.engine().ok_or_else(no_engine)?;
        let started = Instant::now();
        let Batch { inputs, outputs, wanted, .. } = batch;
        self.contain(|| engine.run(inputs, wanted, outputs, cancel))?;
        let elapsed = started.elapsed();
        self.count(batch.n_rows(), batch.n_requests(), Some(elapsed));
        Ok(elapsed)
    }

    fn count(&self, rows: usize, n_requests: usize, elapsed: Option<Duration>) {
        if let Some(elapsed) = elapsed {
            self.metrics.engine_seconds.record(elapsed.as_secs_f64());
        }
        self.statistics.ran(rows, n_requests, elapsed);
    }

    /// Runs a model's code; a panic becomes an error and is counted.
    ///
    /// # Errors
    /// What `code` says, or that it panicked.
    pub(crate) fn contain<T>(&self, code: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        catch_unwind(AssertUnwindSafe(code)).unwrap_or_else(|panic| {
            self.metrics.panics.increment(1);
            Err(Error::internal(
                "the model panicked on this input; the panic is in the server's log",
            )
            .with_source(panic_text(&*panic)))
        })
    }
}

#[cold]
fn no_engine() -> Error {
    Error::internal("a component was given tensors")
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a message").to_owned()
}

impl Plan {
    fn new(
        engine: &dyn Engine,
        output: &OutputChoice,
        queue: &QueuePolicy,
        (pool, metrics): (&Pool, &ModelMetrics),
    ) -> Result<Self, LoadError> {
        let signature = engine.signature();
        let wanted = [choose_output(signature, output)?];
        let want = match (signature.form, &signature.inputs[..]) {
            (Form::Tensors, [input]) => Some(input.dtype),
            _ => None,
        };
        let cost = measure(engine, wanted);
        let lane = pool.lane((engine.batching(), cost), queue, &metrics.queue);
        Ok(Self { want, wanted, cost, lane })
    }
}

fn choose_output(signature: &Signature, output: &OutputChoice) -> Result<usize, LoadError> {
    let classifier = signature.classifier.as_ref();
    match output {
        OutputChoice::Probabilities => Ok(classifier.map_or(0, |c| c.probabilities)),
        OutputChoice::Labels => {
            let predict = || match signature.answers {
                Answers::First => signature.output_index(PREDICT),
                Answers::All => None,
            };
            Ok(classifier.map(|classifier| classifier.labels).or_else(predict).unwrap_or(0))
        }
        OutputChoice::Decision => output_named(signature, "parameter `method`", DECISION),
        OutputChoice::Named(name) => output_named(signature, "parameter `output`", name),
    }
}

/// The index of the output that somebody names.
fn output_named(signature: &Signature, who: &str, name: &str) -> Result<usize, LoadError> {
    signature.output_index(name).ok_or_else(|| {
        let names: Vec<_> =
            signature.outputs.iter().map(|output| format!("`{}`", output.name)).collect();
        let names = names.join(", ");
        LoadError::new(format!("{who}: expected one of {names}, got `{name}`"))
    })
}

/// Warms the engine with zeros and measures what its runs cost. What fails on zeros is served all
/// the same, on engine threads.
fn measure(engine: &dyn Engine, wanted: [usize; 1]) -> Cost {
    let signature = engine.signature();
    let one_row = signature.zeros(1).and_then(|row| best_run(engine, wanted, &row));
    let Some(rows) = signature.zeros(WARM_ROWS as usize) else {
        // Too large for many: a run of one tells enough.
        return one_row.map_or(Cost::UNKNOWN, |cost| Cost { one_row: cost, further_row: cost });
    };
    let is_batched = signature.check(&rows).is_ok();
    let many = if is_batched { best_run(engine, wanted, &rows) } else { None };
    match (one_row, many) {
        (Some(one_row), Some(many)) => Cost::from_runs(one_row, WARM_ROWS, many),
        // Without a batch axis every request has the rows of the first run.
        (Some(one_row), None) if !is_batched => Cost { one_row, further_row: Duration::ZERO },
        _ => {
            tracing::warn!(engine = engine.name(), "the model failed on zeros when it was warmed");
            Cost::UNKNOWN
        }
    }
}

/// The shortest of several runs on zeros, or `None` when one fails.
fn best_run(engine: &dyn Engine, wanted: [usize; 1], inputs: &[Tensor]) -> Option<Duration> {
    let mut outputs = Vec::new();
    let begun = Instant::now();
    let mut best = Duration::MAX;
    for _ in 0..WARM_RUNS_MAX {
        let started = Instant::now();
        let run = || engine.run(inputs, &wanted, &mut outputs, &Cancel::never());
        catch_unwind(AssertUnwindSafe(run)).ok()?.ok()?;
        best = best.min(started.elapsed());
        if begun.elapsed() > WARM_TIME {
            break;
        }
    }
    Some(best)
}

#[cfg(test)]
mod tests {
    use radiant_core::{Classifier, Strings};

    use super::*;

    fn chosen(names: &[&str], classifier: Option<(usize, usize)>) -> Vec<Result<usize, String>> {
        let output = |name: &&str| TensorSpec::new(*name, DType::F64, vec![None]);
        let classifier = classifier.map(|(labels, probabilities)| Classifier {
            labels,
            probabilities,
            classes: Strings::new(),
        });
        let outputs = names.iter().map(output).collect();
        let answers = Answers::First;
        let signature = Signature { classifier, answers, ..Signature::new(Vec::new(), outputs) };
        let choices = [OutputChoice::Probabilities, OutputChoice::Labels, OutputChoice::Decision];
        let choose = |choice| choose_output(&signature, &choice).map_err(|e| e.to_string());
        choices.into_iter().map(choose).collect()
    }

    #[test]
    fn the_method_chooses_the_output_that_a_reply_carries() {
        let classifier = ["predict", "predict_proba", "decision_function"];
        assert_eq!(chosen(&classifier, Some((0, 1))), [Ok(1), Ok(0), Ok(2)]);
        let listed = |names: &str| {
            Err(format!("parameter `method`: expected one of {names}, got `decision_function`"))
        };
        // A classifier without probabilities, a regressor, a transformer that predicts too.
        assert_eq!(chosen(&["predict", "decision_function"], None), [Ok(0), Ok(0), Ok(1)]);
        assert_eq!(chosen(&["predict"], None), [Ok(0), Ok(0), listed("`predict`")]);
        let clusters = ["transform", "predict"];
        assert_eq!(chosen(&clusters, None), [Ok(0), Ok(1), listed("`transform`, `predict`")]);
        assert_eq!(chosen(&["transform"], None), [Ok(0), Ok(0), listed("`transform`")]);
        assert_eq!(chosen(&["label", "probabilities"], Some((0, 1)))[..2], [Ok(1), Ok(0)]);
        let outputs = vec![TensorSpec::new("predict", DType::F64, vec![None])];
        let signature = Signature::new(Vec::new(), outputs);
        let error = output_named(&signature, "`predict_fn` in `MLmodel`", "score").unwrap_err();
        let message = "`predict_fn` in `MLmodel`: expected one of `predict`, got `score`";
        assert_eq!(error.to_string(), message);
    }
}
