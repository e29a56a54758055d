//! Folders as archives.

use std::io::{Cursor, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::files::Files;

/// A folder as a tar archive.
pub(crate) fn tar(files: &Files) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, content.as_ref()).expect("memory is written");
    }
    archive.into_inner().expect("memory is written")
}

/// A folder as a packed tar archive.
pub(crate) fn tar_gz(files: &Files) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&tar(files)).expect("memory is written");
    packed.finish().expect("memory is written")
}

/// A folder as a zip archive.
pub(crate) fn zip(files: &Files) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        archive.start_file(name, SimpleFileOptions::default()).expect("memory is written");
        archive.write_all(content).expect("memory is written");
    }
    archive.finish().expect("memory is written").into_inner()
}
