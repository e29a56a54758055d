//! Steps 6 to 9 for models that are too slow to run on a socket's thread: the engine threads, and the
//! lane that each model has to them.

use std::time::Duration;

use radiant_contract::repository::QueuePolicy;
use radiant_core::{Batching, Error, ErrorKind};
use radiant_schedule::{CostCurve, Counts, Lane, Rule, Terms, Unrun};
use tokio::sync::oneshot;

use super::job::{Answer, Inference, Job, Task};
use super::policy::Cost;
use crate::observe::{Metric, Registry};

/// Runs the loop of an engine thread, perhaps inside a place that an engine has for its threads, where
/// so many threads, the loop's own among them, may work on one run.
pub type EngineThread = fn(usize, Box<dyn FnOnce() + Send>);

/// Whether requests share runs, and which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BatchOptions {
    /// The most rows of a run; none where it is the engine's to say. One is off.
    pub rows_max: Option<usize>,
    /// How long a free thread waits for a run to become as large as that.
    pub wait_max: Duration,
    /// Whether an answer has the same bits whatever else is asked at the time.
    pub deterministic: bool,
}

impl BatchOptions {
    /// The rule for a model whose settings allow so many rows.
    fn rule(&self, batching: Batching, of_model: Option<u32>) -> Rule {
        match batching {
            Batching::Rows { max, exact } if exact || !self.deterministic => {
                let of_model = of_model.map(|rows_max| rows_max as usize);
                let limits = [Some(max), self.rows_max, of_model];
                let rows_max = limits.into_iter().flatten().min().unwrap_or(1).max(1);
                Rule { rows_max, wait_max: self.wait_max }
            }
            Batching::Rows { .. } | Batching::Alone => Rule::ALONE,
        }
    }
}

/// Engine threads and what waits for them: inferences of models, and other work that would hold up a
/// socket's thread. There is at most one entry a permit, so it needs no bound of its own.
#[derive(Debug)]
pub(crate) struct Pool {
    threads: radiant_schedule::Pool<Job>,
    tasks: Lane<Job>,
    batching: BatchOptions,
}

/// A model's way to the engine threads.
#[derive(Debug)]
pub(crate) struct ModelLane {
    lane: Lane<Job>,
    rule: Rule,
}

impl Pool {
    /// Starts `n_threads` engine threads, the loop of each inside `place`.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub(crate) fn start(
        n_threads: usize,
        place: impl Fn(Box<dyn FnOnce() + Send>) + Copy + Send + 'static,
        batching: BatchOptions,
        registry: &Registry,
    ) -> std::io::Result<Self> {
        let threads = radiant_schedule::Pool::start(n_threads, place)?;
        registry.expose(Metric::QueueRequests, &[], &threads.waiting().jobs);
        let tasks = threads.lane(Rule::ALONE, 1.0, CostCurve::new(), Counts::default());
        Ok(Self { threads, tasks, batching })
    }

    /// A way in for the inferences of a model whose engine allows such batches.
    pub(crate) fn lane(
        &self,
        (batching, cost): (Batching, Cost),
        queue: &QueuePolicy,
        counts: &Counts,
    ) -> ModelLane {
        let rule = self.batching.rule(batching, queue.batch_rows_max);
        let weight = f64::from(queue.weight.unwrap_or(1));
        let lane = self.threads.lane(rule, weight, cost.curve(), counts.clone());
        ModelLane { lane, rule }
    }

    /// Runs `work` on an engine thread. If the caller goes away first, it is not run at all.
    ///
    /// # Errors
    /// [`ErrorKind::NotReady`] when the pool has been closed.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        let task: Task = Box::new(move || drop(reply.send(work())));
        let terms = Terms { rows: 1, key: 0, priority: u32::MAX, patience: None };
        self.tasks.bring(Job::Task(task), terms).await.map_err(refusal)?;
        answer.await.map_err(|_closed| refusal(Unrun::Lost))
    }

    /// Lets the threads finish what is queued, then ends them. Blocks until they have.
    pub(crate) fn close(&self) {
        self.threads.close();
    }
}

impl ModelLane {
    /// Whether requests may share runs.
    pub(crate) fn batches(&self) -> bool {
        self.rule.rows_max > 1
    }

    /// How long who comes now will wait, as far as is known.
    pub(crate) fn expected_wait(&self) -> Duration {
        self.lane.expected_wait()
    }

    /// How long it will take until who comes now is answered, as far as is known.
    pub(crate) fn expected_answer(&self) -> Duration {
        self.lane.expected_answer()
    }

    /// Runs an inference on an engine thread, perhaps together with others of equal keys. If the caller
    /// goes away first, it is not run at all; if it goes while it runs alone, the engine is told.
    ///
    /// # Errors
    /// Why it was not run.
    pub(crate) async fn run(&self, inference: Inference, terms: Terms) -> Result<Answer, Unrun> {
        self.lane.bring(Job::Infer(Box::new(inference)), terms).await?.ok_or(Unrun::Lost)
    }
}

/// What somebody is told whose work was not run.
#[cold]
pub(crate) fn refusal(why: Unrun) -> Error {
    match why {
        Unrun::Expired => {
            let text = "the time of the request was over before its turn came";
            Error::new(ErrorKind::DeadlineExceeded, text)
        }
        Unrun::Closed => Error::new(ErrorKind::NotReady, "the server is shutting down"),
        Unrun::Lost => Error::internal("the engine thread broke off; the panic is in the log"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool() -> Pool {
        Pool::start(1, |work| work(), BatchOptions::default(), &Registry::new()).unwrap()
    }

    #[tokio::test]
    async fn queued_work_is_finished_before_the_threads_end() {
        let pool = pool();
        let answers: Vec<_> = (0..10).map(|n| pool.run(move || n * 2)).collect();
        let mut sum = 0;
        for answer in answers {
            sum += answer.await.unwrap();
        }
        assert_eq!(sum, 90);
        pool.close();
        assert_eq!(pool.run(|| ()).await.unwrap_err().kind(), ErrorKind::NotReady);
    }

    #[tokio::test]
    async fn a_panic_of_other_work_is_told_and_harms_nobody_else() {
        let pool = pool();
        let error = pool.run(|| panic!("as was asked for")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert_eq!(pool.run(|| 1).await.unwrap(), 1);
    }

    #[test]
    fn the_rule_is_the_engines_within_the_options() {
        let rows = |exact| Batching::Rows { max: 64, exact };
        let options = BatchOptions::default();
        let rows_max = |options: BatchOptions, batching| options.rule(batching, None).rows_max;
        assert_eq!(rows_max(options, rows(false)), 64);
        assert_eq!(rows_max(options, Batching::Alone), 1);
        assert_eq!(rows_max(BatchOptions { rows_max: Some(8), ..options }, rows(true)), 8);
        assert_eq!(rows_max(BatchOptions { rows_max: Some(1), ..options }, rows(true)), 1);
        assert_eq!(rows_max(BatchOptions { rows_max: Some(900), ..options }, rows(true)), 64);
        let of_model = |options: BatchOptions, max| options.rule(rows(true), Some(max)).rows_max;
        assert_eq!((of_model(options, 4), of_model(options, 900)), (4, 64));
        assert_eq!(of_model(BatchOptions { rows_max: Some(2), ..options }, 4), 2);
        let deterministic = BatchOptions { deterministic: true, ..options };
        assert_eq!(rows_max(deterministic, rows(false)), 1);
        assert_eq!(rows_max(deterministic, rows(true)), 64);
    }
}
