//! The image that another one is built on.

use std::io;

use anyhow::anyhow;
use radiant_storage::oci::{Digest, Hasher};
use tempfile::TempDir;

use crate::error::{Code, Failure};
use crate::interrupt::Checked;
use crate::layout::{
    Descriptor, Document, ImageConfig, ImageManifest, Layout, LayoutError, Platform, media_type,
};
use crate::source::Image;

/// More platforms than any image has.
const IMAGES_MAX: usize = 64;

/// What builders attach to an image as if it were another platform of it.
const ATTACHED: &str = "vnd.docker.reference.type";

/// Types of layers that are passed on, and how the OCI calls them.
const LAYERS: [(&str, &str); 5] = [
    (media_type::LAYER, media_type::LAYER),
    (media_type::LAYER_GZIP, media_type::LAYER_GZIP),
    (media_type::LAYER_ZSTD, media_type::LAYER_ZSTD),
    (media_type::DOCKER_LAYER, media_type::LAYER),
    (media_type::DOCKER_LAYER_GZIP, media_type::LAYER_GZIP),
];

/// An image for one or several platforms.
#[derive(Debug)]
pub(crate) struct Base {
    layout: Layout,
    /// Whether it is for several platforms.
    pub(crate) is_index: bool,
    /// The image of each platform.
    pub(crate) images: Vec<BaseImage>,
    _unpacked: Option<TempDir>,
}

/// An image for one platform.
#[derive(Debug)]
pub(crate) struct BaseImage {
    pub(crate) platform: Platform,
    pub(crate) digest: Digest,
    pub(crate) config: ImageConfig,
    pub(crate) layers: Vec<Descriptor>,
    /// With its registry, if it is from one.
    pub(crate) name: Option<String>,
}

impl Base {
    /// Opens `oci:DIR[:TAG]`, `oci-archive:FILE[:TAG]` or `docker-archive:FILE[:TAG]`.
    ///
    /// # Errors
    /// When there is no such image, or it has something that cannot be passed on.
    pub(crate) fn open(address: &str) -> Result<Self, Failure> {
        let about = |failure: Failure| failure.context(format!("cannot read the base `{address}`"));
        let Image { layout, root, unpacked } = Image::open(address).map_err(about)?;
        Self::of(layout, root, unpacked).map_err(about)
    }

    /// Takes an image that was pulled under this name.
    ///
    /// # Errors
    /// When it has something that cannot be passed on.
    pub(crate) fn pulled(
        name: &str,
        layout: Layout,
        root: Descriptor,
        folder: TempDir,
    ) -> Result<Self, Failure> {
        let about = |failure: Failure| failure.context(format!("cannot use the base `{name}`"));
        let mut base = Self::of(layout, root, Some(folder)).map_err(about)?;
        for image in &mut base.images {
            image.name = Some(name.to_owned());
        }
        Ok(base)
    }

    /// Reads an image of a layout.
    fn of(layout: Layout, found: Descriptor, unpacked: Option<TempDir>) -> Result<Self, Failure> {
        let (is_index, descriptors) = match layout.manifest(&found)? {
            Document::Manifest(_) => (false, vec![found]),
            Document::Index(index) => (true, index.manifests),
        };
        let mut images = Vec::new();
        for descriptor in descriptors {
            let is_image = descriptor.annotation(ATTACHED).is_none();
            if let (true, Document::Manifest(manifest)) = (is_image, layout.manifest(&descriptor)?)
                && manifest.artifact_type.is_none()
            {
                images.push(image(&layout, &descriptor, &manifest)?);
            }
            if images.len() > IMAGES_MAX {
                return Err(anyhow!("expected at most {IMAGES_MAX} platforms, got more").into());
            }
        }
        if images.is_empty() {
            return Err(anyhow!("expected an image, got an index without any").into());
        }
        Ok(Self { layout, is_index, images, _unpacked: unpacked })
    }

    /// The image for a platform.
    ///
    /// # Errors
    /// When it has none; those that there are, are named.
    pub(crate) fn image(&self, platform: &Platform) -> Result<&BaseImage, Failure> {
        self.images.iter().find(|image| image.platform.runs(platform)).ok_or_else(|| {
            let got: Vec<String> =
                self.images.iter().map(|image| image.platform.to_string()).collect();
            let error = anyhow!("base image: expected one for {platform}, got {}", got.join(", "));
            Failure::new(Code::NotFound, error)
                .hint("take a base for that platform, or a program for that of the base")
        })
    }

    /// Copies the layers of an image into another layout, compared with their digests.
    ///
    /// # Errors
    /// When they cannot be read or written, or are damaged.
    pub(crate) fn copy(&self, image: &BaseImage, into: &Layout) -> Result<(), Failure> {
        for layer in &image.layers {
            if into.has(layer) {
                continue;
            }
            let mut blob = self.layout.open_blob(layer)?;
            if layer.digest.algorithm() == "sha256" {
                let mut writer = into.blob_writer()?;
                io::copy(&mut blob, &mut writer).map_err(LayoutError::write(into.root()))?;
                let got = writer.commit()?.digest;
                check(&layer.digest, &got)?;
            } else {
                let got = hash(&mut Checked(blob), Hasher::like(&layer.digest));
                check(&layer.digest, &got.map_err(LayoutError::read(self.layout.root()))?)?;
                let to = into.blob_path(&layer.digest);
                let folder = to.parent().unwrap_or(into.root());
                std::fs::create_dir_all(folder).map_err(LayoutError::write(folder))?;
                let from = self.layout.blob_path(&layer.digest);
                std::fs::copy(from, &to).map_err(LayoutError::write(&to))?;
            }
        }
        Ok(())
    }
}

fn check(expected: &Digest, got: &Digest) -> Result<(), LayoutError> {
    if expected == got {
        return Ok(());
    }
    Err(LayoutError::Digest { expected: expected.to_string(), got: got.to_string() })
}

fn hash(reader: &mut impl io::Read, mut hasher: Hasher) -> io::Result<Digest> {
    let mut piece = vec![0; 1 << 16];
    loop {
        match reader.read(&mut piece)? {
            0 => return Ok(hasher.finish()),
            n => hasher.update(piece.get(..n).unwrap_or_default()),
        }
    }
}

fn image(
    layout: &Layout,
    descriptor: &Descriptor,
    manifest: &ImageManifest,
) -> Result<BaseImage, Failure> {
    let kind = manifest.config.media_type.as_str();
    if ![media_type::CONFIG, media_type::DOCKER_CONFIG].contains(&kind) {
        let got = kind.escape_debug();
        return Err(
            anyhow!("manifest {}: expected an image, got `{got}`", descriptor.digest).into()
        );
    }
    let config = layout.config(&manifest.config)?;
    let (n_layers, n_ids) = (manifest.layers.len(), config.rootfs.diff_ids.len());
    if n_layers != n_ids {
        return Err(anyhow!(
            "configuration {}: expected {n_layers} layers as the manifest has, got {n_ids}",
            manifest.config.digest
        )
        .into());
    }
    let mut layers = manifest.layers.clone();
    for (idx, layer) in layers.iter_mut().enumerate() {
        let known = LAYERS.iter().find(|(theirs, _)| *theirs == layer.media_type);
        let Some((_, ours)) = known else {
            let error = anyhow!(
                "layer {} of {}: expected a tar archive, plain or packed by gzip or zstd, got `{}`",
                idx + 1,
                descriptor.digest,
                layer.media_type.escape_debug()
            );
            return Err(Failure::from(error).hint(
                "layers that are encrypted, or that may not be passed on, cannot be built upon",
            ));
        };
        (*ours).clone_into(&mut layer.media_type);
    }
    Ok(BaseImage {
        platform: Platform::of(&config),
        digest: descriptor.digest.clone(),
        config,
        layers,
        name: None,
    })
}
