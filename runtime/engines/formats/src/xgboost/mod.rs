//! Models of XGBoost 0.8 to 3.x: JSON, UBJSON, the binary form of old, and snapshots of each.
//!
//! [`read`] looks at the content, as XGBoost does, and gives one [`Model`] for all forms. Trees come
//! out checked: walking from the first node always ends in a leaf, and indices are in range. Nodes
//! that cannot be reached, which pruning leaves behind, are dropped.
//!
//! What the numbers mean differs by the version that wrote them and stays with who computes.

mod bytes;
mod document;
mod legacy;
mod model;
#[cfg(test)]
mod tests;
mod tree;

pub use document::read_document;
pub use model::{
    BaseSpace, Booster, Categories, Ensemble, Linear, Model, Node, Split, Test, Tree, Version,
};

use crate::{FormatError, Limits, Place, json, ubj};

/// What the first bytes of a file say about its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Ubj,
    Legacy,
}

impl Form {
    fn of(bytes: &[u8]) -> Self {
        let after_brace = bytes.strip_prefix(b"{").map(|rest| {
            rest.iter().find(|byte| !byte.is_ascii_whitespace()).copied().unwrap_or_default()
        });
        match after_brace {
            Some(b'"' | b'}') => Self::Json,
            Some(b'L' | b'l' | b'I' | b'i' | b'U') => Self::Ubj,
            _ => Self::Legacy,
        }
    }
}

/// Reads a model in any of its forms.
///
/// Cost: one pass over the bytes and one over the nodes; less than 100 bytes of memory for each byte
/// of the file.
///
/// # Errors
/// When the bytes are no model, contradict themselves or ask for more than [`Limits`] allow.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Model, FormatError> {
    FormatError::check_limit(Place::File, "bytes", limits.file_bytes_max, bytes.len())?;
    match Form::of(bytes) {
        Form::Json => read_document(json::parse(bytes, limits)?.root(), limits),
        Form::Ubj => read_document(ubj::parse(bytes, limits)?.root(), limits),
        Form::Legacy => legacy::read(bytes, limits),
    }
}
