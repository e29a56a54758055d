//! Who may run, when, with whom, and on which thread.
//!
//! A request takes a permit or is refused at once, and has until its deadline; a cheap one runs where
//! it was decoded, any other waits for an engine thread in the lane of its model, in a queue that the
//! permits bound. Which model is next and who shares a run `radiant-schedule` decides; here is what
//! runs.

mod batch;
mod clients;
mod deadline;
mod held;
mod job;
mod permit;
mod policy;
mod pool;
mod refusals;
mod threshold;
mod timeout;

pub(crate) use batch::{Batch, key, rows};
pub(crate) use clients::{Clients, Entered};
pub(crate) use deadline::{Clock, Deadline};
pub(crate) use held::{Held, SMALL_BYTES, Taken};
pub(crate) use job::Inference;
#[cfg(test)]
pub(crate) use permit::UNLIMITED;
pub(crate) use permit::{Permits, Share};
pub(crate) use policy::{Cost, WARM_ROWS};
pub use pool::{BatchOptions, EngineThread};
pub(crate) use pool::{ModelLane, Pool, refusal};
pub(crate) use timeout::Timeouts;
