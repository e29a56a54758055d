//! Taking settings out of a value without a schema, with the place in every error.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::SettingsError;

/// How much of a value an error shows, in characters.
const SHOWN_CHARS: usize = 60;

/// How many names that have no effect are told.
const IGNORED_MAX: usize = 50;

/// The entries of a mapping, each taken once; what is left is not known.
pub(super) struct Entries {
    /// What stands before a key in errors: empty, or `parameters.`.
    prefix: String,
    entries: Map<String, Value>,
}

impl Entries {
    /// The entries of `value`; null has none.
    pub(super) fn of(place: &str, value: Value) -> Result<Self, SettingsError> {
        let prefix = if place.is_empty() { String::new() } else { format!("{place}.") };
        match value {
            Value::Object(entries) => Ok(Self { prefix, entries }),
            Value::Null => Ok(Self { prefix, entries: Map::new() }),
            other => {
                let place = if place.is_empty() { "the whole" } else { place };
                Err(invalid(place, "a mapping", &other))
            }
        }
    }

    /// Where the entry with this key is.
    pub(super) fn place(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// Takes a value; null is none.
    pub(super) fn value(&mut self, key: &str) -> Option<Value> {
        self.entries.remove(key).filter(|value| !value.is_null())
    }

    /// Takes a text; an empty one is none.
    pub(super) fn text(&mut self, key: &str) -> Result<Option<String>, SettingsError> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(invalid(&self.place(key), "a string", &other)),
        }
    }

    /// Takes a whole number from 1.
    pub(super) fn count(&mut self, key: &str) -> Result<Option<u64>, SettingsError> {
        let Some(value) = self.value(key) else { return Ok(None) };
        match value.as_u64().filter(|number| *number > 0) {
            Some(number) => Ok(Some(number)),
            None => Err(invalid(&self.place(key), "a whole number from 1", &value)),
        }
    }

    /// Takes a mapping; absent and null are an empty one.
    pub(super) fn mapping(&mut self, key: &str) -> Result<Self, SettingsError> {
        let value = self.value(key).unwrap_or_default();
        Self::of(&self.place(key), value)
    }

    /// What was not taken, by key.
    pub(super) fn rest(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.entries.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// Takes all that is left, with the place of each.
    pub(super) fn drain(self) -> impl Iterator<Item = (String, String, Value)> {
        let prefix = self.prefix;
        self.entries.into_iter().map(move |(key, value)| (format!("{prefix}{key}"), key, value))
    }
}

/// A version as settings may write it: text, or a whole number from 0.
pub(super) fn version(place: &str, value: &Value) -> Result<String, SettingsError> {
    let expected = "a version: a whole number from 0, or text without `/` and control characters";
    match value {
        Value::Number(number) if number.is_u64() => Ok(number.to_string()),
        Value::String(text) if is_segment(text) => Ok(text.clone()),
        other => Err(invalid(place, expected, other)),
    }
}

/// Checks a name that becomes a part of paths.
pub(super) fn name(place: &str, text: Option<String>) -> Result<Option<String>, SettingsError> {
    match text {
        Some(text) if !is_segment(&text) => {
            let expected = "a name without `/` and control characters";
            Err(invalid(place, expected, &Value::String(text)))
        }
        other => Ok(other),
    }
}

/// Checks a path that stays in its folder.
pub(super) fn inner(place: &str, text: Option<String>) -> Result<Option<String>, SettingsError> {
    let is_inner = |text: &String| {
        let mut parts = text.split('/');
        !text.contains(['\\', '\0']) && parts.all(|part| !matches!(part, "" | "." | ".."))
    };
    match text {
        Some(text) if !is_inner(&text) => {
            let expected = "a path below the folder of the version, without `.`, `..` and `\\`";
            Err(invalid(place, expected, &Value::String(text)))
        }
        other => Ok(other),
    }
}

pub(super) fn invalid(place: &str, expected: &str, value: &Value) -> SettingsError {
    let got = match value {
        Value::Null => "nothing".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
        Value::Bool(_) | Value::Number(_) => format!("`{value}`"),
        Value::String(text) => shown(text),
    };
    SettingsError::Invalid { place: place.to_owned(), expected: expected.to_owned(), got }
}

/// The lines that tell names without effect, each once, with the reason that `table` has for its last
/// part.
pub(super) fn ignored<'a>(
    names: impl Iterator<Item = (String, &'a str)>,
    table: &[(&str, &str)],
) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut lines = Vec::new();
    for (place, name) in names {
        if !seen.insert(place.clone()) || seen.len() > IGNORED_MAX {
            continue;
        }
        let reason = table.iter().find(|(known, _)| *known == name);
        let reason = reason.map_or("is not known", |(_, reason)| reason);
        lines.push(format!("{}: {reason}", shown(&place)));
    }
    match seen.len().saturating_sub(IGNORED_MAX) {
        0 => {}
        n => lines.push(format!("{n} more: have no effect")),
    }
    lines
}

/// A text as errors show it.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("`{}...`", text.get(..end).unwrap_or_default().escape_debug()),
        None => format!("`{}`", text.escape_debug()),
    }
}

/// Words as errors list them.
pub(super) fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}

fn is_segment(text: &str) -> bool {
    !matches!(text, "" | "." | "..") && !text.contains(|c: char| c == '/' || c.is_control())
}
