//! How a deployment fares: its phase, and why it is not further.
//!
//! What a cluster shows is gathered in [`Observed`], plain data with a time of its own. From that,
//! [`phase_of`] computes the phase and the causes: without asking anybody, so that each answer can be
//! tested. [`Watch`] brings a new [`Observed`] whenever something changes, and [`wait_until`] waits on
//! it for a [`Goal`].
//!
//! The operator's own word, `status.state`, is never enough. It says `Available` until the operator has
//! looked at a new spec, and `Creating` for as long as a failed update is kept alive by old pods.

mod cause;
mod causes;
mod event;
mod family;
mod goal;
mod name;
mod observed;
mod phase;
mod pod;
mod progress;
mod report;
mod sdep;
mod source;
mod wait;
mod watch;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod phases;
#[cfg(test)]
mod rows;

pub use cause::{Cause, Kind, LogAt, ObjectRef, ProbeAt, Severity};
pub use goal::Goal;
pub use observed::{Observed, Operator, Surroundings};
pub use phase::{Expected, Failing, Phase, PredictorState, Status, phase_of};
pub use pod::{PodState, is_ready};
pub use progress::{Mode, Reporter};
pub use report::Report;
pub use source::Source;
pub(crate) use wait::failed;
pub use wait::{Ended, Wait, enrich, wait_until};
pub use watch::Watch;
