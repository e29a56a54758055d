//! What a server does under load: how much it answers by its own batching beside fixed settings, whether
//! anybody waits for that where there is little to do, and what is left where too much comes.
//!
//! `radiant serve` runs as a process of its own on one processor, the load on another. Requests go out
//! when their time has come, whatever the server does (`load.rs`); each has a number of its own, and an
//! answer with another one ends the run. Read the ratios; absolute figures hold for one machine and one
//! hour.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the report is for people")]

mod arrivals;
mod lane;
mod load;
mod model;
mod options;
mod report;
mod scenario;
mod setting;
mod tally;

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use side_by_side::server::{Cores, pin_load};

use crate::options::{Options, USAGE};
use crate::scenario::Bench;

// The load must cost less than the servers.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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

/// Measures what was asked for; whether all aims are met.
fn run() -> Result<bool> {
    let program = std::env::current_exe().context("looking for this program")?;
    let folder = program.parent().context("this program lies in no folder")?;
    let Some(options) = Options::parse(std::env::args().skip(1), folder)? else {
        print!("{USAGE}");
        return Ok(true);
    };
    let cores = Cores::find()?;
    pin_load(cores)?;
    if cores.is_none() {
        println!("one processor for servers and load: the figures are worth little");
    }
    let bench = Bench::new(&options, cores)?;
    let mut all_met = true;
    for scenario in &options.scenarios {
        for &model in &options.models {
            for &transport in &options.transports {
                let met = scenario.run(&bench, model, transport);
                let place = || format!("{} of {}", scenario.name(), model.name());
                all_met &= met.with_context(place)?;
                println!();
            }
        }
    }
    Ok(all_met || options.smoke)
}
