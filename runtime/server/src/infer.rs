//! The straight line from decoded inputs to outputs: steps 4 to 9 of ARCHITECTURE.md. Read this
//! file first.

use std::sync::Arc;

use radiant_core::Error;

use tokio::time::Instant;

use crate::node::Node;
use crate::state::State;
use crate::work::Work;

/// Runs the engine of `node` on `work.inputs` for the outputs `work.wanted`, and leaves the answer in
/// `work.outputs`.
///
/// A run that is cheaper than handing it over happens right here; any other waits for an engine
/// thread. If the caller goes away while it waits, the work is dropped without being run.
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
        node.run(&mut work)?;
        return Ok(work);
    }
    let (node, queued) = (Arc::clone(node), Instant::now());
    let run = move || {
        // The permit stays with the work: it is given back when the engine is free again.
        let _permit = permit;
        node.statistics.queued(queued.elapsed());
        node.run(&mut work)?;
        Ok(work)
    };
    Box::pin(state.pool.run(run)).await?
}
