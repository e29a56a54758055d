//! Where files are until all of them are there: written beside their target, moved at the end.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::reason;

/// The folder's name in the target. Left behind by a killed run, taken over by the next.
pub(crate) const STAGING: &str = ".radiant-fetch";

/// Why a file cannot be written or moved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The target is there and is no folder.
    #[error("target `{path}`: expected a folder, got something else")]
    NotAFolder {
        /// The target, or a folder in it.
        path: PathBuf,
    },
    /// The file system has less room than a file needs.
    #[error("cannot write `{path}`: expected room for {bytes} bytes, but no space is left")]
    Full {
        /// The file.
        path: PathBuf,
        /// What it needs.
        bytes: u64,
    },
    /// What the system said.
    #[error("cannot write `{path}`: {reason}", reason = reason(.source))]
    Failed {
        /// What was written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Makes a [`WriteError`] of what the system said about a path.
pub(crate) fn write_error(path: &Path) -> impl Fn(io::Error) -> WriteError + '_ {
    |source| WriteError::Failed { path: path.to_owned(), source }
}

/// A folder inside the target for files that are not whole yet. Removed when dropped.
#[derive(Debug)]
pub(crate) struct Staging {
    target: PathBuf,
    folder: PathBuf,
}

impl Staging {
    /// Makes the target, unless it is there, and an empty folder in it.
    pub(crate) fn open(target: &Path) -> Result<Self, WriteError> {
        make_folder(target)?;
        let folder = target.join(STAGING);
        clear(&folder)?;
        fs::create_dir(&folder).map_err(write_error(&folder))?;
        Ok(Self { target: target.to_owned(), folder })
    }

    /// Where a file is until it is published.
    pub(crate) fn path(&self, name: &Path) -> PathBuf {
        self.folder.join(name)
    }

    /// Makes a new file, with room for all its bytes where the file system can promise that.
    pub(crate) fn create(&self, name: &Path, bytes: u64) -> Result<File, WriteError> {
        let path = self.path(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(write_error(folder))?;
        }
        let mut options = OpenOptions::new();
        // Read too: what was written is checked.
        let file = options.read(true).write(true).create_new(true).open(&path);
        let file = file.map_err(write_error(&path))?;
        match allocate(&file, bytes) {
            Ok(()) => Ok(file),
            Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                Err(WriteError::Full { path: self.target.join(name), bytes })
            }
            Err(error) => Err(write_error(&path)(error)),
        }
    }

    /// Moves files to their places, in this order, and makes that last.
    pub(crate) fn publish<N: AsRef<Path>>(&self, names: &[N]) -> Result<(), WriteError> {
        let mut folders = BTreeSet::from([self.target.clone()]);
        for name in names.iter().map(AsRef::as_ref) {
            let to = self.target.join(name);
            let mut folder = self.target.clone();
            for part in name.parent().into_iter().flat_map(Path::components) {
                folder.push(part);
                make_folder(&folder)?;
                folders.insert(folder.clone());
            }
            fs::rename(self.path(name), &to).map_err(write_error(&to))?;
        }
        for folder in &folders {
            sync_folder(folder)?;
        }
        clear(&self.folder)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // After an error, which says more than this could; the next run clears what stays.
        drop(clear(&self.folder));
    }
}

/// Reserves room. A file system that cannot makes a file with a hole, and fails when that is filled.
fn allocate(file: &File, bytes: u64) -> io::Result<()> {
    if bytes == 0 {
        return Ok(());
    }
    #[cfg(target_os = "linux")]
    match rustix::fs::fallocate(file, rustix::fs::FallocateFlags::empty(), 0, bytes) {
        Ok(()) => return Ok(()),
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {}
        Err(error) => return Err(error.into()),
    }
    file.set_len(bytes)
}

/// Checks that a folder has room, as far as its file system tells.
pub(crate) fn check_room(folder: &Path, bytes: u64) -> Result<(), WriteError> {
    let told = rustix::fs::statvfs(folder).map_err(io::Error::from);
    let told = told.map_err(write_error(folder))?;
    // Some tell nothing at all.
    let is_known = told.f_blocks > 0;
    if is_known && told.f_bavail.saturating_mul(told.f_frsize) < bytes {
        return Err(WriteError::Full { path: folder.to_owned(), bytes });
    }
    Ok(())
}

/// Makes a folder, with those it is in, unless it is there.
pub(crate) fn make_folder(path: &Path) -> Result<(), WriteError> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        Ok(_) => Err(WriteError::NotAFolder { path: path.to_owned() }),
        Err(_) => fs::create_dir_all(path).map_err(write_error(path)),
    }
}

/// Makes the names in a folder last; what the files hold is for their writers.
pub(crate) fn sync_folder(path: &Path) -> Result<(), WriteError> {
    let synced = File::open(path).and_then(|folder| folder.sync_all());
    match synced {
        // Some mounts cannot sync folders, and some folders may be written but not read.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidInput
                    | io::ErrorKind::Unsupported
                    | io::ErrorKind::PermissionDenied
            ) =>
        {
            Ok(())
        }
        synced => synced.map_err(write_error(path)),
    }
}

/// Removes a folder with all that is in it, if it is there.
pub(crate) fn clear(folder: &Path) -> Result<(), WriteError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(write_error(folder)(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_compared_with_what_the_file_system_tells() {
        let place = tempfile::tempdir().unwrap();
        check_room(place.path(), 1).unwrap();
        let error = check_room(place.path(), u64::MAX).unwrap_err();
        assert!(matches!(error, WriteError::Full { bytes: u64::MAX, .. }), "{error}");
        assert!(check_room(&place.path().join("nothing"), 1).is_err());
    }

    #[test]
    fn a_file_has_all_its_bytes_before_they_are_written() {
        let place = tempfile::tempdir().unwrap();
        let staging = Staging::open(place.path()).unwrap();
        let file = staging.create(Path::new("a/b"), 10_000).unwrap();
        assert_eq!(file.metadata().unwrap().len(), 10_000);
        let again = staging.create(Path::new("a/b"), 1).unwrap_err();
        assert!(matches!(again, WriteError::Failed { .. }), "{again}");
        let error = staging.create(Path::new("c"), 1 << 60).unwrap_err();
        let shown = error.to_string();
        assert!(shown.contains(&place.path().display().to_string()), "{shown}");
    }

    #[test]
    fn what_is_not_published_goes_with_the_staging() {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir_all(place.path().join(STAGING).join("left/over")).unwrap();
        let staging = Staging::open(place.path()).unwrap();
        for name in ["a/b/c", "d"] {
            drop(staging.create(Path::new(name), 1).unwrap());
        }
        staging.publish(&["a/b/c"]).unwrap();
        drop(staging);
        let left: Vec<_> =
            fs::read_dir(place.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert_eq!(left, ["a"]);
        assert!(place.path().join("a/b/c").is_file());
    }
}
