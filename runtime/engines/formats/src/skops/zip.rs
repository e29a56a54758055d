//! Zip archives, as far as models use them: entries that are stored or deflated.
//!
//! Source: PKWARE's APPNOTE 6.3.10, sections 4.3 to 4.5. Out of bounds: encryption, archives in
//! several parts, other compressions.

use std::io::Read;
use std::ops::Range;

use crate::error::{FormatError, Place};
use crate::limits::Limits;

/// The end record and the longest comment behind it.
const TAIL_BYTES: usize = 22 + 0xffff;

/// How an archive begins.
pub(crate) const MAGIC: &[u8] = b"PK\x03\x04";

/// An entry of an archive.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) name: String,
    method: u16,
    crc: u32,
    packed_size: u64,
    size: u64,
    /// Where its own header begins.
    header: u64,
}

/// Lists the entries of an archive.
///
/// # Errors
/// If the bytes are no archive or it has more entries than [`Limits::archive_entries_max`].
pub(crate) fn entries(bytes: &[u8], limits: &Limits) -> Result<Vec<Entry>, FormatError> {
    let damaged = || FormatError::damaged(Place::File, "the directory of a zip archive", "less");
    let (count, start) = directory(bytes).ok_or_else(damaged)?;
    let most = limits.archive_entries_max;
    FormatError::check_limit(Place::File, "entries of an archive", most, count)?;
    let mut rest = usize::try_from(start).ok().and_then(|start| bytes.get(start..));
    let mut entries = Vec::new();
    for _ in 0..count {
        let (entry, after) = rest.and_then(entry).ok_or_else(damaged)?;
        entries.push(entry);
        rest = Some(after);
    }
    Ok(entries)
}

/// How many entries there are, and where their list begins.
fn directory(bytes: &[u8]) -> Option<(u64, u64)> {
    let from = bytes.len().saturating_sub(TAIL_BYTES);
    let tail = bytes.get(from..)?;
    let at = tail.windows(4).rposition(|window| window == b"PK\x05\x06")?;
    let end = tail.get(at..).filter(|end| end.len() >= 22)?;
    let (count, start) = (u64::from(u16_at(end, 10)?), u64::from(u32_at(end, 16)?));
    if count != 0xffff && start != 0xffff_ffff {
        return Some((count, start));
    }
    // The larger numbers stand in a record of their own, which a locator before this one finds.
    let locator = from.checked_add(at)?.checked_sub(20)?;
    let locator = bytes.get(locator..).filter(|found| found.starts_with(b"PK\x06\x07"))?;
    let record = usize::try_from(u64_at(locator, 8)?).ok()?;
    let record = bytes.get(record..).filter(|found| found.starts_with(b"PK\x06\x06"))?;
    Some((u64_at(record, 32)?, u64_at(record, 48)?))
}

fn entry(bytes: &[u8]) -> Option<(Entry, &[u8])> {
    bytes.starts_with(b"PK\x01\x02").then_some(())?;
    let [name_len, extra_len, comment_len] =
        [u16_at(bytes, 28)?, u16_at(bytes, 30)?, u16_at(bytes, 32)?].map(usize::from);
    let (name, rest) = bytes.get(46..)?.split_at_checked(name_len)?;
    let (extra, rest) = rest.split_at_checked(extra_len)?;
    let mut entry = Entry {
        name: String::from_utf8_lossy(name).into_owned(),
        method: u16_at(bytes, 10)?,
        crc: u32_at(bytes, 16)?,
        packed_size: u64::from(u32_at(bytes, 20)?),
        size: u64::from(u32_at(bytes, 24)?),
        header: u64::from(u32_at(bytes, 42)?),
    };
    widen(&mut entry, extra);
    Some((entry, rest.get(comment_len..)?))
}

/// Takes the numbers that 32 bits do not hold from where they are kept instead.
fn widen(entry: &mut Entry, mut extra: &[u8]) -> Option<()> {
    loop {
        let (id, len) = (u16_at(extra, 0)?, usize::from(u16_at(extra, 2)?));
        let (mut field, rest) = extra.get(4..)?.split_at_checked(len)?;
        extra = rest;
        if id != 1 {
            continue;
        }
        for number in [&mut entry.size, &mut entry.packed_size, &mut entry.header] {
            if *number == 0xffff_ffff {
                *number = u64_at(field, 0)?;
                field = field.get(8..)?;
            }
        }
        return Some(());
    }
}

/// What an entry holds.
#[derive(Debug)]
pub(crate) enum Data {
    /// These bytes of the archive.
    Stored(Range<usize>),
    /// Bytes that were unpacked.
    Unpacked(Vec<u8>),
}

/// Reads an entry, which may have at most `size_max` bytes.
///
/// # Errors
/// If it is not whole, larger, encrypted or packed in another way.
pub(crate) fn read(bytes: &[u8], entry: &Entry, size_max: u64) -> Result<Data, FormatError> {
    let damaged = |got: &str| FormatError::damaged(entry.name.as_str(), "a whole zip entry", got);
    FormatError::check_limit(entry.name.as_str(), "bytes unpacked", size_max, entry.size)?;
    let range = range(bytes, entry).ok_or_else(|| damaged("fewer bytes"))?;
    let packed = bytes.get(range.clone()).unwrap_or(&[]);
    let data = match entry.method {
        0 => Data::Stored(range),
        8 => {
            let mut unpacked = Vec::new();
            flate2::bufread::DeflateDecoder::new(packed)
                .take(entry.size)
                .read_to_end(&mut unpacked)
                .map_err(|error| damaged(&error.to_string()))?;
            Data::Unpacked(unpacked)
        }
        method => {
            let what = format!("zip compression {method}");
            return Err(FormatError::unsupported(
                entry.name.as_str(),
                what,
                "store it or deflate it",
            ));
        }
    };
    let plain = match &data {
        Data::Stored(_) => packed,
        Data::Unpacked(unpacked) => unpacked,
    };
    let mut crc = flate2::Crc::new();
    crc.update(plain);
    if u64::try_from(plain.len()) != Ok(entry.size) || crc.sum() != entry.crc {
        return Err(damaged("another size or checksum"));
    }
    Ok(data)
}

fn range(bytes: &[u8], entry: &Entry) -> Option<Range<usize>> {
    let header = usize::try_from(entry.header).ok()?;
    let local = bytes.get(header..).filter(|found| found.starts_with(MAGIC))?;
    let lens = usize::from(u16_at(local, 26)?).checked_add(usize::from(u16_at(local, 28)?))?;
    let start = header.checked_add(30)?.checked_add(lens)?;
    let end = start.checked_add(usize::try_from(entry.packed_size).ok()?)?;
    (end <= bytes.len()).then_some(start..end)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}
