//! The straight line from decoded inputs to outputs: steps 4 to 9 of ARCHITECTURE.md. Read this
//! file first.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use radiant_core::{Cancel, Error};

use tokio::time::Instant;

use crate::node::Node;
use crate::observe::{Ending, GaugeGuard, ModelMetrics};
use crate::state::State;
use crate::work::{Timing, Work};

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
    let refused = |_: &Error| node.metrics.endings.count(Ending::Rejected);
    let permit = state.permits.take().inspect_err(refused)?;
    let rows = work.inputs.first().map_or(1, |tensor| tensor.shape.rows());
    work.timing = Timing::default();
    if plan.cost.runs_inline(rows, state.config.inline_cost_max) {
        node.run(&mut work, &Cancel::never(), false)?;
        return Ok(work);
    }
    let waiting = Waiting::new();
    let cancel = waiting.cancel();
    let mut queued = Queued::enter(node, rows);
    let run = move || {
        // The permit stays with the work: it is given back when the engine is free again.
        let _permit = permit;
        work.timing.queue = queued.leave();
        queued.node.run(&mut work, &cancel, true)?;
        Ok(work)
    };
    Box::pin(state.pool.run(run)).await?
}

/// A request that waits for an engine thread; dropped before its turn, it was abandoned.
struct Queued {
    node: Arc<Node>,
    since: Instant,
    /// Its part of the gauges, until its turn comes.
    gauges: Option<[GaugeGuard; 2]>,
}

impl Queued {
    fn enter(node: &Arc<Node>, rows: usize) -> Self {
        let ModelMetrics { queue_requests, queue_rows, .. } = &*node.metrics;
        let gauges = [GaugeGuard::enter(queue_requests), GaugeGuard::hold(queue_rows, rows)];
        Self { node: Arc::clone(node), since: Instant::now(), gauges: Some(gauges) }
    }

    /// Its turn has come: how long it waited.
    fn leave(&mut self) -> Duration {
        self.gauges = None;
        let waited = self.since.elapsed();
        self.node.statistics.queued(waited);
        self.node.metrics.queue_seconds.record(waited.as_secs_f64());
        waited
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        if self.gauges.is_some() {
            self.node.metrics.endings.count(Ending::Abandoned);
        }
    }
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
