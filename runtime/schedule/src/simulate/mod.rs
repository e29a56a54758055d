//! One server in virtual time: the same decisions as under load, without threads and without waiting.
//!
//! [`simulate`] is a discrete-event simulation. It has engine threads, models with a [`TrueCost`] and
//! [`Source`]s that bring requests; what the threads run is decided by a [`Policy`]. [`Ours`] is the
//! [`Dispatcher`](crate::Dispatcher) of the server itself; [`Triton`] and [`MlServer`] follow the
//! rules of other servers, as far as these are documented. The same [`Scenario`] gives the same
//! [`Outcome`] each time.
//!
//! What it leaves out is what is no decision: codecs, networks, and the hand-over between threads.

mod cost;
mod ours;
mod outcome;
mod peers;
mod policy;
mod random;
mod scenario;
mod shapes;
mod world;

pub use cost::{Hump, TrueCost};
pub use ours::Ours;
pub use outcome::{Ending, Outcome, Record, Run, Summary};
pub use peers::{MlServer, Triton};
pub use policy::{Batch, Policy, Request, Step};
pub use random::Random;
pub use scenario::{Arrivals, Leaving, Model, Scenario, Source};
pub use world::simulate;
