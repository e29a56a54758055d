//! What programs share that measure things side by side, in turns: the clock, servers as processes of
//! their own, the Python process of the others, histograms, and what ratios of several rounds are worth.
//!
//! No program of its own; the server has nothing of it.

mod clock;
pub mod grpc;
mod histogram;
mod peer;
pub mod process;
mod runner;
pub mod server;
mod spread;

pub use clock::{Clock, Round, least_us, ratio, there_and_back};
pub use histogram::Histogram;
pub use peer::Peer;
pub use radiant_schedule::simulate::Random;
pub use runner::Runner;
pub use spread::{Spread, Verdict};
