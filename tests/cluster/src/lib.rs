//! A Kubernetes cluster for tests, on one machine and without a container engine of its own.
//!
//! The API server, its store and the controllers of Deployments are real ones, of Kubernetes 1.20
//! (`kube-apiserver` beside this folder builds and starts them). What runs on nodes is played:
//!
//! - [`operator`] makes of a SeldonDeployment what Seldon Core v1 makes of it: Deployments, Services,
//!   a status; and refuses what its webhook refuses;
//! - [`kubelet`] is scheduler and node. It *runs* the containers of pods by `runc`, in namespaces and
//!   a network of their own, with their environment, volumes, probes and hooks, and serves their logs.
//!
//! A rule of the cluster's owner is there as well, for pods that have a label (`policy`).
//!
//! All of them know nothing of the programs that are tested on them. All of it needs root and a network and
//! a mount namespace of its own: `.ci/run cluster` starts the tests so.

mod certificate;
mod cluster;
mod event;
mod http;
pub mod kubelet;
mod object;
pub mod operator;
mod policy;
mod program;
mod quantity;
mod webhook;

pub use cluster::{ADDRESS, Cluster, Options};
