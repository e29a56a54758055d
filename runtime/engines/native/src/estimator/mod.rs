//! Estimators that run on this crate's kernels: what other libraries' model files become.
//!
//! An estimator is built from a format's checked data and knows nothing of files.

mod boosted;

pub use boosted::BoostedEngine;
