//! Why a cache cannot be used.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::reason;
use crate::staging::WriteError;

/// Why a cache cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// The folder is somebody else's, who could put other models in it.
    #[error(
        "cache folder `{path}`: expected one that belongs to user {expected}, got one of user {got}: \
         set `RADIANT_CACHE_DIR` to a folder of your own"
    )]
    Owner {
        /// The folder.
        path: PathBuf,
        /// Who runs this.
        expected: u32,
        /// Whose it is.
        got: u32,
    },
    /// Something else has its name.
    #[error(
        "cache folder `{path}`: expected a folder, got something else: set `RADIANT_CACHE_DIR` to a \
         folder"
    )]
    NotAFolder {
        /// What is there.
        path: PathBuf,
    },
    /// A model that never fits.
    #[error(
        "cache folder `{folder}`: expected a model of at most {bytes_max} bytes, got one of {bytes}: \
         give the cache more room"
    )]
    TooLarge {
        /// The cache's folder.
        folder: PathBuf,
        /// What the model needs.
        bytes: u64,
        /// What all may have.
        bytes_max: u64,
    },
    /// A file cannot be written, moved or locked.
    #[error(
        "cannot write `{path}` in the cache: {reason}: mount a volume there (in a pod, an `emptyDir`), \
         or set `RADIANT_CACHE_DIR` to a folder that can be written",
        reason = reason(.source)
    )]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file cannot be read.
    #[error("cannot read `{path}` in the cache: {reason}", reason = reason(.source))]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl CacheError {
    pub(super) fn writing(path: &Path) -> impl Fn(io::Error) -> Self + '_ {
        |source| Self::Write { path: path.to_owned(), source }
    }

    pub(super) fn reading(path: &Path) -> impl Fn(io::Error) -> Self + '_ {
        |source| Self::Read { path: path.to_owned(), source }
    }
}

impl From<WriteError> for CacheError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::NotAFolder { path } => Self::NotAFolder { path },
            WriteError::Full { path, .. } => {
                Self::Write { path, source: io::ErrorKind::StorageFull.into() }
            }
            WriteError::Failed { path, source } => Self::Write { path, source },
        }
    }
}
