//! Why settings cannot be taken.

use super::TEXT_BYTES_MAX;

/// Why settings cannot be taken: where in the text, expected, got. Which file it is, the caller knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The text is too long to be settings.
    #[error("expected at most {TEXT_BYTES_MAX} bytes of settings, got {got}")]
    TooLong {
        /// Its length in bytes.
        got: usize,
    },
    /// The text is not in its format, or beyond the bounds for depth and number of values.
    #[error("expected {format}: {message}")]
    NotParsed {
        /// The format.
        format: &'static str,
        /// Where and what the parser said.
        message: String,
    },
    /// Protobuf's text format is broken.
    #[error("line {line}: expected {expected}, got {got}")]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// What may stand there.
        expected: String,
        /// What does.
        got: String,
    },
    /// A value is not what its place asks for.
    #[error("`{place}`: expected {expected}, got {got}")]
    Invalid {
        /// Which value, such as `labels.stable`.
        place: String,
        /// What may stand there.
        expected: String,
        /// What does.
        got: String,
    },
    /// The settings ask for what this server does not have.
    #[error("`{place}`: expected {expected}, got {got}: {hint}")]
    Refused {
        /// Which value.
        place: &'static str,
        /// What can be served.
        expected: String,
        /// What is asked for.
        got: String,
        /// The way out.
        hint: &'static str,
    },
}
