//! Everything between the socket and the engine: HTTP, scheduling, health, metrics, shutdown.
//!
//! The server knows models as [`Engine`](radiant_core::Engine)s and
//! [`Component`](radiant_core::Component)s and nothing of how they compute; wire formats are
//! `radiant-protocol`'s. The way of a request is in `infer.rs`.

pub mod config;

mod bind;
mod example;
mod http;
mod infer;
mod model;
mod node;
mod observe;
mod schedule;
mod serve;
mod state;
mod work;

pub use model::{LoadError, Model, Served};
pub use node::OutputChoice;
pub use observe::{Family, Metric, Registry, SERIES_MAX, Unit};
pub use serve::{Progress, Ready, ServeError, serve};
