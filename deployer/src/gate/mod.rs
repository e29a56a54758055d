//! Whether a revision may go on: its model's signature and its pods' own metrics beside those of another.

mod exposition;
mod signature;
mod slo;

pub use exposition::{Requests, read};
pub use signature::{Signature, Tensor};
pub use slo::{Limits, LimitsError, Slo, Verdict, judge};
