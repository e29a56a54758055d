//! gRPC: every service on one port, straight on hyper's HTTP/2.
//!
//! `serve.rs` listens and spreads connections over threads, `connection.rs` is one of them,
//! `service.rs` takes a call, `route.rs` knows the methods, `message.rs` reads the messages of a call
//! and `reply.rs` writes them. `seldon.rs`, `oip.rs` and `tfs.rs` hand a message to codec and engine;
//! `stream.rs` does so for each message of a stream. `health.rs` and `reflection.rs` are gRPC's own
//! services.
//!
//! There is no generated service and no message in between: what arrives is bytes, and the codecs of
//! `radiant-protocol` read them. Tonic's transport is not used: it tells that a deadline has passed
//! as `CANCELLED`, an overlong message as `OUT_OF_RANGE`, and copies every message once more.
//!
//! A call may be dropped at any await: when the client cancels it, or its connection breaks. Work
//! that is queued then is not run.

mod connection;
mod error;
mod frames;
mod health;
mod message;
mod oip;
mod record;
mod reflection;
mod reply;
mod route;
mod seldon;
mod serve;
mod service;
mod stream;
#[cfg(test)]
mod table_tests;
#[cfg(test)]
mod tests;
mod tfs;
mod watch;

pub(crate) use serve::{GrpcListening, GrpcOptions, start};
