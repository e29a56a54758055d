//! Each command once as it should go, and as it most likely does not.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use crate::help;
use crate::transcript::{self, Typed};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/said");
/// How many files are retold at once.
const N_THREADS: usize = 4;

fn files() -> Vec<PathBuf> {
    let entries = fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.collect();
    files.sort();
    files
}

#[test]
fn each_command_says_what_stands_in_its_file() {
    let left = Mutex::new(files());
    let wrong = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..N_THREADS {
            scope.spawn(|| {
                while let Some(path) = next(&left) {
                    let told = transcript::check(&path);
                    wrong.lock().unwrap().extend(told);
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "`UPDATE_GOLDEN=1 cargo test` writes it anew: {wrong:#?}");
}

fn next(left: &Mutex<Vec<PathBuf>>) -> Option<PathBuf> {
    left.lock().unwrap().pop()
}

/// All that is typed, by the command that it is.
fn typed() -> BTreeMap<String, Vec<Typed>> {
    let commands = help::leaves();
    let mut by_command: BTreeMap<String, Vec<Typed>> = BTreeMap::new();
    for path in files() {
        for typed in transcript::typed(&fs::read_to_string(path).unwrap()) {
            let Some((_, words)) = typed.line.split_once("radiant-deploy ") else { continue };
            let is_it = |name: &&String| format!("{words} ").starts_with(&format!("{name} "));
            if let Some(command) = commands.iter().find(is_it) {
                by_command.entry(command.clone()).or_default().push(typed);
            }
        }
    }
    by_command
}

#[test]
fn each_command_succeeds_and_fails_in_some_file() {
    let typed = typed();
    let commands = help::leaves();
    let lacks = |is_such: fn(i32) -> bool| {
        let has = |name: &&String| {
            typed.get(*name).is_some_and(|it| it.iter().any(|it| is_such(it.code)))
        };
        commands.iter().filter(|name| !has(name)).collect::<Vec<_>>()
    };
    // A push that is whole needs a registry: `tests/registry` has one.
    assert_eq!(lacks(|code| code == 0), ["push"]);
    assert_eq!(lacks(|code| code != 0), [""; 0]);
}

#[test]
fn each_exit_code_and_each_form_of_output_is_in_some_file() {
    let all: Vec<Typed> = typed().into_values().flatten().collect();
    let codes: BTreeSet<i32> = all.iter().map(|typed| typed.code).collect();
    // Whoever is interrupted is in `tests/cluster`.
    assert_eq!(codes.into_iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    for form in ["table", "wide", "json", "yaml", "name", "jsonl", "jsonpath="] {
        let form = format!("-o {form}");
        assert!(all.iter().any(|typed| typed.code == 0 && typed.line.contains(&form)), "{form}");
    }
}

#[test]
fn data_is_on_stdout_and_problems_are_on_stderr() {
    for path in files() {
        let text = fs::read_to_string(&path).unwrap();
        for line in text.lines() {
            let (shown, is_problem) = (shown(&path, line), line.starts_with("| error: "));
            assert!(!is_problem, "{shown}");
            assert!(!line.contains("hunter2") || line.starts_with(['$', '#']), "{shown}");
        }
    }
}

fn shown(path: &Path, line: &str) -> String {
    format!("{}: {line}", path.display())
}
