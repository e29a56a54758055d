//! The cache's own folder, which nobody else may write.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

use super::CacheError;

/// For the owner alone.
const MODE: u32 = 0o700;

/// The user who may do anything anyway, and who owns the volumes that Kubernetes mounts.
const ROOT: u32 = 0;

/// Makes the folder unless it is there, and checks that it can be trusted and written.
pub(super) fn prepare(folder: &Path) -> Result<(), CacheError> {
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent).map_err(CacheError::writing(parent))?;
    }
    match DirBuilder::new().mode(MODE).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(CacheError::writing(folder)(error));
        }
        _ => {}
    }
    // The link itself too: whoever made it chooses what it leads to.
    let own = fs::symlink_metadata(folder).map_err(CacheError::reading(folder))?;
    let meant = fs::metadata(folder).map_err(CacheError::reading(folder))?;
    if !meant.is_dir() {
        return Err(CacheError::NotAFolder { path: folder.to_owned() });
    }
    let user = rustix::process::geteuid().as_raw();
    for owner in [own.uid(), meant.uid()] {
        check_owner(folder, user, owner)?;
    }
    // Asked for now, so that it is said at the start, and not after a download.
    rustix::fs::access(folder, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK)
        .map_err(|errno| CacheError::writing(folder)(errno.into()))
}

fn check_owner(folder: &Path, user: u32, owner: u32) -> Result<(), CacheError> {
    if owner == user || owner == ROOT {
        return Ok(());
    }
    Err(CacheError::Owner { path: folder.to_owned(), expected: user, got: owner })
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_new_folder_is_for_its_owner_alone() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("deep/radiant");
        prepare(&folder).unwrap();
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, MODE);
        prepare(&folder).unwrap();
    }

    #[test]
    fn a_link_to_a_folder_of_ones_own_is_taken() {
        let place = tempfile::tempdir().unwrap();
        let (real, link) = (place.path().join("real"), place.path().join("link"));
        fs::create_dir(&real).unwrap();
        symlink(&real, &link).unwrap();
        prepare(&link).unwrap();
    }

    #[test]
    fn a_file_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("file");
        drop(File::create(&file).unwrap());
        let error = prepare(&file).unwrap_err();
        assert!(matches!(error, CacheError::NotAFolder { .. }), "{error}");
    }

    #[test]
    fn folders_of_others_are_refused_and_those_of_root_are_taken() {
        let path = Path::new("/tmp/radiant");
        assert!(check_owner(path, 1000, 1000).is_ok());
        assert!(check_owner(path, 1000, ROOT).is_ok());
        assert_eq!(
            check_owner(path, 1000, 1001).unwrap_err().to_string(),
            "cache folder `/tmp/radiant`: expected one that belongs to user 1000, got one of user \
             1001: set `RADIANT_CACHE_DIR` to a folder of your own"
        );
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_told_with_the_volume_to_mount() {
        // The file system of the kernel's own is read-only for everyone in this respect.
        let error = prepare(Path::new("/proc/radiant")).unwrap_err().to_string();
        assert!(error.starts_with("cannot write `/proc/radiant` in the cache: "), "{error}");
        assert!(error.contains("`emptyDir`") && error.contains("`RADIANT_CACHE_DIR`"), "{error}");
    }
}
