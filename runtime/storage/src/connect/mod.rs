//! Opening a store with settings: which credentials there really are, and a client for them.
//!
//! What an environment says is in `radiant_contract::credentials`; here files are read and services
//! are asked, so that a store that opens knows whom it asks as. Nothing of a bucket is read.

mod aws_profile;
mod azure;
mod error;
mod gcs;
mod google;
mod http;
mod s3;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use object_store::ObjectStore;
use radiant_contract::credentials::{Provider, Settings};

pub use error::ConnectError;
pub use http::{Http, install_crypto};

/// How long names of buckets may be: that of S3's oldest.
const BUCKET_BYTES_MAX: usize = 255;

/// A store that is open, but not asked yet.
#[derive(Debug)]
pub struct Opened {
    /// The bucket.
    pub store: Arc<dyn ObjectStore>,
    /// Where credentials are from, if the settings left that open: for messages.
    pub credentials: Option<String>,
    /// Whether nobody asks, by the settings or because no source had anything.
    pub is_anonymous: bool,
}

impl Opened {
    /// A store whose settings left nothing open.
    fn plainly(store: impl ObjectStore) -> Self {
        Self { store: Arc::new(store), credentials: None, is_anonymous: false }
    }
}

/// Opens a bucket or container of a store.
///
/// Of several sources of credentials the first that has something is taken: this reads their files,
/// and asks the services of a machine. A bucket of AWS whose region nobody says is asked for it.
///
/// # Errors
/// When there are no credentials, or files or settings are not what they should be.
pub async fn open(settings: &Settings, bucket: &str, http: &Http) -> Result<Opened, ConnectError> {
    check_bucket(settings.provider(), bucket)?;
    match settings {
        Settings::S3(settings) => s3::open(settings, bucket, http).await,
        Settings::Gcs(settings) => gcs::open(settings, bucket, http).await,
        Settings::Azure(settings) => azure::open(settings, bucket, http).await,
    }
}

/// Refuses names that would change the address that they become a part of.
fn check_bucket(provider: Provider, bucket: &str) -> Result<(), ConnectError> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    // Containers that the service itself makes.
    let name = match provider {
        Provider::Azure => bucket.strip_prefix('$').unwrap_or(bucket),
        Provider::S3 | Provider::Gcs => bucket,
    };
    let is_fine = !name.is_empty()
        && name.len() <= BUCKET_BYTES_MAX
        && name.chars().all(is_plain)
        && name.chars().any(|c| c != '.');
    if is_fine { Ok(()) } else { Err(ConnectError::Bucket { bucket: bucket.to_owned() }) }
}

/// The text of a file that credentials need.
///
/// # Errors
/// When it cannot be read, or is no text.
async fn read_file(what: &'static str, path: &str) -> Result<String, ConnectError> {
    let owned = path.to_owned();
    let read = tokio::task::spawn_blocking(move || std::fs::read_to_string(owned)).await;
    let read = read.unwrap_or_else(|error| Err(std::io::Error::other(error)));
    read.map_err(|error| ConnectError::Unreadable { what, path: path.into(), error })
}

/// The text of a file that need not be there.
///
/// # Errors
/// When it is there and cannot be read.
async fn read_optional_file(
    what: &'static str,
    path: &str,
) -> Result<Option<String>, ConnectError> {
    match read_file(what, path).await {
        Ok(text) => Ok(Some(text)),
        Err(ConnectError::Unreadable { error, .. })
            if matches!(
                error.kind(),
                std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// What the library says when it does not build a store.
fn not_built(error: &object_store::Error) -> ConnectError {
    let inner = std::error::Error::source(error).map(ToString::to_string);
    ConnectError::Builder { reason: inner.unwrap_or_else(|| error.to_string()) }
}

/// Refuses an endpoint that the library could not make addresses from.
fn check_endpoint(what: &'static str, endpoint: Option<&str>) -> Result<(), ConnectError> {
    let Some(address) = endpoint else { return Ok(()) };
    let bad = || ConnectError::Address { what, address: address.to_owned() };
    let url = url::Url::parse(address).map_err(|_| bad())?;
    let is_web = ["http", "https"].contains(&url.scheme()) && url.has_host();
    if is_web && url.query().is_none() { Ok(()) } else { Err(bad()) }
}
