//! The tree itself: who may depend on whom, how long files are, and whether the documentation says
//! what the code says.
//!
//! Reads manifests, sources and documents as data; it builds nothing. What clippy can see is
//! clippy's.

mod docs;
mod edges;
mod files;
mod workflows;
