//! Images on this machine, in whatever form they come: an image layout, or an archive of an OCI image
//! or of Docker's, which is copied into a layout that ends with it.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use tempfile::TempDir;

use crate::archive;
use crate::error::{Code, Failure};
use crate::layout::{Descriptor, Document, Layout};

/// How a descriptor says which tag its image has (image-spec 1.1, `annotations.md`).
pub const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// The same with registry and repository, as containerd has it.
pub const FULL_NAME: &str = "io.containerd.image.name";

/// What people may write before a path; what is there decides all the same.
const KINDS: [&str; 3] = ["oci:", "oci-archive:", "docker-archive:"];

/// How many images of a layout are looked at.
const IMAGES_MAX: usize = 1_000;

/// An image on this machine.
#[derive(Debug)]
pub struct Image {
    /// The layout that it is in.
    pub layout: Layout,
    /// Its manifest or index.
    pub root: Descriptor,
    /// Gone with it.
    pub(crate) unpacked: Option<TempDir>,
}

impl Image {
    /// Opens `PATH` or `PATH:TAG`: a folder that is an image layout, or an archive; `oci:`, `oci-archive:`
    /// and `docker-archive:` may stand before it. Without a tag, it must be the only image there.
    ///
    /// Blocks on the file system.
    ///
    /// # Errors
    /// Nothing is there, it is something else, or there is no such image, or several.
    pub fn open(source: &str) -> Result<Self, Failure> {
        let (path, tag) = split(source)?;
        let (layout, unpacked) = if path.is_dir() {
            (Layout::open(&path)?, None)
        } else {
            let (layout, folder) = from_archive(&path)?;
            (layout, Some(folder))
        };
        let root = choose(&layout, &path, tag)?;
        Ok(Self { layout, root, unpacked })
    }
}

/// Whether an address means something on this machine, rather than a name in a registry.
pub(crate) fn is_local(address: &str) -> bool {
    let is_path = address.starts_with(['.', '/']) || !address.contains('/');
    let has_kind = KINDS.iter().any(|kind| address.starts_with(kind));
    let is_url = address.contains("://");
    Path::new(address).exists() || (!is_url && (has_kind || is_path))
}

/// A path may have colons too: what is there decides.
fn split(source: &str) -> Result<(PathBuf, Option<&str>), Failure> {
    if Path::new(source).exists() {
        return Ok((source.into(), None));
    }
    let source = KINDS.iter().find_map(|kind| source.strip_prefix(kind)).unwrap_or(source);
    if Path::new(source).exists() {
        return Ok((source.into(), None));
    }
    if let Some((path, tag)) = source.rsplit_once(':')
        && Path::new(path).exists()
    {
        return Ok((path.into(), Some(tag)));
    }
    let shown = source.escape_debug();
    let error = anyhow!("image `{shown}`: expected a folder or an archive, got nothing");
    let failure = Failure::new(Code::NotFound, error);
    Err(failure.hint("make one with `radiant-deploy build --oci-layout DIR` or `docker save`"))
}

fn from_archive(path: &Path) -> Result<(Layout, TempDir), Failure> {
    let folder = tempfile::tempdir().context("cannot make a folder for temporary files")?;
    let layout = Layout::create(&folder.path().join("layout"))?;
    archive::import(path, &layout)?;
    Ok((layout, folder))
}

/// Finds the image of a tag, or the only one.
fn choose(layout: &Layout, path: &Path, tag: Option<&str>) -> Result<Descriptor, Failure> {
    let mut images: Vec<Descriptor> = Vec::new();
    for descriptor in layout.index()?.manifests.into_iter().take(IMAGES_MAX) {
        if !is_referrer(layout, &descriptor) {
            images.push(descriptor);
        }
    }
    let found: Vec<&Descriptor> =
        images.iter().filter(|image| tag.is_none_or(|tag| has_tag(image, tag))).collect();
    // One image may have several tags.
    if let Some(first) = found.first()
        && found.iter().all(|image| image.digest == first.digest)
    {
        return Ok((*first).clone());
    }
    let shown: Vec<String> = images.iter().map(shown).collect();
    let got = if shown.is_empty() { "none".to_owned() } else { shown.join(", ") };
    let place = path.display();
    match tag {
        Some(tag) if found.is_empty() => {
            let tag = tag.escape_debug();
            let error = anyhow!("image `{place}`: expected one with the tag `{tag}`, got {got}");
            Err(Failure::new(Code::NotFound, error))
        }
        _ if images.is_empty() => {
            Err(Failure::new(Code::NotFound, anyhow!("image `{place}`: expected one, got none")))
        }
        _ => {
            let error = anyhow!("image `{place}`: expected one, got {got}");
            Err(Failure::usage(error).hint(format!("choose one by its tag: `{place}:TAG`")))
        }
    }
}

/// Whether it says something of another image; what cannot be read is found out when it is pushed.
fn is_referrer(layout: &Layout, descriptor: &Descriptor) -> bool {
    match layout.manifest(descriptor) {
        Ok(Document::Manifest(manifest)) => manifest.subject.is_some(),
        Ok(Document::Index(_)) | Err(_) => false,
    }
}

/// Whether an image has a tag, which may be written with its repository.
fn has_tag(image: &Descriptor, tag: &str) -> bool {
    let names = [image.annotation(REF_NAME), image.annotation(FULL_NAME)];
    let is_it = |name: &str| {
        name == tag
            || name.rsplit_once(':').is_some_and(|(_, end)| end == tag && !end.contains('/'))
    };
    names.into_iter().flatten().any(is_it)
}

fn shown(image: &Descriptor) -> String {
    let name = image.annotation(FULL_NAME).or_else(|| image.annotation(REF_NAME));
    format!(
        "`{}`",
        name.map_or_else(|| image.digest.to_string(), |it| it.escape_debug().to_string())
    )
}

#[cfg(test)]
mod tests;
