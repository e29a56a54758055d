//! The image as others see it: their tools read it, their registry keeps it, and podman runs it as
//! Seldon Core's operator would.
//!
//! `.ci/run image` starts these tests, in a network, a process and a mount namespace of their own: the
//! ports of an operator are free there, names are asked of a server of these tests, and whatever is
//! left running ends with them. They read `RADIANT_TEST_IMAGE` and `RADIANT_TEST_IMAGE_ORT`, the OCI layout
//! folders of the image in both flavours, and `RADIANT_TEST_DEPLOY`, the program `radiant-deploy`. Containers share the network of the tests, so
//! that servers of the tests are on their `127.0.0.1`.

#[cfg(test)]
#[expect(dead_code, reason = "other tests use the rest")]
#[path = "../support/mod.rs"]
mod support;

#[cfg(test)]
#[path = "../../runtime/storage/tests/stores/servers/process.rs"]
mod process;

#[cfg(test)]
mod container;
#[cfg(test)]
mod dns;
#[cfg(test)]
mod model;
#[cfg(test)]
mod parts;
#[cfg(test)]
mod podman;
#[cfg(test)]
mod registry;
#[cfg(test)]
mod tls;

#[cfg(test)]
mod accepted;
#[cfg(test)]
mod docker;
#[cfg(test)]
mod failing;
#[cfg(test)]
mod initializer;
#[cfg(test)]
mod lifecycle;
#[cfg(test)]
mod names;
#[cfg(test)]
mod onnx_runtime;
#[cfg(test)]
mod operator;
#[cfg(test)]
mod pushing;
