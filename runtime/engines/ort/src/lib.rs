//! The engine that runs graphs through [ONNX Runtime](https://onnxruntime.ai), where it is
//! installed.
//!
//! What it is: [`Library`], a `libonnxruntime.so` found and opened when the program runs, and
//! [`OrtEngine`], a [`radiant_core::Engine`] that hands a checked ONNX model to it and answers
//! requests from several threads at once. What it is not: a reader of ONNX files (`radiant-onnx`
//! reads and checks them; ONNX Runtime gets what passed), linked to ONNX Runtime, or able to fetch
//! it. Only the CPU provider is used. Telemetry is off, and ONNX Runtime's own log is dropped: what
//! it has to say about a failure is in the error.
//!
//! Versions from 1.17 on are opened; 1.20, 1.24 and 1.32 have run this crate's tests.
//!
//! Limits:
//! - models above 2 GiB, the longest protobuf message, are refused when they are loaded;
//! - strings with a NUL byte, or that are not UTF-8, are refused request by request;
//! - every session holds its own copy of the weights ([`Options::sessions`]);
//! - a run that has begun is not cut short by cancellation;
//! - ONNX Runtime is native code and can end the process. Seen with 1.32: LSTM, GRU, ConvTranspose,
//!   STFT and Unique on tensors without elements. Requests are kept from doing that as far as their
//!   inputs show it (`empty.rs`); what a graph makes inside of itself is not seen.
//!
//! The types of the `ort` crate are not part of this crate's interface.

mod convert;
mod deny;
mod empty;
mod engine;
mod error;
mod labels;
mod library;
mod load;
mod places;
mod pool;
mod scans;
#[cfg(test)]
mod tests;
mod trees;

pub use engine::{Options, OrtEngine};
pub use error::{LibraryError, LoadError};
pub use library::Library;
