//! Which engine takes which model, against `tests/engines/table.tsv`.
//!
//! A cell of the table is one of
//! - `runs`;
//! - `refused: ` and words that the refusal must have: the operator, type or value that stands in
//!   the way;
//! - `requests refused: ` and words, where the engine takes the model and cannot hold the numbers of
//!   its request.
//!
//! `UPDATE_ENGINES=1` writes the first two anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use radiant::engines::Choice;
use radiant_contract::{EnvSource as _, ProcessEnv};
use radiant_core::{DType, ErrorKind};
use radiant_onnx::Limits;

use super::case::{Case, cases};
use super::load::{Cell, cells};
use super::run;
use crate::support::workspace;

const RUNS: &str = "runs";
const REFUSED: &str = "refused: ";
const REQUESTS_REFUSED: &str = "requests refused: ";

/// What is said of each model and engine.
type Table = BTreeMap<(String, String), String>;

/// The table, written anew before it is read where that is asked for.
fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let old = read();
        if ProcessEnv.get("UPDATE_ENGINES").is_none() {
            return old;
        }
        let new = updated(&old);
        write(&new);
        new
    })
}

/// The words of a refusal that a request must meet with, where the table says so.
pub(super) fn requests_refused(cell: &Cell) -> Option<&'static str> {
    table().get(&key(cell))?.strip_prefix(REQUESTS_REFUSED)
}

fn key(cell: &Cell) -> (String, String) {
    (cell.case.name.clone(), cell.choice.to_string())
}

fn path() -> PathBuf {
    workspace().join("tests/engines/table.tsv")
}

fn read() -> Table {
    let text = fs::read_to_string(path()).unwrap_or_default();
    let mut lines = text.lines();
    let engines: Vec<&str> = lines.next().unwrap_or_default().split('\t').skip(1).collect();
    let cells = lines.flat_map(|line| {
        let mut fields = line.split('\t');
        let model = fields.next().unwrap_or_default().to_owned();
        let engines = engines.iter().map(|engine| (*engine).to_owned());
        engines.zip(fields).map(move |(engine, cell)| ((model.clone(), engine), cell.to_owned()))
    });
    cells.collect()
}

/// The table with what is seen here; the columns of engines that are not here stay.
fn updated(old: &Table) -> Table {
    let mut new = Table::new();
    for case in cases() {
        for choice in Choice::ENGINES {
            let key = (case.name.clone(), choice.to_string());
            let cell =
                cells().iter().find(|cell| cell.case.name == case.name && cell.choice == choice);
            let old = old.get(&key);
            let entry = cell.map_or_else(|| old.cloned(), |cell| Some(entry(cell, old)));
            new.insert(key, entry.unwrap_or_default());
        }
    }
    new
}

/// What to write of a cell: what stands there, if that is still so.
fn entry(cell: &Cell, old: Option<&String>) -> String {
    match (&cell.loaded, old) {
        (_, Some(old)) if differs(cell, old).is_none() => old.clone(),
        (Ok(_), _) => RUNS.to_owned(),
        (Err(refusal), _) => {
            let word = words(cell.case).into_iter().find(|word| refusal.contains(word.as_str()));
            format!("{REFUSED}{}", word.unwrap_or_else(|| refusal.clone()))
        }
    }
}

/// The words of a model that a refusal may name, the telling ones first.
fn words(case: &Case) -> Vec<String> {
    let model = radiant_onnx::load(&case.path(), &Limits::default()).expect("a sound model");
    let nodes = model.graph.all_nodes();
    // As the engines write them: alone, behind the node, and before it.
    let operators = nodes.iter().flat_map(|node| {
        let operator = &node.op_type;
        [format!("`{operator}`"), format!("({operator})"), format!("{operator} `")]
    });
    let qualified = nodes.iter().map(|node| format!("{}.{}", node.domain, node.op_type));
    let values = model.graph.input.iter().chain(&model.graph.output);
    let values = values.map(|value| format!("`{}`", value.name));
    let types = DType::ALL.iter().map(|dtype| dtype.name().to_owned());
    // A limit on the graph as a whole.
    let whole = ["graph: ".to_owned()];
    operators.chain(qualified).chain(types).chain(values).chain(whole).collect()
}

fn write(table: &Table) {
    let engines = Choice::ENGINES.map(|choice| choice.to_string());
    let header = [&["model".to_owned()][..], &engines].concat();
    let row = |case: &Case| {
        let cells = engines.iter().map(|engine| {
            table.get(&(case.name.clone(), engine.clone())).cloned().unwrap_or_default()
        });
        [case.name.clone()].into_iter().chain(cells).collect::<Vec<_>>()
    };
    let rows = [header].into_iter().chain(cases().iter().map(row));
    let lines: Vec<String> = rows.map(|row| row.join("\t") + "\n").collect();
    fs::write(path(), lines.concat()).expect("tests/engines/table.tsv can be written");
}

/// In what a cell is not as the table says.
fn differs(cell: &Cell, said: &str) -> Option<String> {
    let is_so = match (&cell.loaded, said.strip_prefix(REFUSED)) {
        (Ok(_), None) => said == RUNS || said.starts_with(REQUESTS_REFUSED),
        (Err(refusal), Some(words)) => refusal.contains(words) && !refusal.contains("PANIC"),
        _ => false,
    };
    let got = || match &cell.loaded {
        Ok(_) => RUNS.to_owned(),
        Err(refusal) => format!("{REFUSED}{refusal}"),
    };
    (!is_so)
        .then(|| format!("{} on {}: expected {said}, got {}", cell.case.name, cell.choice, got()))
}

#[test]
fn engines_run_and_refuse_the_models_that_the_table_says() {
    let table = table();
    let nothing = String::new();
    let said = |cell: &Cell| table.get(&key(cell)).unwrap_or(&nothing);
    let differences: Vec<_> = cells().iter().filter_map(|cell| differs(cell, said(cell))).collect();
    assert!(
        differences.is_empty(),
        "tests/engines/table.tsv differs, UPDATE_ENGINES=1 writes it anew:\n{}",
        differences.join("\n")
    );
    let models: Vec<_> = table.keys().map(|(model, _)| model).collect();
    let unknown = models.iter().find(|model| cases().iter().all(|case| case.name != ***model));
    assert_eq!(unknown, None, "the table has a model that is not there");
}

#[test]
fn every_model_runs_on_some_engine() {
    let table = table();
    let lost: Vec<_> = cases()
        .iter()
        .filter(|case| {
            let mut cells = table.iter().filter(|((model, _), _)| *model == case.name);
            !cells.any(|(_, cell)| cell == RUNS)
        })
        .map(|case| &case.name)
        .collect();
    assert!(lost.is_empty(), "no engine runs {lost:?}");
}

#[test]
fn a_request_that_an_engine_cannot_hold_is_invalid_input() {
    for cell in cells() {
        let (Some(words), Ok(engine)) = (requests_refused(cell), &cell.loaded) else { continue };
        for set in &cell.case.data {
            let error = run(&**engine, &set.inputs).expect_err("the table says so");
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{}: {error}", cell.case.name);
            assert!(error.message().contains(words), "{}: {error}", cell.case.name);
        }
    }
}

#[test]
fn a_refusal_names_what_stands_in_the_way() {
    let vague: Vec<String> = cells()
        .iter()
        .filter_map(|cell| {
            let refusal = cell.loaded.as_ref().err()?;
            let is_named = words(cell.case).iter().any(|word| refusal.contains(word.as_str()));
            (!is_named).then(|| format!("{} on {}: {refusal}", cell.case.name, cell.choice))
        })
        .collect();
    assert!(vague.is_empty(), "refusals name nothing of the model:\n{}", vague.join("\n"));
}
