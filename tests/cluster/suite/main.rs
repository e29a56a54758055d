//! The stand-ins alone: that the operator's does what Seldon Core v1 does, and the kubelet's what
//! Kubernetes does, each row on a real API server; one story of a model that is served; and the deployer:
//! its stories, each cause that it explains, what refuses and interrupts it, and `kubectl` and ZenML
//! beside it.
//!
//! `.ci/run cluster` starts these tests, in a network, a process and a mount namespace of their own. They
//! read `RADIANT_TEST_IMAGE`, the OCI layout folder of the image, `RADIANT_TEST_KUBERNETES`, the folder in
//! which `kube-apiserver` has built, `RADIANT_TEST_DEPLOY`, the deployer, and `RADIANT_TEST_ZENML`, a Python
//! that has ZenML. One cluster serves all of them, each in a namespace of its own.

#[cfg(test)]
mod deployer;
#[cfg(test)]
mod stand;
#[cfg(test)]
mod web;

#[cfg(test)]
mod apply;
#[cfg(test)]
mod causes;
#[cfg(test)]
mod deploy;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod interruptions;
#[cfg(test)]
mod kubectl;
#[cfg(test)]
mod node;
#[cfg(test)]
mod operator;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod story;
#[cfg(test)]
mod zenml;
