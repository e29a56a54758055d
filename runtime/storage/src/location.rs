//! What an address means: which kind of place, and where in it.

use radiant_contract::credentials::{Provider, Secret};

use crate::StorageError;

/// What an address means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Location {
    /// Objects below a path of a bucket.
    Bucket(Bucket),
    /// A file or an archive: the whole URL.
    Web(Secret),
    /// `registry/repository[:tag][@digest]`, with `user:password@` where that was given.
    Oci(Secret),
    /// A path in a volume claim.
    Claim(String),
    /// The Hugging Face hub, which is not read.
    HuggingFace,
    /// rclone's settings within an address, which are not read.
    Inline,
}

/// Objects below a path of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bucket {
    /// The scheme or the remote, as it is written: what settings are looked for under.
    pub(crate) remote: String,
    /// Whose interface it has; `None` where the settings of the remote say it.
    pub(crate) provider: Option<Provider>,
    /// The storage account, where the address names it (Azure).
    pub(crate) account: Option<Account>,
    /// The bucket's own name, or the container's.
    pub(crate) name: String,
    /// Without slashes at its ends; empty for all of the bucket.
    pub(crate) path: String,
    /// The signature that came as the query of an address (Azure).
    pub(crate) signature: Option<Secret>,
}

/// A storage account of Azure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) name: String,
    /// What follows the account's name in its host, such as `core.windows.net`.
    pub(crate) suffix: Option<String>,
}

/// Hosts of Azure's storage accounts: the account stands before, the cloud after.
const AZURE_HOSTS: [&str; 2] = [".blob.", ".dfs."];
/// Clouds of Azure, as their hosts end.
const AZURE_CLOUDS: [&str; 4] =
    ["core.windows.net", "core.chinacloudapi.cn", "core.usgovcloudapi.net", "core.cloudapi.de"];

impl Account {
    /// The name, or the host where the address has it.
    pub(crate) fn host(&self) -> String {
        match &self.suffix {
            Some(suffix) => format!("{}.blob.{suffix}", self.name),
            None => self.name.clone(),
        }
    }
}

impl Location {
    /// Reads what follows `scheme://`.
    pub(crate) fn with_slashes(scheme: &str, address: &str) -> Result<Self, StorageError> {
        let name = scheme.to_ascii_lowercase();
        if name.contains(',') {
            return Ok(Self::Inline);
        }
        match name.as_str() {
            "s3" => bucket(scheme, Some(Provider::S3), address),
            "gs" => bucket(scheme, Some(Provider::Gcs), address),
            "az" | "azure" | "abfs" | "abfss" | "wasb" | "wasbs" => azure(scheme, address),
            "http" | "https" => {
                let account = azure_web(address).filter(|_| name == "https");
                let url = || Self::Web(Secret::new(format!("{name}://{address}")));
                Ok(account.map_or_else(url, Self::Bucket))
            }
            "pvc" => Ok(Self::Claim(claim_path(address)?)),
            "oci" => oci(address),
            "hf" => Ok(Self::HuggingFace),
            _ => bucket(scheme, None, address),
        }
    }

    /// Reads rclone's `name:bucket/path`.
    pub(crate) fn without_slashes(name: &str, rest: &str) -> Result<Self, StorageError> {
        if name.is_empty() || name.contains(',') {
            return Ok(Self::Inline);
        }
        if name.eq_ignore_ascii_case("hf") {
            return Ok(Self::HuggingFace);
        }
        bucket(name, None, rest)
    }
}

fn expected(expected: &'static str, got: &str) -> StorageError {
    StorageError::Uri { expected, got: got.to_owned() }
}

fn bucket(
    remote: &str,
    provider: Option<Provider>,
    address: &str,
) -> Result<Location, StorageError> {
    let (name, path) = split(address);
    if name.is_empty() {
        return Err(expected("a bucket after the scheme or remote", remote));
    }
    // A password has no place in these addresses, and a query would be part of a name.
    if name.contains(['@', '?', '#']) {
        let what = "a bucket without `@`, `?` and `#`: credentials belong into the environment";
        return Err(expected(what, remote));
    }
    Ok(Location::Bucket(Bucket {
        remote: remote.to_owned(),
        provider,
        account: None,
        name: name.to_owned(),
        path: path.to_owned(),
        signature: None,
    }))
}

/// `container/path`, `container@account.host/path` or, with a signature, either with a query.
fn azure(scheme: &str, address: &str) -> Result<Location, StorageError> {
    let (address, query) = address.split_once('?').map_or((address, None), |(a, q)| (a, Some(q)));
    let (place, path) = split(address);
    let (container, account) = match place.split_once('@') {
        Some((container, host)) => (container, Some(account(host))),
        None => (place, None),
    };
    let is_plain = |text: &str| !text.is_empty() && !text.contains([':', '@', '#']);
    if !is_plain(container) || account.as_ref().is_some_and(|account| !is_plain(&account.name)) {
        return Err(expected("`container/path` or `container@account/path`", scheme));
    }
    Ok(Location::Bucket(Bucket {
        remote: scheme.to_owned(),
        provider: Some(Provider::Azure),
        account,
        name: container.to_owned(),
        path: path.to_owned(),
        signature: query.map(Secret::new),
    }))
}

/// An account from its name or its host.
fn account(host: &str) -> Account {
    let parts = AZURE_HOSTS.iter().find_map(|middle| host.split_once(middle));
    match parts {
        Some((name, suffix)) => Account { name: name.to_owned(), suffix: Some(suffix.to_owned()) },
        None => Account { name: host.to_owned(), suffix: None },
    }
}

/// `account.blob.core.windows.net/container/path[?signature]`, which is a container and not the web.
fn azure_web(address: &str) -> Option<Bucket> {
    let (address, query) = address.split_once('?').map_or((address, None), |(a, q)| (a, Some(q)));
    let (host, rest) = address.split_once('/')?;
    let account = account(host);
    let suffix = account.suffix.as_deref()?;
    let (container, path) = split(rest);
    let is_cloud = AZURE_CLOUDS.iter().any(|cloud| suffix.eq_ignore_ascii_case(cloud));
    if !is_cloud || container.is_empty() || account.name.contains('@') {
        return None;
    }
    Some(Bucket {
        remote: "https".to_owned(),
        provider: Some(Provider::Azure),
        name: container.to_owned(),
        path: path.to_owned(),
        signature: query.map(Secret::new),
        account: Some(account),
    })
}

/// A bucket and what is in it; slashes around and between them say nothing.
fn split(address: &str) -> (&str, &str) {
    let address = address.trim_start_matches('/');
    let (bucket, path) = address.split_once('/').unwrap_or((address, ""));
    (bucket, path.trim_matches('/'))
}

/// The path below a claim's mount, which is one per pod.
fn claim_path(address: &str) -> Result<String, StorageError> {
    let (claim, path) = split(address);
    if claim.is_empty() {
        return Err(expected("`pvc://claim/path`", "pvc://"));
    }
    if path.split('/').any(|part| part == "..") {
        return Err(expected("a path without `..` after the claim", path));
    }
    Ok(path.to_owned())
}

fn oci(address: &str) -> Result<Location, StorageError> {
    let is_reference = address.split_once('/').is_some_and(|(registry, repository)| {
        !registry.is_empty() && !repository.is_empty() && !repository.contains(['?', '#'])
    });
    if !is_reference {
        return Err(expected("`oci://registry/repository:tag`", "oci://"));
    }
    Ok(Location::Oci(Secret::new(address)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Location {
        let (scheme, rest) = text.split_once(':').unwrap();
        match rest.strip_prefix("//") {
            Some(address) => Location::with_slashes(scheme, address).unwrap(),
            None => Location::without_slashes(scheme, rest).unwrap(),
        }
    }

    fn bucket_of(text: &str) -> Bucket {
        match parse(text) {
            Location::Bucket(bucket) => bucket,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn buckets_and_paths_are_told_apart() {
        for (text, provider, bucket, path) in [
            ("s3://models/iris", Some(Provider::S3), "models", "iris"),
            ("s3://models", Some(Provider::S3), "models", ""),
            ("S3://models//a/b/", Some(Provider::S3), "models", "/a/b"),
            ("gs://models/a b", Some(Provider::Gcs), "models", "a b"),
            ("minio:models/iris/", None, "models", "iris"),
            ("minio://models/iris", None, "models", "iris"),
            ("minio:/models/iris", None, "models", "iris"),
            ("az://models/iris", Some(Provider::Azure), "models", "iris"),
        ] {
            let found = bucket_of(text);
            let path = path.trim_matches('/');
            assert_eq!(
                (found.provider, found.name.as_str(), found.path.as_str()),
                (provider, bucket, path),
                "{text}"
            );
        }
    }

    #[test]
    fn accounts_of_azure_come_from_the_address() {
        let account = |text: &str| bucket_of(text).account.map(|it| (it.name, it.suffix));
        let known = Some(("acc".to_owned(), Some("core.windows.net".to_owned())));
        assert_eq!(account("abfss://models@acc.dfs.core.windows.net/a"), known);
        assert_eq!(account("wasbs://models@acc.blob.core.windows.net/a"), known);
        assert_eq!(account("https://acc.blob.core.windows.net/models/a"), known);
        assert_eq!(account("abfs://models@acc/a"), Some(("acc".to_owned(), None)));
        assert_eq!(account("azure://models/a"), None);
        let signed = bucket_of("https://acc.blob.core.windows.net/models/a?sig=SECRET");
        assert_eq!(signed.signature, Some(Secret::new("sig=SECRET")));
        assert!(!format!("{signed:?}").contains("SECRET"));
        assert_eq!((&*signed.name, &*signed.path), ("models", "a"));
    }

    #[test]
    fn other_hosts_are_the_web() {
        for text in ["https://host/models/a", "http://acc.blob.core.windows.net/models/a"] {
            assert_eq!(parse(text), Location::Web(Secret::new(text)));
        }
        assert_eq!(
            parse("https://acc.blob.evil.example/models/a"),
            Location::Web(Secret::new("https://acc.blob.evil.example/models/a"))
        );
    }

    #[test]
    fn what_has_no_bucket_or_a_password_is_refused() {
        for (scheme, address) in [
            ("s3", ""),
            ("s3", "/"),
            ("s3", "user:SECRET@bucket/a"),
            ("az", "a:SECRET@b/c"),
            ("oci", "registry"),
            ("pvc", ""),
            ("pvc", "claim/../x"),
        ] {
            let error = Location::with_slashes(scheme, address).unwrap_err().to_string();
            assert!(!error.contains("SECRET"), "{error}");
        }
    }
}
