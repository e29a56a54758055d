//! The client side of a deployment: requests, golden answers, bounded load.
//!
//! Bodies ([`request`]), comparisons ([`golden`]) and figures ([`load`]) know nothing of how a deployment
//! is reached: that is a [`Caller`], by its URL or by way of the cluster.

mod caller;
mod direct;
mod golden;
mod grpc;
mod latency;
mod link;
mod load;
mod proxied;
mod request;
mod target;
mod trial;

pub(crate) use caller::{Call, Caller, Reply, header};
pub(crate) use direct::Direct;
pub(crate) use golden::{Difference, compare};
pub(crate) use grpc::{Grpc, method};
pub(crate) use latency::Latencies;
pub(crate) use link::Terms;
pub(crate) use load::{Plan, Tally, load};
pub(crate) use proxied::Proxied;
pub(crate) use request::{body, path};
pub(crate) use target::{Served, ready_pod, served};
pub(crate) use trial::{Case, Outcome, read_case, try_out};
