//! What the files of a model on this machine look like: how large they are, and a text that is another
//! one when they are.

use std::fs::{self, Metadata};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// More files than any model has; those beyond are not looked at.
const FILES_MAX: usize = 10_000;
/// How deep folders are looked into.
const DEPTH_MAX: usize = 16;

/// What was seen; nothing where nothing is there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// How large they are together.
    pub bytes: u64,
    /// A text that is another one as soon as a name, a size or a time is; empty where nothing is.
    pub fingerprint: String,
}

/// Looks at a file, or at all files of a folder but hidden ones; links are followed. `beside` counts
/// as if it were in a file, too.
///
/// What cannot be read looks as if it were not there: loading says what is wrong with it.
pub fn look(path: &Path, beside: &str) -> Seen {
    let mut files = Vec::new();
    collect(path, 0, &mut files);
    if files.is_empty() {
        return Seen::default();
    }
    files.sort();
    let bytes = files.iter().map(|(_, metadata)| metadata.bytes).sum();
    // The hash is compared within this process only.
    let mut hasher = DefaultHasher::new();
    (&files, beside).hash(&mut hasher);
    Seen { bytes, fingerprint: format!("{:016x}", hasher.finish()) }
}

/// What of a file changes when it does. The inode tells of a file that was put in its place with the
/// same length at the same time.
#[derive(PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Stamp {
    bytes: u64,
    modified: (i64, i64),
    inode: u64,
}

impl From<&Metadata> for Stamp {
    fn from(metadata: &Metadata) -> Self {
        let modified = (metadata.mtime(), metadata.mtime_nsec());
        Self { bytes: metadata.len(), modified, inode: metadata.ino() }
    }
}

fn collect(path: &Path, depth: usize, files: &mut Vec<(PathBuf, Stamp)>) {
    let Ok(metadata) = fs::metadata(path) else { return };
    if metadata.is_file() {
        files.push((path.to_owned(), (&metadata).into()));
        return;
    }
    let Ok(entries) = fs::read_dir(path) else { return };
    for entry in entries.flatten() {
        if files.len() >= FILES_MAX || depth >= DEPTH_MAX {
            return;
        }
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            collect(&entry.path(), depth + 1, files);
        }
    }
}
