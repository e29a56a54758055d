//! Reads zip files.

use std::cell::Cell;
use std::io::{self, Read, Seek, SeekFrom};

use zip::CompressionMethod;
use zip::ZipArchive;
use zip::read::ZipFileEntry;
use zip::result::ZipError;

use super::ArchiveError;
use super::sink::Sink;

/// How much is read to learn what an archive holds. All of it is kept, several times as large.
const DIRECTORY_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Where the mode of a file says what kind it is, and what it says of plain files and links.
const MODE_KIND: u32 = 0o170_000;
const MODE_FILE: u32 = 0o100_000;
const MODE_LINK: u32 = 0o120_000;

/// Hands all entries to the sink.
pub(super) fn unpack(source: impl Read + Seek, sink: &mut Sink<'_>) -> Result<(), ArchiveError> {
    let left = Cell::new(DIRECTORY_BYTES_MAX);
    let archive = ZipArchive::new(Budget { inner: source, left: &left });
    if left.replace(u64::MAX) == 0 {
        let (name, limit) = ("directory".to_owned(), DIRECTORY_BYTES_MAX);
        return Err(ArchiveError::Limit { name, limit, unit: "bytes", got: limit });
    }
    let mut archive = archive.map_err(|error| zip_error("directory", error))?;
    if archive.has_duplicate_names() {
        let (name, got) = ("directory".to_owned(), "two of one name".to_owned());
        return Err(ArchiveError::Entry { name, expected: "entries of different names", got });
    }
    for idx in 0..archive.len() {
        entry(&mut archive, idx, sink)?;
    }
    Ok(())
}

/// Writes or passes over an entry.
fn entry<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    idx: usize,
    sink: &mut Sink<'_>,
) -> Result<(), ArchiveError> {
    let stated = archive.by_index_data(idx).map_err(|error| zip_error("directory", error))?;
    let name = stated.name().map_err(|error| zip_error("directory", error))?.into_owned();
    if stated.is_dir() {
        return sink.folder(&name);
    }
    let Some(path) = sink.place(&name)? else { return Ok(()) };
    if let Some((expected, got)) = refused(&stated) {
        return Err(ArchiveError::Entry { name, expected, got });
    }
    let bytes = stated.size();
    let mut body = archive.by_index(idx).map_err(|error| zip_error(&name, error))?;
    sink.file(path, bytes, &mut body)?;
    // The checksum is compared where the body ends.
    match body.read(&mut [0]) {
        Ok(0) => Ok(()),
        Ok(_) => Err(ArchiveError::damaged(&name, &format!("expected {bytes} bytes, got more"))),
        Err(error) => Err(ArchiveError::reading(&name, error)),
    }
}

/// Why an entry cannot be written: what was expected and what it is.
fn refused(entry: &ZipFileEntry<'_>) -> Option<(&'static str, String)> {
    const KINDS: &str = "a file or folder";
    const METHODS: &str = "compression `stored` or `deflated`";
    if entry.encrypted() {
        return Some(("an entry without a password", "an encrypted one".to_owned()));
    }
    match entry.unix_mode().unwrap_or_default() & MODE_KIND {
        0 | MODE_FILE => {}
        MODE_LINK => return Some((KINDS, "a symbolic link: pack the file itself".to_owned())),
        _ => return Some((KINDS, "a device, pipe or socket".to_owned())),
    }
    match entry.compression() {
        CompressionMethod::Stored | CompressionMethod::Deflated => None,
        other => Some((METHODS, format!("`{other}`"))),
    }
}

fn zip_error(at: &str, error: ZipError) -> ArchiveError {
    match error {
        ZipError::Io(error) => ArchiveError::reading(at, error),
        error => ArchiveError::damaged(at, &error),
    }
}

/// A reader that fails when more is read than it may.
struct Budget<'a, R> {
    inner: R,
    left: &'a Cell<u64>,
}

impl<R: Read> Read for Budget<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n_read = self.inner.read(buffer)?;
        let left = self.left.get().saturating_sub(n_read as u64);
        self.left.set(left);
        if left == 0 { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(n_read) }
    }
}

impl<R: Seek> Seek for Budget<'_, R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}
