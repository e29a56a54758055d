//! The stand-ins alone: that the operator's does what Seldon Core v1 does, and the kubelet's what
//! Kubernetes does, each row on a real API server; and one story of a model that is served.
//!
//! `.ci/run cluster` starts these tests, in a network, a process and a mount namespace of their own. They
//! read `RADIANT_TEST_IMAGE`, the OCI layout folder of the image, and `RADIANT_TEST_KUBERNETES`, the folder
//! in which `kube-apiserver` has built. One cluster serves all of them, each in a namespace of its own.

#[cfg(test)]
mod stand;

#[cfg(test)]
mod apply;
#[cfg(test)]
mod deploy;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod node;
#[cfg(test)]
mod operator;
#[cfg(test)]
mod story;
