//! Copies a model into a folder: the job of a storage initializer, for local sources.
//!
//! Everything is looked at and counted first, then copied into a folder of another name inside the
//! target, and renamed into place at the end: a file in the target is whole or not there. What was
//! there before is replaced file by file.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use crate::StorageError;
use crate::resolve::Kind;
use crate::staging::{Staging, write_error};

/// How deep folders may be nested, links included.
const DEPTH_MAX: u64 = 32;

/// How much may be copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// All files together, in bytes.
    pub total_bytes: u64,
    /// One file, in bytes.
    pub file_bytes: u64,
    /// The number of files.
    pub files: u64,
}

/// What was copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// The number of files.
    pub files: u64,
    /// Their size.
    pub bytes: u64,
}

/// Copies the file, or what is in the folder, at `source` into the folder `target`, which is made if it
/// is not there.
///
/// Names that begin with `..` are left out: Kubernetes keeps the data of mounted volumes under such
/// names, and links to it.
///
/// # Errors
/// [`StorageError`]: the source is not local and absolute, missing or empty, holds links that lead
/// out of it, or is beyond a limit; or the target cannot be written.
pub(crate) fn fetch(source: &Path, target: &Path, limits: &Limits) -> Result<Report, StorageError> {
    check_absolute("model", source)?;
    check_absolute("target folder", target)?;
    let files = match Kind::of(source)? {
        Kind::File => one_file(source)?,
        Kind::Folder => {
            check_apart(source, target)?;
            all_files(source, limits)?
        }
    };
    let report = total(source, &files, limits)?;
    let staging = Staging::open(target)?;
    stage(&files, &staging)?;
    let names: Vec<&Path> = files.iter().map(|file| file.to.as_path()).collect();
    staging.publish(&names)?;
    Ok(report)
}

/// A file to copy.
#[derive(Debug)]
struct Entry {
    from: PathBuf,
    /// Where below the target.
    to: PathBuf,
    bytes: u64,
}

fn check_absolute(what: &'static str, path: &Path) -> Result<(), StorageError> {
    let is_plain = path.components().all(|part| part != Component::ParentDir);
    if path.is_absolute() && is_plain {
        return Ok(());
    }
    Err(StorageError::NotAbsolute { what, path: path.to_owned() })
}

fn read_error(path: &Path) -> impl Fn(io::Error) -> StorageError + '_ {
    |source| StorageError::Read { path: path.to_owned(), source }
}

fn one_file(source: &Path) -> Result<Vec<Entry>, StorageError> {
    let bytes = fs::metadata(source).map_err(read_error(source))?.len();
    let to = source.file_name().map(PathBuf::from);
    let to = to.ok_or_else(|| StorageError::Missing { path: source.to_owned() })?;
    Ok(vec![Entry { from: source.to_owned(), to, bytes }])
}

/// Refuses a target inside the source, which would be copied into itself.
fn check_apart(source: &Path, target: &Path) -> Result<(), StorageError> {
    let root = source.canonicalize().map_err(read_error(source))?;
    // The target need not be there yet.
    let place = target.canonicalize().unwrap_or_else(|_| target.to_owned());
    if place.starts_with(&root) {
        let (model, target) = (source.to_owned(), target.to_owned());
        return Err(StorageError::Overlap { model, target });
    }
    Ok(())
}

/// Lists the files below `source`.
fn all_files(source: &Path, limits: &Limits) -> Result<Vec<Entry>, StorageError> {
    let root = source.canonicalize().map_err(read_error(source))?;
    let mut files = Vec::new();
    let mut folders = vec![(source.to_owned(), PathBuf::new(), 0_u64)];
    while let Some((folder, to, depth)) = folders.pop() {
        check_limit(&folder, DEPTH_MAX, "nested folders", depth)?;
        for entry in fs::read_dir(&folder).map_err(read_error(&folder))? {
            let entry = entry.map_err(read_error(&folder))?;
            let (from, name) = (entry.path(), entry.file_name());
            if name.as_encoded_bytes().starts_with(b"..") {
                continue;
            }
            check_inside(&entry, &root)?;
            let to = to.join(name);
            match Kind::of(&from)? {
                Kind::Folder => folders.push((from, to, depth + 1)),
                Kind::File => {
                    let bytes = fs::metadata(&from).map_err(read_error(&from))?.len();
                    files.push(Entry { from, to, bytes });
                    check_limit(source, limits.files, "files", files.len() as u64)?;
                }
            }
        }
    }
    files.sort_by(|a, b| a.to.cmp(&b.to));
    Ok(files)
}

/// Refuses a link that leads out of the root.
fn check_inside(entry: &fs::DirEntry, root: &Path) -> Result<(), StorageError> {
    let link = entry.path();
    if !entry.file_type().map_err(read_error(&link))?.is_symlink() {
        return Ok(());
    }
    let target = link.canonicalize().map_err(read_error(&link))?;
    if target.starts_with(root) {
        return Ok(());
    }
    Err(StorageError::Escape { link, root: root.to_owned(), target })
}

fn total(source: &Path, files: &[Entry], limits: &Limits) -> Result<Report, StorageError> {
    if files.is_empty() {
        return Err(StorageError::Empty { path: source.to_owned() });
    }
    let mut bytes = 0_u64;
    for file in files {
        check_limit(&file.from, limits.file_bytes, "bytes", file.bytes)?;
        bytes = bytes.saturating_add(file.bytes);
    }
    check_limit(source, limits.total_bytes, "bytes", bytes)?;
    Ok(Report { files: files.len() as u64, bytes })
}

fn check_limit(path: &Path, limit: u64, unit: &'static str, got: u64) -> Result<(), StorageError> {
    if got <= limit {
        return Ok(());
    }
    Err(StorageError::Limit { path: path.to_owned(), limit, unit, got })
}

/// Copies all files into the staging folder.
fn stage(files: &[Entry], staging: &Staging) -> Result<(), StorageError> {
    for file in files {
        let mut writer = staging.create(&file.to, file.bytes)?;
        copy(file, &mut writer, &staging.path(&file.to))?;
    }
    Ok(())
}

/// Copies one file, which must be as long as it was when it was counted.
fn copy(file: &Entry, writer: &mut File, to: &Path) -> Result<(), StorageError> {
    let mut reader = File::open(&file.from).map_err(read_error(&file.from))?;
    // The error does not say which side failed; it is writing that runs out of things.
    let mut bounded = reader.by_ref().take(file.bytes);
    let copied = io::copy(&mut bounded, writer).map_err(write_error(to))?;
    let grew = reader.read(&mut [0]).map_err(read_error(&file.from))? > 0;
    if grew || copied != file.bytes {
        return Err(StorageError::Changed { path: file.from.clone() });
    }
    writer.sync_data().map_err(write_error(to))?;
    Ok(())
}

#[cfg(test)]
mod tests;
