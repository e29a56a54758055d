//! A process that runs cases for the one that started it.
//!
//! It reads lines `case TAB engine` and writes, for each, `begin` before and `end` with the outcome
//! after every attempt, and `done` when there is nothing more to try.

use std::collections::HashMap;
use std::io::{BufRead as _, Write as _, stdin, stdout};
use std::panic;

use anyhow::{Context as _, Result};

use crate::args::Args;
use crate::attempt::attempt;
use crate::case::{self, Case};
use crate::engines::Tried;
use crate::outcome::{Attempt, Mode};

/// Runs what standard input names, to its end.
pub(crate) fn run(args: &Args) -> Result<()> {
    // What a panic says stands in the outcome.
    panic::set_hook(Box::new(|_| {}));
    let cases: HashMap<String, Case> =
        case::index(&args.cases)?.into_iter().map(|case| (case.name.clone(), case)).collect();
    for line in stdin().lock().lines() {
        let line = line.context("reading what is to be run")?;
        let (name, tried) = line.split_once('\t').context("a case and an engine")?;
        let case = cases.get(name).with_context(|| format!("no case `{name}`"))?;
        let tried = Tried::named(tried).with_context(|| format!("no engine `{tried}`"))?;
        run_one(args, case, tried)?;
    }
    Ok(())
}

fn run_one(args: &Args, case: &Case, tried: Tried) -> Result<()> {
    let files = case::files(&args.cases, case)?;
    for mode in [Mode::Plain, Mode::Const] {
        tell(&format!("begin\t{}", mode.name()))?;
        let library = args.ort_library.as_deref();
        let Some(outcome) = attempt(case, &files, (tried, mode), library) else { break };
        let is_refusal = outcome.status.is_refusal();
        let attempt = Attempt { case: case.name.clone(), tried, mode, outcome };
        tell(&format!("end\t{}", attempt.to_line()))?;
        if !is_refusal {
            break;
        }
    }
    tell("done")
}

fn tell(line: &str) -> Result<()> {
    let mut pipe = stdout().lock();
    writeln!(pipe, "{line}").and_then(|()| pipe.flush()).context("telling an outcome")
}
