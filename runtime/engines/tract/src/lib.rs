//! The engine for plain ONNX graphs: runs them through [tract](https://github.com/sonos/tract).
//!
//! What it is: [`TractEngine`], a [`radiant_core::Engine`] that imports a checked ONNX model into
//! tract, keeps one optimised plan per batch size and answers requests from several threads at
//! once. What it is not: a reader of ONNX files (`radiant-onnx` reads and checks them), and not for
//! graphs with `ai.onnx.ml` operators, which `radiant-engine-native` runs; their tract versions are
//! missing or wrong.
//!
//! Limits, each refused when the model is loaded and never answered with wrong numbers:
//! - operators of any domain but the default one, operators that tract does not have, and operators
//!   or attributes that tract computes wrongly (`deny.rs` lists them with reasons);
//! - inputs and outputs of type BYTES or BF16.
//!
//! Known differences from onnxruntime, which the engine does not refuse:
//! - NaN is not kept everywhere: `Relu`, `Clip`, `Max` and `ReduceMax` drop it, `Sigmoid` and `Tanh`
//!   make the lowest value of their range of it;
//! - `Sigmoid` and `Tanh` end 5e-7 before the ends of their range.
//!
//! The types of tract are not part of this crate's interface.

mod axes;
mod convert;
mod deny;
mod engine;
mod error;
mod import;
mod log_softmax;
mod plans;
mod rows;
#[cfg(test)]
mod tests;

pub use engine::{Options, Runs, TractEngine};
pub use error::LoadError;
