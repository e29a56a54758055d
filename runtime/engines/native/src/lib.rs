//! Native plans for graphs of `ai.onnx.ml` operators, which is what scikit-learn models become.
//!
//! [`NativeEngine::load`] compiles a checked graph into a list of steps over the kernels of
//! `radiant-kernels`, or says which operator or attribute it does not know. It never runs a graph by
//! halves. A run costs well below a microsecond for a small linear model, and a warm one does not
//! allocate.
//!
//! It is not a general ONNX engine: tensors are rows, as scikit-learn's are, and plain networks are
//! another engine's business.
//!
//! ```no_run
//! use radiant_core::{Cancel, Engine as _, Tensor};
//! use radiant_engine_native::NativeEngine;
//! use radiant_onnx::{Limits, read, strip_zip_maps};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut model = read(&std::fs::read("iris.onnx")?, &Limits::default())?;
//! strip_zip_maps(&mut model)?;
//! let engine = NativeEngine::load(&model)?;
//! let flower = Tensor::new("float_input", &[1, 4], vec![5.8_f32, 2.7, 5.1, 1.9]);
//! let mut outputs = Vec::new();
//! engine.run(&[flower], &[1], &mut outputs, &Cancel::never())?;
//! # Ok(())
//! # }
//! ```

mod compiler;
mod engine;
mod fact;
mod op;
mod plan;
mod registers;
#[cfg(test)]
mod tests;
mod unsupported;

pub use engine::NativeEngine;
pub use unsupported::Unsupported;
