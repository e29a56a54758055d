//! The straight line from decoded inputs to outputs: steps 4 to 9 of ARCHITECTURE.md. Read this
//! file first.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use radiant_core::{Cancel, Error};

use tokio::time::Instant;

use crate::node::Node;
use crate::state::State;
use crate::work::Work;

/// Runs the engine of `node` on `work.inputs` for the outputs `work.wanted`, and leaves the answer in
/// `work.outputs`.
///
/// A run that is cheaper than handing it over happens right here; any other waits for an engine
/// thread. If the caller goes away while it waits, the work is dropped without being run, or ends
/// between two batches.
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
    let permit = state.permits.take()?;
    let rows = work.inputs.first().map_or(1, |tensor| tensor.shape.rows());
    if plan.cost.runs_inline(rows, state.config.inline_cost_max) {
        node.run(&mut work, &Cancel::never())?;
        return Ok(work);
    }
    let (node, queued) = (Arc::clone(node), Instant::now());
    let waiting = Waiting::new();
    let cancel = waiting.cancel();
    let run = move || {
        // The permit stays with the work: it is given back when the engine is free again.
        let _permit = permit;
        node.statistics.queued(queued.elapsed());
        node.run(&mut work, &cancel)?;
        Ok(work)
    };
    Box::pin(state.pool.run(run)).await?
}

/// A caller that waits for an answer. When it is dropped nobody does: the client went away, or its
/// deadline passed.
struct Waiting(Arc<AtomicBool>);

impl Waiting {
    fn new() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }

    /// What tells an engine that nobody waits.
    fn cancel(&self) -> Cancel {
        let waits = Arc::clone(&self.0);
        Cancel::when(move || !waits.load(Ordering::Relaxed))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}
