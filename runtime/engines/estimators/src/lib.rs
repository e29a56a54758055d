//! Models as their own libraries wrote them, which answer as these libraries do.
//!
//! [`BoostedEngine`] runs the models of XGBoost, LightGBM and CatBoost. It is built from the checked
//! data of a file (`radiant-formats`), and knows nothing of files or graphs; the inner loops are
//! those of `radiant-kernels`.
//!
//! A part of a model that is not surely computed right is refused when the model is prepared, by
//! [`Unsupported`].

mod boosted;
mod unsupported;

pub use boosted::BoostedEngine;
pub use unsupported::Unsupported;
