//! The sessions of one model, each in use by at most one thread at a time.
//!
//! The `ort` crate runs a session through `&mut` only, because it holds parts of ONNX Runtime for
//! unsafe to enter twice. So several threads need several sessions, and each session has weights of
//! its own. ONNX Runtime can share them, and that is not used: when initializers are shared, its
//! transpose optimizer rewrites a constant under the name that the shared one has, and the answers
//! are wrong without an error (seen with 1.32).

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use ort::session::{
    HasSelectedOutputs, OutputSelector, RunOptions, Session, SessionInputValue, SessionOutputs,
};

/// A fixed number of sessions.
pub(crate) struct Pool {
    slots: Vec<Mutex<Worker>>,
    idle: Mutex<Idle>,
    returned: Condvar,
}

struct Idle {
    /// Invariant: each index of a slot is here, or in exactly one [`Lease`].
    slots: Vec<usize>,
    /// Threads that wait for one. To wake nobody would cost a system call with every run.
    n_waiting: usize,
}

impl Pool {
    /// A pool of these sessions.
    pub(crate) fn new(sessions: Vec<Session>) -> Self {
        let idle = Idle { slots: (0..sessions.len()).collect(), n_waiting: 0 };
        let worker = |session| Mutex::new(Worker { session, selection: None });
        Self {
            slots: sessions.into_iter().map(worker).collect(),
            idle: Mutex::new(idle),
            returned: Condvar::new(),
        }
    }

    /// The number of sessions.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Does work with a session of its own; blocks until there is one. The one that was used last
    /// is taken first.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Worker) -> T) -> T {
        let lease = self.lease();
        // A panic leaves a worker usable: between runs a session holds nothing of a request.
        let slot = self.slots[lease.slot].lock();
        work(&mut slot.unwrap_or_else(PoisonError::into_inner))
    }

    fn lease(&self) -> Lease<'_> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(slot) = idle.slots.pop() {
                return Lease { pool: self, slot };
            }
            idle.n_waiting += 1;
            idle = self.returned.wait(idle).unwrap_or_else(PoisonError::into_inner);
            idle.n_waiting -= 1;
        }
    }
}

/// The right to a slot, given back when dropped.
struct Lease<'p> {
    pool: &'p Pool,
    slot: usize,
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let mut idle = self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.slots.push(self.slot);
        if idle.n_waiting > 0 {
            self.pool.returned.notify_one();
        }
    }
}

/// A session, and what it was asked for last.
pub(crate) struct Worker {
    session: Session,
    selection: Option<Selection>,
}

/// What makes ONNX Runtime compute some outputs only; making it costs calls and allocations, and
/// requests to one model mostly want the same.
struct Selection {
    wanted: Vec<usize>,
    options: RunOptions<HasSelectedOutputs>,
}

impl Worker {
    /// Runs the model. The values come in the order of `wanted`.
    pub(crate) fn run<'w>(
        &'w mut self,
        inputs: &[SessionInputValue<'_>],
        wanted: &[usize],
        names: &[Arc<str>],
    ) -> ort::Result<SessionOutputs<'w>> {
        if wanted.iter().copied().eq(0..names.len()) {
            return self.session.run(inputs);
        }
        let selection = match self.selection.take() {
            Some(last) if last.wanted == wanted => last,
            _ => Selection::new(wanted, names)?,
        };
        let options = &self.selection.insert(selection).options;
        self.session.run_with_options(inputs, options)
    }
}

impl Selection {
    fn new(wanted: &[usize], names: &[Arc<str>]) -> ort::Result<Self> {
        let names = wanted.iter().filter_map(|&index| names.get(index));
        let selector = names
            .fold(OutputSelector::no_default(), |selector, name| selector.with(name.to_string()));
        let options = RunOptions::new()?.with_outputs(selector);
        Ok(Self { wanted: wanted.to_vec(), options })
    }
}
