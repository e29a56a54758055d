//! A Secret of Kubernetes for a store: named by what it holds, so that it never changes.

use std::collections::BTreeMap;
use std::fmt;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use radiant_contract::credentials::Secret;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{CredentialsError, read};

/// Whose field it is that owns these Secrets.
const API_VERSION: &str = "machinelearning.seldon.io/v1";
const KIND: &str = "SeldonDeployment";
/// How many characters of a digest a name has.
const HASH_CHARS: usize = 8;
/// What stands in the place of values that nobody may see.
const REDACTED: &str = "***";

/// A Secret of Kubernetes, whose values are shown to nobody.
///
/// It is immutable, and another content has another name: pods of a new revision get new credentials, and
/// those of an old one, or one that comes back, find the old.
#[derive(Clone, PartialEq)]
pub struct SecretObject(v1::Secret);

impl SecretObject {
    /// The Secret of a deployment's store.
    pub fn new(deployment: &str, namespace: Option<&str>, data: &BTreeMap<String, Secret>) -> Self {
        let labels = [
            ("app.kubernetes.io/name", deployment),
            ("app.kubernetes.io/managed-by", "radiant-deploy"),
            ("app.kubernetes.io/version", env!("CARGO_PKG_VERSION")),
            ("radiant.dev/name", deployment),
            ("radiant.dev/part", "storage"),
        ];
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let bytes = |value: &Secret| ByteString(value.expose().as_bytes().to_vec());
        let data_of = data.iter().map(|(name, value)| (name.clone(), bytes(value)));
        Self(v1::Secret {
            metadata: ObjectMeta {
                name: Some(format!("radiant-{deployment}-storage-{}", hash(data))),
                namespace: namespace.map(str::to_owned),
                labels: Some(labels.into()),
                ..ObjectMeta::default()
            },
            data: Some(data_of.collect()),
            immutable: Some(true),
            type_: Some("Opaque".to_owned()),
            ..v1::Secret::default()
        })
    }

    /// Labels by which Secrets of stores are found: all, or those of a deployment.
    pub fn selector(deployment: Option<&str>) -> String {
        let all = "app.kubernetes.io/managed-by=radiant-deploy,radiant.dev/part=storage";
        match deployment {
            Some(name) => format!("{all},radiant.dev/name={name}"),
            None => all.to_owned(),
        }
    }

    /// Lets it go when a SeldonDeployment goes.
    #[must_use]
    pub fn owned_by(mut self, name: &str, uid: &str) -> Self {
        self.0.metadata.owner_references = Some(vec![owner(name, uid)]);
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.0.metadata.name.as_deref().unwrap_or_default()
    }

    /// The object itself: for a cluster, never for messages.
    pub fn expose(&self) -> &v1::Secret {
        &self.0
    }

    /// The object with stars for values.
    pub fn redacted(&self) -> Value {
        let mut value = serde_json::to_value(&self.0).unwrap_or_default();
        if let Some(data) = value.get_mut("data").and_then(Value::as_object_mut) {
            data.values_mut().for_each(|value| *value = REDACTED.into());
        }
        value
    }
}

impl fmt::Debug for SecretObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.0.data.iter().flatten().map(|(key, _)| key).collect::<Vec<_>>();
        f.debug_struct("SecretObject").field("name", &self.name()).field("keys", &keys).finish()
    }
}

/// The reference by which what belongs to a SeldonDeployment goes with it.
pub(crate) fn owner(name: &str, uid: &str) -> OwnerReference {
    OwnerReference {
        api_version: API_VERSION.to_owned(),
        kind: KIND.to_owned(),
        name: name.to_owned(),
        uid: uid.to_owned(),
        ..OwnerReference::default()
    }
}

/// What a Secret of a cluster holds.
///
/// # Errors
/// When a value is no text.
pub fn data_of(secret: &v1::Secret) -> Result<BTreeMap<String, Secret>, CredentialsError> {
    let name = secret.metadata.name.as_deref().unwrap_or("without a name");
    let value = serde_json::to_value(secret).unwrap_or_default();
    read::secret_values(&value, &format!("Secret `{name}`"))
}

/// The first characters of a digest over names and values, each with its length before it.
fn hash(data: &BTreeMap<String, Secret>) -> String {
    let mut hash = Sha256::new();
    for text in data.iter().flat_map(|(name, value)| [name.as_str(), value.expose()]) {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    }
    let digest = hash.finalize();
    let hex = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    hex.take(HASH_CHARS).filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}
