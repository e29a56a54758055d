//! Lays the files of an image out in a folder.
//!
//! For images that were built here and have no base: no file of a layer hides one of a layer below.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use anyhow::anyhow;
use flate2::read::MultiGzDecoder;
use tar::Archive;

use crate::error::Failure;
use crate::interrupt::Checked;
use crate::layout::{Descriptor, Document, Layout, LayoutError, media_type};

/// Writes the files of all layers of `image` into the folder `to`, which is made if it is not there.
///
/// # Errors
/// When the image is for several platforms, the folder has something in it, or it cannot be written: it
/// is empty then.
pub fn lay_out(layout: &Layout, image: &Descriptor, to: &Path) -> Result<(), Failure> {
    let Document::Manifest(manifest) = layout.manifest(image)? else {
        let got = anyhow!("`--rootfs`: expected an image for one platform, got one for several");
        return Err(Failure::usage(got).hint("give one `--runtime`, and each platform a folder"));
    };
    let cannot = LayoutError::write(to);
    fs::create_dir_all(to).map_err(&cannot)?;
    if fs::read_dir(to).map_err(&cannot)?.next().is_some() {
        let got = anyhow!("`{}`: expected an empty folder, got one with files", to.display());
        return Err(Failure::usage(got));
    }
    let unpacked = manifest.layers.iter().try_for_each(|layer| {
        let blob = Checked(layout.open_blob(layer)?);
        match layer.media_type.as_str() {
            media_type::LAYER => unpack(blob, to),
            _ => unpack(MultiGzDecoder::new(blob), to),
        }
        .map_err(&cannot)
    });
    if unpacked.is_err() {
        // Why it failed is said; half of the files would be in the way of the next try.
        drop(clear(to));
    }
    Ok(unpacked?)
}

/// Removes what is in a folder that was empty.
fn clear(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn unpack(layer: impl Read, to: &Path) -> io::Result<()> {
    let mut archive = Archive::new(layer);
    // `/tmp` has a bit that is left out otherwise.
    archive.set_preserve_permissions(true);
    archive.set_preserve_mtime(false);
    archive.unpack(to)
}
