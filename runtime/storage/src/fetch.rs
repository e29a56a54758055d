//! Copies a model into a folder: the job of a storage initializer, for local sources.
//!
//! Everything is looked at and counted first, then copied into a folder of another name inside the
//! target, and renamed into place at the end: a file in the target is whole or not there. What was
//! there before is replaced file by file.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use crate::resolve::{Kind, local_path};
use crate::{ModelUri, StorageError};

/// Where files are until all of them are there. Left behind by a killed run, taken over by the next.
const STAGING: &str = ".radiant-fetch";

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

/// Copies the file, or what is in the folder, at `uri` into the folder `target`, which is made if it
/// is not there.
///
/// Names that begin with `..` are left out: Kubernetes keeps the data of mounted volumes under such
/// names, and links to it.
///
/// # Errors
/// [`StorageError`]: the source is not local and absolute, missing or empty, holds links that lead
/// out of it, or is beyond a limit; or the target cannot be written.
pub fn fetch(uri: &ModelUri, target: &Path, limits: &Limits) -> Result<Report, StorageError> {
    let source = local_path(uri)?;
    check_absolute("model", source)?;
    check_absolute("target folder", target)?;
    let files = match Kind::of(source)? {
        Kind::File => one_file(source)?,
        Kind::Folder => all_files(source, target, limits)?,
    };
    let report = total(source, &files, limits)?;
    make_folder(target)?;
    let staging = target.join(STAGING);
    clear(&staging)?;
    let copied = stage(&files, &staging).and_then(|()| publish(&files, &staging, target));
    let cleared = clear(&staging);
    copied.and(cleared).map(|()| report)
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

fn write_error(path: &Path) -> impl Fn(io::Error) -> StorageError + '_ {
    |source| StorageError::Write { path: path.to_owned(), source }
}

fn one_file(source: &Path) -> Result<Vec<Entry>, StorageError> {
    let bytes = fs::metadata(source).map_err(read_error(source))?.len();
    let to = source.file_name().map(PathBuf::from);
    let to = to.ok_or_else(|| StorageError::Missing { path: source.to_owned() })?;
    Ok(vec![Entry { from: source.to_owned(), to, bytes }])
}

/// Lists the files below `source`.
fn all_files(source: &Path, target: &Path, limits: &Limits) -> Result<Vec<Entry>, StorageError> {
    let root = source.canonicalize().map_err(read_error(source))?;
    // The target need not be there yet.
    let place = target.canonicalize().unwrap_or_else(|_| target.to_owned());
    if place.starts_with(&root) {
        let (model, target) = (source.to_owned(), target.to_owned());
        return Err(StorageError::Overlap { model, target });
    }
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

/// Copies all files below the staging folder.
fn stage(files: &[Entry], staging: &Path) -> Result<(), StorageError> {
    for file in files {
        let to = staging.join(&file.to);
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder).map_err(write_error(folder))?;
        }
        copy(file, &to)?;
    }
    Ok(())
}

/// Copies one file, which must be as long as it was when it was counted.
fn copy(file: &Entry, to: &Path) -> Result<(), StorageError> {
    let mut reader = File::open(&file.from).map_err(read_error(&file.from))?;
    let mut writer = File::create_new(to).map_err(write_error(to))?;
    // The error does not say which side failed; it is writing that runs out of things.
    let mut bounded = reader.by_ref().take(file.bytes);
    let copied = io::copy(&mut bounded, &mut writer).map_err(write_error(to))?;
    let grew = reader.read(&mut [0]).map_err(read_error(&file.from))? > 0;
    if grew || copied != file.bytes {
        return Err(StorageError::Changed { path: file.from.clone() });
    }
    Ok(())
}

/// Moves the staged files to their places.
fn publish(files: &[Entry], staging: &Path, target: &Path) -> Result<(), StorageError> {
    for file in files {
        let to = target.join(&file.to);
        let mut folder = target.to_owned();
        for part in file.to.parent().into_iter().flat_map(Path::components) {
            folder.push(part);
            make_folder(&folder)?;
        }
        fs::rename(staging.join(&file.to), &to).map_err(write_error(&to))?;
    }
    Ok(())
}

/// Makes a folder, with those it is in, unless it is there.
fn make_folder(path: &Path) -> Result<(), StorageError> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        Ok(_) => Err(StorageError::NotAFolder { path: path.to_owned() }),
        Err(_) => fs::create_dir_all(path).map_err(write_error(path)),
    }
}

fn clear(staging: &Path) -> Result<(), StorageError> {
    match fs::remove_dir_all(staging) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(write_error(staging)(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
