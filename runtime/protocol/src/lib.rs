//! Codecs between the bytes on the wire and the neutral model of [`radiant_core`].
//!
//! Sans-IO: bytes come in as slices and go out into vectors; there is no socket here, no clock, no
//! randomness and no global state, so the same bytes always give the same result. Every decoder
//! takes [`Limits`] and meets hostile bytes with an error: it never panics, never allocates beyond
//! the limits and never recurses beyond them.
//!
//! ```
//! use radiant_core::Shape;
//! use radiant_protocol::{Limits, json::{Cursor, Scan}};
//!
//! let (mut shape, mut rows) = (Shape::default(), Vec::<f32>::new());
//! let mut cursor = Cursor::new(b"[[5.1, 3.5], [4.9, 3.0]]");
//! let scan = cursor.numbers(&Limits::default(), &mut shape, &mut rows)?;
//! cursor.finish()?;
//! assert_eq!((scan, shape, rows), (Scan::Numbers, Shape::from([2, 2]), vec![5.1, 3.5, 4.9, 3.0]));
//! # Ok::<(), radiant_protocol::json::SyntaxError>(())
//! ```
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss
    )
)]

mod columns;
pub mod grpc;
mod inputs;
pub mod json;
mod limits;
pub mod mlflow;
pub mod oip;
pub mod pb;
pub mod seldon;
mod slots;
pub mod tf;
pub mod tfs;
mod wire;

pub use inputs::Inputs;
pub use limits::Limits;
