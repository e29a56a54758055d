//! Commands that ask stores and deployments, as processes: what they print, their exit codes, and that no
//! secret is in any of it.
//!
//! The store is a real one, `s3s-fs`, which checks signatures: where it is not in `PATH`, its tests say how
//! to get it and pass; with `RADIANT_TEST_STORES` set they fail.

#[cfg(test)]
mod clusters;
#[cfg(test)]
mod deployments;
#[cfg(test)]
#[path = "../../../runtime/storage/tests/stores/servers/process.rs"]
mod process;
#[cfg(test)]
mod program;
#[cfg(test)]
mod secrets;
#[cfg(test)]
#[expect(dead_code, reason = "other tests use the rest of it")]
#[path = "../cluster/server.rs"]
mod server;
