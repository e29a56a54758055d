//! What a request costs a whole server, beside the least that it can cost and beside others.
//!
//! `radiant serve` and the other server (`floor.rs`, `stock.rs`, `peer.rs`) run as processes of
//! their own with one worker each on one processor, the load runs on another, and they take turns.
//! What is compared is the processor time of a request, which other programs on the machine disturb
//! less than its duration. Read the ratios; absolute figures hold for one machine and one hour.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the report is for people")]

mod cases;
mod compare;
mod load;
mod options;
mod peer;
mod report;
mod requests;
mod start;

use std::process::ExitCode;

use anyhow::{Context as _, Result, bail, ensure};
use side_by_side::server::{Cores, Server, pin_load};

use crate::cases::{Beside, CASES, Case, Other};
use crate::compare::{round, turn};
use crate::load::{Request, Width, fetch};
use crate::options::{Options, USAGE};
use crate::report::{print_head, print_ratios, print_round};

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

/// Measures all cases; whether the limits are met.
fn run() -> Result<bool> {
    let program = std::env::current_exe().context("looking for this program")?;
    let folder = program.parent().context("this program lies in no folder")?;
    let Some(options) = Options::parse(std::env::args().skip(1), folder)? else {
        print!("{USAGE}");
        return Ok(true);
    };
    if options.start {
        start::run(&options)?;
        return Ok(true);
    }
    let cores = Cores::find()?;
    pin_load(cores)?;
    if cores.is_none() {
        println!("one processor for servers and load: the figures are worth little");
    }
    let (mut n_measured, mut all_met) = (0, true);
    for case in CASES.iter().filter(|case| case.name.contains(&options.only)) {
        for beside in case.beside.iter().filter(|beside| options.wants(beside.other)) {
            all_met &= measure(case, *beside, &options, cores)
                .with_context(|| format!("{} beside {}", case.name, beside.other.name()))?;
            n_measured += 1;
        }
    }
    ensure!(n_measured > 0, "no case has `{}` in its name", options.only);
    Ok(all_met)
}

/// Measures one case beside one other server; whether the limit is met.
fn measure(case: &Case, beside: Beside, options: &Options, cores: Option<Cores>) -> Result<bool> {
    let request = (case.request)()?;
    // A builtin is no folder among the models.
    let is_builtin = case.model.starts_with("builtin:");
    let model = if is_builtin { case.model.into() } else { options.models.join(case.model) };
    let ours = Server::radiant(&options.radiant, &model, &[], cores)?;
    let other = start(beside.other, &request, &ours, (options, cores))?;
    let Options { rounds, turn: seconds, .. } = *options;
    let connections = options.n_connections.unwrap_or(case.width.connections);
    let width = Width { connections, ..case.width };
    println!(
        "{} beside {}: {}, {} x {} at a time, {rounds} rounds of 2 x {} s",
        case.name,
        beside.other.name(),
        request.title(),
        width.connections,
        width.streams,
        seconds.as_secs_f64()
    );
    for (server, name) in [(&other, beside.other.name()), (&ours, "radiant")] {
        turn(server, width, &request, seconds / 2).with_context(|| format!("warming {name}"))?;
    }
    print_head(beside.other);
    let mut turns = Vec::with_capacity(rounds);
    for index in 1..=rounds {
        let both = round([&other, &ours], width, &request, seconds)?;
        print_round(index, both);
        turns.push(both);
    }
    let limit = beside.limit.filter(|_| !options.smoke);
    print_ratios(beside.other, limit.map(|limit| options.limit.unwrap_or(limit)), &turns)
}

/// Starts the other server; the constant is what `ours` answers.
fn start(
    other: Other,
    request: &Request,
    ours: &Server,
    (options, cores): (&Options, Option<Cores>),
) -> Result<Server> {
    match (other, request) {
        (Other::Constant, Request::Http(request)) => {
            let reply = fetch(ours.http, request).context("asking radiant")?;
            Server::constant(&options.floor, (&reply.content_type, reply.body()), cores)
        }
        (Other::Constant, Request::Grpc(_)) => bail!("the constant is an HTTP server"),
        (Other::Echo, _) => Server::echo(&options.floor, cores),
        (Other::Stock, _) => Server::stock(&options.stock, cores),
        (Other::Seldon, _) => {
            let venv = options.venv.as_deref().context("a peer needs `--venv`")?;
            peer::seldon(venv, cores)
        }
    }
}
