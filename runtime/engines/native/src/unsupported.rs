//! Why a graph is not run by this engine.

use std::error::Error;
use std::fmt;

use radiant_onnx::OnnxError;

/// A part of a graph that the engine does not know; the graph is refused as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsupported {
    place: String,
    what: String,
}

impl Unsupported {
    /// `what`, a clause that ends in a verb, about the node or value that `place` names.
    pub(crate) fn new(place: impl fmt::Display, what: impl Into<String>) -> Self {
        Self { place: place.to_string(), what: what.into() }
    }
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place.as_str() {
            "" => f.write_str(&self.what),
            place => write!(f, "{place}: {}", self.what),
        }
    }
}

impl Error for Unsupported {}

impl From<OnnxError> for Unsupported {
    fn from(error: OnnxError) -> Self {
        Self::new("", error.to_string())
    }
}
