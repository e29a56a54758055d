//! Images to push, what pushing them says, and what comes back.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use radiant_contract::MapEnv;
use radiant_deploy::layout::{Descriptor, ImageIndex, ImageManifest, Layout, Platform, media_type};
use radiant_deploy::registry::{Lines, PullOptions, PushOptions, Report, Repository, pull, push};
use radiant_storage::oci::{Access, Reference, Way};
use radiant_storage::progress::Silent;
use radiant_storage::transfer::Retries;
use tempfile::TempDir;

/// Small, so that little bytes make many chunks.
const CHUNK_BYTES: u64 = 1 << 20;

/// A layout with images, gone when dropped.
#[derive(Debug)]
pub(crate) struct Images {
    pub(crate) layout: Layout,
    folder: TempDir,
}

impl Images {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder is made");
        let layout = Layout::create(&folder.path().join("layout")).expect("a layout is made");
        Self { layout, folder }
    }

    /// A file beside the layout.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// An image with these layers.
    pub(crate) fn add(&self, layers: &[&[u8]]) -> Descriptor {
        self.add_with(layers, |_| {})
    }

    /// The same, changed.
    pub(crate) fn add_with(
        &self,
        layers: &[&[u8]],
        change: impl FnOnce(&mut ImageManifest),
    ) -> Descriptor {
        let add = |kind: &str, bytes: &[u8]| self.layout.add(kind, bytes).expect("it is written");
        let config = format!(r#"{{"architecture": "amd64", "layers": {}}}"#, layers.len());
        let config = add(media_type::CONFIG, config.as_bytes());
        let layers = layers.iter().map(|layer| add(media_type::LAYER_GZIP, layer)).collect();
        let mut manifest = ImageManifest::new(config, layers);
        change(&mut manifest);
        self.layout.add_json(media_type::MANIFEST, &manifest).expect("it is written")
    }

    /// An index of images for these platforms.
    pub(crate) fn add_index(&self, images: &[(&str, Descriptor)]) -> Descriptor {
        let manifests = images.iter().map(|(platform, image)| Descriptor {
            platform: Platform::parse(platform),
            ..image.clone()
        });
        let index = ImageIndex { manifests: manifests.collect(), ..ImageIndex::default() };
        self.layout.add_json(media_type::INDEX, &index).expect("it is written")
    }

    /// Lets the layout list these.
    pub(crate) fn list(&self, images: Vec<Descriptor>) {
        let index = ImageIndex { manifests: images, ..ImageIndex::default() };
        self.layout.write_index(&index).expect("it is written");
    }

    /// Pushes an image under these names.
    pub(crate) async fn push(
        &self,
        image: &Descriptor,
        names: &[String],
        options: &PushOptions,
    ) -> Result<Report, String> {
        let parsed = names.iter().map(|name| Reference::parse(name).expect("a name"));
        let names: Vec<Reference> = parsed.collect();
        let env = MapEnv::default();
        let pushed = push((&self.layout, image), &names, options, &env, &Lines).await;
        pushed.map_err(|failure| failure.text())
    }
}

/// Pulls a name into a new layout, and says what it is there.
pub(crate) async fn pulled(
    name: &str,
    options: &PullOptions,
) -> Result<(Images, Descriptor), String> {
    let images = Images::new();
    let reference = Reference::parse(name).expect("a name");
    let pulled = pull(&reference, &images.layout, options, &MapEnv::default(), &Silent).await;
    let root = pulled.map_err(|failure| failure.text())?;
    Ok((images, root))
}

/// Chunks and waits that are short.
pub(crate) fn hasty() -> PushOptions {
    let (short, longer) = (Duration::from_millis(1), Duration::from_millis(5));
    let retries = Retries { max: 3, first: short, longest: longer };
    let access = Access { retries, stall: Duration::from_secs(5), ..Access::default() };
    PushOptions { access, chunk_bytes: CHUNK_BYTES, ..PushOptions::default() }
}

/// How each part came to be in a repository.
pub(crate) fn ways(repository: &Repository) -> BTreeMap<&str, Way> {
    repository.blobs.iter().map(|blob| (blob.what.as_str(), blob.way)).collect()
}

/// Bytes that nothing compresses into less, and that differ by their seed.
pub(crate) fn bytes(seed: u8, n_bytes: usize) -> Vec<u8> {
    let mut state = u64::from(seed) + 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    std::iter::repeat_with(next).take(n_bytes).collect()
}
