//! Takes entries: checks each against the limits and against those before it, and writes it.

use std::collections::{BTreeSet, HashSet};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use super::{ArchiveError, Select, name};
use crate::staging::{Staging, write_error};
use crate::{Limits, Report};

/// How many entries of any kind an archive may have, those included that nobody takes.
const ENTRIES_MAX: u64 = 1_000_000;

/// How much is read at once.
const CHUNK_BYTES: usize = 128 * 1024;

/// Where entries go.
pub(super) struct Sink<'a> {
    staging: Staging,
    limits: Limits,
    select: &'a mut dyn FnMut(&Path) -> Select,
    /// All files so far, in the order to publish them.
    files: BTreeSet<PathBuf>,
    /// All folders that they need.
    folders: HashSet<PathBuf>,
    entries: u64,
    taken: Report,
    skipped_bytes: u64,
}

impl<'a> Sink<'a> {
    pub(super) fn open(
        folder: &Path,
        limits: &Limits,
        select: &'a mut dyn FnMut(&Path) -> Select,
    ) -> Result<Self, ArchiveError> {
        Ok(Self {
            staging: Staging::open(folder)?,
            limits: *limits,
            select,
            files: BTreeSet::new(),
            folders: HashSet::new(),
            entries: 0,
            taken: Report { files: 0, bytes: 0 },
            skipped_bytes: 0,
        })
    }

    /// Counts a folder; folders are made as files need them.
    pub(super) fn folder(&mut self, name: &str) -> Result<(), ArchiveError> {
        self.count(name)
    }

    /// Says where an entry goes that is no folder; `None` if nobody wants it.
    pub(super) fn place(&mut self, name: &str) -> Result<Option<PathBuf>, ArchiveError> {
        self.count(name)?;
        let path = match (self.select)(&name::plain(name)) {
            Select::Take => name::check(name)?,
            Select::Skip => return Ok(None),
            Select::As(path) => name::check(&path.to_string_lossy())?,
        };
        if path.as_os_str().is_empty() {
            let (expected, got) = ("a name of a file", "none".to_owned());
            return Err(ArchiveError::Entry { name: name.to_owned(), expected, got });
        }
        Ok(Some(path))
    }

    /// Writes a file of the stated size; what `body` holds beyond that is left in it.
    pub(super) fn file(
        &mut self,
        path: PathBuf,
        bytes: u64,
        body: &mut dyn Read,
    ) -> Result<(), ArchiveError> {
        let name = path.display().to_string();
        self.admit(&name, bytes)?;
        self.claim(&path, &name)?;
        let mut file = self.staging.create(&path, bytes)?;
        let to = self.staging.path(&path);
        let mut buffer = vec![0; CHUNK_BYTES];
        let mut body = body.take(bytes);
        let mut written = 0_u64;
        loop {
            let n_read = match body.read(&mut buffer) {
                Ok(0) => break,
                Ok(n_read) => n_read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(ArchiveError::reading(&name, error)),
            };
            let chunk = buffer.get(..n_read).unwrap_or_default();
            file.write_all(chunk).map_err(write_error(&to))?;
            written = written.saturating_add(n_read as u64);
        }
        if written != bytes {
            let reason = format!("expected {bytes} bytes, got {written}");
            return Err(ArchiveError::damaged(&name, &reason));
        }
        file.sync_data().map_err(write_error(&to))?;
        self.files.insert(path);
        Ok(())
    }

    /// Counts bytes that are decompressed for nothing.
    pub(super) fn skip(&mut self, name: &str, bytes: u64) -> Result<(), ArchiveError> {
        self.skipped_bytes = self.skipped_bytes.saturating_add(bytes);
        limit(name, self.limits.total_bytes, "skipped bytes", self.skipped_bytes)
    }

    /// Publishes what was written.
    pub(super) fn finish(self) -> Result<Report, ArchiveError> {
        let names: Vec<&Path> = self.files.iter().map(PathBuf::as_path).collect();
        self.staging.publish(&names)?;
        Ok(self.taken)
    }

    fn count(&mut self, name: &str) -> Result<(), ArchiveError> {
        self.entries += 1;
        limit(name, ENTRIES_MAX, "entries", self.entries)
    }

    /// Counts a file before a byte of it is written.
    fn admit(&mut self, name: &str, bytes: u64) -> Result<(), ArchiveError> {
        self.taken.files += 1;
        self.taken.bytes = self.taken.bytes.saturating_add(bytes);
        limit(name, self.limits.files, "files", self.taken.files)?;
        limit(name, self.limits.file_bytes, "bytes", bytes)?;
        limit(name, self.limits.total_bytes, "bytes in all files", self.taken.bytes)
    }

    /// Takes a place for a file, and its folders.
    fn claim(&mut self, path: &Path, name: &str) -> Result<(), ArchiveError> {
        let clash = |got: &str| {
            let expected = "the only entry for this place";
            Err(ArchiveError::Entry { name: name.to_owned(), expected, got: got.to_owned() })
        };
        if self.files.contains(path) {
            return clash("a second one");
        }
        if self.folders.contains(path) {
            return clash("a file where others need a folder");
        }
        for folder in path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty()) {
            if self.files.contains(folder) {
                return clash("a folder where another is a file");
            }
            self.folders.insert(folder.to_owned());
        }
        Ok(())
    }
}

fn limit(name: &str, limit: u64, unit: &'static str, got: u64) -> Result<(), ArchiveError> {
    if got <= limit {
        return Ok(());
    }
    Err(ArchiveError::Limit { name: name.to_owned(), limit, unit, got })
}
