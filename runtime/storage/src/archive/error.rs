//! Why an archive is not unpacked.

use std::{fmt, io};

use crate::WriteError;

/// Why an archive is not unpacked: where, expected, got. Names are those in the archive.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// It is another kind of file.
    #[error("archive: expected zip, tar or tar.gz, got {got}: pack the model as one of them")]
    Kind {
        /// What it is.
        got: &'static str,
    },
    /// An entry cannot be a file of a model.
    #[error("archive entry `{}`: expected {expected}, got {got}", .name.escape_debug())]
    Entry {
        /// The entry.
        name: String,
        /// What an entry must be.
        expected: &'static str,
        /// What it is.
        got: String,
    },
    /// More than is allowed.
    #[error("archive entry `{}`: expected at most {limit} {unit}, got {got} or more", .name.escape_debug())]
    Limit {
        /// The entry at which the limit was passed.
        name: String,
        /// How many are allowed.
        limit: u64,
        /// Of what.
        unit: &'static str,
        /// How many there are, at least.
        got: u64,
    },
    /// The archive does not hold what it says.
    #[error("archive: damaged or cut off at {at}: {reason}: fetch or pack it again")]
    Damaged {
        /// The entry or part of the archive.
        at: String,
        /// What is wrong there.
        reason: String,
    },
    /// The archive cannot be read.
    #[error("cannot read the archive: {0}")]
    Read(#[source] io::Error),
    /// The folder cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl ArchiveError {
    /// What a failed read means: damage, or a disk that does not answer.
    pub(super) fn reading(at: &str, error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::InvalidData
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::UnexpectedEof
            | io::ErrorKind::Other => Self::damaged(at, &error),
            _ => Self::Read(error),
        }
    }

    /// Says what is wrong, and where.
    pub(super) fn damaged(at: &str, reason: &dyn fmt::Display) -> Self {
        Self::Damaged { at: format!("`{}`", at.escape_debug()), reason: reason.to_string() }
    }
}
