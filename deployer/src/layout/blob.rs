//! Blobs on their way into a layout: hashed as they are written, named when they are whole.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;

use radiant_storage::oci::{Digest, Hasher};
use tempfile::NamedTempFile;

use super::{Descriptor, Layout, LayoutError};

/// A blob that is in a layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// Its name.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
}

impl Blob {
    /// How documents refer to it.
    pub fn descriptor(&self, media_type: &str) -> Descriptor {
        Descriptor::new(media_type, self.digest.clone(), self.size)
    }
}

/// A blob that is being written. Dropped without [`commit`](Self::commit), nothing of it is left.
pub struct BlobWriter {
    layout: Layout,
    folder: PathBuf,
    file: NamedTempFile,
    hasher: Hasher,
    size: u64,
}

impl std::fmt::Debug for BlobWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlobWriter").field("size", &self.size).finish_non_exhaustive()
    }
}

impl BlobWriter {
    pub(super) fn new(layout: &Layout) -> Result<Self, LayoutError> {
        let folder = layout.root().join(super::BLOBS).join("sha256");
        fs::create_dir_all(&folder).map_err(LayoutError::write(&folder))?;
        let file = NamedTempFile::new_in(&folder).map_err(LayoutError::write(&folder))?;
        Ok(Self { layout: layout.clone(), folder, file, hasher: Hasher::sha256(), size: 0 })
    }

    /// Gives the blob its name, unless the layout has it already.
    ///
    /// # Errors
    /// [`LayoutError`]: it cannot be written.
    pub fn commit(self) -> Result<Blob, LayoutError> {
        let Self { layout, folder, file, hasher, size } = self;
        let blob = Blob { digest: hasher.finish(), size };
        if layout.has(&blob.descriptor("")) {
            return Ok(blob);
        }
        let path = layout.blob_path(&blob.digest);
        readable(file.as_file()).map_err(LayoutError::write(&folder))?;
        file.persist(&path).map_err(|error| LayoutError::write(&path)(error.error))?;
        Ok(blob)
    }
}

impl Write for BlobWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        crate::interrupt::check()?;
        let n = self.file.write(bytes)?;
        self.hasher.update(bytes.get(..n).unwrap_or_default());
        self.size = self.size.saturating_add(n as u64);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Lets others read a file: temporary ones are their owner's alone.
pub(super) fn readable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}
