//! Whether a revision may go on: its pods' own metrics beside those of another.

mod exposition;
mod slo;

pub use exposition::{Requests, read};
pub use slo::{Limits, LimitsError, Verdict, judge};
