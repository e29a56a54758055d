//! A process that tries mutations out for the one that started it.
//!
//! It reads lines `number TAB first stage` and writes, for each stage, `begin TAB stage` before and
//! `end TAB stage TAB status TAB reason` after it, and `done` when a mutation has no more stages.

use std::io::{BufRead as _, Write as _, stdin, stdout};

use anyhow::{Context as _, Result};
use radiant_onnx::Limits;

use crate::args::Args;
use crate::attempt::{self, Place};
use crate::limit;
use crate::mutation::Mutation;
use crate::outcome::{Stage, Status};
use crate::seeds::Seed;

/// Characters of a reason that are told.
const REASON_MAX: usize = 400;

/// Tries out what standard input names, to its end.
///
/// # Errors
/// When the other process cannot be understood or told.
pub(crate) fn run(args: &Args, seeds: &[Vec<Seed>]) -> Result<()> {
    limit::limit()?;
    attempt::listen_to_panics();
    let place = Place::new()?;
    for line in stdin().lock().lines() {
        let line = line.context("reading what is to be tried")?;
        let (index, first) = line.split_once('\t').context("a number and a stage")?;
        let first = first.parse().context("a stage")?;
        let mutation = Mutation::new(seeds, args.seed, index.parse().context("a number")?);
        try_out(args, &place, &mutation, first)?;
        tell("done")?;
    }
    Ok(())
}

/// Tries the stages from number `first` on.
fn try_out(args: &Args, place: &Place, mutation: &Mutation, first: usize) -> Result<()> {
    place.put(&mutation.bytes)?;
    let mut limits = Limits::default();
    limits.tensor_elements_max = args.elements_max.unwrap_or(limits.tensor_elements_max);
    begin(Stage::Read)?;
    let (end, model) = attempt::read(place, &mutation.bytes, &limits);
    // Where a worker goes on after another, that has told how reading ended.
    if first == 0 {
        tell_end(Stage::Read, end)?;
    }
    let Some(model) = model else { return Ok(()) };
    for (at, &engine) in args.engines.iter().enumerate() {
        let stage = Stage::Engine(at);
        if stage.number() >= first {
            begin(stage)?;
            tell_end(stage, attempt::run(&model, engine, args.ort_library.as_ref()))?;
        }
    }
    Ok(())
}

fn begin(stage: Stage) -> Result<()> {
    tell(&format!("begin\t{}", stage.number()))
}

fn tell_end(stage: Stage, (status, reason): (Status, String)) -> Result<()> {
    let reason: String = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    let reason: String = reason.chars().take(REASON_MAX).collect();
    tell(&format!("end\t{}\t{status}\t{reason}", stage.number()))
}

fn tell(line: &str) -> Result<()> {
    let mut pipe = stdout().lock();
    writeln!(pipe, "{line}").and_then(|()| pipe.flush()).context("telling an outcome")
}
