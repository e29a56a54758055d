//! Files of commands and what they say: [`check`] types them again and compares.
//!
//! ```text
//! ## a cluster with fraud
//!
//! # What a reader should know of the next command.
//! $ radiant-deploy get churn
//! ! error: ...
//! exit 3
//! ```
//!
//! A line with `##` names the place that what follows is typed in, and makes it anew. Lines of stdout begin
//! with `|`, those of stderr with `!`. `UPDATE_GOLDEN=1` writes all of it anew but the commands.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Output;

use radiant_contract::{EnvSource, ProcessEnv};

use crate::filter::Filter;
use crate::world::World;

/// A command of a file, and its exit code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Typed {
    pub(crate) line: String,
    pub(crate) code: i32,
}

/// Types all commands of a file again, and says what is not as it stands there.
pub(crate) fn check(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).unwrap();
    compare(path, &retold(&text))
}

/// Compares a file with what it should be, or writes it.
pub(crate) fn compare(path: &Path, got: &str) -> Option<String> {
    let expected = fs::read_to_string(path).unwrap_or_default();
    if expected == got {
        return None;
    }
    if ProcessEnv.get("UPDATE_GOLDEN").is_some() {
        fs::write(path, got).unwrap();
        return None;
    }
    let first = expected.lines().zip(got.lines()).position(|(one, other)| one != other);
    let line = first.unwrap_or_else(|| expected.lines().count().min(got.lines().count()));
    let at = |text: &str| text.lines().nth(line).unwrap_or("the end").to_owned();
    let place = format!("{}:{}", path.display(), line + 1);
    Some(format!("{place}: expected `{}`, got `{}`", at(&expected), at(got)))
}

/// The commands of a text, with the exit codes that stand there.
pub(crate) fn typed(text: &str) -> Vec<Typed> {
    let mut all = Vec::new();
    for line in text.lines() {
        if let Some(line) = line.strip_prefix("$ ") {
            all.push(Typed { line: line.to_owned(), code: -1 });
        } else if let (Some(code), Some(last)) = (line.strip_prefix("exit "), all.last_mut()) {
            last.code = code.parse().unwrap();
        }
    }
    all
}

fn retold(text: &str) -> String {
    let mut told = String::new();
    let mut world = World::named("no cluster");
    for line in text.lines() {
        if line.starts_with(['|', '!']) || line.starts_with("exit ") {
            continue;
        }
        if let Some(name) = line.strip_prefix("## ") {
            world = World::named(name);
        }
        told.push_str(line);
        told.push('\n');
        if let Some(line) = line.strip_prefix("$ ") {
            told.push_str(&said(&world.run(line), &Filter::of(&world)));
        }
    }
    told
}

/// What a command said, and its exit code.
pub(crate) fn said(output: &Output, filter: &Filter) -> String {
    let mut text = String::new();
    for (mark, stream) in [('|', &output.stdout), ('!', &output.stderr)] {
        for line in filter.clean(std::str::from_utf8(stream).unwrap()).lines() {
            // Writing to a `String` cannot fail; clap ends some lines with spaces.
            let _infallible = writeln!(text, "{}", format!("{mark} {line}").trim_end());
        }
    }
    let _infallible = writeln!(text, "exit {}", output.status.code().unwrap());
    text
}

#[test]
fn a_file_is_retold_with_its_own_words() {
    let text = "# Why.\n$ echo one; echo two >&2; exit 3\n| old\nexit 0\n\n$ true\n";
    let told = "# Why.\n$ echo one; echo two >&2; exit 3\n| one\n! two\nexit 3\n\n$ true\nexit 0\n";
    assert_eq!(retold(text), told);
    let expected = [("echo one; echo two >&2; exit 3", 3), ("true", 0)];
    assert_eq!(typed(told), expected.map(|(line, code)| Typed { line: line.to_owned(), code }));
}
