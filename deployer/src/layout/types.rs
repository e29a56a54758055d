//! The documents of an image (image-spec 1.1, `descriptor.md`, `manifest.md`, `image-index.md`).
//!
//! Keys that are not known here are not kept: manifests and indexes are written by us, or passed on as
//! the bytes that they are.

use std::collections::BTreeMap;
use std::fmt;

use radiant_storage::oci::Digest;
use serde::{Deserialize, Serialize};

use super::{ImageConfig, LayoutError};

/// What kinds of blobs are called.
pub mod media_type {
    /// A manifest of an image.
    pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    /// Several manifests, by platform.
    pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
    /// How an image is run.
    pub const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
    /// Files.
    pub const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
    /// Files, compressed.
    pub const LAYER_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
    /// Files, compressed otherwise.
    pub const LAYER_ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";
    /// `{}`, where a manifest has no configuration.
    pub const EMPTY: &str = "application/vnd.oci.empty.v1+json";
    /// Docker's manifest of an image.
    pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
    /// Docker's index.
    pub const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
    /// Docker's configuration.
    pub const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
    /// Docker's files.
    pub const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar";
    /// Docker's files, compressed.
    pub const DOCKER_LAYER_GZIP: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
}

/// Text by name.
pub type Annotations = BTreeMap<String, String>;

/// How one document refers to a blob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What kind of blob it is.
    pub media_type: String,
    /// Its name.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
    /// Other places where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urls: Option<Vec<String>>,
    /// What is said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotations: Option<Annotations>,
    /// What it runs on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// What kind of artifact the manifest is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
}

impl Descriptor {
    /// A descriptor that says nothing more.
    pub fn new(media_type: &str, digest: Digest, size: u64) -> Self {
        let media_type = media_type.to_owned();
        let (urls, annotations, platform, artifact_type) = (None, None, None, None);
        Self { media_type, digest, size, urls, annotations, platform, artifact_type }
    }

    /// An annotation of it.
    pub fn annotation(&self, name: &str) -> Option<&str> {
        self.annotations.as_ref()?.get(name).map(String::as_str)
    }
}

/// What an image runs on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Platform {
    /// `linux`.
    pub os: String,
    /// `amd64`, `arm64`, as Go names them.
    pub architecture: String,
    /// `v7`, `v8`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Of the system, where one needs it.
    #[serde(rename = "os.version", default, skip_serializing_if = "Option::is_none")]
    pub os_version: Option<String>,
    /// Of the system.
    #[serde(rename = "os.features", default, skip_serializing_if = "Option::is_none")]
    pub os_features: Option<Vec<String>>,
}

impl Platform {
    /// Linux on an architecture.
    pub fn linux(architecture: &str) -> Self {
        Self {
            os: "linux".to_owned(),
            architecture: architecture.to_owned(),
            variant: None,
            os_version: None,
            os_features: None,
        }
    }

    /// This machine, as far as its processor has a name among images.
    pub fn here() -> Self {
        Self::linux(match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        })
    }

    /// What the configuration of an image says.
    pub fn of(config: &ImageConfig) -> Self {
        let (os, variant) = (config.os.clone(), config.variant.clone());
        Self { os, variant, ..Self::linux(&config.architecture) }
    }

    /// Parses `linux/arm64` or `linux/arm/v7`.
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('/').collect();
        let (os, architecture, variant) = match parts[..] {
            [os, architecture] => (os, architecture, None),
            [os, architecture, variant] => (os, architecture, Some(variant)),
            _ => return None,
        };
        if [os, architecture, variant.unwrap_or("-")].iter().any(|part| part.is_empty()) {
            return None;
        }
        let variant = variant.map(str::to_owned);
        Some(Self { os: os.to_owned(), variant, ..Self::linux(architecture) })
    }

    /// Whether what runs on `other` runs on this: the same system and architecture, and the variant
    /// where both name one.
    pub fn runs(&self, other: &Self) -> bool {
        let variants = self.variant.as_deref().zip(other.variant.as_deref());
        self.os == other.os
            && self.architecture == other.architecture
            && variants.is_none_or(|(ours, theirs)| ours == theirs)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.as_ref().map_or(Ok(()), |variant| write!(f, "/{variant}"))
    }
}

/// Several manifests: by platform, or all that a layout holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageIndex {
    /// 2.
    pub schema_version: u32,
    /// That of an index, if it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// The manifests.
    pub manifests: Vec<Descriptor>,
    /// What is said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotations: Option<Annotations>,
}

impl Default for ImageIndex {
    fn default() -> Self {
        Self {
            schema_version: 2,
            media_type: Some(media_type::INDEX.to_owned()),
            manifests: Vec::new(),
            annotations: None,
        }
    }
}

/// What one image, or artifact, is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageManifest {
    /// 2.
    pub schema_version: u32,
    /// That of a manifest, if it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// What kind of artifact it is, if it is no image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// How it is run.
    pub config: Descriptor,
    /// Its files, the lowest first.
    pub layers: Vec<Descriptor>,
    /// The manifest that this one says something of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// What is said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotations: Option<Annotations>,
}

impl ImageManifest {
    /// The manifest of an image.
    pub fn new(config: Descriptor, layers: Vec<Descriptor>) -> Self {
        let media_type = Some(media_type::MANIFEST.to_owned());
        let (artifact_type, subject, annotations) = (None, None, None);
        Self { schema_version: 2, media_type, artifact_type, config, layers, subject, annotations }
    }
}

/// A manifest, or an index of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// One image or artifact.
    Manifest(Box<ImageManifest>),
    /// Several.
    Index(ImageIndex),
}

impl Document {
    /// Parses a document; `what` names it in errors.
    ///
    /// # Errors
    /// [`LayoutError::Document`]: it is neither, both, or of another version.
    pub fn parse(what: &str, text: &[u8]) -> Result<Self, LayoutError> {
        /// What tells the kinds apart. A document that is both is refused (CVE-2021-41190).
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Kind {
            schema_version: Option<u64>,
            media_type: Option<String>,
            config: Option<serde::de::IgnoredAny>,
            layers: Option<serde::de::IgnoredAny>,
            manifests: Option<serde::de::IgnoredAny>,
        }
        let wrong = |expected: &str, got: String| LayoutError::Document {
            what: what.to_owned(),
            expected: expected.to_owned(),
            got,
        };
        let kind: Kind = super::parse(what, text)?;
        if kind.schema_version != Some(2) {
            let version = kind.schema_version.map_or("none".to_owned(), |got| format!("{got}"));
            return Err(wrong("`schemaVersion` 2", version));
        }
        let named = kind.media_type.as_deref();
        let may_be = |names: [&str; 2]| named.is_none_or(|named| names.contains(&named));
        let is_index = kind.manifests.is_some();
        match (kind.config.is_some() && kind.layers.is_some(), is_index) {
            (true, false) if may_be([media_type::MANIFEST, media_type::DOCKER_MANIFEST]) => {
                super::parse(what, text).map(Box::new).map(Self::Manifest)
            }
            (false, true) if may_be([media_type::INDEX, media_type::DOCKER_INDEX]) => {
                super::parse(what, text).map(Self::Index)
            }
            (has_layers, has_manifests) => {
                let got = match (has_layers, has_manifests) {
                    (true, true) => "both".to_owned(),
                    (false, false) => "neither".to_owned(),
                    _ => format!("`{}`", named.unwrap_or_default().escape_debug()),
                };
                Err(wrong("`config` and `layers`, or `manifests`", got))
            }
        }
    }
}

/// A document as it is stored: compact, its keys in the order of its type.
pub(crate) fn json(document: &impl Serialize) -> Vec<u8> {
    // What is written here are maps with names as keys, which always can be.
    serde_json::to_vec(document).unwrap_or_default()
}
