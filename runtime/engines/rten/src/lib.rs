//! The engine for plain FP32 ONNX graphs: runs them through
//! [rten](https://github.com/robertknight/rten).
//!
//! What it is: [`RtenEngine`], a [`radiant_core::Engine`] that runs a checked ONNX model in rten,
//! with one copy of the weights for all threads and without a plan per shape: any batch, length or
//! picture size runs from the same loaded model. What it is not: a reader of ONNX files
//! (`radiant-onnx` reads and checks them), and not for graphs with `ai.onnx.ml` operators or for
//! numbers that rten lacks.
//!
//! rten computes in 32-bit floats and 32-bit integers only and says nothing when it narrows what
//! the file asks for. So every graph passes a gate first ([`gate`]), which follows the element type
//! of every value. What it does not know to be right is refused when the model is loaded:
//! - operators, attributes and inputs that are not in its table ([`operators`]), or that rten
//!   computes wrongly;
//! - element types other than FP32, INT32, INT64, BOOL, INT8 and UINT8;
//! - INT64 numbers that may leave 32 bits. Sizes, positions, labels and look-ups are fine; sums and
//!   products of a request's INT64 numbers are not, nor a request's INT64 numbers that come out
//!   again;
//! - sizes and rounds of loops that a request's numbers decide on ([`asked`]). Extents of what it
//!   sends are fine.
//!
//! Then the model is tried out ([`trial`]): with inputs made up for the purpose, as written and as
//! rten optimises it. If the two differ, the graph is run as written.
//!
//! Each thread that runs a model does so in an rten thread pool of its own, with one thread; see
//! [`own_pool`] for threads that do nothing else.
//!
//! Known differences from onnxruntime, which the engine does not refuse:
//! - NaN is not kept everywhere: `Relu` makes 0 of it and `Clip` its lower bound; which of NaN and
//!   a number is the larger in `ReduceMax`, `ReduceMin` and pools depends on their order there; the
//!   largest for `ArgMax` is the first NaN, and `ArgMin` passes over all of them;
//! - `Clip` without a bound makes the largest finite number of infinity, and `Asinh` and `Acosh`
//!   infinity of numbers beyond 1.7e38;
//! - requests with an axis of extent 0 other than the batch are refused;
//! - FP32 to INT32 conversions of numbers outside its range, which ONNX leaves open, saturate.
//!
//! The types of rten are not part of this crate's interface.

mod ambiguity;
mod asked;
mod convert;
mod empty;
mod engine;
mod error;
mod gate;
mod integer;
mod kind;
mod made_up;
mod misfit;
mod operators;
mod pool;
mod rewrite;
mod special;
#[cfg(test)]
mod tests;
mod trial;
mod whole;

pub use engine::{Options, RtenEngine};
pub use error::LoadError;
pub use pool::own_pool;
