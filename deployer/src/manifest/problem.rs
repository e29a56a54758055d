//! What is wrong with a manifest, and where.

use std::fmt;

/// Something that an API server or the operator's webhook would not take as it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where: a path such as `spec.predictors[0].graph.name`.
    pub path: String,
    /// What is wrong: what was expected, and what came.
    pub message: String,
}

impl Problem {
    pub(super) fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.path, self.message)
    }
}

impl std::error::Error for Problem {}

/// The path of a member of what is at `parent`, in the spelling of [`Problem::path`].
pub(super) fn member(parent: &str, key: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    match (parent.is_empty(), !key.is_empty() && key.chars().all(is_plain)) {
        (true, true) => key.to_owned(),
        (false, true) => format!("{parent}.{key}"),
        (_, false) => format!("{parent}[{key:?}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_would_read_as_paths_are_quoted() {
        assert_eq!(member("", "spec"), "spec");
        assert_eq!(member("metadata", "name"), "metadata.name");
        let path = member("metadata.annotations", "radiant.dev/revision");
        assert_eq!(path, "metadata.annotations[\"radiant.dev/revision\"]");
    }
}
