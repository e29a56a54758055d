//! Files of joblib: a pickle in which the bytes of arrays lie between the instructions, as it is or
//! compressed as a whole.
//!
//! Source: `joblib/numpy_pickle.py` and `joblib/compressor.py` of joblib 1.6; `NumpyArrayWrapper`
//! has been written so since joblib 0.10, and by scikit-learn below 0.23 under
//! `sklearn.externals.joblib`.

mod codec;
mod wrapped;

pub use codec::Codec;
pub(crate) use wrapped::read_wrapped;

use crate::error::{FormatError, Place};
use crate::limits::Limits;
use crate::object::Graph;
use crate::pickle::{self, Audit};

/// What to do with a file of a joblib before 0.10.
pub(crate) const TOO_OLD: &str = "save the model again with joblib 0.10 or newer";

/// Reads a pickle or a file of joblib, compressed or not.
///
/// # Errors
/// If the bytes are neither, unpack to more than `limits` allow, or name what `audit` refuses.
pub fn read(bytes: Vec<u8>, limits: &Limits, audit: &Audit) -> Result<Graph, FormatError> {
    FormatError::check_limit(Place::File, "bytes", limits.file_bytes_max, bytes.len())?;
    if bytes.starts_with(b"ZF") {
        let what = "a compressed file of a joblib before 0.10";
        return Err(FormatError::unsupported(Place::File, what, TOO_OLD));
    }
    let unpacked = match Codec::of(&bytes) {
        Some(codec) => codec.unpack(&bytes, limits)?,
        None => bytes,
    };
    // What is packed may be larger than a file.
    let limits = Limits { file_bytes_max: limits.unpacked_bytes_max, ..limits.clone() };
    pickle::read(unpacked, &limits, audit)
}

#[cfg(test)]
mod tests;
