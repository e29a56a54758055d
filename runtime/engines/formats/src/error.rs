//! Why a model file is refused.

use std::fmt;

/// Where in a file something was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The file as a whole.
    File,
    /// A byte of the file, or of what it unpacks to.
    Byte(u64),
    /// A line of a text file, counted from one.
    Line(u64),
    /// What is read there: an attribute such as `steps[1][1].coef_`, or a key such as
    /// `learner.gradient_booster`.
    Path(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => f.write_str("the file"),
            Self::Byte(offset) => write!(f, "byte {offset}"),
            Self::Line(line) => write!(f, "line {line}"),
            Self::Path(path) => write!(f, "`{path}`"),
        }
    }
}

impl From<&str> for Place {
    fn from(path: &str) -> Self {
        Self::Path(path.to_owned())
    }
}

impl From<String> for Place {
    fn from(path: String) -> Self {
        Self::Path(path)
    }
}

/// Why a model cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// The bytes contradict themselves, their format, or what the model's class says of itself.
    #[error("{place}: expected {expected}, got {got}")]
    Damaged {
        /// Where.
        place: Place,
        /// What would have been right.
        expected: String,
        /// What is there.
        got: String,
    },
    /// The file is sound but uses something that is not offered.
    #[error("{place}: {what} is not supported{}", WayOut(way_out))]
    Unsupported {
        /// Where.
        place: Place,
        /// What is not offered: the class, version or attribute.
        what: String,
        /// What the model's owner can do; empty if there is nothing to say.
        way_out: String,
    },
    /// The file would run code if Python opened it.
    #[error(
        "{place}: `{name}` (byte {offset}) is not on the allow-list; this file calls code when \
         Python opens it: refused"
    )]
    Dangerous {
        /// The attribute that holds it, or the file where none does.
        place: Place,
        /// Module and name of what would be called.
        name: String,
        /// The byte where the name is.
        offset: u64,
    },
    /// The file is larger than [`Limits`](crate::Limits) allow.
    #[error("{place}: expected at most {limit} {unit}, got {got}")]
    TooLarge {
        /// Where.
        place: Place,
        /// What is counted.
        unit: &'static str,
        /// The most that is accepted.
        limit: u64,
        /// What the file has or asks for.
        got: u64,
    },
}

/// The end of a sentence that names a way out, if there is one.
struct WayOut<'a>(&'a str);

impl fmt::Display for WayOut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, ": {}", self.0) }
    }
}

impl FormatError {
    /// A [`Damaged`](Self::Damaged).
    pub fn damaged(
        place: impl Into<Place>,
        expected: impl fmt::Display,
        got: impl fmt::Display,
    ) -> Self {
        Self::Damaged { place: place.into(), expected: expected.to_string(), got: got.to_string() }
    }

    /// An [`Unsupported`](Self::Unsupported) with what its owner can do about it.
    pub fn unsupported(
        place: impl Into<Place>,
        what: impl fmt::Display,
        way_out: impl fmt::Display,
    ) -> Self {
        Self::Unsupported {
            place: place.into(),
            what: what.to_string(),
            way_out: way_out.to_string(),
        }
    }

    /// A [`TooLarge`](Self::TooLarge) if `got` is beyond `limit`.
    ///
    /// # Errors
    /// If it is.
    pub fn check_limit(
        place: impl Into<Place>,
        unit: &'static str,
        limit: impl TryInto<u64>,
        got: impl TryInto<u64>,
    ) -> Result<(), Self> {
        let limit = limit.try_into().unwrap_or(u64::MAX);
        let got = got.try_into().unwrap_or(u64::MAX);
        if got <= limit {
            return Ok(());
        }
        Err(Self::TooLarge { place: place.into(), unit, limit, got })
    }

    /// The same error, found somewhere else.
    #[must_use]
    pub fn at(mut self, found: impl Into<Place>) -> Self {
        match &mut self {
            Self::Damaged { place, .. }
            | Self::Unsupported { place, .. }
            | Self::Dangerous { place, .. }
            | Self::TooLarge { place, .. } => *place = found.into(),
        }
        self
    }

    /// Where the problem is.
    pub fn place(&self) -> &Place {
        match self {
            Self::Damaged { place, .. }
            | Self::Unsupported { place, .. }
            | Self::Dangerous { place, .. }
            | Self::TooLarge { place, .. } => place,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_say_what_where_and_the_way_out() {
        let cases = [
            (
                FormatError::damaged("tree_.nodes", "2 axes", "3"),
                "`tree_.nodes`: expected 2 axes, got 3",
            ),
            (
                FormatError::unsupported(Place::File, "`old.Class`", "convert the model to ONNX"),
                "the file: `old.Class` is not supported: convert the model to ONNX",
            ),
            (FormatError::unsupported(Place::Line(3), "`x`", ""), "line 3: `x` is not supported"),
            (
                FormatError::check_limit(Place::Byte(7), "values", 5_u64, 6_u64).unwrap_err(),
                "byte 7: expected at most 5 values, got 6",
            ),
            (
                FormatError::Dangerous {
                    place: "steps[0][1]".into(),
                    name: "posix.system".into(),
                    offset: 99,
                },
                "`steps[0][1]`: `posix.system` (byte 99) is not on the allow-list; this file calls \
                 code when Python opens it: refused",
            ),
        ];
        for (error, text) in cases {
            assert_eq!(error.to_string(), text);
        }
    }

    #[test]
    fn what_is_at_the_limit_passes() {
        assert!(FormatError::check_limit(Place::File, "values", 5_u64, 5_u64).is_ok());
    }
}
