//! Locks on files that may be removed while somebody waits for them.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use super::CacheError;

/// How long is waited before a lock is tried again: asked for again and again, rather than waited for
/// on a thread, so that who waits can be told to stop.
pub(super) const FIRST_WAIT: Duration = Duration::from_millis(20);
pub(super) const LONGEST_WAIT: Duration = Duration::from_millis(500);

/// How a lock is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hold {
    /// Beside others who hold it so.
    Shared,
    /// By one.
    Alone,
}

/// What came of an attempt.
#[derive(Debug)]
pub(super) enum Locked {
    /// It is ours until the file is dropped.
    Held(File),
    /// Somebody else has it.
    Busy,
}

/// Tries to lock a file, which is made if it is not there.
pub(super) fn attempt(path: &Path, hold: Hold) -> Result<Locked, CacheError> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path);
    let file = file.map_err(CacheError::writing(path))?;
    let locked = match hold {
        Hold::Shared => file.try_lock_shared(),
        Hold::Alone => file.try_lock(),
    };
    match locked {
        Ok(()) if is_at(&file, path).map_err(CacheError::writing(path))? => Ok(Locked::Held(file)),
        // Removed between opening and locking: the next attempt makes another one.
        Ok(()) | Err(TryLockError::WouldBlock) => Ok(Locked::Busy),
        Err(TryLockError::Error(error)) => Err(CacheError::writing(path)(error)),
    }
}

/// Whether a file is still the one of this name.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let own = file.metadata()?;
    match fs::metadata(path) {
        Ok(there) => Ok((own.dev(), own.ino()) == (there.dev(), there.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_held(path: &Path, hold: Hold) -> bool {
        matches!(attempt(path, hold).unwrap(), Locked::Held(_))
    }

    #[test]
    fn many_hold_it_shared_and_one_alone() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("lock");
        let shared = attempt(&path, Hold::Shared).unwrap();
        assert!(is_held(&path, Hold::Shared));
        assert!(!is_held(&path, Hold::Alone));
        drop(shared);
        let alone = attempt(&path, Hold::Alone).unwrap();
        assert!(matches!(alone, Locked::Held(_)));
        assert!(!is_held(&path, Hold::Shared));
        drop(alone);
        assert!(is_held(&path, Hold::Alone));
    }

    #[test]
    fn a_lock_on_a_file_that_is_gone_counts_for_nothing() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("lock");
        let file = File::create(&path).unwrap();
        assert!(is_at(&file, &path).unwrap());
        fs::remove_file(&path).unwrap();
        assert!(!is_at(&file, &path).unwrap());
        drop(File::create(&path).unwrap());
        assert!(!is_at(&file, &path).unwrap());
    }
}
