//! Everything between the socket and the engine: HTTP, gRPC, TLS, models, scheduling, health,
//! metrics, shutdown.
//!
//! The server knows models as [`Engine`](radiant_core::Engine)s and
//! [`Component`](radiant_core::Component)s and nothing of how they compute; wire formats are
//! `radiant-protocol`'s. The way of a request is in `infer.rs`.

pub mod config;

mod bind;
mod cache;
mod edge;
mod encoding;
mod endpoint;
mod example;
mod generate;
mod grpc;
mod http;
mod infer;
mod listen;
mod memory;
mod model;
mod node;
mod notes;
mod observe;
mod oip;
mod pace;
mod place;
mod repository;
mod schedule;
mod seldon;
mod serve;
mod state;
mod tfs;
mod tls;
mod work;

pub use example::{Example, ExampleBody, examples};
pub use memory::resident_bytes;
pub use model::{LoadError, Model, Served};
pub use node::OutputChoice;
pub use observe::{Family, Metric, Registry, SERIES_MAX, Unit};
pub use repository::{Offered, OfferedVersion, Source};
pub use schedule::{BatchOptions, EngineThread};
pub use serve::{Host, Ready, ServeError, Stopped, serve};
