//! Writes a layer: a tar archive that depends on nothing but names, modes and bytes.
//!
//! The format is GNU's (`ustar` with long names as entries of their own, and numbers beyond eight
//! octal digits in binary), which every runtime reads, and which needs no extension headers for large
//! files, as PAX does. Times are 0 and the owner is root. A layer is hashed while it is written, packed
//! and unpacked, so that a model of any size passes through in pieces. Packed by libdeflate, it is 3% smaller
//! than zlib makes it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use libdeflater::{CompressionLvl, Compressor};
use radiant_storage::oci::{Digest, Hasher};
use tar::{Builder, EntryType, Header};

use super::files::{Entry, Files, Node};
use crate::error::{Code, Failure};
use crate::layout::{Blob, BlobWriter, Descriptor, Layout, LayoutError, media_type};

/// How layers are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Compression {
    /// gzip, which everything reads.
    Gzip,
    /// Not at all.
    None,
}

/// A layer that is in a layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// What it holds, for people.
    pub title: String,
    /// The blob.
    pub descriptor: Descriptor,
    /// The digest of the archive before it is packed.
    pub diff_id: Digest,
    /// The length of the archive before it is packed.
    pub unpacked_bytes: u64,
    /// The files in it.
    pub files: Vec<Content>,
}

/// A file in a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Where it is in the image.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256.
    pub digest: Digest,
}

/// Writes a layer into a layout.
pub(crate) fn write(
    layout: &Layout,
    title: &str,
    files: &Files,
    compression: Compression,
) -> Result<Layer, Failure> {
    let cannot_write = |error| Failure::from(LayoutError::write(layout.root())(error));
    let packer = Packer::new(layout.blob_writer()?, compression, files.bytes_in_all());
    let mut archive = Builder::new(Tee { packer, hasher: Hasher::sha256(), bytes: 0 });
    let mut contents = Vec::new();
    for (path, entry) in files.iter() {
        let content = append(&mut archive, path, entry).map_err(|error| match error {
            Problem::Read(failure) => failure,
            Problem::Write(error) => cannot_write(error),
        })?;
        contents.extend(content);
    }
    let Tee { packer, hasher, bytes } = archive.into_inner().map_err(cannot_write)?;
    let media_type = packer.media_type();
    let blob = packer.finish().map_err(cannot_write)?.commit()?;
    Ok(Layer {
        title: title.to_owned(),
        descriptor: described(&blob, media_type, title),
        diff_id: hasher.finish(),
        unpacked_bytes: bytes,
        files: contents,
    })
}

fn described(blob: &Blob, media_type: &str, title: &str) -> Descriptor {
    let mut descriptor = blob.descriptor(media_type);
    let name = "radiant.dev/layer".to_owned();
    descriptor.annotations = Some([(name, title.to_owned())].into());
    descriptor
}

enum Problem {
    Read(Failure),
    Write(io::Error),
}

fn append(
    archive: &mut Builder<impl Write>,
    path: &str,
    entry: &Entry,
) -> Result<Option<Content>, Problem> {
    let mut header = Header::new_gnu();
    header.set_mode(entry.mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(0);
    match &entry.node {
        Node::Folder => {
            header.set_entry_type(EntryType::Directory);
            let path = format!("{path}/");
            archive.append_data(&mut header, path, io::empty()).map_err(Problem::Write)?;
            Ok(None)
        }
        Node::Link(target) => {
            header.set_entry_type(EntryType::Symlink);
            archive.append_link(&mut header, path, target).map_err(Problem::Write)?;
            Ok(None)
        }
        Node::Bytes(bytes) => {
            let mut source = Source::new(bytes.as_slice(), bytes.len() as u64);
            append_file(archive, (header, path), &mut source)?;
            Ok(Some(source.content(path)))
        }
        Node::File(from, bytes) => {
            let cannot_read = |error| Problem::Read(LayoutError::read(from)(error).into());
            let file = File::open(from).map_err(cannot_read)?;
            let mut source = Source::new(file, *bytes);
            let appended = append_file(archive, (header, path), &mut source);
            if let Some(error) = source.failed.take() {
                return Err(cannot_read(error));
            }
            appended?;
            source.check_end(from).map_err(Problem::Read)?;
            Ok(Some(source.content(path)))
        }
    }
}

fn append_file<R: Read>(
    archive: &mut Builder<impl Write>,
    (mut header, path): (Header, &str),
    source: &mut Source<R>,
) -> Result<(), Problem> {
    header.set_entry_type(EntryType::Regular);
    header.set_size(source.announced);
    archive.append_data(&mut header, path, source).map_err(Problem::Write)
}

/// A file that is read into an archive: hashed, and never longer than was announced.
struct Source<R> {
    reader: R,
    hasher: Hasher,
    announced: u64,
    came: u64,
    failed: Option<io::Error>,
}

impl<R: Read> Source<R> {
    fn new(reader: R, announced: u64) -> Self {
        Self { reader, hasher: Hasher::sha256(), announced, came: 0, failed: None }
    }

    /// Checks that the file ends where it did when it was looked at.
    fn check_end(&mut self, from: &Path) -> Result<(), Failure> {
        let more = self.reader.read(&mut [0]).unwrap_or(0);
        if self.came == self.announced && more == 0 {
            return Ok(());
        }
        let got = if more == 0 { format!("{}", self.came) } else { "more".to_owned() };
        let error = anyhow::anyhow!(
            "`{}`: expected {} bytes, got {got}: it was changed while it was read",
            from.display(),
            self.announced
        );
        Err(Failure::new(Code::Conflict, error).hint("build again when nobody writes it"))
    }

    fn content(self, path: &str) -> Content {
        Content { path: path.to_owned(), bytes: self.came, digest: self.hasher.finish() }
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.announced.saturating_sub(self.came)).unwrap_or(usize::MAX);
        let n = bytes.len().min(left);
        let room = bytes.get_mut(..n).unwrap_or_default();
        match self.reader.read(room) {
            Ok(n) => {
                self.hasher.update(room.get(..n).unwrap_or_default());
                self.came = self.came.saturating_add(n as u64);
                Ok(n)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                self.failed = Some(error);
                Err(io::Error::other("cannot be read"))
            }
        }
    }
}

/// Hashes what is packed.
struct Tee {
    packer: Packer,
    hasher: Hasher,
    bytes: u64,
}

impl Write for Tee {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.packer.write(bytes)?;
        self.hasher.update(bytes.get(..n).unwrap_or_default());
        self.bytes = self.bytes.saturating_add(n as u64);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.packer.flush()
    }
}

enum Packer {
    Gzip(Box<Members>),
    None(Box<BlobWriter>),
}

/// What is packed at once, as a member of a gzip file (RFC 1952, 2.2): as much as is in memory.
const MEMBER_BYTES: usize = 64 << 20;

/// Up to here what is packed is worth seconds: programs, which are packed once and pulled for years.
/// Models are mostly numbers, which get no smaller by trying harder.
const HARD_BYTES: u64 = 256 << 20;
/// libdeflate's highest level, and one that is ten times as quick.
const LEVELS: (i32, i32) = (12, 6);

/// A gzip file that is written a member at a time. Its headers have neither a name nor a time.
struct Members {
    blob: BlobWriter,
    waiting: Vec<u8>,
    level: CompressionLvl,
}

impl Members {
    fn new(blob: BlobWriter, bytes: u64) -> Self {
        let level = if bytes <= HARD_BYTES { LEVELS.0 } else { LEVELS.1 };
        let level = CompressionLvl::new(level).unwrap_or_default();
        Self { blob, waiting: Vec::new(), level }
    }

    fn pack(&mut self) -> io::Result<()> {
        let mut compressor = Compressor::new(self.level);
        let mut packed = vec![0; compressor.gzip_compress_bound(self.waiting.len())];
        let n = compressor.gzip_compress(&self.waiting, &mut packed).map_err(io::Error::other)?;
        self.waiting.clear();
        self.blob.write_all(packed.get(..n).unwrap_or_default())
    }

    fn finish(mut self) -> io::Result<BlobWriter> {
        self.pack()?;
        Ok(self.blob)
    }
}

impl Write for Members {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = bytes.len().min(MEMBER_BYTES - self.waiting.len());
        self.waiting.extend_from_slice(bytes.get(..n).unwrap_or_default());
        if self.waiting.len() == MEMBER_BYTES {
            self.pack()?;
        }
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Packer {
    fn new(blob: BlobWriter, compression: Compression, bytes: u64) -> Self {
        match compression {
            Compression::Gzip => Self::Gzip(Box::new(Members::new(blob, bytes))),
            Compression::None => Self::None(Box::new(blob)),
        }
    }

    fn media_type(&self) -> &'static str {
        match self {
            Self::Gzip(_) => media_type::LAYER_GZIP,
            Self::None(_) => media_type::LAYER,
        }
    }

    fn finish(self) -> io::Result<BlobWriter> {
        match self {
            Self::Gzip(packer) => packer.finish(),
            Self::None(blob) => Ok(*blob),
        }
    }
}

impl Write for Packer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Gzip(packer) => packer.write(bytes),
            Self::None(blob) => blob.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Gzip(packer) => packer.flush(),
            Self::None(blob) => blob.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout() -> (tempfile::TempDir, Layout) {
        let place = tempfile::tempdir().unwrap();
        let layout = Layout::create(&place.path().join("image")).unwrap();
        (place, layout)
    }

    #[test]
    fn a_layer_is_what_tar_unpacks() {
        let (_place, layout) = layout();
        let mut files = Files::default();
        let long = format!("models/{}/{}", "a".repeat(90), "b".repeat(90));
        files.bytes(&long, "text");
        files.link("bin/sh", "/radiant");
        files.folder("tmp", 0o1777);
        for compression in [Compression::Gzip, Compression::None] {
            let layer = write(&layout, "x", &files, compression).unwrap();
            let blob = layout.open_blob(&layer.descriptor).unwrap();
            let plain: Box<dyn Read> = match compression {
                Compression::Gzip => Box::new(flate2::read::MultiGzDecoder::new(blob)),
                Compression::None => Box::new(blob),
            };
            let mut archive = tar::Archive::new(plain);
            let names: Vec<String> = archive
                .entries()
                .unwrap()
                .map(|entry| entry.unwrap().path().unwrap().display().to_string())
                .collect();
            assert!(names.contains(&long), "{names:?}");
            assert_eq!(layer.files.len(), 1);
            assert_eq!(layer.files[0].digest, Digest::sha256(b"text"));
        }
    }

    #[test]
    fn a_file_of_another_length_than_announced_is_refused() {
        let (place, layout) = layout();
        let path = place.path().join("file");
        std::fs::write(&path, "12345").unwrap();
        for (announced, got) in [(6, "got 5"), (4, "got more")] {
            let mut files = Files::default();
            files.file("file", path.clone(), announced);
            let failure = write(&layout, "x", &files, Compression::Gzip).unwrap_err();
            assert!(failure.text().contains(got), "{}", failure.text());
        }
        let mut files = Files::default();
        files.file("file", place.path().join("none"), 1);
        let failure = write(&layout, "x", &files, Compression::Gzip).unwrap_err();
        assert_eq!(failure.code(), Some(Code::NotFound), "{}", failure.text());
    }
}
