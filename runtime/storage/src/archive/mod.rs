//! Archives of models: zip, tar and tar.gz, unpacked with nothing outside their folder touched.
//!
//! Which of them a file is, its content says, never its name. An archive is somebody else's data:
//! names that lead elsewhere, links, devices, two entries for one place and everything beyond the
//! limits are refused, and nothing is visible in the folder until all of it is written.

mod error;
mod kind;
mod name;
mod sink;
mod tar_file;
mod zip_file;

use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

pub use self::error::ArchiveError;
pub use self::kind::{Kind, kind};
use self::sink::Sink;
use crate::{Limits, Report};

/// What becomes of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Select {
    /// It is written under its own name.
    Take,
    /// It is passed over, whatever it is.
    Skip,
    /// It is written under this name, relative to the folder.
    As(PathBuf),
}

/// Unpacks an archive into a folder, which is made if it is not there; files of the same names are
/// replaced.
///
/// `select` is asked for every entry but folders, which are made as files need them; it sees names
/// without `/` or `./` before them. What it skips may be of any kind, a link too, and of any name;
/// what it renames, of any name. Permissions, owners and times are not kept.
///
/// Blocks on the file system.
///
/// # Errors
/// [`ArchiveError`]: the source is no archive of these kinds, is damaged or encrypted, goes beyond
/// a limit or holds an entry that is refused; or the folder cannot be written. Then nothing of it is
/// in the folder.
pub fn unpack(
    mut source: impl Read + Seek,
    folder: &Path,
    limits: &Limits,
    select: &mut dyn FnMut(&Path) -> Select,
) -> Result<Report, ArchiveError> {
    let kind = kind(&mut source).map_err(ArchiveError::Read)?;
    source.seek(SeekFrom::Start(0)).map_err(ArchiveError::Read)?;
    let mut source = BufReader::new(source);
    let mut sink = Sink::open(folder, limits, select)?;
    match kind {
        Some(Kind::Zip) => zip_file::unpack(&mut source, &mut sink)?,
        Some(Kind::Tar) => tar_file::unpack(&mut source, &mut sink)?,
        Some(Kind::TarGz) => tar_file::unpack(&mut MultiGzDecoder::new(source), &mut sink)?,
        Some(Kind::Other(got)) => return Err(ArchiveError::Kind { got }),
        None => return Err(ArchiveError::Kind { got: "something else" }),
    }
    sink.finish()
}

#[cfg(test)]
mod tests;
