//! Which kind of archive a file is, by its first bytes.

use std::io::{self, Read, Seek, SeekFrom};

use flate2::read::GzDecoder;
use tar::Header;

/// A kind of archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A zip file.
    Zip,
    /// A tape archive.
    Tar,
    /// A tape archive inside gzip.
    TarGz,
    /// Known by its first bytes, not unpacked here.
    Other(&'static str),
}

/// First bytes of what is only named in errors. Compressed data is among it: whether an archive is
/// inside would be known after decompression only.
const OTHERS: [(&[u8], &str); 6] = [
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
];

/// The size of a header in a tape archive, in bytes.
pub(super) const BLOCK_BYTES: usize = 512;

/// Says which kind of archive a file is; `None` for any other file, also one that gzip made of
/// something else than a tape archive. Reads from the start and leaves the position undefined.
///
/// # Errors
/// What the source says when it cannot be read.
pub fn kind(source: &mut (impl Read + Seek)) -> io::Result<Option<Kind>> {
    let first = first_block(source)?;
    if first.starts_with(b"PK\x03\x04") || first.starts_with(b"PK\x05\x06") {
        return Ok(Some(Kind::Zip));
    }
    if first.starts_with(b"\x1f\x8b") {
        source.seek(SeekFrom::Start(0))?;
        // A damaged gzip file is no archive, and whoever asked for the file sees the damage.
        let inside = read_block(&mut GzDecoder::new(source)).unwrap_or_default();
        return Ok(is_tar(&inside).then_some(Kind::TarGz));
    }
    if is_tar(&first) {
        return Ok(Some(Kind::Tar));
    }
    let other = OTHERS.iter().find(|(magic, _)| first.starts_with(magic));
    Ok(other.map(|(_, name)| Kind::Other(name)))
}

fn first_block(source: &mut (impl Read + Seek)) -> io::Result<Vec<u8>> {
    source.seek(SeekFrom::Start(0))?;
    read_block(source)
}

fn read_block(source: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut block = Vec::with_capacity(BLOCK_BYTES);
    source.take(BLOCK_BYTES as u64).read_to_end(&mut block)?;
    Ok(block)
}

fn is_tar(first: &[u8]) -> bool {
    first.len() == BLOCK_BYTES && is_header(Header::from_byte_slice(first))
}

/// Whether the checksum of a header is right. Writers of long ago summed signed bytes; their sum is
/// another only where names are not ASCII, and no writer of today does that.
pub(super) fn is_header(header: &Header) -> bool {
    // The checksum's own field counts as spaces.
    const FIELD: std::ops::Range<usize> = 148..156;
    let bytes = header.as_bytes().iter().enumerate();
    let sum = bytes.map(|(idx, byte)| if FIELD.contains(&idx) { 32 } else { u32::from(*byte) });
    header.cksum().is_ok_and(|stated| stated == sum.sum::<u32>())
}
