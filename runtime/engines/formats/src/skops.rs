//! Files of skops: a zip archive of a description in JSON and the arrays it names.
//!
//! They become the same graph as a pickle of the same model. Source: `skops/io` of skops 0.16,
//! protocol 2, and the older forms that it still reads.
//!
//! Out of bounds: sparse matrices, masked arrays and the state of random generators stay objects
//! without attributes.

mod describe;
pub(crate) mod zip;

use std::collections::HashMap;
use std::ops::Range;

use crate::error::{FormatError, Place};
use crate::json;
use crate::limits::Limits;
use crate::object::Graph;
use crate::object::store::Store;
use crate::pickle::Audit;

/// The entry that describes the model.
pub(crate) const SCHEMA: &str = "schema.json";

/// How much deeper the description is nested than the objects it describes: a node has a content,
/// and that has an item.
const LEVELS_PER_NODE: usize = 4;

/// Reads a file of skops.
///
/// # Errors
/// If the bytes are no such file, are larger than `limits` allow, or name what `audit` refuses.
pub fn read(bytes: Vec<u8>, limits: &Limits, audit: &Audit) -> Result<Graph, FormatError> {
    FormatError::check_limit(Place::File, "bytes", limits.file_bytes_max, bytes.len())?;
    let mut files = Files::new(Store::new(bytes, limits.clone()))?;
    let schema = files.range(SCHEMA)?;
    let schema = files.store.bytes.get(schema).unwrap_or(&[]).to_vec();
    let depth_max = limits.depth_max.saturating_mul(LEVELS_PER_NODE);
    let document = json::parse(&schema, &Limits { depth_max, ..limits.clone() })?;
    let mut reader = describe::Reader::new(files);
    let root = reader.node(document.root(), 0);
    let store = reader.into_store();
    let root = match root {
        Ok(root) => root,
        Err(error) => {
            audit.check_unfinished(&store)?;
            return Err(error);
        }
    };
    audit.check(&store, root)?;
    Ok(Graph::new(store, root, 0, HashMap::new()))
}

/// The entries of the archive, unpacked where somebody asked for them.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) store: Store,
    entries: HashMap<String, zip::Entry>,
    ranges: HashMap<String, Range<usize>>,
    /// Bytes that may yet be unpacked.
    left: u64,
}

impl Files {
    pub(crate) fn new(store: Store) -> Result<Self, FormatError> {
        let entries = zip::entries(&store.bytes, &store.limits)?;
        let entries = entries.into_iter().map(|entry| (entry.name.clone(), entry)).collect();
        let len = u64::try_from(store.bytes.len()).unwrap_or(u64::MAX);
        let ratio = len.saturating_mul(store.limits.unpacked_ratio_max);
        let left =
            store.limits.unpacked_bytes_max.min(ratio.saturating_add(Limits::READ_BYTES_FREE));
        Ok(Self { store, entries, ranges: HashMap::new(), left })
    }

    /// The names of all entries, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.entries.keys().cloned().collect();
        names.sort();
        names
    }

    /// Where in the store's bytes an entry is.
    pub(crate) fn range(&mut self, name: &str) -> Result<Range<usize>, FormatError> {
        if let Some(range) = self.ranges.get(name) {
            return Ok(range.clone());
        }
        let Some(entry) = self.entries.get(name) else {
            let expected = format!("an entry `{name}`");
            return Err(FormatError::damaged(Place::File, expected, "an archive without it"));
        };
        let range = match zip::read(&self.store.bytes, entry, self.left)? {
            zip::Data::Stored(range) => range,
            zip::Data::Unpacked(unpacked) => {
                let start = self.store.bytes.len();
                self.left =
                    self.left.saturating_sub(u64::try_from(unpacked.len()).unwrap_or(u64::MAX));
                self.store.bytes.extend(unpacked);
                start..self.store.bytes.len()
            }
        };
        self.ranges.insert(name.to_owned(), range.clone());
        Ok(range)
    }
}

#[cfg(test)]
mod tests;
