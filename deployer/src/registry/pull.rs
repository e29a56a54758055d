//! Pulling: an image of a registry into a layout, as it is there.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::anyhow;
use futures_util::{StreamExt, TryStreamExt, stream};
use radiant_contract::EnvSource;
use radiant_storage::oci::{self, Access, Pulled, Purpose, Reference, Version};
use radiant_storage::{Progress, Report};

use super::failure::{failed, wrong};
use crate::error::{Code, Failure};
use crate::layout::{
    Descriptor, Document, ImageIndex, ImageManifest, Layout, Platform, media_type,
};

/// How many manifests an index may have.
const MANIFESTS_MAX: usize = 100;

/// How many layers an image may have.
const LAYERS_MAX: usize = 1_000;

/// How an image is pulled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullOptions {
    /// How the registry is reached, and as whom.
    pub access: Access,
    /// How many blobs come at once.
    pub parallel: usize,
    /// How much may come.
    pub bytes_max: u64,
    /// Which of the platforms of an index; all, if none is named.
    pub platforms: Vec<Platform>,
}

impl Default for PullOptions {
    fn default() -> Self {
        Self { access: Access::default(), parallel: 4, bytes_max: 10 << 30, platforms: Vec::new() }
    }
}

/// Brings an image into a layout, and says what it is there: the image of the platform that is wanted, an
/// index of those that are, or all that the name stands for. Blobs that are there are not fetched again. The layout's list of
/// images stays as it is.
///
/// # Errors
/// The registry cannot be reached, refuses, has no such image or fails for longer than retries go on,
/// what comes is not what its digest says, too much, or for other platforms, or the layout cannot be
/// written.
pub async fn pull(
    reference: &Reference,
    layout: &Layout,
    options: &PullOptions,
    env: &(dyn EnvSource + Sync),
    progress: &dyn Progress,
) -> Result<Descriptor, Failure> {
    let opened = oci::Repository::open(reference, Purpose::Pull, &options.access, env).await;
    let repository = opened.map_err(|error| failed(reference.registry(), error))?;
    let puller = Puller { reference, repository, layout, options };
    let (root, document) = puller.document(reference.version(), None).await?;
    let (root, manifests) = match document {
        Document::Manifest(manifest) => (root, vec![*manifest]),
        Document::Index(index) => puller.manifests(root, &index).await?,
    };
    let blobs = puller.missing(&manifests)?;
    let bytes: u64 = blobs.values().map(|(descriptor, _)| descriptor.size).sum();
    let files = blobs.len() as u64;
    progress.listed(files, bytes);
    puller.fetch(blobs, progress).await?;
    progress.finished(&Report { files, bytes });
    Ok(root)
}

type Blobs = BTreeMap<String, (Descriptor, String)>;

struct Puller<'a> {
    reference: &'a Reference,
    repository: oci::Repository,
    layout: &'a Layout,
    options: &'a PullOptions,
}

impl Puller<'_> {
    /// Brings a document; `expected` is its type, where an index tells that.
    async fn document(
        &self,
        version: &Version,
        expected: Option<&str>,
    ) -> Result<(Descriptor, Document), Failure> {
        let found = self.repository.document(version).await;
        let found = found.map_err(|error| failed(self.reference.registry(), error))?;
        let (layout, expected) = (self.layout.clone(), expected.map(str::to_owned));
        blocking(move || {
            let document = Document::parse(&found.digest.to_string(), &found.text)?;
            let (inside, other) = match &document {
                Document::Manifest(manifest) => (&manifest.media_type, media_type::MANIFEST),
                Document::Index(index) => (&index.media_type, media_type::INDEX),
            };
            let kind = inside.clone().or(expected).or(found.media_type);
            let kind = kind.unwrap_or_else(|| other.to_owned());
            let added = layout.add(&kind, &found.text)?;
            if added.digest == found.digest {
                return Ok((added, document));
            }
            let place = format!("manifest `{}`", found.digest);
            Err(wrong(&place, "a name by SHA-256", "one by another algorithm"))
        })
        .await
    }

    /// Brings the manifests of an index that are wanted, and says what stands for the image then.
    async fn manifests(
        &self,
        root: Descriptor,
        index: &ImageIndex,
    ) -> Result<(Descriptor, Vec<ImageManifest>), Failure> {
        if index.manifests.len() > MANIFESTS_MAX {
            let got = index.manifests.len().to_string();
            return Err(wrong(&self.place(), &format!("at most {MANIFESTS_MAX} manifests"), &got));
        }
        let platforms = &self.options.platforms;
        let chosen = platforms.iter().map(|platform| self.choose(index, platform));
        let chosen: Vec<&Descriptor> = chosen.collect::<Result<_, Failure>>()?;
        let wanted = if chosen.is_empty() { index.manifests.iter().collect() } else { chosen };
        let (mut manifests, mut found) = (Vec::new(), Vec::new());
        for descriptor in wanted {
            let version = Version::Digest(descriptor.digest.clone());
            let (brought, document) = self.document(&version, Some(&descriptor.media_type)).await?;
            let Document::Manifest(manifest) = document else {
                return Err(wrong(&self.place(), "an index of manifests", "one of indexes"));
            };
            manifests.push(*manifest);
            found.push(Descriptor { platform: descriptor.platform.clone(), ..brought });
        }
        let root = match (platforms.len(), found.pop()) {
            (1, Some(only)) => only,
            (2.., Some(last)) => {
                found.push(last);
                let index = ImageIndex { manifests: found, ..ImageIndex::default() };
                let layout = self.layout.clone();
                blocking(move || Ok(layout.add_json(media_type::INDEX, &index)?)).await?
            }
            _ => root,
        };
        Ok((root, manifests))
    }

    fn choose<'i>(
        &self,
        index: &'i ImageIndex,
        platform: &Platform,
    ) -> Result<&'i Descriptor, Failure> {
        let is_ours = |it: &&Descriptor| it.platform.as_ref().is_some_and(|it| platform.runs(it));
        index.manifests.iter().find(is_ours).ok_or_else(|| {
            let offered = index.manifests.iter().filter_map(|it| it.platform.as_ref());
            let offered: Vec<String> = offered.map(|it| format!("`{it}`")).collect();
            let got = if offered.is_empty() { "none".to_owned() } else { offered.join(", ") };
            wrong(
                &self.place(),
                &format!("an image for `{platform}`"),
                &got.escape_debug().to_string(),
            )
        })
    }

    /// The blobs that the layout does not have, by digest.
    fn missing(&self, manifests: &[ImageManifest]) -> Result<Blobs, Failure> {
        let mut blobs = Blobs::new();
        for manifest in manifests {
            if manifest.layers.len() > LAYERS_MAX {
                let got = manifest.layers.len().to_string();
                return Err(wrong(&self.place(), &format!("at most {LAYERS_MAX} layers"), &got));
            }
            let layers = manifest.layers.iter().enumerate();
            let layers = layers.map(|(idx, layer)| (layer, format!("layer {}", idx + 1)));
            let config = std::iter::once((&manifest.config, "config".to_owned()));
            for (descriptor, what) in config.chain(layers) {
                if !self.layout.has(descriptor) {
                    let digest = descriptor.digest.to_string();
                    blobs.entry(digest).or_insert((descriptor.clone(), what));
                }
            }
        }
        let sizes = blobs.values().map(|(descriptor, _)| descriptor.size);
        let bytes = sizes.fold(0, u64::saturating_add);
        if bytes > self.options.bytes_max {
            let expected = format!("at most {} bytes", self.options.bytes_max);
            return Err(wrong(&self.place(), &expected, &bytes.to_string()));
        }
        Ok(blobs)
    }

    async fn fetch(&self, blobs: Blobs, progress: &dyn Progress) -> Result<(), Failure> {
        let root = self.layout.root().to_owned();
        // In the layout, so that what is whole is moved and not copied.
        let work = blocking(move || Ok(tempfile::tempdir_in(root).map_err(anyhow::Error::from)?));
        let work = work.await?;
        let fetches = blobs
            .into_values()
            .map(|(descriptor, what)| self.fetch_one(descriptor, what, work.path(), progress));
        let mut fetches = stream::iter(fetches).buffer_unordered(self.options.parallel.max(1));
        while fetches.try_next().await?.is_some() {}
        drop(fetches);
        blocking(move || Ok(work.close().map_err(anyhow::Error::from)?)).await
    }

    async fn fetch_one(
        &self,
        descriptor: Descriptor,
        what: String,
        work: &Path,
        progress: &dyn Progress,
    ) -> Result<(), Failure> {
        let to = work.join(descriptor.digest.digits());
        let blob = Pulled { digest: descriptor.digest.clone(), bytes: descriptor.size, what };
        let pulled = self.repository.pull_blob(&blob, &to, progress).await;
        pulled.map_err(|error| failed(self.reference.registry(), error))?;
        let path = self.layout.blob_path(&descriptor.digest);
        blocking(move || {
            let folder = path.parent().unwrap_or(&path);
            let moved = std::fs::create_dir_all(folder).and_then(|()| std::fs::rename(&to, &path));
            let what = format!("cannot write `{}`", path.display());
            Ok(moved.map_err(|error| anyhow!(error).context(what))?)
        })
        .await
    }

    fn place(&self) -> String {
        format!("image `{}`", self.reference)
    }
}

/// Runs what waits for the disk on a thread for that.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let ended = tokio::task::spawn_blocking(work).await;
    ended.map_err(|error| Failure::new(Code::Failed, error))?
}
