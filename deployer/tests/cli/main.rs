//! The command line as a user meets it: what each command says when it is asked for help, when it does what
//! it is asked to, and when it does not.
//!
//! `help/` and `said/` hold whole outputs; [`transcript`] says how they are read.

#[cfg(test)]
mod api;
#[cfg(test)]
mod filter;
#[cfg(test)]
mod help;
#[cfg(test)]
mod init;
#[cfg(test)]
mod install;
#[cfg(test)]
mod program;
#[cfg(test)]
mod said;
#[cfg(test)]
#[expect(dead_code, reason = "other tests use the rest of it")]
#[path = "../cluster/server.rs"]
mod server;
#[cfg(test)]
mod transcript;
#[cfg(test)]
mod validate;
#[cfg(test)]
mod world;
