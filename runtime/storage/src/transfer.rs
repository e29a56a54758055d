//! Objects of a store to files of a folder: listed, checked, downloaded in parallel, published whole.
//!
//! [`list`] says what there is, [`download`] fetches it: large objects as ranges of bytes, several at
//! a time, each written at its place in a file that has room for all of them. A range that breaks off
//! goes on from the byte it reached. Files lie in a folder of another name inside the target until
//! all of them are whole.
//!
//! What is held in memory is one buffer for each range in flight, however large the objects are.

mod checksum;
mod download;
mod error;
mod listing;
mod names;
mod range;
mod retry;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use download::download;
pub use error::TransferError;
pub use listing::{Item, Listing, Wanted, list};
pub use retry::Retries;
pub(crate) use retry::{Failure, Tries, status};

/// How a download goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Ranges in flight, of all files together.
    pub parallel: usize,
    /// The size of a range. Larger objects have larger ones, so that they are not too many.
    pub range_bytes: u64,
    /// What is tried again.
    pub retries: Retries,
    /// Without a byte for so long, a range counts as broken off.
    pub stall: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            parallel: 8,
            range_bytes: 8 << 20,
            retries: Retries::default(),
            stall: Duration::from_secs(30),
        }
    }
}
