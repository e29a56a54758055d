//! A revision as a ConfigMap, and back.

use std::collections::BTreeMap;
use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use super::Revision;

/// The largest manifest that is unpacked; an API server takes objects up to 1.5 MiB.
const MANIFEST_BYTES_MAX: u64 = 4 << 20;

const MANIFEST: &str = "manifest.json.gz";
const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "radiant-deploy");
const DEPLOYMENT: &str = "radiant.dev/name";
const NUMBER: &str = "radiant.dev/revision";
const OUTCOME: &str = "radiant.dev/status";

/// The SeldonDeployment that a revision is of; it goes with it.
#[derive(Debug, Clone)]
pub struct Owner<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its uid, once it has one.
    pub uid: Option<&'a str>,
}

/// A ConfigMap that is no revision.
#[derive(Debug, thiserror::Error)]
pub enum RevisionError {
    /// A part is missing, or not what it should be.
    #[error("ConfigMap `{name}`: `{field}`: expected {expected}, got {got}")]
    Field {
        /// Whose.
        name: String,
        /// The label or key.
        field: &'static str,
        /// What.
        expected: &'static str,
        /// What is there.
        got: String,
    },
    /// Its manifest cannot be read.
    #[error("ConfigMap `{name}`: `{MANIFEST}` cannot be read")]
    Manifest {
        /// Whose.
        name: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// The name of a revision's ConfigMap.
pub fn name(deployment: &str, number: u32) -> String {
    format!("radiant.{deployment}.v{number}")
}

/// The label selector of all revisions of a deployment.
pub fn selector(deployment: &str) -> String {
    format!("{}={},{DEPLOYMENT}={deployment},{NUMBER}", MANAGED_BY.0, MANAGED_BY.1)
}

/// The ConfigMap of a revision.
pub fn config_map(revision: &Revision, owner: &Owner<'_>) -> ConfigMap {
    let labels = [
        (MANAGED_BY.0, MANAGED_BY.1.to_owned()),
        (DEPLOYMENT, owner.name.to_owned()),
        (NUMBER, revision.number.to_string()),
        (OUTCOME, revision.outcome.to_string()),
    ];
    let signature = revision.signature.as_ref();
    // Texts and numbers always are JSON.
    let signature = signature.and_then(|it| serde_json::to_string(it).ok());
    let said = [
        ("applied", Some(&revision.applied)),
        ("configHash", Some(&revision.config_hash)),
        ("modelUri", revision.model_uri.as_ref()),
        ("modelDigest", revision.model_digest.as_ref()),
        ("image", revision.image.as_ref()),
        ("changeCause", revision.change_cause.as_ref()),
        ("secret", revision.secret.as_ref()),
        ("signature", signature.as_ref()),
    ];
    let data = said.into_iter().filter_map(|(key, text)| Some((key.to_owned(), text?.clone())));
    let packed = BTreeMap::from([(MANIFEST.to_owned(), ByteString(pack(&revision.manifest)))]);
    let owners = owner.uid.map(|uid| vec![crate::credentials::owner(owner.name, uid)]);
    ConfigMap {
        metadata: ObjectMeta {
            name: Some(name(owner.name, revision.number)),
            labels: Some(labels.into_iter().map(|(name, text)| (name.to_owned(), text)).collect()),
            owner_references: owners,
            ..ObjectMeta::default()
        },
        data: Some(data.collect()),
        binary_data: Some(packed),
        immutable: None,
    }
}

/// The revision in a ConfigMap.
///
/// # Errors
/// When somebody else wrote it, or wrote into it.
pub fn read(map: &ConfigMap) -> Result<Revision, RevisionError> {
    let name = || map.metadata.name.clone().unwrap_or_default();
    let label = |field: &'static str, expected: &'static str| {
        let got = map.metadata.labels.as_ref().and_then(|labels| labels.get(field));
        let got = got.map_or("nothing", String::as_str);
        let error = RevisionError::Field { name: name(), field, expected, got: format!("`{got}`") };
        (got, error)
    };
    let (text, error) = label(NUMBER, "a number");
    let number = text.parse().map_err(|_| error)?;
    let (text, error) = label(OUTCOME, "pending, deployed, superseded or failed");
    let outcome = text.parse().map_err(|()| error)?;
    let said = |key: &str| map.data.as_ref()?.get(key).cloned();
    let packed = map.binary_data.as_ref().and_then(|data| data.get(MANIFEST));
    let manifest = unpack(packed.map_or(&[], |bytes| &bytes.0))
        .map_err(|source| RevisionError::Manifest { name: name(), source })?;
    Ok(Revision {
        number,
        outcome,
        applied: said("applied").unwrap_or_default(),
        config_hash: said("configHash").unwrap_or_default(),
        model_uri: said("modelUri"),
        model_digest: said("modelDigest"),
        image: said("image"),
        change_cause: said("changeCause"),
        secret: said("secret"),
        // One of another form is as good as none: then nothing is compared with it.
        signature: said("signature").and_then(|text| serde_json::from_str(&text).ok()),
        manifest,
    })
}

fn pack(manifest: &Value) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    let written = packer.write_all(manifest.to_string().as_bytes()).and_then(|()| packer.finish());
    // A `Vec` takes all that is written to it.
    written.unwrap_or_default()
}

fn unpack(bytes: &[u8]) -> std::io::Result<Value> {
    let mut text = Vec::new();
    GzDecoder::new(bytes).take(MANIFEST_BYTES_MAX + 1).read_to_end(&mut text)?;
    if text.len() as u64 > MANIFEST_BYTES_MAX {
        return Err(std::io::Error::other(format!("it is larger than {MANIFEST_BYTES_MAX} bytes")));
    }
    Ok(serde_json::from_slice(&text)?)
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::{Outcome, Signature};
    use super::*;

    pub(in super::super) fn revision(number: u32) -> Revision {
        Revision {
            number,
            outcome: Outcome::Deployed,
            applied: "2026-10-01T00:00:00Z".to_owned(),
            config_hash: "0123".to_owned(),
            model_uri: Some("s3://models/fraud".to_owned()),
            model_digest: Some("sha256:1".to_owned()),
            image: None,
            change_cause: Some("retrained".to_owned()),
            secret: None,
            signature: Signature::of(&json!({
                "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 4]}], "outputs": [],
            })),
            manifest: json!({"spec": {"predictors": [{"name": "main"}]}}),
        }
    }

    const OWNER: Owner<'_> = Owner { name: "fraud", uid: Some("1-2") };

    #[test]
    fn what_is_written_is_read_again() {
        let map = config_map(&revision(7), &OWNER);
        assert_eq!(map.metadata.name.as_deref(), Some("radiant.fraud.v7"));
        assert_eq!(read(&map).unwrap(), revision(7));
        let owner = &map.metadata.owner_references.unwrap()[0];
        assert_eq!((owner.kind.as_str(), owner.uid.as_str()), ("SeldonDeployment", "1-2"));
        let early = config_map(&revision(1), &Owner { uid: None, ..OWNER });
        assert_eq!(early.metadata.owner_references, None);
    }

    #[test]
    fn what_somebody_else_wrote_is_refused_by_its_place() {
        let mut map = config_map(&revision(7), &OWNER);
        map.metadata.labels.as_mut().unwrap().insert(NUMBER.to_owned(), "x".to_owned());
        let text = read(&map).unwrap_err().to_string();
        assert_eq!(
            text,
            "ConfigMap `radiant.fraud.v7`: `radiant.dev/revision`: expected a number, got `x`"
        );
        let mut map = config_map(&revision(7), &OWNER);
        map.binary_data = None;
        assert!(matches!(read(&map), Err(RevisionError::Manifest { .. })));
    }

    #[test]
    fn a_manifest_that_unpacks_to_too_much_is_refused() {
        let mut map = config_map(&revision(7), &OWNER);
        let large = Value::String(" ".repeat(5 << 20));
        map.binary_data.as_mut().unwrap().insert(MANIFEST.to_owned(), ByteString(pack(&large)));
        let RevisionError::Manifest { source, .. } = read(&map).unwrap_err() else { panic!() };
        assert!(source.to_string().contains("larger than 4194304"), "{source}");
    }
}
