//! `.npz` files: archives of arrays by name, as `numpy.savez` writes them.
//!
//! Arrays of Python objects are pickles inside and are refused: texts are better saved as such.

use std::collections::HashMap;

use crate::error::{FormatError, Place};
use crate::limits::Limits;
use crate::numpy;
use crate::object::Graph;
use crate::object::store::Store;
use crate::object::value::{Blob, Value};
use crate::skops::Files;

/// Reads the arrays of an archive: the root is a dict of them.
///
/// # Errors
/// If the bytes are no such archive, or larger than `limits` allow.
pub fn read(bytes: Vec<u8>, limits: &Limits) -> Result<Graph, FormatError> {
    FormatError::check_limit(Place::File, "bytes", limits.file_bytes_max, bytes.len())?;
    let mut files = Files::new(Store::new(bytes, limits.clone()))?;
    let mut pairs = Vec::new();
    for file in files.names() {
        let Some(name) = file.strip_suffix(".npy") else { continue };
        let range = files.range(&file)?;
        let store = &mut files.store;
        let array = match numpy::read_npy(&store.bytes, range, &store.limits) {
            Err(FormatError::Unsupported { what, .. }) => {
                let way_out = "save texts with `.astype(str)`, and numbers as numbers";
                return Err(FormatError::unsupported(file.as_str(), what, way_out));
            }
            array => array.map_err(|error| error.at(file.as_str()))?,
        };
        let name = store.push(Value::Str(Blob::Owned(name.as_bytes().into())))?;
        let array = store.push(Value::Array(Box::new(array)))?;
        pairs.push((name, array));
    }
    let root = files.store.push(Value::Dict(pairs))?;
    Ok(Graph::new(files.store, root, 0, HashMap::new()))
}
