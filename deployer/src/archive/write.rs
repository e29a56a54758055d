//! Writes an archive that is two things at once: an OCI image layout, and what `docker load` reads.
//!
//! Docker before 25 and podman read `manifest.json`, which holds one image for each name, without
//! platforms; later ones read `index.json`. Of an image for several platforms, the former get the one
//! for this machine.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use serde::Serialize;
use tar::{Builder, EntryType, Header};
use tempfile::NamedTempFile;

use crate::error::Failure;
use crate::interrupt::Checked;
use crate::layout::{
    Annotations, Descriptor, Document, ImageIndex, ImageManifest, Layout, LayoutError, Platform,
    json,
};

/// What an image is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// As it was typed, with its tag: `iris:1`.
    pub familiar: String,
    /// With registry and repository: `docker.io/library/iris:1`.
    pub full: String,
    /// The tag alone: `1`.
    pub tag: String,
}

impl Names {
    /// The descriptor of an image under these names, as layouts have it.
    pub fn describe(&self, image: &Descriptor) -> Descriptor {
        let mut named = image.clone();
        let annotations: Annotations = [
            ("io.containerd.image.name".to_owned(), self.full.clone()),
            ("org.opencontainers.image.ref.name".to_owned(), self.tag.clone()),
        ]
        .into();
        named.annotations.get_or_insert_default().extend(annotations);
        named
    }
}

/// An image of `manifest.json`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    repo_tags: Vec<String>,
    layers: Vec<String>,
}

/// Writes `image` and all that it refers to into an archive, which appears when it is whole.
///
/// # Errors
/// When the layout cannot be read, or the archive cannot be written.
pub fn write(
    layout: &Layout,
    image: &Descriptor,
    names: &[Names],
    to: &Path,
) -> Result<(), Failure> {
    let (documents, blobs, saved) = collect(layout, image)?;
    let manifests = match names {
        [] => vec![image.clone()],
        names => names.iter().map(|names| names.describe(image)).collect(),
    };
    let index = ImageIndex { manifests, ..ImageIndex::default() };
    let saved = [Saved {
        config: path(&saved.config),
        repo_tags: names.iter().map(|names| names.familiar.clone()).collect(),
        layers: saved.layers.iter().map(path).collect(),
    }];
    let folder = match to.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let cannot = LayoutError::write(to);
    let file = NamedTempFile::new_in(folder).map_err(&cannot)?;
    let mut archive = Builder::new(BufWriter::with_capacity(1 << 16, file));
    for name in ["blobs/", "blobs/sha256/"] {
        add(&mut archive, name, (EntryType::Directory, 0), io::empty()).map_err(&cannot)?;
    }
    let mut all: Vec<&Descriptor> = documents.iter().chain(&blobs).collect();
    all.sort_by_key(|descriptor| descriptor.digest.to_string());
    all.dedup_by_key(|descriptor| descriptor.digest.to_string());
    for descriptor in all {
        let blob = Checked(layout.open_blob(descriptor)?).take(descriptor.size);
        let kind = (EntryType::Regular, descriptor.size);
        add(&mut archive, &path(descriptor), kind, blob).map_err(&cannot)?;
    }
    let mark = br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec();
    for (name, text) in
        [("index.json", json(&index)), ("manifest.json", json(&saved)), ("oci-layout", mark)]
    {
        let kind = (EntryType::Regular, text.len() as u64);
        add(&mut archive, name, kind, text.as_slice()).map_err(&cannot)?;
    }
    let written = archive.into_inner().and_then(|file| Ok(file.into_inner()?)).map_err(&cannot)?;
    readable(written.as_file()).map_err(&cannot)?;
    written.persist(to).map_err(|error| cannot(error.error))?;
    Ok(())
}

fn readable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

fn path(descriptor: &Descriptor) -> String {
    format!("blobs/{}/{}", descriptor.digest.algorithm(), descriptor.digest.digits())
}

fn add(
    archive: &mut Builder<impl Write>,
    name: &str,
    (kind, bytes): (EntryType, u64),
    data: impl Read,
) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(if kind == EntryType::Directory { 0o755 } else { 0o644 });
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(bytes);
    archive.append_data(&mut header, name, data)
}

/// All documents, all blobs that they refer to, and the image that old readers get.
type Collected = (Vec<Descriptor>, Vec<Descriptor>, ImageManifest);

fn collect(layout: &Layout, image: &Descriptor) -> Result<Collected, Failure> {
    let mut documents = vec![image.clone()];
    let mut blobs = Vec::new();
    let mut images = Vec::new();
    let children = match layout.manifest(image)? {
        Document::Manifest(manifest) => {
            images.push((image.clone(), *manifest));
            Vec::new()
        }
        Document::Index(index) => index.manifests,
    };
    for child in children {
        if let Document::Manifest(manifest) = layout.manifest(&child)? {
            documents.push(child.clone());
            images.push((child, *manifest));
        }
    }
    for (_, manifest) in &images {
        blobs.push(manifest.config.clone());
        blobs.extend(manifest.layers.iter().cloned());
    }
    let here = Platform::here();
    let is_ours = |(descriptor, _): &(Descriptor, ImageManifest)| {
        descriptor.platform.as_ref().is_some_and(|platform| platform.runs(&here))
    };
    let chosen = images.iter().position(is_ours).unwrap_or(0);
    if images.is_empty() {
        return Err(anyhow::anyhow!("image {}: expected manifests, got none", image.digest).into());
    }
    let (_, saved) = images.swap_remove(chosen);
    Ok((documents, blobs, saved))
}
