//! An OCI image layout (image-spec 1.1, `image-layout.md`): a folder of blobs and an index of them.
//!
//! Nothing that is read is believed: documents are bounded and compared with their digests before they
//! are parsed. What is written appears under its name when it is whole.

mod blob;
mod config;
mod error;
mod types;

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use radiant_storage::oci::Digest;
use serde::de::DeserializeOwned;

pub use self::blob::{Blob, BlobWriter};
pub use self::config::{ContainerConfig, History, ImageConfig, RootFs};
pub use self::error::LayoutError;
pub use self::types::{
    Annotations, Descriptor, Document, ImageIndex, ImageManifest, Platform, media_type,
};

pub(crate) use self::types::json;

/// The longest manifest, index or configuration that is read. Registries take manifests of 4 MiB.
pub const DOCUMENT_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The file that says that a folder is a layout, and of which version.
const MARK: &str = "oci-layout";
/// What stands in it.
const MARK_TEXT: &str = r#"{"imageLayoutVersion":"1.0.0"}"#;
/// The file that lists what the layout holds.
const INDEX: &str = "index.json";
/// The folder of blobs.
const BLOBS: &str = "blobs";

/// A folder that is an image layout.
#[derive(Debug, Clone)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    /// Opens a layout.
    ///
    /// # Errors
    /// [`LayoutError`]: there is none, or of a version that is not known.
    pub fn open(root: &Path) -> Result<Self, LayoutError> {
        #[derive(serde::Deserialize)]
        struct Mark {
            #[serde(rename = "imageLayoutVersion")]
            version: String,
        }
        let path = root.join(MARK);
        let layout = Self { root: root.to_owned() };
        if !path.exists() {
            return Err(LayoutError::NotALayout { path: root.to_owned() });
        }
        let mark: Mark = parse(&path.display().to_string(), &bounded(&path, DOCUMENT_BYTES_MAX)?)?;
        if mark.version.split('.').next() != Some("1") {
            let got = format!("`{}`", mark.version.escape_debug());
            let what = path.display().to_string();
            return Err(LayoutError::Document { what, expected: "version 1".into(), got });
        }
        Ok(layout)
    }

    /// Opens a layout, or makes an empty one where nothing or an empty folder is.
    ///
    /// # Errors
    /// [`LayoutError`]: something else is there, or it cannot be written.
    pub fn create(root: &Path) -> Result<Self, LayoutError> {
        if root.join(MARK).exists() {
            return Self::open(root);
        }
        let is_taken = fs::read_dir(root).is_ok_and(|mut entries| entries.next().is_some());
        if is_taken || root.is_file() {
            return Err(LayoutError::NotALayout { path: root.to_owned() });
        }
        let layout = Self { root: root.to_owned() };
        let blobs = root.join(BLOBS).join("sha256");
        fs::create_dir_all(&blobs).map_err(LayoutError::write(&blobs))?;
        layout.write_index(&ImageIndex::default())?;
        // Last: from now on it is one.
        layout.replace(MARK, MARK_TEXT.as_bytes())?;
        Ok(layout)
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What the layout holds: its images, by tag where they have one.
    ///
    /// # Errors
    /// [`LayoutError`]: it cannot be read, or is no index.
    pub fn index(&self) -> Result<ImageIndex, LayoutError> {
        let path = self.root.join(INDEX);
        parse(&path.display().to_string(), &bounded(&path, DOCUMENT_BYTES_MAX)?)
    }

    /// Says what the layout holds; the file is replaced as a whole.
    ///
    /// # Errors
    /// [`LayoutError`]: it cannot be written.
    pub fn write_index(&self, index: &ImageIndex) -> Result<(), LayoutError> {
        self.replace(INDEX, &types::json(index))
    }

    /// Where a blob is, or would be.
    pub fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.root.join(BLOBS).join(digest.algorithm()).join(digest.digits())
    }

    /// Whether a blob is there, with as many bytes as it should have.
    pub fn has(&self, descriptor: &Descriptor) -> bool {
        let found = fs::metadata(self.blob_path(&descriptor.digest));
        found.is_ok_and(|found| found.is_file() && found.len() == descriptor.size)
    }

    /// Reads a document whole, compared with its digest.
    ///
    /// # Errors
    /// [`LayoutError`]: it is missing, longer than [`DOCUMENT_BYTES_MAX`], or another one.
    pub fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>, LayoutError> {
        let path = self.blob_path(&descriptor.digest);
        let text = bounded(&path, DOCUMENT_BYTES_MAX)?;
        let what = descriptor.digest.to_string();
        if text.len() as u64 != descriptor.size {
            let (expected, got) = (descriptor.size, text.len() as u64);
            return Err(LayoutError::Size { what, expected, got });
        }
        let got = descriptor.digest.same_of(&text);
        if got != descriptor.digest {
            return Err(LayoutError::Digest { expected: what, got: got.to_string() });
        }
        Ok(text)
    }

    /// Reads a manifest or an index.
    ///
    /// # Errors
    /// As [`document`](Self::document), and when it is neither.
    pub fn manifest(&self, descriptor: &Descriptor) -> Result<Document, LayoutError> {
        Document::parse(&descriptor.digest.to_string(), &self.document(descriptor)?)
    }

    /// Reads the configuration of an image.
    ///
    /// # Errors
    /// As [`document`](Self::document), and when it is none.
    pub fn config(&self, descriptor: &Descriptor) -> Result<ImageConfig, LayoutError> {
        parse(&descriptor.digest.to_string(), &self.document(descriptor)?)
    }

    /// Opens a blob, whose length is as announced; what it holds is for the reader to compare.
    ///
    /// # Errors
    /// [`LayoutError`]: it is missing, or has another length.
    pub fn open_blob(&self, descriptor: &Descriptor) -> Result<File, LayoutError> {
        let path = self.blob_path(&descriptor.digest);
        let file = File::open(&path).map_err(LayoutError::read(&path))?;
        let got = file.metadata().map_err(LayoutError::read(&path))?.len();
        if got != descriptor.size {
            let (what, expected) = (descriptor.digest.to_string(), descriptor.size);
            return Err(LayoutError::Size { what, expected, got });
        }
        Ok(file)
    }

    /// Adds a blob; one that is there already is kept.
    ///
    /// # Errors
    /// [`LayoutError`]: it cannot be written.
    pub fn add(&self, media_type: &str, bytes: &[u8]) -> Result<Descriptor, LayoutError> {
        let mut writer = self.blob_writer()?;
        let path = self.root.clone();
        io::Write::write_all(&mut writer, bytes).map_err(LayoutError::write(&path))?;
        Ok(writer.commit()?.descriptor(media_type))
    }

    /// Adds a document, as compact JSON.
    ///
    /// # Errors
    /// [`LayoutError`]: it cannot be written.
    pub fn add_json(
        &self,
        media_type: &str,
        document: &impl serde::Serialize,
    ) -> Result<Descriptor, LayoutError> {
        self.add(media_type, &types::json(document))
    }

    /// Begins a blob whose digest is known when all of it has been written.
    ///
    /// # Errors
    /// [`LayoutError`]: there is no room for a file.
    pub fn blob_writer(&self) -> Result<BlobWriter, LayoutError> {
        BlobWriter::new(self)
    }

    fn replace(&self, name: &str, text: &[u8]) -> Result<(), LayoutError> {
        let path = self.root.join(name);
        let written = tempfile::NamedTempFile::new_in(&self.root).and_then(|mut file| {
            io::Write::write_all(&mut file, text)?;
            blob::readable(file.as_file())?;
            file.persist(&path).map_err(|error| error.error)
        });
        written.map(|_| ()).map_err(LayoutError::write(&path))
    }
}

/// Reads a file of at most so many bytes.
fn bounded(path: &Path, bytes_max: u64) -> Result<Vec<u8>, LayoutError> {
    let mut text = Vec::new();
    let file = File::open(path).map_err(LayoutError::read(path))?;
    let read = file.take(bytes_max + 1).read_to_end(&mut text);
    read.map_err(LayoutError::read(path))?;
    if text.len() as u64 > bytes_max {
        return Err(LayoutError::Long { path: path.to_owned(), bytes_max });
    }
    Ok(text)
}

pub(crate) fn parse<T: DeserializeOwned>(what: &str, text: &[u8]) -> Result<T, LayoutError> {
    serde_json::from_slice(text).map_err(|error| LayoutError::Document {
        what: what.to_owned(),
        expected: "a document of the OCI image specification".into(),
        got: error.to_string(),
    })
}

#[cfg(test)]
mod tests;
