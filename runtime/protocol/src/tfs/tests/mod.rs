//! Tables of bodies, and comparisons with the messages that prost compiles.

mod json;
mod predict;
mod status;

use radiant_core::{DType, TensorSpec};

/// The spec of an input; -1 is any extent.
fn spec(name: &str, dtype: DType, dims: &[i64]) -> TensorSpec {
    let dims = dims.iter().map(|&dim| usize::try_from(dim).ok()).collect();
    TensorSpec::new(name, dtype, dims)
}
