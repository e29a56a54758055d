//! What programs share that measure things side by side, in turns: the clock, the Python process of the
//! others, and what ratios of several rounds are worth.
//!
//! No program of its own; the server has nothing of it.

mod clock;
mod peer;
mod runner;
mod spread;

pub use clock::{Clock, Round, least_us, ratio, there_and_back};
pub use peer::Peer;
pub use runner::Runner;
pub use spread::{Spread, Verdict};
