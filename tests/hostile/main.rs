//! Hostile models: mutations of the small models of the tree through the reader and the engines.
//!
//! `radiant-mutate` breaks models in ways that are the same for the same `--seed`: bytes, fields of
//! the wire format, nodes, names, types, shapes, constants, attributes, and nodes that ask for much.
//! Each goes through `radiant-onnx`, then onto every engine and through a run or two on zeros. The
//! process that does so may have [`limit::MEMORY_MAX`] bytes and is watched by another one, which
//! starts the next where it dies or hangs. What is looked for is that
//! - the reader and the native engine never panic;
//! - no engine lets a panic out, or crashes, aborts or hangs the process.
//!
//! Whether an answer is right is not asked. The exit code is 0 where nothing was found, else 1. It
//! is for tests only and is not shipped.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the report is for people")]

mod args;
mod attempt;
mod attribute;
mod bomb;
mod bytes;
mod constant;
mod driver;
mod graph;
mod limit;
mod mutation;
mod outcome;
mod random;
mod report;
mod seeds;
mod wire;
mod worker;

use std::process::ExitCode;

use anyhow::Result;

use args::{Args, USAGE};

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Does what the arguments ask; whether all is as it should be.
fn run() -> Result<bool> {
    let Some(args) = Args::parse(std::env::args().skip(1))? else {
        print!("{USAGE}");
        return Ok(true);
    };
    let seeds = seeds::seeds()?;
    if args.is_worker {
        worker::run(&args, &seeds)?;
        return Ok(true);
    }
    let ends = driver::run(&args)?;
    report::print(&args, &seeds, &ends)
}
