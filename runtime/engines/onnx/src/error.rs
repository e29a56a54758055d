//! Why a model file is refused.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why a model cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum OnnxError {
    /// A file cannot be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The bytes are not the protobuf encoding of a model.
    #[error("not an ONNX model: {problem}")]
    Malformed {
        /// What is wrong, and at which byte where that is known.
        problem: String,
    },
    /// The model is larger than [`Limits`](crate::Limits) allow.
    #[error("{place}: expected at most {limit} {unit}, got {got}")]
    TooLarge {
        /// The node, value or message.
        place: String,
        /// What is counted.
        unit: &'static str,
        /// The most that is accepted.
        limit: u64,
        /// What the file has or asks for.
        got: u64,
    },
    /// The model contradicts itself or the ONNX specification.
    #[error("{place}: expected {expected}, got {got}")]
    Invalid {
        /// The node, value or message.
        place: String,
        /// What would have been right.
        expected: String,
        /// What is there.
        got: String,
    },
    /// The model is sound but uses something that is not offered.
    #[error("{place}: {what} is not supported")]
    Unsupported {
        /// The node, value or message.
        place: String,
        /// What is not offered.
        what: String,
    },
}

impl OnnxError {
    /// An [`Invalid`](Self::Invalid).
    pub(crate) fn invalid(
        place: impl fmt::Display,
        expected: impl fmt::Display,
        got: impl fmt::Display,
    ) -> Self {
        Self::Invalid {
            place: place.to_string(),
            expected: expected.to_string(),
            got: got.to_string(),
        }
    }

    /// An [`Unsupported`](Self::Unsupported).
    pub(crate) fn unsupported(place: impl fmt::Display, what: impl fmt::Display) -> Self {
        Self::Unsupported { place: place.to_string(), what: what.to_string() }
    }

    /// A [`TooLarge`](Self::TooLarge) if `got` is beyond `limit`.
    pub(crate) fn check_limit(
        place: impl fmt::Display,
        unit: &'static str,
        limit: u64,
        got: u64,
    ) -> Result<(), Self> {
        if got <= limit {
            return Ok(());
        }
        Err(Self::TooLarge { place: place.to_string(), unit, limit, got })
    }
}
