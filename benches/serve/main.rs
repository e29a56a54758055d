//! What a request costs a whole server, beside the least that it can cost.
//!
//! `radiant serve` and the floor (`floor.rs`) run as processes of their own with one worker each
//! on one processor, the load runs on another, and they take turns. What is compared is the
//! processor time of a request, which other programs on the machine disturb less than its
//! duration. Read the ratios; absolute figures hold for one machine and one hour.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the report is for people")]

mod compare;
mod load;
mod options;
mod server;

use std::process::ExitCode;

use anyhow::{Context as _, Result};

use crate::compare::{Spread, Turn, round, turn};
use crate::load::Request;
use crate::options::{Options, USAGE};
use crate::server::{Cores, Server, pin_load};

const IRIS: &str = r#"{"data":{"ndarray":[[5.1,3.5,1.4,0.2]]}}"#;

/// The first held-out picture of the digits.
const DIGIT: &str = r#"{"data":{"ndarray":[[0,0,7,16,14,3,0,0,0,0,9,14,11,15,0,0,0,0,1,5,0,15,5,0,0,0,0,0,0,16,5,0,0,0,0,0,3,16,4,0,0,0,0,1,12,14,1,0,0,0,5,12,16,16,14,1,0,0,8,16,14,10,13,3]]}}"#;

/// One request to one model.
#[derive(Debug)]
struct Case {
    name: &'static str,
    model: &'static str,
    path: &'static str,
    body: &'static str,
    limited: bool,
}

const CASES: [Case; 3] = [
    Case { name: "iris", model: "iris", path: "/predict", body: IRIS, limited: true },
    Case {
        name: "iris, the orchestrator's path",
        model: "iris",
        path: "/api/v1.0/predictions",
        body: IRIS,
        limited: true,
    },
    Case { name: "digits-mlp", model: "digits-mlp", path: "/predict", body: DIGIT, limited: false },
];

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

/// Measures all cases; whether the limits are met.
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
    let mut all_met = true;
    for case in CASES.iter().filter(|case| case.name.contains(&options.only)) {
        all_met &= measure(case, &options, cores)?;
    }
    Ok(all_met || options.smoke)
}

fn measure(case: &Case, options: &Options, cores: Option<Cores>) -> Result<bool> {
    let floor = Server::floor(&options.floor, cores)?;
    let ours = Server::radiant(&options.radiant, &options.models.join(case.model), cores)?;
    let request = Request::post(case.path, case.body);
    let Options { rounds, n_connections, turn: seconds, .. } = *options;
    println!(
        "{}: POST {} with {} bytes, {n_connections} connections, {rounds} rounds of 2 x {} s",
        case.name,
        case.path,
        case.body.len(),
        seconds.as_secs_f64()
    );
    for (server, name) in [(&floor, "floor"), (&ours, "radiant")] {
        turn(server, n_connections, &request, seconds / 2)
            .with_context(|| format!("warming {name}"))?;
    }
    println!("round   floor us   radiant us   ratio   floor req/s   radiant req/s   load us");
    let mut turns = Vec::with_capacity(rounds);
    for index in 1..=rounds {
        let both = round([&floor, &ours], n_connections, &request, seconds)?;
        print_round(index, both);
        turns.push(both);
    }
    report(case, options, &turns)
}

fn print_round(index: usize, [floor, ours]: [Turn; 2]) {
    let ratio = ours.server_us() / floor.server_us();
    println!(
        "{index:>5} {:>10.2} {:>12.2} {ratio:>7.3} {:>13.0} {:>15.0} {:>9.2}",
        floor.server_us(),
        ours.server_us(),
        floor.rate(),
        ours.rate(),
        ours.load_us()
    );
}

/// Prints the ratios; whether the limit is met, if there is one.
fn report(case: &Case, options: &Options, turns: &[[Turn; 2]]) -> Result<bool> {
    let spread = |ratio: fn(&[Turn; 2]) -> f64| {
        Spread::of(turns.iter().map(ratio).collect()).context("there was no round")
    };
    let cpu = spread(|[floor, ours]| ours.server_us() / floor.server_us())?;
    let rate = spread(|[floor, ours]| ours.rate() / floor.rate())?;
    print!("CPU per request    {}", show(cpu));
    let met = !case.limited || cpu.meets(options.limit);
    match (case.limited && !options.smoke, met) {
        (false, _) => println!(),
        (true, true) => println!(", limit {:.2}: met", options.limit),
        (true, false) => println!(", limit {:.2}: not met", options.limit),
    }
    println!("requests a second  {}\n", show(rate));
    Ok(met)
}

fn show(spread: Spread) -> String {
    let Spread { min, median, max } = spread;
    format!("{median:.3} x the floor ({min:.3} to {max:.3})")
}
