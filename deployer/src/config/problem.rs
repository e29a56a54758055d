//! What is wrong with a configuration: where, what was expected, what was there, and a way out.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::keypath::KeyPath;
use super::node::{Node, Origin};
use crate::error::Failure;

/// How many characters of a value are shown.
const SHOWN_MAX: usize = 80;

/// How many characters of a place are shown: the end of a longer one says where it is.
const PATH_SHOWN_MAX: usize = 200;

/// How many mistakes people are told of at once.
pub(crate) const TOLD_MAX: usize = 50;

/// The longest word that can be a slip for a known one.
const SLIP_MAX: usize = 64;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// It cannot be deployed.
    Error,
    /// It can, and is hardly what was meant.
    Warning,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// Where in the document; empty for all of it.
    pub path: KeyPath,
    /// Where in the files, if it is there.
    pub origin: Option<Origin>,
    /// What should be there.
    pub expected: String,
    /// What is there; nothing secret.
    pub got: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Problem {
    /// Something that cannot be deployed.
    pub fn error(path: KeyPath, expected: impl Into<String>, got: impl Into<String>) -> Self {
        let (expected, got) = (expected.into(), got.into());
        Self { severity: Severity::Error, path, origin: None, expected, got, hint: None }
    }

    /// Something that is hardly what was meant.
    pub fn warning(path: KeyPath, expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(path, expected, got) }
    }

    /// Says what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says where in the files of `document` it is, and hides what came from the environment.
    #[must_use]
    pub(crate) fn located(mut self, document: &Node) -> Self {
        let node = document.nearest(&self.path);
        self.origin = self.origin.or_else(|| node.origin.clone());
        if node.is_hidden() {
            "something else, which a variable holds".clone_into(&mut self.got);
        }
        self
    }

    /// Whether it is an error.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// As programs read it.
    pub(crate) fn json(&self) -> Value {
        let place = self.origin.as_ref().map(|origin| {
            let (line, column) = origin.position.unzip();
            serde_json::json!({"source": &*origin.source, "line": line, "column": column})
        });
        serde_json::json!({
            "severity": self.severity,
            "path": self.path.to_string(),
            "place": place,
            "expected": self.expected,
            "got": self.got,
            "hint": self.hint,
        })
    }
}

impl fmt::Display for Problem {
    /// Without the hint.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(origin) = &self.origin {
            write!(f, "{origin}: ")?;
        }
        if !self.path.steps().is_empty() {
            let path = self.path.to_string();
            let n_left_out = path.chars().count().saturating_sub(PATH_SHOWN_MAX);
            let (dots, path) = match path.char_indices().nth(n_left_out) {
                Some((at, _)) if at > 0 => ("...", path.split_at(at).1),
                Some(_) | None => ("", path.as_str()),
            };
            write!(f, "`{dots}{}`: ", plain(path))?;
        }
        write!(f, "expected {}, got {}", self.expected, self.got)
    }
}

/// All that is wrong with a configuration: at least one error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<Problem>);

impl ConfigErrors {
    /// All that is wrong, in the order of the files.
    pub(crate) fn new(mut problems: Vec<Problem>) -> Self {
        let place = |problem: &Problem| {
            let Origin { source, position } = problem.origin.clone()?;
            Some((source, position))
        };
        problems.sort_by_cached_key(|problem| (problem.origin.is_none(), place(problem)));
        Self(problems)
    }

    /// Only the errors.
    pub fn errors(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter().filter(|problem| problem.is_error())
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors: Vec<&Problem> = self.errors().collect();
        if let [only] = errors.as_slice() {
            return only.fmt(f);
        }
        write!(f, "the configuration has {} mistakes", errors.len())?;
        for error in errors.iter().take(TOLD_MAX) {
            write!(f, "\n  {error}")?;
            if let Some(hint) = &error.hint {
                write!(f, "\n    hint: {hint}")?;
            }
        }
        match errors.len().checked_sub(TOLD_MAX) {
            None | Some(0) => Ok(()),
            Some(more) => write!(f, "\n  and {more} more"),
        }
    }
}

impl std::error::Error for ConfigErrors {}

impl From<ConfigErrors> for Failure {
    fn from(errors: ConfigErrors) -> Self {
        let all: Vec<&Problem> = errors.errors().collect();
        let hint = match all.as_slice() {
            [only] => only.hint.clone(),
            _ => None,
        };
        let failure = Self::usage(errors);
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

/// A value in an error: short, and without control characters.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(flag) => format!("`{flag}`"),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => quoted(text),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
    }
}

/// A text in an error: short, and without control characters.
pub(crate) fn quoted(text: &str) -> String {
    if text.is_empty() {
        return "an empty text".to_owned();
    }
    let mut shown: String = text.chars().take(SHOWN_MAX).collect();
    if shown.len() < text.len() {
        shown.push_str("...");
    }
    format!("`{}`", plain(&shown))
}

/// A text whose control characters do nothing; quotes and backslashes stay as they are.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '"' | '\'' => plain.push(character),
            other => plain.extend(other.escape_debug()),
        }
    }
    plain
}

/// Names in an error: `a`, `b` or `c`.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} or {last}", before.join(", ")),
        None => "nothing".to_owned(),
    }
}

/// Which of the known names was probably meant.
pub(crate) fn meant<'a>(got: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if got.len() > SLIP_MAX {
        return None;
    }
    let got = got.to_lowercase();
    let distance = |name: &str| strsim::osa_distance(&got, &name.to_lowercase());
    let nearest = known.into_iter().map(|name| (distance(name), name)).min()?;
    // A third of the letters may be wrong, and two of a short word.
    let (distance, name) = nearest;
    (distance <= (name.chars().count() / 3).max(2) && distance < got.chars().count())
        .then_some(name)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_problem_says_where_what_and_what_else() {
        let source = Arc::from("radiant.yaml");
        let mut problem = Problem::error(KeyPath::of("model.formats"), "`format`", "another key");
        problem.origin = Some(Origin { source, position: Some((3, 5)) });
        let text = "radiant.yaml:3:5: `model.formats`: expected `format`, got another key";
        assert_eq!(problem.to_string(), text);
        let both = ConfigErrors(vec![problem.clone().hint("do"), problem.clone()]);
        let text =
            format!("error: the configuration has 2 mistakes\n  {text}\n    hint: do\n  {text}\n");
        assert_eq!(Failure::from(both).text(), text);
        let only = ConfigErrors(vec![problem.hint("do")]);
        assert!(Failure::from(only).text().ends_with("another key\n\nhint: do\n"));
    }

    #[test]
    fn the_nearest_name_is_meant_if_it_is_near() {
        let known = ["uri", "path", "format", "method", "digest"];
        for (got, expected) in [
            ("formats", Some("format")),
            ("Format", Some("format")),
            ("url", Some("uri")),
            ("methods", Some("method")),
            ("resources", None),
            ("x", None),
        ] {
            assert_eq!(meant(got, known), expected, "{got}");
        }
    }

    #[test]
    fn what_is_shown_is_short_and_plain() {
        assert_eq!(quoted("a\u{1b}[1m"), "`a\\u{1b}[1m`");
        assert_eq!(quoted(r"it's \."), r"`it's \.`");
        assert!(quoted(&"é".repeat(1000)).chars().count() < 90);
        assert_eq!(listed(["a", "b", "c"]), "`a`, `b` or `c`");
        let problem = |path| Problem::error(path, "b", "c");
        let long = problem(KeyPath::default().key("é".repeat(1000)).key("a")).to_string();
        assert!(long.ends_with("é.a`: expected b, got c") && long.chars().count() < 240, "{long}");
        let all = ConfigErrors::new(vec![problem(KeyPath::of("a")); 60]).to_string();
        assert!(all.ends_with("\n  and 10 more") && all.lines().count() == 52, "{all}");
    }
}
