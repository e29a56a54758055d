//! Who may run, when, and on which thread.
//!
//! A request takes a permit or is refused at once; a cheap one runs where it was decoded, any other
//! waits for an engine thread in a queue that the permits bound.

mod permit;
mod policy;
mod pool;

pub(crate) use permit::Permits;
pub(crate) use policy::Cost;
pub use pool::EngineThread;
pub(crate) use pool::Pool;
