//! Inner loops of the engines that compute by kernels of our own, and the only place with `unsafe`
//! among them.
//!
//! Kernels take plain slices: they know nothing of tensors, graphs or files, and shapes are checked
//! by who calls. A kernel is written once, in plain Rust, as a [`Kernel`]. [`Isa::run`] compiles it
//! a second time for the processor's fused multiply-add and wide registers and runs that where the
//! processor has them. Both give the same bits: the arithmetic and its order are in the source, and
//! a fused multiply-add rounds once in software as in hardware.
//!
//! ```
//! use radiant_kernels::dense::Dense;
//!
//! let layer = Dense::new(1, 2, |_, feature| [0.5, 2.0][feature], &[1.0]);
//! let mut out = Vec::new();
//! layer.run(&[2.0, 3.0], &mut out);
//! assert_eq!(out, [8.0]);
//! ```
#![expect(
    clippy::inline_always,
    reason = "a loop must become part of the caller it is compiled for"
)]

pub mod activation;
pub mod classes;
pub mod dense;
pub mod erf;
mod exp;
pub mod forest;
pub mod functions;
mod isa;
pub mod matmul;
mod narrow;
pub mod svm;
#[cfg(target_arch = "x86_64")]
mod x86_64;

pub use isa::{Isa, Kernel};
