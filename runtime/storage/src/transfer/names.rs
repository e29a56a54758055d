//! Which names of objects may become names of files.

use std::collections::HashSet;

use super::TransferError;
use crate::staging::STAGING;

/// What object stores allow, and file systems with them.
const NAME_BYTES_MAX: usize = 1024;

/// What file systems allow for one part of a path.
const PART_BYTES_MAX: usize = 255;

/// Checks that a name, relative to a folder, stays inside it and is nobody's trap.
pub(super) fn check(name: &str) -> Result<(), TransferError> {
    let refuse = |expected| Err(TransferError::Name { name: name.to_owned(), expected });
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        return refuse("a name of 1 to 1024 bytes");
    }
    if name.contains('\\') || name.chars().any(char::is_control) {
        return refuse("a name without `\\` and control characters");
    }
    if name.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return refuse("a relative name whose parts are neither empty nor `.` nor `..`");
    }
    if name.split('/').any(|part| part.len() > PART_BYTES_MAX) {
        return refuse("a name whose parts have at most 255 bytes each");
    }
    if name.split('/').next() == Some(STAGING) {
        return refuse("another name: this folder is where files are until all are there");
    }
    Ok(())
}

/// All folders that names are in.
pub(super) fn folders<'a>(names: impl Iterator<Item = &'a str>) -> HashSet<&'a str> {
    let mut folders = HashSet::new();
    for name in names {
        let mut rest = name;
        while let Some((folder, _)) = rest.rsplit_once('/') {
            // Those above it were added with it.
            if !folders.insert(folder) {
                break;
            }
            rest = folder;
        }
    }
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_and_odd_names_are_taken() {
        for name in ["a", "a/b.onnx", "a b/ü+%20.json", "..data/x", "...", "a/.radiant-fetch", "-"]
        {
            assert!(check(name).is_ok(), "{name}");
        }
        assert!(check(&"x".repeat(PART_BYTES_MAX)).is_ok());
    }

    #[test]
    fn names_that_leave_the_folder_or_hide_in_it_are_refused() {
        let long = ["x".repeat(256), "x/".repeat(600)];
        let bad = [
            "",
            ".",
            "..",
            "/a",
            "a/",
            "a//b",
            "a/../b",
            "a/./b",
            "../a",
            "a/..",
            "a\\b",
            "a\0b",
            "a\nb",
            "\u{85}",
            ".radiant-fetch/a",
            &long[0],
            &long[1],
        ];
        for name in bad {
            let error = check(name).unwrap_err();
            assert!(matches!(error, TransferError::Name { .. }), "{name}: {error}");
            assert!(!error.to_string().chars().any(char::is_control), "{error}");
        }
    }

    #[test]
    fn folders_are_those_above_every_name() {
        let mut found: Vec<&str> =
            folders(["a/b/c", "a/b/d", "e", "f/g"].into_iter()).into_iter().collect();
        found.sort_unstable();
        assert_eq!(found, ["a", "a/b", "f"]);
    }
}
