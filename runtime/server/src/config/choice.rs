//! Options that are one of several words, and the name that a model has by itself.

use std::fmt;

use radiant_storage::{ModelUri, OTHER_WELL_KNOWN};
use tracing::Level;

/// A name for the model where nobody gave one: the builtin's, the file's without its ending, or the
/// folder's when the file is called `model.onnx` or has another of the names that are looked for.
pub fn default_name(model: &ModelUri) -> String {
    let text = model.to_string();
    let path = text.split(['?', '#']).next().unwrap_or_default();
    let is_name = |segment: &&str| !matches!(*segment, "" | "." | ".." | "***");
    let mut segments = path.split(['/', ':']).filter(is_name).rev();
    let last = segments.next().unwrap_or("model");
    if last == "model.onnx" || OTHER_WELL_KNOWN.contains(&last) {
        return segments.next().unwrap_or("model").to_owned();
    }
    let endings = OTHER_WELL_KNOWN.iter().filter_map(|name| name.strip_prefix("model"));
    let mut stems = endings.chain([".onnx"]).filter_map(|ending| last.strip_suffix(ending));
    stems.find(|stem| !stem.is_empty()).unwrap_or(last).to_owned()
}

/// What an estimator answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// One probability a class, where it is a classifier.
    Probabilities,
    /// What it predicts: one label a row, where it is a classifier.
    Labels,
    /// Its decision function.
    Decision,
}

impl Method {
    /// The words in the parameter `method`.
    pub const NAMES: [&str; 3] =
        [Self::Probabilities.as_str(), Self::Labels.as_str(), Self::Decision.as_str()];

    /// The method that this word means, and no other word.
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::Probabilities, Self::Labels, Self::Decision];
        all.into_iter().find(|method| method.as_str() == name)
    }

    /// The word in the parameter `method`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Probabilities => "predict_proba",
            Self::Labels => "predict",
            Self::Decision => "decision_function",
        }
    }
}

/// Which origins browsers may call from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cors {
    /// Every origin.
    Any,
    /// These origins.
    Only(Vec<String>),
    /// None: no CORS headers are sent.
    Off,
}

impl Cors {
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text.trim() {
            "*" => Some(Self::Any),
            "none" => Some(Self::Off),
            list => {
                let origins: Vec<String> =
                    list.split(',').map(|origin| origin.trim().to_owned()).collect();
                let good = |origin: &String| {
                    origin.contains("://") && origin.chars().all(|c| c.is_ascii_graphic())
                };
                origins.iter().all(good).then_some(Self::Only(origins))
            }
        }
    }
}

impl fmt::Display for Cors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Only(origins) => f.write_str(&origins.join(",")),
            Self::Off => f.write_str("none"),
        }
    }
}

/// The least important level that is logged, by Python's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    /// What each request does.
    Debug,
    /// Changes of state.
    Info,
    /// Something works, and not as it should.
    Warning,
    /// Someone must act.
    Error,
    /// The same as [`Error`](Self::Error): nothing is logged above it.
    Critical,
}

impl LogLevel {
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "debug" => Some(Self::Debug),
            "info" => Some(Self::Info),
            "warning" | "warn" => Some(Self::Warning),
            "error" => Some(Self::Error),
            "critical" | "fatal" => Some(Self::Critical),
            _ => None,
        }
    }

    /// The level's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }

    /// The level as `tracing` knows it.
    pub const fn as_tracing(self) -> Level {
        match self {
            Self::Debug => Level::DEBUG,
            Self::Info => Level::INFO,
            Self::Warning => Level::WARN,
            Self::Error | Self::Critical => Level::ERROR,
        }
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl LogFormat {
    /// The word in `--log-format`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_without_a_name_is_called_like_its_file() {
        let cases = [
            ("iris.onnx", "iris"),
            ("/models/iris.onnx", "iris"),
            ("/mnt/models/iris/model.onnx", "iris"),
            ("model.onnx", "model"),
            ("/mnt/models", "models"),
            ("/mnt/models/", "models"),
            ("./iris/", "iris"),
            (".", "model"),
            ("/", "model"),
            ("s3://bucket/iris/v1", "v1"),
            ("gs:iris", "iris"),
            ("file:///x/iris.v2", "iris.v2"),
            ("https://user:secret@host/iris.onnx?sig=secret", "iris"),
            ("/mnt/models/iris/model.bst", "iris"),
            ("/models/churn.json", "churn"),
            ("builtin:echo", "echo"),
        ];
        for (text, name) in cases {
            let model = ModelUri::parse(text).expect("the address is not empty");
            assert_eq!(default_name(&model), name, "{text}");
        }
    }

    #[test]
    fn origins_are_all_some_or_none() {
        assert_eq!(Cors::parse("*"), Some(Cors::Any));
        assert_eq!(Cors::parse("none"), Some(Cors::Off));
        let list = Cors::parse("https://a.example, http://b:8080").expect("the list is good");
        assert_eq!(list.to_string(), "https://a.example,http://b:8080");
        for text in ["", "example.com", "https://a,", "https://a b"] {
            assert_eq!(Cors::parse(text), None, "{text}");
        }
    }

    #[test]
    fn levels_have_pythons_names_in_any_case() {
        assert_eq!(LogLevel::parse("WARNING"), Some(LogLevel::Warning));
        assert_eq!(LogLevel::parse("Warn"), Some(LogLevel::Warning));
        assert_eq!(LogLevel::parse("CRITICAL").map(LogLevel::as_tracing), Some(Level::ERROR));
        assert_eq!(LogLevel::parse("verbose"), None);
    }
}
