//! What a run of a model costs on each engine, beside ONNX Runtime and beside the libraries that
//! models come from.
//!
//! All engines run in this process, on one thread that is as the server's engine threads are, and
//! take turns; the libraries run in one Python process, which has its turns too (`peer.py`). What is compared is the least time of a call in a round, which other programs on the
//! machine disturb least. Read the ratios; absolute figures hold for one machine and one hour.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the report is for people")]

mod cases;
mod child;
mod model;
mod options;
mod report;
mod row;
mod threads;
mod turns;
mod who;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use radiant_core::Engine;
use radiant_engine_ort::Library;
use radiant_engine_rten::own_pool;
use radiant_onnx::Model;
use side_by_side::Peer;

use crate::cases::{CASES, Case, SMOKE};
use crate::options::{Options, Part, USAGE};
use crate::report::{Gains, Memory, Tables, markdown, print_row};
use crate::row::{Auto, Row};
use crate::turns::Field;
use crate::who::Who;

// The server's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.split_first() {
        Some((first, question)) if first == child::MARK => child::answer(question).map(|()| true),
        _ => run(arguments),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Measures what the arguments ask for; whether the limits are met.
fn run(arguments: Vec<String>) -> Result<bool> {
    let Some(options) = Options::parse(arguments.into_iter())? else {
        print!("{USAGE}");
        return Ok(true);
    };
    let mut tables = Tables::default();
    let mut measured = Ok(());
    own_pool(1, || measured = measure_all(&options, &mut tables));
    measured?;
    if options.markdown {
        print!("{}", markdown(&tables));
    }
    let failures: Vec<String> = tables.speed.iter().flat_map(Row::failures).collect();
    let all_agree = tables.speed.iter().all(|row| row.agrees && row.is_answered());
    println!("\n{} rows, {} things BEYOND their limits", tables.speed.len(), failures.len());
    for failure in &failures {
        println!("  {failure}");
    }
    Ok(if options.smoke { all_agree } else { failures.is_empty() })
}

fn measure_all(options: &Options, tables: &mut Tables) -> Result<()> {
    match Library::find(options.ort_library.as_deref()) {
        Ok(library) => println!("ONNX Runtime {}", library.version()),
        Err(problem) if options.ort_library.is_none() => println!("without ort: {problem}"),
        Err(problem) => return Err(problem.into()),
    }
    let folder = options.folder();
    let mut peer = options
        .venv
        .as_deref()
        .map(|venv| Peer::start(venv, "engines/peer.py", &folder))
        .transpose()?;
    if let Some(peer) = &mut peer {
        println!("an empty call of Python takes {} ns", peer.empty_ns(options.row / 10)?);
    }
    let is_example = options.models.is_none();
    let cases: &[Case] = if is_example { &SMOKE } else { &CASES };
    let mut n_missing = 0;
    for case in cases.iter().filter(|case| options.wants(case.name)) {
        let folder = folder.join(case.name);
        if !folder.exists() {
            println!("\n{}: not in the folder", case.name);
            n_missing += 1;
            continue;
        }
        measure(case, &folder, options, (&mut peer, tables))
            .with_context(|| format!("measuring {}", case.name))?;
    }
    let has_measured = !(tables.speed.is_empty() && tables.gains.is_empty());
    ensure!(has_measured || !tables.memory.is_empty(), "nothing to measure, {n_missing} missing");
    Ok(())
}

/// Measures one model.
fn measure(
    case: &'static Case,
    folder: &Path,
    options: &Options,
    (peer, tables): (&mut Option<Peer>, &mut Tables),
) -> Result<()> {
    for part in &options.parts {
        match part {
            Part::Speed => tables.speed.extend(speed(case, folder, options, peer)?),
            Part::Threads => tables.gains.push(gains(case, folder, options)?),
            Part::Memory => tables.memory.push(memory(case, folder, options)),
        }
    }
    Ok(())
}

fn speed(
    case: &'static Case,
    folder: &Path,
    options: &Options,
    peer: &mut Option<Peer>,
) -> Result<Vec<Row>> {
    println!("\n{}", case.name);
    let model = model::read(folder)?;
    let library = options.ort_library.as_deref();
    let engines = engines(&model, library);
    let libraries = peer.as_mut().map(|peer| peer.libraries(case.name)).transpose()?;
    let libraries: Vec<Who> =
        libraries.iter().flatten().filter_map(|name| Who::of_name(name)).collect();
    let auto = Auto {
        here: child::auto(folder, library).ok().map(|(who, _)| who),
        without: child::auto(folder, None).ok().map(|(who, _)| who),
    };
    let mut rows = Vec::new();
    for &n_rows in case.batches {
        let inputs = model::inputs(folder, &model, n_rows)?;
        let mut field = Field::warm(&engines, &libraries, &inputs);
        let mut rounds = Vec::new();
        for _ in 0..options.rounds {
            let asked = peer.as_mut().map(|peer| (peer, case.name, n_rows));
            rounds.push(field.round(asked, options.row / options.rounds)?);
        }
        let row = Row { case, n_rows, rounds, auto, agrees: field.wrong.is_empty() };
        print_row(&row, &field);
        rows.push(row);
    }
    Ok(rows)
}

/// The engines that take a model; why the others do not is printed.
fn engines(model: &Model, library: Option<&Path>) -> Vec<(Who, Arc<dyn Engine>)> {
    let has_ort = Library::find(library).is_ok();
    let ort = [Who::Ort, Who::Ort2].into_iter().filter(|_| has_ort);
    let mut engines = Vec::new();
    for who in Who::OURS.into_iter().chain(ort) {
        match model::put(who, model, library, 1) {
            Ok(engine) => engines.push((who, engine)),
            Err(error) => println!("  {:<8}refuses: {}", who.name(), error.root_cause()),
        }
    }
    engines
}

/// What a second caller gains at the largest batch.
fn gains(case: &'static Case, folder: &Path, options: &Options) -> Result<Gains> {
    let model = model::read(folder)?;
    let n_rows = case.batches.last().copied().unwrap_or(1);
    let inputs = model::inputs(folder, &model, n_rows)?;
    let mut of = Vec::new();
    for who in Who::ENGINES {
        let Ok(engine) = model::put(who, &model, options.ort_library.as_deref(), 2) else {
            continue;
        };
        let duration = options.row / u32::try_from(Who::ENGINES.len())?;
        // What does not run is told in the table of speed.
        if let Ok(gain) = threads::gain(&*engine, &inputs, duration, options.rounds) {
            println!("{}, {n_rows} rows, {}: 2 callers {gain} x 1", case.name, who.name());
            of.push((who, gain));
        }
    }
    Ok(Gains { case, n_rows, of })
}

/// What the model takes at the smallest batch.
fn memory(case: &'static Case, folder: &Path, options: &Options) -> Memory {
    let n_rows = case.batches.first().copied().unwrap_or(1);
    let mut of = Vec::new();
    for who in Who::ENGINES {
        if let Ok(growth) = child::growth(who, folder, n_rows, options.ort_library.as_deref()) {
            println!("{}, {}: {:.1} MiB", case.name, who.name(), growth.held_mib);
            of.push((who, growth));
        }
    }
    Memory { case, n_rows, of }
}
