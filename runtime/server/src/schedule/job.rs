//! What engine threads run: inferences, alone or together, and other work.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use radiant_core::{Cancel, Error};
use radiant_schedule::{Gone, Ran};

use super::batch::{Batch, joins};
use super::permit::Permit;
use crate::node::Node;
use crate::work::Work;

/// Work that is no inference.
pub(crate) type Task = Box<dyn FnOnce() + Send>;

/// What comes of an inference: its buffers, with the answer in them.
pub(crate) type Answer = Result<Box<Work>, Error>;

/// What an engine thread runs.
pub(crate) enum Job {
    /// An inference. Those of one lane are of one loaded model.
    Infer(Box<Inference>),
    /// Anything else.
    Task(Task),
}

/// An inference that waits for an engine thread.
#[derive(Debug)]
pub(crate) struct Inference {
    pub(crate) node: Arc<Node>,
    pub(crate) work: Box<Work>,
    /// Stays with the work: it is given back when the engine is free again, or at once when the
    /// caller goes away before.
    pub(crate) permit: Permit,
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Infer(_) => "Job::Infer(..)",
            Self::Task(_) => "Job::Task(..)",
        })
    }
}

impl radiant_schedule::Job for Job {
    /// None of what is no inference.
    type Answer = Option<Answer>;

    fn run(jobs: Vec<Self>, waited: &[Duration], gone: &Gone<Self>) -> Ran<Self::Answer> {
        let mut runs = Vec::with_capacity(jobs.len());
        let mut answers = Vec::with_capacity(jobs.len());
        for (job, &waited) in jobs.into_iter().zip(waited) {
            match job {
                Self::Task(task) => {
                    task();
                    answers.push(None);
                }
                Self::Infer(mut inference) => {
                    inference.begin(waited);
                    runs.push(inference);
                }
            }
        }
        if runs.is_empty() {
            return Ran { answers, is_typical: false };
        }
        let (ran, is_typical) = Run { inferences: runs, gone }.run();
        Ran { answers: ran.into_iter().map(Some).collect(), is_typical }
    }
}

impl Inference {
    /// Its turn has come.
    fn begin(&mut self, waited: Duration) {
        self.work.timing.queue = waited;
        self.node.statistics.queued(waited);
        self.node.metrics.queue_seconds.record(waited.as_secs_f64());
    }

    /// Runs it alone.
    fn run(mut self, cancel: &Cancel) -> Answer {
        self.node.run(&mut self.work, cancel, true)?;
        Ok(self.end())
    }

    /// It has run.
    fn end(self) -> Box<Work> {
        let Self { work, permit, .. } = self;
        drop(permit);
        work
    }
}

/// Inferences of one model that share a run.
struct Run<'a> {
    #[expect(clippy::vec_box, reason = "they move, and are boxed already")]
    inferences: Vec<Box<Inference>>,
    gone: &'a Gone<Job>,
}

impl Run<'_> {
    /// The answers, and whether the time that they took is that of a run.
    fn run(mut self) -> (Vec<Answer>, bool) {
        if self.inferences.len() == 1 {
            let gone = self.gone.clone();
            let cancel = Cancel::when(move || gone.all());
            let answers: Vec<Answer> =
                self.inferences.drain(..).map(|inference| inference.run(&cancel)).collect();
            let is_typical = answers.iter().all(Result::is_ok);
            return (answers, is_typical);
        }
        if self.together() {
            return (self.inferences.into_iter().map(|one| Ok(one.end())).collect(), true);
        }
        (self.one_by_one(), false)
    }

    /// Runs all as one batch; false where that failed, or they do not fit after all.
    fn together(&mut self) -> bool {
        let Some((first, others)) = self.inferences.split_first() else { return false };
        let node = Arc::clone(&first.node);
        let Some((engine, _)) = node.engine() else { return false };
        let signature = engine.signature();
        if !others.iter().all(|other| joins(signature, &first.work, &other.work)) {
            return false;
        }
        let gone = self.gone.clone();
        let cancel = Cancel::when(move || gone.all());
        let mut works: Vec<&mut Work> =
            self.inferences.iter_mut().map(|inference| &mut *inference.work).collect();
        Batch::with(|batch| {
            let ran = batch
                .join(signature, &works)
                .and_then(|()| node.run_batch(batch, &cancel))
                .and_then(|took| batch.split(&mut works, took));
            // What is wrong with whom shows when each is run by itself.
            ran.inspect_err(|error| tracing::debug!(%error, "a batch failed")).is_ok()
        })
    }

    /// Runs each by itself, once, so that only the one fails that is to blame.
    fn one_by_one(self) -> Vec<Answer> {
        let Self { inferences, gone } = self;
        let run = |(at, mut inference): (usize, Box<Inference>)| {
            let gone = gone.clone();
            let cancel = Cancel::when(move || gone.one(at));
            cancel.check()?;
            inference.work.timing.again = true;
            inference.run(&cancel)
        };
        inferences.into_iter().enumerate().map(run).collect()
    }
}
