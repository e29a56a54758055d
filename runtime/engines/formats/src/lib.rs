//! Model files of scikit-learn, XGBoost, LightGBM and CatBoost as plain, checked data.
//!
//! Bytes go in, plain structs come out. Nothing that a file names is ever imported, called or
//! evaluated, and nothing is computed here: what the numbers mean is the engines' business.
//!
//! Files may be hostile: every reader gives an error or a model for any bytes, allocates no more
//! than a stated multiple of the bytes that are there ([`Limits`]), and recurses no deeper than a
//! limit.
//!
//! ```no_run
//! use radiant_formats::{Audit, Limits, object};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let bytes = std::fs::read("model.joblib")?;
//! let graph = object::read(bytes, &Limits::default(), &Audit::default())?;
//! let step = graph.root().attr("steps")?.item(0)?.item(1)?;
//! assert!(step.is_a("sklearn", "StandardScaler"));
//! let (mean, shape) = step.attr("mean_")?.floats()?;
//! assert_eq!(shape, [mean.len()]);
//! # Ok(())
//! # }
//! ```
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

pub mod catboost;
#[cfg(test)]
mod corpus_tests;
pub mod detect;
mod error;
pub mod joblib;
pub mod json;
pub mod lightgbm;
mod limits;
pub mod mlflow;
pub mod npz;
pub mod numpy;
pub mod object;
pub mod pickle;
pub mod skops;
#[cfg(test)]
mod test_corpus;
#[cfg(test)]
mod test_files;
pub mod ubj;
pub mod xgboost;

pub use detect::{Format, Refused, detect};
pub use error::{FormatError, Place};
pub use limits::Limits;
pub use object::{Content, Graph, Node};
pub use pickle::Audit;
