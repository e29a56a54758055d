//! Models packed as OCI artifacts or container images: `oci://registry/repository[:tag|@digest]`, and
//! the registries that hold them.
//!
//! [`Repository`] is one repository of a registry, which pulls and pushes go through; [`Artifact`] is a
//! model that is pulled from one.
//!
//! What a layer is, its annotations and its type say ([`place`]): a file under the name that ORAS
//! and model packs write, an archive, or a layer of an image, of which the files below `/models` are
//! the model, as KServe has it. Logins come from the files that container tools write ([`auth`]).
//! Everything that comes is compared with its digest before anything is visible, and what a registry
//! sends is somebody else's data: sizes, names, tokens and redirects are bounded and checked.
//!
//! Requests are sent by a client of our own: those that there are read manifests of any length, and
//! trust the header of a token service.

mod access;
mod auth;
mod blob;
mod challenge;
mod digest;
mod error;
mod helper;
mod http;
mod manifest;
mod meter;
mod place;
mod reference;
mod refusal;
mod repository;
mod session;
mod token;
mod tree;
mod upload;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use futures_util::{StreamExt, TryStreamExt, stream};
use radiant_contract::EnvSource;

pub use self::access::{Access, Logins, Purpose};
pub use self::digest::{Digest, Hasher};
pub use self::error::OciError;
pub use self::meter::{Meter, NoMeter};
pub use self::reference::{Reference, Version};
pub use self::repository::{Document, NewDocument, Pulled, Repository};
pub use self::upload::{Pushed, Way};

use self::manifest::Manifest;
use self::place::Place;
use self::tree::{Layered, Tree};
use crate::progress::Progress;
use crate::staging::{Staging, check_room, make_folder, write_error};
use crate::{Limits, Report, WriteError};

/// The longest manifest: the least that the distribution specification wants registries to take.
const MANIFEST_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The header with a manifest's digest.
const DIGEST_HEADER: &str = "docker-content-digest";

/// Where blobs and unpacked layers are until their files have their places.
const WORK: &str = ".radiant-oci";

/// How artifacts are pulled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// How much may come, and how much may come out of it.
    pub limits: Limits,
    /// How many layers come at once.
    pub parallel: usize,
    /// How the registry is reached.
    pub access: Access,
}

/// An artifact in a registry, whose manifest has been read.
pub struct Artifact {
    repository: Repository,
    options: Options,
    manifest: Manifest,
    digest: Digest,
}

impl fmt::Debug for Artifact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Artifact");
        debug
            .field("reference", &self.repository.session.reference())
            .field("digest", &self.digest);
        debug.finish_non_exhaustive()
    }
}

/// Asks for the digest of what an address means now; an address with a digest needs no asking.
///
/// # Errors
/// [`OciError`]: see [`Artifact::open`].
pub async fn fingerprint(
    address: &str,
    options: &Options,
    env: &(dyn EnvSource + Sync),
) -> Result<Digest, OciError> {
    let reference = Reference::parse(address)?;
    if let Version::Digest(digest) = reference.version() {
        return Ok(digest.clone());
    }
    let repository = Repository::open(&reference, Purpose::Pull, &options.access, env).await?;
    match repository.find(reference.version()).await? {
        Some(digest) => Ok(digest),
        // So that the registry says what it has to say, which an answer to `HEAD` cannot.
        None => Ok(repository.document(reference.version()).await?.digest),
    }
}

impl Artifact {
    /// Reads the manifest of an artifact; of an index, the manifest for this machine.
    ///
    /// # Errors
    /// [`OciError`]: it is no address, the login cannot be read, the registry cannot be reached or
    /// refuses, or what is there is no artifact.
    pub async fn open(
        address: &str,
        options: &Options,
        env: &(dyn EnvSource + Sync),
    ) -> Result<Self, OciError> {
        let reference = Reference::parse(address)?;
        let repository = Repository::open(&reference, Purpose::Pull, &options.access, env).await?;
        let (first, digest) = parsed(&repository, reference.version()).await?;
        let manifest = match first {
            manifest::Document::Manifest(manifest) => manifest,
            manifest::Document::Index(chosen) => {
                match parsed(&repository, &Version::Digest(chosen)).await?.0 {
                    manifest::Document::Manifest(manifest) => manifest,
                    manifest::Document::Index(_) => {
                        let (expected, got) =
                            ("an index of manifests", "one of indexes".to_owned());
                        let reference = repository.session.reference();
                        return Err(OciError::Manifest { reference, expected, got });
                    }
                }
            }
        };
        Ok(Self { repository, options: options.clone(), manifest, digest })
    }

    /// The digest of what the address means, which changes with any byte of any layer.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The size of all layers, as the manifest announces it.
    pub fn bytes(&self) -> u64 {
        self.manifest.layers.iter().fold(0, |sum, layer| sum.saturating_add(layer.bytes))
    }

    /// Downloads all layers and puts their files into a folder, which is made if it is not there;
    /// files of the same names are replaced, and none of it is visible before all of it is there.
    ///
    /// # Errors
    /// [`OciError`]: a layer is nothing that models are made of, goes beyond a limit, is damaged or
    /// cannot be had, or the folder cannot be written.
    pub async fn fetch_into(
        &self,
        folder: &Path,
        progress: &dyn Progress,
    ) -> Result<Report, OciError> {
        let places = self.places()?;
        let blobs = self.blobs(&places);
        let bytes = self.check_limits(&places, &blobs)?;
        progress.listed(blobs.len() as u64, bytes);
        let target = folder.to_owned();
        let (staging, work) = blocking(folder, move || {
            let staging = Staging::open(&target)?;
            let work = staging.path(Path::new(WORK));
            make_folder(&work)?;
            check_room(&work, bytes)?;
            Ok::<_, OciError>((staging, work))
        })
        .await?;
        self.download(&blobs, &work, progress).await?;
        let assembly = Assembly {
            reference: self.repository.session.reference(),
            limits: self.options.limits,
            is_image: self.manifest.is_image,
            layers: self.layers(places, &work),
            work,
        };
        let report = blocking(folder, move || assembly.publish(&staging)).await?;
        progress.finished(&report);
        Ok(report)
    }

    fn places(&self) -> Result<Vec<Place>, OciError> {
        let layers = self.manifest.layers.iter().enumerate();
        let placed = layers.map(|(idx, layer)| {
            place::of(layer, &self.manifest).map_err(|(expected, got)| {
                let (reference, layer) = (self.repository.session.reference(), idx + 1);
                OciError::Layer { reference, layer, expected, got: http::cut(&got) }
            })
        });
        placed.collect()
    }

    /// The different blobs that are needed, each with the first layer that it is.
    fn blobs(&self, places: &[Place]) -> BTreeMap<&Digest, usize> {
        let mut blobs = BTreeMap::new();
        for (idx, (layer, place)) in self.manifest.layers.iter().zip(places).enumerate() {
            if *place != Place::Nothing {
                blobs.entry(&layer.digest).or_insert(idx);
            }
        }
        blobs
    }

    /// Compares what the manifest announces with the limits, before a byte is fetched; returns how
    /// many bytes that will be.
    fn check_limits(
        &self,
        places: &[Place],
        blobs: &BTreeMap<&Digest, usize>,
    ) -> Result<u64, OciError> {
        let (limits, reference) = (&self.options.limits, self.repository.session.reference());
        let layers = &self.manifest.layers;
        let mut files = 0_u64;
        for (layer, place) in layers.iter().zip(places) {
            if matches!(place, Place::File(_)) {
                files += 1;
                tree::limit(&reference, limits.file_bytes, "bytes in one file", layer.bytes)?;
            }
        }
        tree::limit(&reference, limits.files, "files", files)?;
        let sizes = blobs.values().filter_map(|idx| layers.get(*idx)).map(|layer| layer.bytes);
        let bytes = sizes.fold(0, u64::saturating_add);
        tree::limit(&reference, limits.total_bytes, "bytes in all layers", bytes)?;
        Ok(bytes)
    }

    async fn download(
        &self,
        blobs: &BTreeMap<&Digest, usize>,
        work: &Path,
        progress: &dyn Progress,
    ) -> Result<(), OciError> {
        let wanted = blobs.iter().filter_map(|(digest, idx)| {
            let layer = self.manifest.layers.get(*idx)?;
            let what = format!("layer {}", idx + 1);
            Some((Pulled { digest: layer.digest.clone(), bytes: layer.bytes, what }, digest))
        });
        let downloads = wanted.map(|(wanted, digest)| async move {
            self.repository.pull_blob(&wanted, &blob_path(work, digest), progress).await
        });
        let mut downloads = stream::iter(downloads).buffer_unordered(self.options.parallel.max(1));
        while downloads.try_next().await?.is_some() {}
        Ok(())
    }

    fn layers(&self, places: Vec<Place>, work: &Path) -> Vec<Layered> {
        let layers = &self.manifest.layers;
        let last: BTreeMap<&Digest, usize> =
            layers.iter().enumerate().map(|(idx, layer)| (&layer.digest, idx)).collect();
        let layered = layers.iter().zip(places).enumerate().map(|(idx, (layer, place))| Layered {
            number: idx + 1,
            place,
            bytes: layer.bytes,
            blob: blob_path(work, &layer.digest),
            is_last_use: last.get(&layer.digest) == Some(&idx),
        });
        layered.collect()
    }
}

/// What is left to do when all blobs are there.
struct Assembly {
    reference: String,
    limits: Limits,
    is_image: bool,
    layers: Vec<Layered>,
    work: PathBuf,
}

impl Assembly {
    fn publish(self, staging: &Staging) -> Result<Report, OciError> {
        let unpacked = self.work.join("unpacked");
        let root = staging.path(Path::new(""));
        let mut tree = Tree::new(&root, unpacked, self.reference.clone(), self.limits);
        for layer in &self.layers {
            tree.add(layer)?;
        }
        let report = tree.report();
        if report.files == 0 {
            let got = match (self.is_image, self.layers.len()) {
                (_, 0) => "no layer",
                (true, _) => "an image without files below `/models`: copy the model there",
                (false, _) => "empty layers",
            };
            return Err(OciError::Empty { reference: self.reference, got: got.to_owned() });
        }
        staging.publish(&tree.names())?;
        Ok(report)
    }
}

fn blob_path(work: &Path, digest: &Digest) -> PathBuf {
    work.join(digest.digits())
}

/// Runs what waits for the disk on a thread for that.
async fn blocking<T: Send + 'static>(
    folder: &Path,
    work: impl FnOnce() -> Result<T, OciError> + Send + 'static,
) -> Result<T, OciError> {
    let ended = tokio::task::spawn_blocking(work).await;
    ended.map_err(|error| OciError::from(lost(folder, error)))?
}

fn lost(folder: &Path, error: tokio::task::JoinError) -> WriteError {
    write_error(folder)(io::Error::other(error))
}

/// Reads a manifest or index, with its digest.
async fn parsed(
    repository: &Repository,
    version: &Version,
) -> Result<(manifest::Document, Digest), OciError> {
    let Document { digest, text, .. } = repository.document(version).await?;
    let reference = repository.session.reference();
    let document = manifest::parse(&text).map_err(|(expected, got)| OciError::Manifest {
        reference,
        expected,
        got: http::cut(&got),
    })?;
    Ok((document, digest))
}

#[cfg(test)]
mod tests;
