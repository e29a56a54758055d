//! Pickles, protocols 0 to 5, read as data: nothing is imported, called or evaluated.
//!
//! Out of bounds: objects that lie outside the file (persistent ids, registered classes, buffers).

mod audit;
mod bytes;
mod literal;
mod memo;
mod opcode;
mod text;
mod vm;

pub use audit::Audit;
pub(crate) use vm::Machine;

use crate::error::{FormatError, Place};
use crate::limits::Limits;
use crate::object::Graph;
use crate::object::store::Store;

/// Reads a pickle that is not compressed, joblib's included.
///
/// The graph keeps `bytes`; arrays and texts stay where they are in it.
///
/// # Errors
/// If the bytes are no pickle, are larger than `limits` allow, or name what `audit` refuses; under an
/// audit also if anything follows the end of the pickle. That a file would run code is told even
/// where it is damaged besides.
pub fn read(bytes: Vec<u8>, limits: &Limits, audit: &Audit) -> Result<Graph, FormatError> {
    FormatError::check_limit(Place::File, "bytes", limits.file_bytes_max, bytes.len())?;
    let len = bytes.len();
    let mut machine = Machine::new(Store::new(bytes, limits.clone()));
    let result = machine.run(0);
    let position = machine.position();
    let Machine { store, dtypes, .. } = machine;
    let root = match result {
        Ok(root) => root,
        Err(error) => {
            audit.check_unfinished(&store)?;
            return Err(error);
        }
    };
    let trailing = len.saturating_sub(position);
    audit.check(&store, root)?;
    audit.check_end(trailing)?;
    Ok(Graph::new(store, root, trailing, dtypes))
}

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod tests;
