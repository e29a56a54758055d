//! Models as the libraries that trained them wrote them, run without Python and with the same numbers:
//! estimators of scikit-learn ([`SklearnEngine`]), and boosted trees of XGBoost, LightGBM and CatBoost
//! ([`BoostedEngine`]).
//!
//! Files are read by `radiant-formats`, inner loops are those of `radiant-kernels`. Graphs of ONNX are
//! the business of other engines.
#![cfg_attr(test, expect(clippy::float_cmp, reason = "tests ask for equal bits"))]

mod boosted;
mod first;
mod sklearn;
mod unsupported;

pub use boosted::BoostedEngine;
pub use sklearn::SklearnEngine;
pub use unsupported::Unsupported;
