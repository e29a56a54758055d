//! Manifests: which layers an artifact has, or which manifests an index offers.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::digest::Digest;

/// Types of manifests and indexes, as the OCI and Docker name them.
const KINDS: [&str; 4] = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];

/// The same, as a header.
pub(super) const ACCEPT: &str = "application/vnd.oci.image.manifest.v1+json, \
     application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json, \
     application/vnd.docker.distribution.manifest.list.v2+json";

/// Types of the configuration of something that a container runtime would start.
const IMAGE_CONFIGS: [&str; 2] =
    ["application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"];

/// What builders attach to an image as if it were another platform of it.
const ATTACHED: &str = "vnd.docker.reference.type";

/// The operating system whose images are taken: models come as files for the server, which runs on it.
const SYSTEM: &str = "linux";

/// A manifest of layers.
#[derive(Debug, Clone)]
pub(super) struct Manifest {
    /// Whether it is a container image.
    pub is_image: bool,
    /// What it is made of, the lowest first.
    pub layers: Vec<Layer>,
}

/// A blob of a manifest.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    pub media_type: String,
    pub digest: Digest,
    pub bytes: u64,
    pub annotations: BTreeMap<String, String>,
}

/// What a registry has under a tag or digest.
#[derive(Debug)]
pub(super) enum Document {
    /// Layers.
    Manifest(Manifest),
    /// Other manifests; this is the one to take.
    Index(Digest),
}

/// What a document should have been, and what it is.
pub(super) type Wrong = (&'static str, String);

/// All versions of all documents; what is missing says which one it is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    schema_version: Option<u64>,
    media_type: Option<String>,
    artifact_type: Option<String>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    manifests: Option<Vec<Descriptor>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    media_type: String,
    digest: String,
    size: u64,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
    platform: Option<Platform>,
}

#[derive(Deserialize)]
struct Platform {
    architecture: String,
    os: String,
}

/// Parses a document.
///
/// # Errors
/// What was expected, and what came.
pub(super) fn parse(text: &[u8]) -> Result<Document, Wrong> {
    let raw: Raw = serde_json::from_slice(text)
        .map_err(|error| ("a manifest in JSON", format!("something else: {error}")))?;
    if raw.schema_version != Some(2) {
        let got = raw.schema_version.map_or("none".to_owned(), |version| format!("`{version}`"));
        return Err(("`schemaVersion` 2", got));
    }
    let kind = raw.media_type.as_deref();
    if kind.is_some_and(|kind| !KINDS.contains(&kind)) {
        let got = format!("`{}`", kind.unwrap_or_default().escape_debug());
        return Err(("a manifest or index of an image or artifact", got));
    }
    match (raw.manifests, raw.config, raw.layers) {
        (Some(manifests), None, None) => choose(&manifests).map(Document::Index),
        (None, Some(config), Some(layers)) => {
            let is_image =
                raw.artifact_type.is_none() && IMAGE_CONFIGS.contains(&config.media_type.as_str());
            let layers = layers.into_iter().map(layer).collect::<Result<_, Wrong>>()?;
            Ok(Document::Manifest(Manifest { is_image, layers }))
        }
        _ => Err(("`config` and `layers`, or `manifests`", "neither, or both".to_owned())),
    }
}

fn layer(descriptor: Descriptor) -> Result<Layer, Wrong> {
    Ok(Layer {
        digest: digest(&descriptor)?,
        media_type: descriptor.media_type,
        bytes: descriptor.size,
        annotations: descriptor.annotations.unwrap_or_default(),
    })
}

fn digest(descriptor: &Descriptor) -> Result<Digest, Wrong> {
    let got = || format!("`{}`", descriptor.digest.escape_debug());
    Digest::parse(&descriptor.digest).ok_or_else(|| (Digest::FORM, got()))
}

/// Chooses the manifest for this machine, or the only one that there is.
fn choose(manifests: &[Descriptor]) -> Result<Digest, Wrong> {
    let is_attached = |manifest: &&Descriptor| {
        manifest.annotations.as_ref().is_some_and(|names| names.contains_key(ATTACHED))
    };
    let offered: Vec<&Descriptor> =
        manifests.iter().filter(|manifest| !is_attached(manifest)).collect();
    let is_ours =
        |platform: &Platform| platform.os == SYSTEM && platform.architecture == architecture();
    let ours = offered.iter().find(|manifest| manifest.platform.as_ref().is_some_and(is_ours));
    match (ours, offered.as_slice()) {
        (Some(ours), _) => digest(ours),
        (None, [only]) => digest(only),
        (None, _) => {
            let named = offered.iter().map(|manifest| {
                manifest.platform.as_ref().map_or("none".to_owned(), |platform| {
                    let name = format!("{}/{}", platform.os, platform.architecture);
                    name.escape_debug().to_string()
                })
            });
            let named: Vec<String> = named.collect();
            let got = if named.is_empty() { "none".to_owned() } else { named.join(", ") };
            Err(("an index with one manifest, or one for this machine's platform", got))
        }
    }
}

/// This machine's architecture, as image builders spell it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn sha(letter: char) -> String {
        format!("sha256:{}", letter.to_string().repeat(64))
    }

    fn descriptor(letter: char, more: &Value) -> Value {
        let mut base = json!({"mediaType": KINDS[0], "digest": sha(letter), "size": 3});
        let members = base.as_object_mut().unwrap();
        members.extend(more.as_object().unwrap().clone());
        base
    }

    fn platform(letter: char, os: &str, architecture: &str) -> Value {
        descriptor(letter, &json!({"platform": {"os": os, "architecture": architecture}}))
    }

    fn chosen(manifests: &[Value]) -> Result<String, Wrong> {
        let text = json!({"schemaVersion": 2, "mediaType": KINDS[1], "manifests": manifests});
        match parse(text.to_string().as_bytes())? {
            Document::Index(digest) => Ok(digest.to_string()),
            Document::Manifest(manifest) => panic!("{manifest:?}"),
        }
    }

    #[test]
    fn layers_are_read_and_images_are_told_from_artifacts() {
        let layer = descriptor('b', &json!({"annotations": {"k": "v"}}));
        for (config, artifact, is_image) in [
            ("application/vnd.oci.image.config.v1+json", None, true),
            ("application/vnd.docker.container.image.v1+json", None, true),
            ("application/vnd.oci.image.config.v1+json", Some("application/x"), false),
            ("application/vnd.oci.empty.v1+json", None, false),
        ] {
            let config = descriptor('a', &json!({"mediaType": config}));
            let mut text = json!({"schemaVersion": 2, "config": config, "layers": [layer]});
            if let Some(artifact) = artifact {
                text["artifactType"] = artifact.into();
            }
            let Document::Manifest(manifest) = parse(text.to_string().as_bytes()).unwrap() else {
                panic!("{text}");
            };
            assert_eq!(manifest.is_image, is_image, "{text}");
            let [layer] = manifest.layers.as_slice() else { panic!("{manifest:?}") };
            assert_eq!((layer.digest.to_string(), layer.bytes), (sha('b'), 3));
            assert_eq!(layer.annotations.get("k").map(String::as_str), Some("v"));
        }
    }

    #[test]
    fn an_index_gives_what_fits_this_machine_or_the_only_one() {
        let ours = platform('b', "linux", architecture());
        let attached = descriptor(
            'c',
            &json!({"annotations": {(ATTACHED): "attestation-manifest"},
                    "platform": {"os": "unknown", "architecture": "unknown"}}),
        );
        for manifests in [
            vec![platform('a', "windows", architecture()), ours.clone()],
            vec![platform('a', "linux", "s390x"), ours.clone(), attached.clone()],
            vec![platform('b', "linux", "s390x"), attached.clone()],
            vec![descriptor('b', &json!({}))],
        ] {
            assert_eq!(chosen(&manifests), Ok(sha('b')), "{manifests:?}");
        }
        let others = [platform('a', "linux", "s390x"), platform('b', "linux", "riscv64")];
        assert_eq!(chosen(&others).unwrap_err().1, "linux/s390x, linux/riscv64");
        assert_eq!(chosen(&[]).unwrap_err().1, "none");
    }

    #[test]
    fn what_is_no_manifest_is_refused() {
        let config = descriptor('a', &json!({}));
        for text in [
            json!([]),
            json!({}),
            json!({"schemaVersion": 1, "fsLayers": []}),
            json!({"schemaVersion": 2}),
            json!({"schemaVersion": 2, "config": config}),
            json!({"schemaVersion": 2, "mediaType": "text/html", "config": config, "layers": []}),
            json!({"schemaVersion": 2, "config": config, "layers": [{"size": 1}]}),
            json!({"schemaVersion": 2, "config": config,
                   "layers": [{"mediaType": "a", "digest": "sha256:../../x", "size": 1}]}),
            json!({"schemaVersion": 2, "config": config,
                   "layers": [{"mediaType": "a", "digest": sha('a'), "size": -1}]}),
            json!({"schemaVersion": 2, "config": config, "layers": [], "manifests": []}),
        ] {
            assert!(parse(text.to_string().as_bytes()).is_err(), "{text}");
        }
        assert!(parse(b"\xff").is_err());
    }
}
