//! Estimators of scikit-learn, as the version that wrote them computes.
//!
//! A reader turns an inert object of a file into a plain checked struct, which is the estimator:
//! rows in, an answer out. Readers go by the name of the class, as modules move between versions,
//! and by the version that is noted in each object, as formulas do.

mod activation;
mod affine;
mod bayes;
pub(crate) mod bind;
mod boosters;
mod compose;
#[cfg(test)]
mod corpus;
pub(crate) mod data;
mod engine;
mod ensembles;
pub(crate) mod estimator;
pub(crate) mod intake;
mod linear;
mod meta;
mod neighbours;
mod prepare;
mod reduce;
mod registry;
mod source;
mod sparse;
mod svm;
mod text;
mod trees;
mod version;

pub use engine::SklearnEngine;
