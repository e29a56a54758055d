//! The tables of `docs/models.md`, written from what the corpus answered.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use super::tallies;
use crate::sklearn::estimator::Method;

const BEGIN: &str = "<!-- begin: written by the tests of radiant-engine-estimators -->\n";
const END: &str = "<!-- end -->\n";

/// A class in all versions.
#[derive(Default)]
struct Row {
    versions: BTreeSet<usize>,
    methods: BTreeSet<&'static str>,
    n_models: usize,
    n_answers: usize,
    n_equal: usize,
    greatest: f64,
}

#[test]
fn the_documentation_tells_what_the_corpus_answered() {
    if is_set("RADIANT_CORPUS_FAMILY") || is_set("RADIANT_CORPUS_MODEL") {
        return;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs/models.md");
    let text = fs::read_to_string(&path).expect("docs/models.md can be read");
    let (before, rest) = text.split_once(BEGIN).expect("there is a place for the tables");
    let (_, after) = rest.split_once(END).expect("the place has an end");
    let written = format!("{before}{BEGIN}{}{END}{after}", tables());
    if is_set("UPDATE_DOCS") {
        fs::write(&path, &written).expect("docs/models.md can be written");
    }
    assert!(
        pinned(&written) == pinned(&text) || is_set("UPDATE_DOCS"),
        "docs/models.md is not what the corpus answers: run the tests with UPDATE_DOCS=1"
    );
}

/// The lines without how near the answers of a class came: last digits are the system's functions'.
fn pinned(text: &str) -> Vec<&str> {
    let of_class = |line: &str| line.starts_with("| ") && line.matches(" | ").count() == 6;
    let pinned = |line: &'_ str| match line.rmatch_indices(" | ").nth(1) {
        Some((end, _)) if of_class(line) => end,
        _ => line.len(),
    };
    text.lines().map(|line| line.get(..pinned(line)).unwrap_or(line)).collect()
}

#[expect(clippy::disallowed_methods, reason = "the tests are told what to do")]
fn is_set(name: &str) -> bool {
    env::var_os(name).is_some()
}

fn tables() -> String {
    let mut classes: BTreeMap<&str, Row> = BTreeMap::new();
    let mut refused: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    let mut names = Vec::new();
    for (at, (version, tally)) in tallies().enumerate() {
        names.push(version.trim_end_matches(".post1"));
        for (name, class) in &tally.classes {
            let row = classes.entry(name).or_default();
            row.versions.insert(at);
            row.methods.extend(&class.methods);
            row.n_models += class.n_models;
            row.n_answers += class.n_answers;
            row.n_equal += class.n_equal;
            row.greatest = row.greatest.max(class.greatest);
        }
        for what in tally.refused.values().flatten() {
            refused.entry(plain(what)).or_default().insert(at);
        }
    }
    let mut text =
        "\n| class | versions | methods | models | answers | equal in every bit | greatest \
                    difference |\n|---|---|---|---|---|---|---|\n"
            .to_owned();
    for (name, row) in &classes {
        let methods = Method::ALL.into_iter().map(Method::name);
        let methods: Vec<_> = methods.filter(|method| row.methods.contains(method)).collect();
        let greatest = if row.n_equal == row.n_answers {
            "-".to_owned()
        } else {
            format!("{:.0e}", row.greatest)
        };
        writeln!(
            text,
            "| {name} | {} | {} | {} | {} | {} | {greatest} |",
            versions(&row.versions, &names),
            methods.join(", "),
            row.n_models,
            row.n_answers,
            share(row.n_equal, row.n_answers),
        )
        .expect("a text takes everything");
    }
    text += "\nRefused by name when they are loaded:\n\n| what | versions |\n|---|---|\n";
    for (what, found) in &refused {
        writeln!(text, "| {what} | {} |", versions(found, &names))
            .expect("a text takes everything");
    }
    text.push('\n');
    text
}

/// The words of a refusal, with a class by its name alone: modules move.
fn plain(what: &str) -> String {
    match what.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')) {
        Some(class) => class.rsplit('.').next().unwrap_or(class).to_owned(),
        None => what.to_owned(),
    }
}

/// `all`, or the versions.
fn versions(found: &BTreeSet<usize>, names: &[&str]) -> String {
    if found.len() == names.len() {
        return "all".to_owned();
    }
    let (first, last) = (found.first().copied(), found.last().copied());
    match (first, last) {
        (Some(first), Some(last)) if first != last && last - first + 1 == found.len() => {
            format!("{} to {}", names[first], names[last])
        }
        _ => found.iter().map(|at| names[*at]).collect::<Vec<_>>().join(", "),
    }
}

fn share(part: usize, whole: usize) -> String {
    match part * 100 / whole.max(1) {
        100 => "all".to_owned(),
        percent => format!("{percent} %"),
    }
}
