//! ONNX files as plain, checked data.
//!
//! [`read`] takes bytes and [`load`] a file; both give a [`Model`] or say what is wrong where.
//! Files may be hostile: nothing here panics on them, nothing is allocated beyond [`Limits`], and
//! recursion is bounded. What comes out is a graph in which every name is defined once and before
//! it is used, every constant fills its shape, and recurrent weights fit each other.
//!
//! There is no execution here and no engine: an engine takes the model's messages ([`pb`]) or its
//! bytes ([`Model::to_proto_bytes`]). [`Model::shapes`] tells what is known of the shapes of values;
//! graphs in which known ones disagree are refused, but not all are known.
//! [`Model::row_independence`] tells whether batches may be cut and padded.
//!
//! ```no_run
//! use std::path::Path;
//!
//! use radiant_onnx::{Limits, load, strip_zip_maps};
//!
//! # fn main() -> Result<(), radiant_onnx::OnnxError> {
//! let mut model = load(Path::new("model.onnx"), &Limits::default())?;
//! strip_zip_maps(&mut model)?;
//! let signature = model.signature()?;
//! assert_eq!(signature.inputs.len(), 1);
//! # Ok(())
//! # }
//! ```
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

mod check;
mod classifier;
mod elem;
mod error;
mod external;
mod functions;
mod infer;
mod limits;
mod map_input;
mod model;
mod node;
pub mod pb;
mod rows;
mod scan;
mod sequence_output;
mod signature;
mod sparse;
mod tensor;
mod tensor_file;
#[cfg(test)]
mod test_graph;
mod zip_map;

pub use check::recurrent::{Fit, check_recurrent};
pub use elem::{dtype_of, elem_type_name};
pub use error::OnnxError;
pub use external::load;
pub use infer::dim::Dim;
pub use infer::{Fact, Shapes};
pub use limits::Limits;
pub use map_input::MapInput;
pub use model::{Model, read};
pub use rows::Independence;
pub use sequence_output::unpack_sequences;
pub use tensor::tensor;
pub use tensor_file::read_tensor;
pub use zip_map::{ZipMap, strip_zip_maps};
