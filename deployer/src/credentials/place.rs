//! The store of a model's address, and the name that a pod looks for its credentials under.

use radiant_contract::credentials::Provider;
use radiant_storage::ModelUri;

use super::CredentialsError;

/// The store of a model's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The address, with nothing secret.
    pub shown: String,
    /// The scheme or remote, as the address has it.
    pub remote: String,
    /// Whose interface the store has; `None` where the remote's settings say it.
    pub provider: Option<Provider>,
    /// The storage account of Azure, its name or its host.
    pub account: Option<String>,
    /// The bucket or container.
    pub bucket: String,
}

impl Place {
    /// The store of an address; `None` for one that needs no credentials of a store: files, the web, volume
    /// claims, registries.
    ///
    /// # Errors
    /// When the address itself holds a signature: whoever may see the deployment would see it.
    pub fn of(uri: &ModelUri) -> Result<Option<Self>, CredentialsError> {
        let ModelUri::Remote(remote) = uri else { return Ok(None) };
        let Some(bucket) = remote.bucket() else { return Ok(None) };
        let shown = uri.to_string();
        if bucket.is_signed {
            let expected = "an address without a signature, as deployments are read by many";
            return Err(CredentialsError::new(format!("model `{shown}`"), expected, "one with it")
                .hint(
                    "leave out `?` and what follows, and give it by `--from-file` or as \
                     `AZURE_STORAGE_SAS_TOKEN`",
                ));
        }
        Ok(Some(Self {
            shown,
            remote: bucket.remote,
            provider: bucket.provider,
            account: bucket.account,
            bucket: bucket.bucket,
        }))
    }

    /// The remote that variables of rclone must define; `None` where the address is one of the web, which
    /// has none.
    pub(super) fn remote(&self) -> Option<&str> {
        let is_web = ["http", "https"].iter().any(|it| self.remote.eq_ignore_ascii_case(it));
        (!is_web).then_some(self.remote.as_str())
    }
}

/// A provider as people call it.
pub(super) const fn called(provider: Provider) -> &'static str {
    match provider {
        Provider::S3 => "S3",
        Provider::Gcs => "Google Cloud Storage",
        Provider::Azure => "Azure Blob Storage",
    }
}
