//! Tests of the whole: one binary, because each further one links the server once more.
//!
//! A module is a subject: recorded answers of the original, bundled models against their
//! reference, the process and its sockets, bad input, and the tidiness of the tree itself.

#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;

#[cfg(test)]
mod admission;
#[cfg(test)]
mod boosters;
#[cfg(test)]
mod container;
#[cfg(test)]
mod deadlines;
#[cfg(test)]
mod edge;
#[cfg(test)]
mod engines;
#[cfg(test)]
mod estimators;
#[cfg(test)]
mod fetching;
#[cfg(test)]
mod golden_grpc;
#[cfg(test)]
mod golden_v1;
#[cfg(test)]
mod golden_v2;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod loading;
#[cfg(test)]
mod mlflow;
#[cfg(test)]
mod models;
#[cfg(test)]
mod mutations;
#[cfg(test)]
mod pipelines;
#[cfg(test)]
mod process;
#[cfg(test)]
mod repository;
#[cfg(test)]
mod response_cache;
#[cfg(test)]
mod same_numbers;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod timing;
#[cfg(test)]
mod wire;
#[cfg(test)]
mod wire_grpc;
#[cfg(test)]
mod wire_v2;
