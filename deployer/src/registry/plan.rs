//! What is pushed of a layout, and in which order.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use radiant_storage::oci::{Digest, NewDocument, Pushed, Reference};

use super::failure::wrong;
use crate::error::Failure;
use crate::layout::{Annotations, Descriptor, Document, ImageManifest, Layout, LayoutError};

/// How deep indexes may lie in indexes.
const DEPTH_MAX: usize = 3;

/// How many manifests and indexes an image may have.
const DOCUMENTS_MAX: usize = 1_000;

/// How many blobs.
const BLOBS_MAX: usize = 10_000;

/// Which image an image was made from.
const BASE_NAME: &str = "org.opencontainers.image.base.name";

/// What is pushed.
#[derive(Debug)]
pub(super) struct Plan {
    /// Manifests and indexes: each after all that it names, the image itself last.
    pub documents: Vec<NewDocument>,
    /// What they are made of, each once.
    pub blobs: Vec<Part>,
    /// Manifests that say something of the former, with their descriptors.
    pub referrers: Vec<Referrer>,
}

/// A blob, and where it may be already.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub blob: Pushed,
    /// The image that its image was made from.
    pub base: Option<Reference>,
}

/// A manifest that says something of another.
#[derive(Debug, Clone)]
pub(super) struct Referrer {
    pub document: NewDocument,
    pub subject: Digest,
    /// As an index of referrers lists it.
    pub descriptor: Descriptor,
}

impl Plan {
    /// Reads what an image is made of; all of it must be there.
    ///
    /// # Errors
    /// A document is missing, damaged or of a type that is not known, or a blob is missing.
    pub(super) fn of(layout: &Layout, root: &Descriptor) -> Result<Self, Failure> {
        let mut walk = Walk { layout, seen: BTreeSet::new(), blobs: BTreeMap::new() };
        let mut documents = Vec::new();
        walk.add(root, None, 0, &mut documents)?;
        let subjects = walk.seen.clone();
        let mut referrers = Vec::new();
        for descriptor in layout.index()?.manifests.iter().take(DOCUMENTS_MAX) {
            if !walk.seen.contains(&descriptor.digest) {
                referrers.extend(walk.add_referrer(descriptor, &subjects)?);
            }
        }
        let mut blobs: Vec<(usize, Part)> = walk.blobs.into_values().collect();
        blobs.sort_by_key(|(idx, _)| *idx);
        Ok(Self { documents, blobs: blobs.into_iter().map(|(_, part)| part).collect(), referrers })
    }
}

struct Walk<'a> {
    layout: &'a Layout,
    /// Documents that have been added.
    seen: BTreeSet<Digest>,
    /// With the order in which they came.
    blobs: BTreeMap<Digest, (usize, Part)>,
}

impl Walk<'_> {
    /// Adds a document after what it names.
    fn add(
        &mut self,
        descriptor: &Descriptor,
        platform: Option<&str>,
        depth: usize,
        documents: &mut Vec<NewDocument>,
    ) -> Result<(), Failure> {
        if !self.seen.insert(descriptor.digest.clone()) {
            return Ok(());
        }
        let place = format!("image `{}`", self.layout.root().display());
        if depth > DEPTH_MAX || self.seen.len() > DOCUMENTS_MAX {
            let expected = format!("at most {DOCUMENTS_MAX} manifests, {DEPTH_MAX} deep");
            return Err(wrong(&place, &expected, "more"));
        }
        let (document, parsed) = self.read(descriptor)?;
        match parsed {
            Document::Index(index) => {
                for child in &index.manifests {
                    let platform = child.platform.as_ref().map(ToString::to_string);
                    self.add(child, platform.as_deref(), depth + 1, documents)?;
                }
            }
            Document::Manifest(manifest) => self.add_blobs(&manifest, platform)?,
        }
        documents.push(document);
        Ok(())
    }

    /// Adds a manifest if its subject is one that is pushed.
    fn add_referrer(
        &mut self,
        descriptor: &Descriptor,
        subjects: &BTreeSet<Digest>,
    ) -> Result<Option<Referrer>, Failure> {
        let (document, parsed) = self.read(descriptor)?;
        let Document::Manifest(manifest) = parsed else { return Ok(None) };
        let Some(subject) = manifest.subject.as_ref().map(|it| it.digest.clone()) else {
            return Ok(None);
        };
        if !subjects.contains(&subject) {
            return Ok(None);
        }
        self.seen.insert(descriptor.digest.clone());
        self.add_blobs(&manifest, Some("referrer"))?;
        // Distribution specification 1.1, "Listing Referrers": the configuration's type stands in.
        let kind = manifest.artifact_type.unwrap_or(manifest.config.media_type);
        let (annotations, size) = (manifest.annotations, document.text.len() as u64);
        let plain = Descriptor::new(&document.media_type, document.digest.clone(), size);
        let descriptor = Descriptor { artifact_type: Some(kind), annotations, ..plain };
        Ok(Some(Referrer { document, subject, descriptor }))
    }

    fn read(&self, descriptor: &Descriptor) -> Result<(NewDocument, Document), LayoutError> {
        let text = self.layout.document(descriptor)?;
        let parsed = Document::parse(&descriptor.digest.to_string(), &text)?;
        let inside = match &parsed {
            Document::Manifest(manifest) => manifest.media_type.clone(),
            Document::Index(index) => index.media_type.clone(),
        };
        let media_type = inside.unwrap_or_else(|| descriptor.media_type.clone());
        let digest = descriptor.digest.clone();
        Ok((NewDocument { media_type, digest, text: Bytes::from(text) }, parsed))
    }

    fn add_blobs(
        &mut self,
        manifest: &ImageManifest,
        platform: Option<&str>,
    ) -> Result<(), Failure> {
        let base = base(manifest.annotations.as_ref());
        let of = platform.map_or_else(String::new, |platform| format!(" of {platform}"));
        self.add_blob(&manifest.config, format!("config{of}"), base.as_ref())?;
        for (idx, layer) in manifest.layers.iter().enumerate() {
            self.add_blob(layer, format!("layer {}{of}", idx + 1), base.as_ref())?;
        }
        Ok(())
    }

    fn add_blob(
        &mut self,
        descriptor: &Descriptor,
        what: String,
        base: Option<&Reference>,
    ) -> Result<(), Failure> {
        if self.blobs.contains_key(&descriptor.digest) {
            return Ok(());
        }
        let path = self.layout.blob_path(&descriptor.digest);
        if !self.layout.has(descriptor) {
            // Layers that may not be passed on are fetched from where they are by who runs the image.
            if descriptor.urls.as_ref().is_some_and(|urls| !urls.is_empty()) {
                return Ok(());
            }
            let found = std::fs::metadata(&path).map(|found| found.len());
            let got = found.map_or("nothing".to_owned(), |bytes| format!("{bytes} bytes"));
            let place = format!("{what} of image `{}`", self.layout.root().display());
            let expected = format!("{} bytes in `{}`", descriptor.size, path.display());
            return Err(wrong(&place, &expected, &got)
                .hint("the layout is not whole: build or copy it again"));
        }
        let idx = self.blobs.len();
        if idx >= BLOBS_MAX {
            let place = format!("image `{}`", self.layout.root().display());
            return Err(wrong(&place, &format!("at most {BLOBS_MAX} blobs"), "more"));
        }
        let (digest, bytes) = (descriptor.digest.clone(), descriptor.size);
        let blob = Pushed { digest: digest.clone(), bytes, path, what };
        self.blobs.insert(digest, (idx, Part { blob, base: base.cloned() }));
        Ok(())
    }
}

/// What an image says that it was made from; what cannot be read is of no use here.
fn base(annotations: Option<&Annotations>) -> Option<Reference> {
    Reference::parse(annotations?.get(BASE_NAME)?).ok()
}
