//! Who may run, when, and on which thread.
//!
//! A request takes a permit or is refused at once, and has until its deadline; a cheap one runs where it was decoded, any other
//! waits for an engine thread in a queue that the permits bound.

mod deadline;
mod permit;
mod policy;
mod pool;
mod timeout;

pub(crate) use deadline::{Clock, Deadline};
pub(crate) use permit::Permits;
pub(crate) use policy::Cost;
pub use pool::EngineThread;
pub(crate) use pool::Pool;
pub(crate) use timeout::Timeouts;
