//! Replicas of the server behind a Kubernetes Service, with an autoscaler: what is answered, how late, and
//! what it costs. A simulation of single requests; the same seed gives the same figures.
//!
//! The server is what it does with requests (`node.rs`, by its own policy), Kubernetes what its
//! documentation says of it (`scaler.rs`, `world.rs`). What is left out stands in `docs/scale.md`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the report is for people")]

mod balance;
mod demand;
mod node;
mod options;
mod outcome;
mod pod;
mod scaler;
mod tables;
mod world;

use std::process::ExitCode;

use crate::options::{Options, USAGE};
use crate::tables::tables;

fn main() -> ExitCode {
    match Options::parse(std::env::args().skip(1)) {
        Ok(None) => print!("{USAGE}"),
        Ok(Some(options)) => {
            for table in tables(&options).iter().filter(|table| table.name.contains(&options.only))
            {
                println!("{}", table.run());
            }
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
