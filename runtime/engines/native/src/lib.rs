//! Native plans for graphs of `ai.onnx.ml` operators: what scikit-learn models become.
//!
//! [`NativeEngine::load`] compiles a checked graph into a list of steps over this crate's own
//! kernels, or says which operator or attribute it does not know. It never runs a graph by halves.
//! A run costs well below a microsecond for a small linear model, and a warm one does not allocate.
//!
//! It is not a general ONNX engine: tensors are rows, as scikit-learn's are, and plain networks are
//! another engine's business.

mod engine;
mod kernel;
mod op;
mod plan;
mod registers;
#[cfg(test)]
mod tests;
mod unsupported;

pub use engine::NativeEngine;
pub use unsupported::Unsupported;
