//! Who runs next, with whom, and on which thread.
//!
//! A [`Pool`] has engine threads and what waits for them: for each model a [`Lane`]. Its decisions are
//! those of a [`Dispatcher`], which is plain data: it is told what came, what ran and what time it is,
//! and says what a free thread does. So the same decisions are made under load, in tests and in
//! simulations.
//!
//! - [`policy`] says how many rows the next run of a model gets, from what its runs cost ([`cost`]).
//! - Models share threads by the time that they take on them ([`Dispatcher`]).
//! - [`simulate`] runs the same decisions in virtual time, beside those of other servers.
//! - Who waits ([`Waiting`]) and goes away leaves at once, with all that it brought.
//!
//! Nothing here knows tensors, protocols or models: what runs is a [`Job`].

mod cost;
mod dispatcher;
mod idle;
mod lane;
pub mod policy;
mod pool;
pub mod simulate;
mod ticket;

pub use cost::CostCurve;
pub use dispatcher::{Dispatcher, LaneId, Next};
pub use lane::Entry;
pub use policy::Rule;
pub use pool::{Lane, Pool};
pub use ticket::{Counts, Gone, Job, Ran, Terms, Unrun, Waiting};
