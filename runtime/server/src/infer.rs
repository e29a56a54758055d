//! The straight line from decoded inputs to outputs: steps 4 to 9 of ARCHITECTURE.md. Read this
//! file first.

use std::sync::Arc;
use std::time::Instant;

use radiant_core::{Cancel, Error, Signature};
use radiant_schedule::{Terms, Unrun};

use crate::config::Telling;
use crate::node::{Node, Plan};
use crate::observe::{Ending, Endings};
use crate::schedule::{Deadline, Inference, key, refusal, rows};
use crate::state::State;
use crate::work::Work;

/// Runs the engine of `node` on `work.inputs` for the outputs `work.wanted`, and leaves the answer in
/// `work.outputs`.
///
/// A run that is cheaper than handing it over happens right here; any other waits for an engine
/// thread, and may share a run with others that fit. If the caller goes away while it waits, the work
/// is dropped without being run, or ends between two batches. What the response cache knows is not run
/// at all.
///
/// # Errors
/// [`InvalidInput`](radiant_core::ErrorKind::InvalidInput) when the inputs do not fit,
/// [`Overloaded`](radiant_core::ErrorKind::Overloaded) when no permit is free, or what the engine
/// says.
pub(crate) async fn infer(
    state: &State,
    node: &Arc<Node>,
    mut work: Box<Work>,
) -> Result<Box<Work>, Error> {
    let Some((engine, plan)) = node.engine() else {
        return Err(Error::internal("a component was given tensors"));
    };
    engine.signature().check(&work.inputs)?;
    if node.kept.as_ref().is_some_and(|kept| kept.recall(&mut work)) {
        return Ok(work);
    }
    let mut work = compute(state, node, (engine.signature(), plan), work).await?;
    if let Some(kept) = &node.kept {
        kept.remember(&mut work);
    }
    Ok(work)
}

/// Steps 5 to 9.
async fn compute(
    state: &State,
    node: &Arc<Node>,
    (signature, plan): (&Signature, &Plan),
    mut work: Box<Work>,
) -> Result<Box<Work>, Error> {
    let (deadline, priority) = (work.deadline, work.priority);
    let endings = &node.metrics.endings;
    let mut counted = Counted { endings, ending: Ending::Abandoned, deadline };
    let rows = rows(signature, &work.inputs);
    let permit = state.permits.take(&node.share, rows);
    // By then what waits now is answered.
    let permit = permit.map_err(|full| full.with_retry_after(plan.lane.expected_wait()));
    let permit = counted.unless(permit)?;
    if plan.cost.runs_inline(rows, state.config.inline_cost_max) {
        let timed = state.config.timing != Telling::Off;
        counted.unless(node.run(&mut work, &Cancel::never(), timed))?;
        counted.ending = Ending::Done;
        return Ok(work);
    }
    let key = if plan.lane.batches() { key(signature, &work) } else { 0 };
    let patience = deadline.map(|due| due.at.saturating_duration_since(Instant::now()));
    if let (Some(due), Some(patience)) = (deadline, patience) {
        counted.unless(state.permits.in_time(plan.lane.expected_answer(), patience, due.by))?;
    }
    let terms = Terms { rows: rows.max(1), key, priority, patience };
    let inference = Inference { node: Arc::clone(node), work, permit };
    let answer = plan.lane.run(inference, terms).await;
    let work = counted.unless(answer.unwrap_or_else(|unrun| Err(not_run(unrun, deadline))))?;
    counted.ending = if work.timing.again { Ending::Retried } else { Ending::Done };
    Ok(work)
}

#[cold]
fn not_run(unrun: Unrun, deadline: Option<Deadline>) -> Error {
    match (unrun, deadline) {
        (Unrun::Expired, Some(deadline)) => deadline.exceeded(),
        (unrun, _) => refusal(unrun),
    }
}

/// Counts how an inference ended; dropped before it did, its time was over or it was abandoned.
struct Counted<'a> {
    endings: &'a Endings,
    ending: Ending,
    deadline: Option<Deadline>,
}

impl Counted<'_> {
    /// It ends here, if this failed.
    fn unless<T>(&mut self, result: Result<T, Error>) -> Result<T, Error> {
        result.inspect_err(|error| self.ending = Ending::of(error.kind()))
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        let is_late = || self.deadline.is_some_and(|due| due.at <= Instant::now());
        let ending = match self.ending {
            Ending::Abandoned if is_late() => Ending::Expired,
            ending => ending,
        };
        self.endings.count(ending);
    }
}

#[cfg(test)]
#[path = "infer_tests.rs"]
mod tests;
