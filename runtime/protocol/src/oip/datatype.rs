//! Names of element types, as inputs have them.

use radiant_core::{DType, Error};

use crate::slots::quoted;

/// The element type of this name.
pub(super) fn find(name: &str) -> Option<DType> {
    DType::ALL.into_iter().find(|dtype| dtype.name() == name)
}

/// As [`find`].
///
/// # Errors
/// There is no such type.
pub(super) fn parse(name: &str) -> Result<DType, Error> {
    find(name).ok_or_else(|| unknown(name))
}

#[cold]
fn unknown(name: &str) -> Error {
    let names = DType::ALL.map(DType::name).join(", ");
    Error::invalid_input(format!("expected a datatype of {names}, got {}", quoted(name)))
}
