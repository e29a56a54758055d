//! Why a layout cannot be read or written.

use std::io;
use std::path::{Path, PathBuf};

/// Why a layout cannot be read or written: what, where, expected, got.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// The folder holds something else, or nothing.
    #[error(
        "`{path}`: expected an OCI image layout with the file `oci-layout`, got something else"
    )]
    NotALayout {
        /// The folder.
        path: PathBuf,
    },
    /// A file cannot be read.
    #[error("cannot read `{path}`")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write `{path}`")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A document is longer than any of its kind should be.
    #[error("`{path}`: expected at most {bytes_max} bytes of a document, got more")]
    Long {
        /// The file.
        path: PathBuf,
        /// The most that is read.
        bytes_max: u64,
    },
    /// A blob has another length than its descriptor says.
    #[error("blob {what}: expected {expected} bytes, got {got}")]
    Size {
        /// The digest.
        what: String,
        /// What the descriptor says.
        expected: u64,
        /// What is there.
        got: u64,
    },
    /// A blob is another one than its name says.
    #[error("blob: expected digest {expected}, got {got}")]
    Digest {
        /// What the descriptor says.
        expected: String,
        /// What is there.
        got: String,
    },
    /// A document is not what it should be.
    #[error("{what}: expected {expected}, got {got}")]
    Document {
        /// Which document.
        what: String,
        /// What it should be.
        expected: String,
        /// What it is.
        got: String,
    },
}

impl LayoutError {
    /// Makes an error of what the system said when `path` was read.
    pub(crate) fn read(path: &Path) -> impl Fn(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Read { path: path.clone(), source }
    }

    /// Makes an error of what the system said when `path` was written.
    pub(crate) fn write(path: &Path) -> impl Fn(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Write { path: path.clone(), source }
    }
}
