//! Tables of bodies, and comparisons with the messages that prost compiles.

mod json;
mod predict;
mod status;

use std::sync::Arc;

use radiant_core::{DType, TensorSpec};

/// The spec of an input; -1 is any extent.
fn spec(name: &str, dtype: DType, dims: &[i64]) -> TensorSpec {
    let dims = dims.iter().map(|&dim| usize::try_from(dim).ok()).collect();
    TensorSpec { name: Arc::from(name), dtype, dims }
}
