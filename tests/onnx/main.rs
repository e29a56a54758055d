//! The backend tests of the `onnx` package through the project's own reader and engines.
//!
//! `radiant-onnx-nodes --cases FOLDER` runs what `cases.py` wrote. Every case is tried on each
//! engine by name and on the one that `auto` chooses: as it is (`plain`), and where that is refused
//! with all inputs but the first made constants, as exported models have them (`const`). An answer
//! counts when type, shape and values are those of the case; what is not answered must have been
//! refused when the model was loaded, in words that name something of the graph.
//!
//! `--check` compares with `expected.tsv` and `docs/onnx.md`, `--update` writes both. Cases run in
//! children of this program, so that a crash or a hang is one row and not the end of the run. It is
//! for tests only and is not shipped.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the report is for people")]

mod args;
mod attempt;
mod case;
mod compare;
mod driver;
mod engines;
mod exactness;
mod expected;
mod names;
mod outcome;
mod page;
mod reason;
mod report;
mod summary;
mod worker;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail, ensure};
use radiant::engines::Choice;

use args::{Args, Goal, USAGE};
use engines::Tried;
use expected::Expected;
use summary::Row;

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
    if args.is_worker {
        worker::run(&args)?;
        return Ok(true);
    }
    let index = case::index(&args.cases)?;
    let cases: Vec<_> = index.into_iter().filter(|case| case.name.contains(&args.only)).collect();
    ensure!(!cases.is_empty(), "no case has `{}` in its name", args.only);
    let results = driver::run(&args, &cases)?;
    let is_ort = |case: &&case::Case| {
        let end = results.end(&case.name, Tried::Auto);
        end.is_some_and(|(_, outcome)| outcome.engine == Choice::Ort.to_string())
    };
    if let Some(case) = cases.iter().find(is_ort) {
        let name = &case.name;
        bail!("{name}: ONNX Runtime is in a usual place, where `auto` must be tried without it");
    }
    let rows: Vec<Row> = cases.iter().map(|case| Row::of(case, &results, &args)).collect();
    if let Some(path) = &args.details {
        let text = report::details(&cases, &results);
        std::fs::write(path, text).with_context(|| format!("writing `{}`", path.display()))?;
    }
    report::print_totals(&cases, &results, &args);
    let all_sound = report::print_forbidden(&cases, &results);
    let as_expected = match args.goal {
        Goal::Show => true,
        Goal::Check => check(&rows, &args)?,
        Goal::Update => update(rows, &args)?,
    };
    Ok(all_sound && as_expected)
}

/// Whether rows and page are those of the tree; says where they are not.
fn check(rows: &[Row], args: &Args) -> Result<bool> {
    let expected = Expected::read(&expected_file())?;
    let differences = expected.differences(rows, args);
    for difference in &differences {
        println!("{difference}");
    }
    let page = std::fs::read_to_string(page_file()).context("reading docs/onnx.md")?;
    let page_is_right = page == page::write(&expected.rows);
    if !page_is_right {
        println!("docs/onnx.md does not say what expected.tsv says");
    }
    let as_expected = differences.is_empty() && page_is_right;
    if !as_expected {
        let n = differences.len();
        println!("{n} rows differ; with --update in place of --check both files are written anew");
    }
    Ok(as_expected)
}

/// Writes rows and page anew. What was not tried this time stays as it was.
fn update(rows: Vec<Row>, args: &Args) -> Result<bool> {
    let expected = Expected::read(&expected_file())?.with(rows, args);
    expected.write(&expected_file())?;
    std::fs::write(page_file(), page::write(&expected.rows)).context("writing docs/onnx.md")?;
    println!("wrote tests/onnx/expected.tsv and docs/onnx.md");
    Ok(true)
}

fn expected_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("onnx/expected.tsv")
}

fn page_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/onnx.md")
}
