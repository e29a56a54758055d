//! What is at an address, told without fetching it.

use crate::location::Location;
use crate::{ModelUri, Storage, StorageError};

/// What is at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// A text that is another one as soon as what is there is.
    pub fingerprint: String,
    /// What a bucket holds; `None` for what is in none.
    pub contents: Option<Contents>,
}

/// What a bucket holds of a model, and who was shown it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// The files that would be fetched, with their sizes, in the order of their names.
    pub files: Vec<(String, u64)>,
    /// Their size together.
    pub bytes: u64,
    /// Which credentials were used, for messages.
    pub origin: String,
    /// Whether nobody asked.
    pub is_anonymous: bool,
}

impl Storage {
    /// Lists what is at an address, with the credentials that hold for it.
    ///
    /// # Errors
    /// As [`fetch_into`](Self::fetch_into), as far as looking goes.
    pub async fn survey(&self, uri: &ModelUri) -> Result<Survey, StorageError> {
        if let ModelUri::Remote(remote) = uri
            && let Location::Bucket(bucket) = remote.location()
        {
            return Ok(self.objects(remote, bucket).await?.survey());
        }
        Ok(Survey { fingerprint: self.fingerprint(uri).await?, contents: None })
    }
}
