//! Why a model is not run by this engine.

use std::error::Error;
use std::fmt;

/// A part of a model that the engine does not know; the model is refused as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsupported {
    place: String,
    what: String,
}

impl Unsupported {
    /// `what`, a clause that ends in a verb, about the part of the model that `place` names; `what`
    /// alone if that is empty.
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
