//! What a model in the cache consists of.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::CacheError;

/// The files of a model: names below its folder, and sizes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    files: BTreeMap<String, u64>,
}

impl Entry {
    /// Lists a folder.
    pub(super) fn of(folder: &Path) -> Result<Self, CacheError> {
        let mut files = BTreeMap::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            let reading = CacheError::reading(&next);
            for file in fs::read_dir(&next).map_err(&reading)? {
                let path = file.map_err(&reading)?.path();
                let metadata = fs::symlink_metadata(&path).map_err(CacheError::reading(&path))?;
                if metadata.is_dir() {
                    folders.push(path);
                } else if let Ok(name) = path.strip_prefix(folder) {
                    // Fetched names are text; of others it is enough that they are the same again.
                    files.insert(name.to_string_lossy().into_owned(), metadata.len());
                }
            }
        }
        Ok(Self { files })
    }

    /// The size of all files.
    pub(super) fn bytes(&self) -> u64 {
        self.files.values().fold(0, |sum, bytes| sum.saturating_add(*bytes))
    }

    /// Checks that a folder holds these files, and says which does not.
    pub(super) fn check(&self, folder: &Path) -> Result<(), String> {
        for (name, expected) in &self.files {
            let got = fs::symlink_metadata(folder.join(name)).map(|metadata| metadata.len());
            match got {
                Ok(got) if got == *expected => {}
                Ok(got) => return Err(format!("`{name}`: expected {expected} bytes, got {got}")),
                Err(error) => return Err(format!("`{name}`: expected {expected} bytes: {error}")),
            }
        }
        if folder.is_dir() { Ok(()) } else { Err("expected a folder, got none".to_owned()) }
    }

    /// Reads an entry; one that cannot be understood is as good as none.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, CacheError> {
        match fs::read(path) {
            Ok(text) => Ok(serde_json::from_slice(&text).ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(CacheError::reading(path)(error)),
        }
    }

    /// Writes an entry, which is whole or not there.
    pub(super) fn write(&self, path: &Path) -> Result<(), CacheError> {
        let writing = CacheError::writing(path);
        let text = serde_json::to_vec(self).map_err(|error| writing(error.into()))?;
        let new = path.with_extension("new");
        fs::write(&new, text).map_err(&writing)?;
        fs::rename(&new, path).map_err(&writing)
    }
}

/// Notes that a model was asked for now.
pub(super) fn touch(path: &Path) -> Result<(), CacheError> {
    let file = File::options().append(true).open(path).map_err(CacheError::writing(path))?;
    file.set_modified(SystemTime::now()).map_err(CacheError::writing(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_read_as_it_was_written_and_finds_what_is_missing() {
        let place = tempfile::tempdir().unwrap();
        let (folder, path) = (place.path().join("k.model"), place.path().join("k.json"));
        fs::create_dir_all(folder.join("a")).unwrap();
        fs::write(folder.join("a/b"), b"123").unwrap();
        fs::write(folder.join("c"), b"").unwrap();
        let entry = Entry::of(&folder).unwrap();
        assert_eq!(entry.bytes(), 3);
        entry.write(&path).unwrap();
        assert_eq!(Entry::read(&path).unwrap(), Some(entry.clone()));
        assert_eq!(entry.check(&folder), Ok(()));

        fs::write(folder.join("a/b"), b"12").unwrap();
        assert_eq!(entry.check(&folder), Err("`a/b`: expected 3 bytes, got 2".to_owned()));
        fs::remove_dir_all(folder.join("a")).unwrap();
        assert!(entry.check(&folder).unwrap_err().starts_with("`a/b`: expected 3 bytes: "));
    }

    #[test]
    fn an_entry_that_is_no_entry_is_none() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("k.json");
        assert_eq!(Entry::read(&path).unwrap(), None);
        for text in ["", "{}", "{\"files\":{\"a\":-1}}", "{\"files\":{},\"x\":1}", "\0"] {
            fs::write(&path, text).unwrap();
            assert_eq!(Entry::read(&path).unwrap(), None, "{text}");
        }
    }
}
