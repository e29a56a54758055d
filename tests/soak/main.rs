//! `just soak [MINUTES]`: keeps a server under mixed load, while models are swapped, fail and are slow
//! and clients vanish, and holds its memory, its files and its latency at the end against the start.
//!
//! It is no test that runs with the others: it takes half an hour, and all processors.

#[cfg(test)]
#[expect(dead_code, reason = "other tests use the rest")]
#[path = "../support/mod.rs"]
mod support;

#[cfg(test)]
#[expect(dead_code, reason = "other tests use the rest")]
#[path = "../load/mod.rs"]
mod load;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod soak;

#[cfg(test)]
fn main() -> std::process::ExitCode {
    soak::run(std::env::args().skip(1))
}
