//! Names of entries, checked before anything is written to them.

use std::path::{Component, Path, PathBuf};

use super::ArchiveError;

/// How the names of folders begin in which files are until they are whole.
const OURS: &str = ".radiant-";

/// How deep an entry may be nested.
const DEPTH_MAX: usize = 32;

/// What file systems take, in bytes.
const PART_BYTES_MAX: usize = 255;

/// The same for a whole name; the folder comes before it.
const NAME_BYTES_MAX: usize = 2048;

/// An entry's name as a path without `/` or `./` before it, to decide whether it is wanted.
pub(super) fn plain(name: &str) -> PathBuf {
    let parts = Path::new(name).components();
    parts.filter(|part| !matches!(part, Component::RootDir | Component::CurDir)).collect()
}

/// Makes a relative path of an entry's name: no `..`, not absolute, no backslash or NUL.
///
/// A leading `./` and a slash at the end are left out; the path of `./` is empty.
pub(super) fn check(name: &str) -> Result<PathBuf, ArchiveError> {
    let refuse = |expected, got: &str| {
        let (name, got) = (name.to_owned(), got.to_owned());
        Err(ArchiveError::Entry { name, expected, got })
    };
    if name.len() > NAME_BYTES_MAX {
        return refuse("a name of at most 2048 bytes", &format!("{} bytes", name.len()));
    }
    if name.contains('\\') {
        return refuse("a name with `/` between folders", "a backslash");
    }
    if name.contains('\0') {
        return refuse("a name without NUL", "NUL");
    }
    let mut path = PathBuf::new();
    for part in Path::new(name).components() {
        match part {
            Component::Normal(part) if part.len() > PART_BYTES_MAX => {
                return refuse("parts of at most 255 bytes", &format!("{} bytes", part.len()));
            }
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            Component::ParentDir => return refuse("a name without `..`", "one that leads out"),
            Component::RootDir | Component::Prefix(_) => {
                return refuse("a relative name", "an absolute one");
            }
        }
    }
    let depth = path.components().count();
    if depth > DEPTH_MAX {
        return refuse("at most 32 nested folders", &depth.to_string());
    }
    if name.trim_start_matches("./").starts_with(OURS) {
        return refuse("another name", "one that downloads need for themselves");
    }
    Ok(path)
}
