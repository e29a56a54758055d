//! A model in a bucket: opened, listed, fetched, and every refusal explained.

use std::path::Path;
use std::sync::Arc;

use object_store::ObjectStore;
use radiant_contract::credentials::{self, Settings};

use crate::explain::{Asked, explain};
use crate::location::{Account, Bucket};
use crate::progress::Progress;
use crate::transfer::{self, Listing, TransferError, Wanted};
use crate::{Contents, ModelUri, RemoteUri, Report, Storage, StorageError, Survey, connect};

/// The objects of a model, listed and within limits.
#[derive(Debug)]
pub(crate) struct Objects {
    bucket: Opened,
    listing: Listing,
}

/// A bucket, and what is worth telling when it refuses.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) store: Arc<dyn ObjectStore>,
    uri: RemoteUri,
    asked: Asked,
}

impl Storage {
    /// Lists the objects that an address means.
    pub(crate) async fn objects(
        &self,
        uri: &RemoteUri,
        bucket: &Bucket,
    ) -> Result<Objects, StorageError> {
        let opened = self.bucket(uri, bucket).await?;
        let path = bucket.path.as_str();
        let list = async {
            let wanted = Wanted::parse(path)?;
            let options = &self.options;
            transfer::list(&*opened.store, &wanted, &options.limits, &options.transfer.retries)
                .await
        };
        match list.await {
            Ok(listing) => Ok(Objects { bucket: opened, listing }),
            Err(error) => Err(opened.explained(error)),
        }
    }

    /// Opens the bucket of an address, with the credentials that hold for it.
    pub(crate) async fn bucket(
        &self,
        uri: &RemoteUri,
        bucket: &Bucket,
    ) -> Result<Opened, StorageError> {
        let account = bucket.account.as_ref().map(Account::host);
        let found =
            credentials::find(&bucket.remote, bucket.provider, account.as_deref(), &*self.env);
        let mut found = found.map_err(|error| uri.failed(error))?;
        self.tell_once(&found.notes);
        if let (Settings::Azure(azure), Some(signature)) = (&found.settings, &bucket.signature) {
            found.settings = Settings::Azure(azure.clone().signed(signature.expose()));
            "the address's signature".clone_into(&mut found.origin);
        }
        let opened = connect::open(&found.settings, &bucket.name, &self.options.http).await;
        let opened = opened.map_err(|error| StorageError::Connect {
            uri: uri.to_string(),
            origin: found.origin.clone(),
            problem: Box::new(error),
        })?;
        let origin = opened.credentials.as_ref().map_or_else(
            || found.origin.clone(),
            |credentials| format!("{} ({credentials})", found.origin),
        );
        tracing::debug!(%uri, origin, "bucket opened");
        let asked = Asked {
            provider: found.settings.provider(),
            bucket: bucket.name.clone(),
            origin,
            anonymous: opened.is_anonymous,
            endpoint: endpoint(&found.settings),
        };
        Ok(Opened { store: opened.store, uri: uri.clone(), asked })
    }
}

impl Objects {
    /// Fetches all of them into a folder.
    pub(crate) async fn download(
        &self,
        folder: &Path,
        options: &transfer::Options,
        progress: &dyn Progress,
    ) -> Result<Report, StorageError> {
        let Self { bucket, listing } = self;
        let downloaded = transfer::download(&*bucket.store, listing, folder, options, progress);
        downloaded.await.map_err(|error| bucket.explained(error))
    }

    /// Where they are from: two stores may have a bucket of the same name.
    pub(crate) fn identity(&self, uri: &ModelUri) -> String {
        format!("{uri} at {}", self.bucket.asked.endpoint.as_deref().unwrap_or("the cloud"))
    }

    pub(crate) fn fingerprint(&self) -> String {
        self.listing.fingerprint()
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.listing.bytes()
    }

    pub(crate) fn survey(&self) -> Survey {
        let files = self.listing.items().iter().map(|item| (item.name.clone(), item.object.size));
        let contents = Contents {
            files: files.collect(),
            bytes: self.bytes(),
            origin: self.bucket.asked.origin.clone(),
            is_anonymous: self.bucket.asked.anonymous,
        };
        Survey { fingerprint: self.fingerprint(), contents: Some(contents) }
    }
}

impl Opened {
    /// A refusal of the store in plain words; other errors say it themselves.
    pub(crate) fn explained(&self, error: TransferError) -> StorageError {
        let uri = self.uri.to_string();
        match error {
            TransferError::Store { action, name, attempts, source } => StorageError::Store {
                uri,
                action,
                name,
                attempts,
                reason: explain(&source, &self.asked),
            },
            TransferError::Empty { prefix } => {
                let Asked { bucket, origin, .. } = &self.asked;
                let (bucket, origin) = (bucket.clone(), origin.clone());
                StorageError::Nothing { uri, bucket, prefix, origin }
            }
            error => StorageError::Fetch { uri, problem: Box::new(error) },
        }
    }
}

fn endpoint(settings: &Settings) -> Option<String> {
    match settings {
        Settings::S3(s3) => s3.endpoint.clone(),
        Settings::Gcs(gcs) => gcs.endpoint.clone(),
        Settings::Azure(azure) => azure.endpoint.clone(),
    }
}

#[cfg(test)]
mod tests {
    /// What stands in the place of a crate computes what that crate does: the check value of CRC-64/NVME in
    /// the catalogue of parametrised CRC algorithms.
    #[test]
    fn the_checksum_in_place_of_a_crate_is_that_of_the_catalogue() {
        let mut digest = crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc64Nvme);
        digest.update(b"12345");
        digest.update(b"6789");
        assert_eq!(digest.finalize(), 0xae8b_1486_0a79_9888);
    }
}
