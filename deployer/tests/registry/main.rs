//! Images go to a real registry and come back, through a proxy that breaks what it is told to.
//!
//! The registry is `docker-registry`, which the tests start on a port of the system's choice: plain,
//! and with TLS and passwords. Where it is not in `PATH`, tests say how to get it and pass; with
//! `RADIANT_TEST_STORES` set they fail, so that `.ci/run` leaves none out.

#[cfg(test)]
#[path = "../../../runtime/storage/tests/stores/http.rs"]
mod http;
#[cfg(test)]
#[path = "../cli/install.rs"]
mod install;
#[cfg(test)]
#[path = "../../../runtime/storage/tests/stores/servers/process.rs"]
mod process;

#[cfg(test)]
mod images;
#[cfg(test)]
mod proxy;
#[cfg(test)]
mod server;

#[cfg(test)]
mod faults;
#[cfg(test)]
mod program;
#[cfg(test)]
mod pushes;
