//! Model addresses, parsed, with nothing secret left in them.

use std::fmt;
use std::path::PathBuf;

use radiant_contract::credentials::Provider;

use crate::StorageError;
use crate::location::{Account, Bucket, Location};

/// Where a model is.
///
/// A path and `file://` are on this machine: what follows `file://` is taken as it is written,
/// relative or absolute and without percent-decoding, as Seldon Core's servers take it.
/// `builtin:NAME` is a part of the program. Everything else is [`Remote`](Self::Remote).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelUri {
    /// A file or folder on this machine.
    Local(PathBuf),
    /// A model that is part of the program, by name.
    Builtin(String),
    /// Somewhere else.
    Remote(RemoteUri),
}

/// An address that is not on this machine. What of it may be secret is neither shown nor debugged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteUri {
    store: Store,
    shown: String,
    location: Location,
}

/// The bucket of an address, and what its credentials are looked for under: the arguments of
/// [`radiant_contract::credentials::find`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketName {
    /// The scheme or the remote, as it is written.
    pub remote: String,
    /// Whose interface it has; `None` where the settings of the remote say it.
    pub provider: Option<Provider>,
    /// The storage account of Azure, where the address names it: its name, or its host.
    pub account: Option<String>,
    /// The bucket's own name, or the container's.
    pub bucket: String,
    /// Whether the address holds a signature, which is a secret.
    pub is_signed: bool,
}

/// What kind of place an address names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// `s3://`
    S3,
    /// `gs://`
    GoogleCloud,
    /// `az://`, `azure://`, `abfs://`, `abfss://`, `wasb://`, `wasbs://`
    Azure,
    /// `http://`, `https://`
    Web,
    /// `pvc://`
    VolumeClaim,
    /// `oci://`
    Oci,
    /// `hf://`
    HuggingFace,
    /// `name:bucket/path`: a remote that rclone's settings define.
    Rclone,
}

impl ModelUri {
    /// Reads an address.
    ///
    /// # Errors
    /// [`StorageError::Uri`] when there is none.
    pub fn parse(text: &str) -> Result<Self, StorageError> {
        let expected = |expected, got: &str| StorageError::Uri { expected, got: got.to_owned() };
        if text.trim().is_empty() {
            return Err(expected("a path or an address", text));
        }
        if let Some(path) = text.strip_prefix("file://") {
            if path.is_empty() {
                return Err(expected("a path after `file://`", text));
            }
            return Ok(Self::Local(path.into()));
        }
        if let Some(name) = text.strip_prefix("builtin:") {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            if name.is_empty() || !name.chars().all(is_plain) {
                return Err(expected(
                    "a name of letters, digits, `-` and `_` after `builtin:`",
                    text,
                ));
            }
            return Ok(Self::Builtin(name.to_owned()));
        }
        // A colon after the first slash belongs to a file name.
        match text.split_once(':') {
            Some((scheme, rest)) if !scheme.contains('/') => {
                RemoteUri::parse(scheme, rest).map(Self::Remote)
            }
            _ => Ok(Self::Local(text.into())),
        }
    }
}

impl fmt::Display for ModelUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(path) => write!(f, "{}", path.display()),
            Self::Builtin(name) => write!(f, "builtin:{name}"),
            Self::Remote(remote) => remote.fmt(f),
        }
    }
}

impl RemoteUri {
    fn parse(scheme: &str, rest: &str) -> Result<Self, StorageError> {
        let Some(address) = rest.strip_prefix("//") else {
            return Self::without_slashes(scheme, rest);
        };
        let store = match () {
            () if is(scheme, &["s3"]) => Store::S3,
            () if is(scheme, &["gs"]) => Store::GoogleCloud,
            () if is(scheme, &["az", "azure", "abfs", "abfss", "wasb", "wasbs"]) => Store::Azure,
            () if is(scheme, &["http", "https"]) => Store::Web,
            () if is(scheme, &["pvc"]) => Store::VolumeClaim,
            () if is(scheme, &["oci"]) => Store::Oci,
            () if is(scheme, &["hf"]) => Store::HuggingFace,
            () => Store::Rclone,
        };
        let location = Location::with_slashes(scheme, address)?;
        let scheme = scheme.split_once(',').map_or(scheme, |(name, _)| name);
        Ok(Self { store, shown: format!("{scheme}://{}", redact(store, address)), location })
    }

    /// rclone's form. Parameters may stand between the name and the colon, or follow a leading
    /// colon; they may hold keys, and colons.
    fn without_slashes(name: &str, rest: &str) -> Result<Self, StorageError> {
        let location = Location::without_slashes(name, rest)?;
        let store = if is(name, &["hf"]) { Store::HuggingFace } else { Store::Rclone };
        let shown = match name.split_once(',') {
            Some((name, _)) => format!("{name},***"),
            None if name.is_empty() => {
                format!(":{}***", rest.split([',', ':']).next().unwrap_or_default())
            }
            None => format!("{name}:{}", redact(store, rest)),
        };
        Ok(Self { store, shown, location })
    }

    /// What kind of place it is.
    pub fn store(&self) -> Store {
        self.store
    }

    /// Its bucket; `None` for what is in none.
    pub fn bucket(&self) -> Option<BucketName> {
        let Location::Bucket(bucket) = &self.location else { return None };
        Some(BucketName {
            remote: bucket.remote.clone(),
            provider: bucket.provider,
            account: bucket.account.as_ref().map(Account::host),
            bucket: bucket.name.clone(),
            is_signed: bucket.signature.is_some(),
        })
    }

    /// The address of what is below it, for a place in a bucket; the same for others.
    pub(crate) fn below(&self, path: &str) -> Self {
        let Location::Bucket(bucket) = &self.location else { return self.clone() };
        if path.is_empty() {
            return self.clone();
        }
        let joined = [bucket.path.as_str(), path].into_iter().filter(|part| !part.is_empty());
        let joined = joined.collect::<Vec<_>>().join("/");
        // A signature is shown as stars at the end.
        let (place, query) = self.shown.split_once('?').unwrap_or((&self.shown, ""));
        let query = if query.is_empty() { String::new() } else { format!("?{query}") };
        let shown = format!("{}/{path}{query}", place.trim_end_matches('/'));
        let location = Location::Bucket(Bucket { path: joined, ..bucket.clone() });
        Self { store: self.store, shown, location }
    }

    /// Where it is.
    pub(crate) fn location(&self) -> &Location {
        &self.location
    }
}

impl fmt::Display for RemoteUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl Store {
    /// What a user can do instead.
    pub(crate) fn hint(self) -> &'static str {
        match self {
            Self::VolumeClaim => "mount the claim and give the path",
            Self::HuggingFace => {
                "download the model's files (`huggingface-cli download`) and give their folder"
            }
            Self::Rclone => {
                "define the remote by `RCLONE_CONFIG_<NAME>_*` variables and write `name:bucket/path`"
            }
            Self::S3 | Self::GoogleCloud | Self::Azure | Self::Web | Self::Oci => {
                "copy the model to a folder first and give its path"
            }
        }
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::S3 => "S3",
            Self::GoogleCloud => "Google Cloud Storage",
            Self::Azure => "Azure Blob Storage",
            Self::Web => "the web",
            Self::VolumeClaim => "volume claims",
            Self::Oci => "OCI registries",
            Self::HuggingFace => "the Hugging Face hub",
            Self::Rclone => "an rclone remote defined within the address",
        })
    }
}

fn is(scheme: &str, names: &[&str]) -> bool {
    names.iter().any(|name| scheme.eq_ignore_ascii_case(name))
}

/// An address without what may be secret.
fn redact(store: Store, address: &str) -> String {
    let end = address.find(['?', '#']).unwrap_or(address.len());
    let (place, query) = address.split_at(end);
    // A password may hold an unescaped `/`, so everything up to the last `@` goes.
    let place = match place.rsplit_once('@') {
        Some((before, after)) if !is_public(store, before, after) => format!("***@{after}"),
        _ => place.to_owned(),
    };
    match query.chars().next() {
        Some(mark) => format!("{place}{mark}***"),
        None => place,
    }
}

/// Whether what stands before an `@` is no user: `container@account` and `image@digest`.
fn is_public(store: Store, before: &str, after: &str) -> bool {
    match store {
        Store::Azure => !before.contains([':', '/']),
        Store::Oci => !before.contains('@') && after.starts_with("sha256:"),
        Store::S3
        | Store::GoogleCloud
        | Store::Web
        | Store::VolumeClaim
        | Store::HuggingFace
        | Store::Rclone => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> ModelUri {
        ModelUri::parse(text).unwrap()
    }

    fn store(text: &str) -> Option<Store> {
        match parse(text) {
            ModelUri::Remote(remote) => Some(remote.store()),
            ModelUri::Local(_) | ModelUri::Builtin(_) => None,
        }
    }

    #[test]
    fn paths_and_file_addresses_are_local() {
        for (text, path) in [
            ("/mnt/models", "/mnt/models"),
            ("models/iris.onnx", "models/iris.onnx"),
            ("./with:colon", "./with:colon"),
            ("file:///mnt/models", "/mnt/models"),
            ("file://models/a%20b", "models/a%20b"),
        ] {
            assert_eq!(parse(text), ModelUri::Local(path.into()), "{text}");
        }
        assert_eq!(parse("builtin:echo"), ModelUri::Builtin("echo".into()));
        assert_eq!(parse("builtin:echo").to_string(), "builtin:echo");
        assert_eq!(parse("file:///mnt/models").to_string(), "/mnt/models");
    }

    #[test]
    fn every_other_place_is_recognised() {
        for (text, expected) in [
            ("s3://bucket/model", Store::S3),
            ("S3://bucket/model", Store::S3),
            ("gs://bucket/model", Store::GoogleCloud),
            ("az://container/model", Store::Azure),
            ("azure://container/model", Store::Azure),
            ("abfss://container@account/model", Store::Azure),
            ("wasbs://container@account/model", Store::Azure),
            ("http://host/model.onnx", Store::Web),
            ("https://host/model.onnx", Store::Web),
            ("pvc://claim/model", Store::VolumeClaim),
            ("oci://registry/model:1", Store::Oci),
            ("hf://org/model", Store::HuggingFace),
            ("hf:org/model", Store::HuggingFace),
            ("minio:bucket/model", Store::Rclone),
            ("minio://bucket/model", Store::Rclone),
            (":s3,provider=Minio:bucket", Store::Rclone),
        ] {
            assert_eq!(store(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_below_a_place_in_a_bucket_has_an_address() {
        for (text, shown) in [
            ("s3://bucket/models", "s3://bucket/models/iris/1"),
            ("s3://bucket/models/", "s3://bucket/models/iris/1"),
            ("minio:bucket", "minio:bucket/iris/1"),
            (
                "https://acc.blob.core.windows.net/models/a?sig=SECRET",
                "https://acc.blob.core.windows.net/models/a/iris/1?***",
            ),
        ] {
            let ModelUri::Remote(uri) = parse(text) else { panic!("{text}") };
            let below = uri.below("iris/1");
            assert_eq!(below.to_string(), shown);
            let Location::Bucket(bucket) = below.location() else { panic!("{text}") };
            assert!(bucket.path.ends_with("iris/1"), "{bucket:?}");
            assert_eq!(uri.below(""), uri);
        }
    }

    #[test]
    fn a_bucket_says_what_its_credentials_are_looked_for_under() {
        let bucket = |text: &str| match parse(text) {
            ModelUri::Remote(remote) => remote.bucket(),
            ModelUri::Local(_) | ModelUri::Builtin(_) => None,
        };
        let signed = bucket("https://acc.blob.core.windows.net/models/a?sig=SECRET").unwrap();
        assert_eq!((&*signed.remote, &*signed.bucket, signed.is_signed), ("https", "models", true));
        assert_eq!(signed.account.as_deref(), Some("acc.blob.core.windows.net"));
        let minio = bucket("minio:models/a").unwrap();
        assert_eq!((&*minio.remote, minio.provider, minio.is_signed), ("minio", None, false));
        assert_eq!(bucket("https://host/models"), None);
        assert_eq!(bucket("oci://host/models:1"), None);
    }

    #[test]
    fn nothing_secret_is_shown_or_kept() {
        for (text, shown) in [
            ("s3://bucket/model", "s3://bucket/model"),
            ("https://user:SECRET@host/a?sig=SECRET#SECRET", "https://***@host/a?***"),
            ("https://user:SEC/RET@host/a", "https://***@host/a"),
            ("https://host/a#SECRET", "https://host/a#***"),
            ("abfss://container@account/model", "abfss://container@account/model"),
            ("oci://host/model@sha256:abc", "oci://host/model@sha256:abc"),
            ("oci://user:SECRET@host/model@sha256:abc", "oci://***@sha256:abc"),
            ("minio:bucket/model", "minio:bucket/model"),
            ("minio,key=SECRET:bucket/model", "minio,***"),
            (":s3,secret=SEC:RET:bucket", ":s3***"),
            ("minio,key=SECRET://bucket/model", "minio://bucket/model"),
        ] {
            let uri = parse(text);
            assert_eq!(uri.to_string(), shown, "{text}");
            assert!(!format!("{uri:?}").contains("SEC"), "{uri:?}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "  ", "file://", "builtin:", "builtin:../echo"] {
            assert!(ModelUri::parse(text).is_err(), "{text}");
        }
        assert_eq!(
            ModelUri::parse("file://").unwrap_err().to_string(),
            "model uri: expected a path after `file://`, got `file://`"
        );
    }
}
