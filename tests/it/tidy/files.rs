//! Files: their length, their heads, and words that have no place in them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::workspace;

/// The longest that a source file may be.
const LINES_MAX: usize = 500;

/// Longer files, each with the reason.
const LONGER: [(&str, &str); 0] = [];

/// Folders that hold nothing that somebody wrote for this tree.
const SKIPPED: [&str; 6] = ["target", ".git", ".cache", "__pycache__", "corpus", "artifacts"];

/// Words of the workplace, in two halves each so that this file does not hold them itself.
const FORBIDDEN: [(&str, &str); 5] =
    [("../", "shared"), ("/work", "/main"), ("/work", "/shared"), ("/ro", "ot/"), ("issue ", "#")];

/// All files of the tree, as paths from its root.
pub(super) fn all() -> Vec<PathBuf> {
    let root = workspace();
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the tree") {
            let entry = entry.expect("an entry of the folder");
            let kind = entry.file_type().expect("a kind of file");
            let name = entry.file_name();
            if kind.is_dir() && !SKIPPED.iter().any(|skipped| name == *skipped) {
                folders.push(entry.path());
            } else if kind.is_file() {
                let path = entry.path();
                files.push(path.strip_prefix(&root).expect("below the root").to_owned());
            }
        }
    }
    files.sort();
    files
}

/// The text of a file, if it is one.
pub(super) fn text(path: &Path) -> Option<String> {
    String::from_utf8(fs::read(workspace().join(path)).expect("a file of the tree")).ok()
}

fn sources() -> impl Iterator<Item = (String, String)> {
    let rust = all().into_iter().filter(|path| path.extension().is_some_and(|end| end == "rs"));
    rust.map(|path| (path.display().to_string(), text(&path).expect("a source file is UTF-8")))
}

#[test]
fn no_source_file_is_longer_than_the_limit() {
    let long: Vec<String> = sources()
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(path, n)| *n > LINES_MAX && !LONGER.iter().any(|(longer, _)| longer == path))
        .map(|(path, n)| format!("{path}: {n} lines"))
        .collect();
    assert!(long.is_empty(), "longer than {LINES_MAX} lines: {long:#?}");
}

#[test]
fn every_source_file_says_first_what_it_is() {
    let silent: Vec<String> = sources()
        .filter(|(_, text)| {
            !text.starts_with("//! ") || text.lines().next().unwrap_or("").len() < 12
        })
        .map(|(path, _)| path)
        .collect();
    assert!(silent.is_empty(), "these do not open with `//!` and a sentence: {silent:#?}");
}

#[test]
fn nothing_speaks_of_the_place_where_it_was_written() {
    let mut found = Vec::new();
    for path in all() {
        // Recorded bytes are others' words.
        if path.starts_with("tests/golden") {
            continue;
        }
        let Some(text) = text(&path) else { continue };
        for (first, second) in FORBIDDEN {
            let word = [first, second].concat();
            for (number, line) in text.lines().enumerate().filter(|(_, line)| line.contains(&word))
            {
                found.push(format!("{}:{}: {line}", path.display(), number + 1));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn nothing_is_left_for_later() {
    let words = ["TO", "FIX"].map(|head| [head, if head == "TO" { "DO" } else { "ME" }].concat());
    let mut found = Vec::new();
    for (path, text) in sources() {
        for (number, line) in text.lines().enumerate() {
            // A known wrong behaviour that a test asserts may be marked.
            let marked = words.iter().any(|word| line.contains(word.as_str()));
            if marked && !path.contains("tests") {
                found.push(format!("{path}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}
