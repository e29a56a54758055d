//! Why a model cannot be found or copied.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use crate::cache::CacheError;
use crate::staging::WriteError;
use crate::{OTHER_WELL_KNOWN, Store};

/// Why a model cannot be found or copied: what, where, expected, got.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// The text is no address.
    #[error("model uri: expected {expected}, got `{got}`")]
    Uri {
        /// What would be one.
        expected: &'static str,
        /// What was there; nothing secret.
        got: String,
    },
    /// The address is somewhere else than on this machine, and of a kind that is not fetched, or not
    /// here.
    #[error("model uri `{uri}`: expected a place that models are read from here, got {store}: {hint}", hint = .store.hint())]
    Remote {
        /// The address.
        uri: String,
        /// What kind of place it is.
        store: Store,
    },
    /// The volume claim is not mounted.
    #[error(
        "model uri `{uri}`: expected the claim's files at `{path}`, got nothing: mount the claim \
         there, or give the path where it is mounted"
    )]
    Claim {
        /// The address.
        uri: String,
        /// Where it would be.
        path: PathBuf,
    },
    /// A store cannot be opened.
    #[error("model uri `{uri}`: {origin}: {problem}")]
    Connect {
        /// The address.
        uri: String,
        /// Where credentials are from.
        origin: String,
        /// Why not.
        problem: Box<dyn Error + Send + Sync>,
    },
    /// A store refuses.
    #[error("model uri `{uri}`: cannot {action} `{name}` (attempt {attempts}): {reason}")]
    Store {
        /// The address.
        uri: String,
        /// `list` or `read`.
        action: &'static str,
        /// The object or prefix.
        name: String,
        /// How often it was tried.
        attempts: u32,
        /// What the store says, and the way out.
        reason: String,
    },
    /// There is no object of this name, and none below it.
    #[error(
        "model uri `{uri}`: bucket `{bucket}` was listed with {origin}: expected an object \
         `{prefix}` or others below it, got none: check the path, names are case-sensitive"
    )]
    Nothing {
        /// The address.
        uri: String,
        /// The bucket.
        bucket: String,
        /// What was looked for.
        prefix: String,
        /// Where credentials are from.
        origin: String,
    },
    /// It cannot be fetched.
    #[error("model uri `{uri}`: {problem}")]
    Fetch {
        /// The address.
        uri: String,
        /// Why not.
        problem: Box<dyn Error + Send + Sync>,
    },
    /// The cache cannot be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// The process ends meanwhile.
    #[error("fetching was interrupted: the process is shutting down")]
    Interrupted,
    /// The address names a part of the program.
    #[error("model uri `builtin:{name}`: is part of the program, not a file")]
    Builtin {
        /// The name.
        name: String,
    },
    /// Nothing is there.
    #[error("model `{path}`: expected a file or folder, got nothing")]
    Missing {
        /// Where.
        path: PathBuf,
    },
    /// What is there is neither a file nor a folder.
    #[error("model `{path}`: expected a file or folder, got a device, pipe or socket")]
    Special {
        /// Where.
        path: PathBuf,
    },
    /// A folder holds no model, or several.
    #[error(
        "model folder `{path}`: expected `model.onnx`, one other `.onnx` file, or one of `{}`, got \
         {got}",
        OTHER_WELL_KNOWN.join("`, `")
    )]
    NoModel {
        /// The folder.
        path: PathBuf,
        /// What is in it.
        got: String,
    },
    /// The source of a copy holds no file.
    #[error("model folder `{path}`: expected at least one file, got none")]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// A path that must be absolute and plain is not.
    #[error("{what} `{path}`: expected an absolute path without `..`")]
    NotAbsolute {
        /// `model` or `target folder`.
        what: &'static str,
        /// The path.
        path: PathBuf,
    },
    /// The target is inside the source, or is the source.
    #[error("target folder `{target}`: expected a place outside the model folder `{model}`")]
    Overlap {
        /// The source.
        model: PathBuf,
        /// The target.
        target: PathBuf,
    },
    /// The target is there and is no folder.
    #[error("target `{path}`: expected a folder, got something else")]
    NotAFolder {
        /// The target, or a folder in it.
        path: PathBuf,
    },
    /// A link leads out of the model's folder.
    #[error("link `{link}`: expected a target inside `{root}`, got `{target}`")]
    Escape {
        /// The link.
        link: PathBuf,
        /// Where it must stay.
        root: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// More than is allowed.
    #[error("model `{path}`: expected at most {limit} {unit}, got {got}")]
    Limit {
        /// The file or folder that goes beyond it.
        path: PathBuf,
        /// How many are allowed.
        limit: u64,
        /// Of what.
        unit: &'static str,
        /// How many there are, at least.
        got: u64,
    },
    /// Someone writes the source while it is copied.
    #[error("model file `{path}`: changed its size while it was copied")]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The source cannot be read.
    #[error("cannot read `{path}`: {reason}", reason = reason(.source))]
    Read {
        /// What was read.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The target cannot be written.
    #[error("cannot write `{path}`: {reason}", reason = reason(.source))]
    Write {
        /// What was written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl From<WriteError> for StorageError {
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

/// The system's words, made plain where people meet them.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only".to_owned(),
        io::ErrorKind::StorageFull => "no space is left".to_owned(),
        io::ErrorKind::QuotaExceeded => "the quota is used up".to_owned(),
        io::ErrorKind::PermissionDenied => "this user has no permission".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_only_or_full_target_says_so() {
        let write = |kind: io::ErrorKind| {
            let path = PathBuf::from("/mnt/models/model.onnx");
            StorageError::Write { path, source: kind.into() }.to_string()
        };
        assert_eq!(
            write(io::ErrorKind::ReadOnlyFilesystem),
            "cannot write `/mnt/models/model.onnx`: the file system is read-only"
        );
        assert_eq!(
            write(io::ErrorKind::StorageFull),
            "cannot write `/mnt/models/model.onnx`: no space is left"
        );
    }
}
