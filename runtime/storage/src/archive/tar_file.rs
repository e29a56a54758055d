//! Reads tape archives: headers are the tar crate's, what lies between them is read here, because
//! names and sizes in extensions must be bounded before they are read.

use std::io::{self, Read};

use tar::{EntryType, Header, PaxExtensions};

use super::ArchiveError;
use super::kind::{BLOCK_BYTES, is_header};
use super::sink::Sink;

/// The longest extension: a long name, or a list of attributes.
const EXTENSION_BYTES_MAX: u64 = 64 * 1024;

/// How much may follow the end of an archive; writers fill up records.
const TAIL_BYTES_MAX: u64 = 1024 * 1024;

/// Only its data would be there, not where that belongs.
const WITH_HOLES: &str = "a file with holes: pack it without `--sparse`";

/// Hands all entries to the sink.
pub(super) fn unpack(reader: &mut dyn Read, sink: &mut Sink<'_>) -> Result<(), ArchiveError> {
    let mut tape = Tape { reader, last: "start".to_owned() };
    let mut extension = Extension::default();
    while let Some(header) = tape.header()? {
        let stated =
            header.entry_size().map_err(|error| ArchiveError::damaged(&tape.last, &error))?;
        match header.entry_type() {
            EntryType::GNULongName => extension.long_name(&tape.extension(stated)?),
            EntryType::XHeader => extension.pax(&tape.extension(stated)?, &tape.last)?,
            // Names of links, which are refused, and comments for all entries.
            EntryType::GNULongLink | EntryType::XGlobalHeader => {
                drop(tape.extension(stated)?);
            }
            _ => entry(&mut tape, &header, &std::mem::take(&mut extension), sink)?,
        }
    }
    tape.tail()
}

/// Writes or passes over an entry that is no extension.
fn entry(
    tape: &mut Tape<'_>,
    header: &Header,
    extension: &Extension,
    sink: &mut Sink<'_>,
) -> Result<(), ArchiveError> {
    let name = match &extension.name {
        Some(name) => name.clone(),
        None => header.path_bytes().into_owned(),
    };
    let name = String::from_utf8(name).map_err(|error| ArchiveError::Entry {
        name: String::from_utf8_lossy(error.as_bytes()).into_owned(),
        expected: "a name in UTF-8",
        got: "other bytes".to_owned(),
    })?;
    tape.last.clone_from(&name);
    let stated = header.entry_size().map_err(|error| ArchiveError::damaged(&name, &error))?;
    let bytes = extension.bytes.unwrap_or(stated);
    let kind = header.entry_type();
    // Writers of long ago had no type for folders.
    if kind.is_dir() || (kind.is_file() && name.ends_with('/')) {
        sink.folder(&name)?;
        return tape.pass(&name, bytes, sink);
    }
    let Some(path) = sink.place(&name)? else {
        let has_body = !(kind.is_hard_link() || kind.is_symlink());
        return tape.pass(&name, if has_body { bytes } else { 0 }, sink);
    };
    if let Some(got) = refused(kind).or(extension.is_sparse.then_some(WITH_HOLES)) {
        let (expected, got) = ("a file or folder", got.to_owned());
        return Err(ArchiveError::Entry { name, expected, got });
    }
    sink.file(path, bytes, &mut tape.reader)?;
    tape.pad(bytes)
}

/// What an entry is that is no file.
fn refused(kind: EntryType) -> Option<&'static str> {
    match kind {
        EntryType::Regular | EntryType::Continuous => None,
        EntryType::Link => Some("a hard link: pack the file itself"),
        EntryType::Symlink => Some("a symbolic link: pack the file itself (`tar --dereference`)"),
        EntryType::Char | EntryType::Block => Some("a device"),
        EntryType::Fifo => Some("a pipe"),
        EntryType::GNUSparse => Some(WITH_HOLES),
        _ => Some("an entry of an unknown type"),
    }
}

/// What entries before another say of that.
#[derive(Default)]
struct Extension {
    name: Option<Vec<u8>>,
    bytes: Option<u64>,
    is_sparse: bool,
}

impl Extension {
    fn long_name(&mut self, text: &[u8]) {
        let end = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
        self.name = text.get(..end).map(<[u8]>::to_vec);
    }

    fn pax(&mut self, text: &[u8], at: &str) -> Result<(), ArchiveError> {
        for attribute in PaxExtensions::new(text) {
            let attribute = attribute.map_err(|error| ArchiveError::damaged(at, &error))?;
            match attribute.key_bytes() {
                b"path" => self.name = Some(attribute.value_bytes().to_vec()),
                b"size" => {
                    let value = attribute.value().ok().and_then(|value| value.parse().ok());
                    let bytes = value.ok_or_else(|| {
                        ArchiveError::damaged(at, &"expected a count of bytes in attribute `size`")
                    })?;
                    self.bytes = Some(bytes);
                }
                key if key.starts_with(b"GNU.sparse.") => self.is_sparse = true,
                _ => {}
            }
        }
        Ok(())
    }
}

/// An archive, at the start of a block.
struct Tape<'a> {
    reader: &'a mut dyn Read,
    /// The last name, for errors.
    last: String,
}

impl Tape<'_> {
    /// Reads the next header; `None` at the end of the archive.
    fn header(&mut self) -> Result<Option<Header>, ArchiveError> {
        let mut header = Header::new_old();
        self.read(header.as_mut_bytes().as_mut_slice())?;
        if header.as_bytes().iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        if !is_header(&header) {
            return Err(self.damaged("expected a header with its checksum after it"));
        }
        Ok(Some(header))
    }

    fn extension(&mut self, bytes: u64) -> Result<Vec<u8>, ArchiveError> {
        let length = usize::try_from(bytes).ok().filter(|_| bytes <= EXTENSION_BYTES_MAX);
        let Some(length) = length else {
            let (name, limit) = (self.last.clone(), EXTENSION_BYTES_MAX);
            let unit = "bytes of attributes in the entry after it";
            return Err(ArchiveError::Limit { name, limit, unit, got: bytes });
        };
        let mut text = vec![0; length];
        self.read(&mut text)?;
        self.pad(bytes)?;
        Ok(text)
    }

    /// Passes over a body.
    fn pass(&mut self, name: &str, bytes: u64, sink: &mut Sink<'_>) -> Result<(), ArchiveError> {
        // Before it is read: this is where a bomb would cost time.
        sink.skip(name, bytes)?;
        let passed = io::copy(&mut Read::take(&mut self.reader, bytes), &mut io::sink());
        if passed.map_err(|error| ArchiveError::reading(name, error))? != bytes {
            return Err(self.damaged("the file ends in an entry"));
        }
        self.pad(bytes)
    }

    /// Passes over what fills up a block.
    fn pad(&mut self, bytes: u64) -> Result<(), ArchiveError> {
        let mut block = [0; BLOCK_BYTES];
        let over = usize::try_from(bytes % BLOCK_BYTES as u64).unwrap_or_default();
        let filling = block.get_mut(over..).filter(|_| over > 0).unwrap_or_default();
        self.read(filling)
    }

    /// Reads to the end, where compression has its checksum.
    fn tail(&mut self) -> Result<(), ArchiveError> {
        let mut tail = Read::take(&mut self.reader, TAIL_BYTES_MAX);
        let read = io::copy(&mut tail, &mut io::sink());
        read.map(drop).map_err(|error| ArchiveError::reading(&self.last, error))
    }

    fn read(&mut self, to: &mut [u8]) -> Result<(), ArchiveError> {
        let read = self.reader.read_exact(to);
        read.map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => self.damaged("the file ends before the archive does"),
            _ => ArchiveError::reading(&self.last, error),
        })
    }

    fn damaged(&self, reason: &str) -> ArchiveError {
        ArchiveError::damaged(&self.last, &reason)
    }
}
