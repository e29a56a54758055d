//! `radiant.yaml`: what is to be served, from where, how, and by how many pods.
//!
//! A file is read, overlaid, and checked against the published JSON Schema before it becomes a
//! [`Deployment`], so that every mistake is told at once and with its place. [`load()`] does all of that;
//! nothing here but [`Source::read`] and [`files`] touches the file system.

mod check;
mod combine;
mod credentials;
mod document;
pub mod files;
mod graph;
mod keypath;
mod load;
pub(crate) mod names;
mod node;
mod pod;
mod problem;
mod quantity;
mod rollout;
mod scale;
pub mod schema;
mod server;
mod set;
mod source;
pub mod units;
mod variables;
mod yaml;

pub use check::{is_orchestrated, parameter};
pub use credentials::Credentials;
pub use document::{ApiVersion, Compat, Deployment, GoldenTest, Kind, Model, Route, Variant};
pub use graph::{GraphNode, NodeType};
pub use keypath::{KeyPath, Step};
pub use load::{Loaded, load};
pub use node::Origin;
pub use pod::{Pod, Resources};
pub(crate) use problem::TOLD_MAX;
pub use problem::{ConfigErrors, Problem, Severity};
pub use quantity::Quantity;
pub use rollout::{Abort, Canary, OnFailure, Rollout, Strategy};
pub use scale::{Autoscale, DisruptionBudget, Queue, Scale};
pub use server::{Mode, Orchestrator, Protocol, Server};
pub use source::Source;
