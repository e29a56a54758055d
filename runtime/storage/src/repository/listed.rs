//! A repository wherever it is: listed, with the texts of its settings, and nothing more fetched.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use futures_util::{StreamExt, stream};
use object_store::{ObjectMeta, ObjectStoreExt};
use radiant_contract::repository::TEXT_BYTES_MAX;

use super::{ListedVersion, Tree};
use crate::cache::CachedModel;
use crate::location::{Bucket, Location};
use crate::objects::Opened;
use crate::progress::Progress;
use crate::storage::blocking;
use crate::transfer::{self, Item, Listing, TransferError, Wanted};
use crate::{Limits, ModelUri, RemoteUri, Storage, StorageError};

/// How many files a repository may have; how large they are together is not looked at, as nobody
/// fetches all of it.
const LIMITS: Limits = Limits { total_bytes: u64::MAX, file_bytes: u64::MAX, files: 1_000_000 };

/// How many settings are read at once.
const READS: usize = 8;

/// A repository as it was when it was listed.
#[derive(Debug)]
pub struct Repository {
    tree: Tree,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// On this machine, or brought to it as a whole.
    Folder(CachedModel),
    Bucket {
        uri: RemoteUri,
        items: Vec<Item>,
    },
}

/// What the files of a version look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// They are on this machine, in this folder.
    Here(PathBuf),
    /// They are in a store.
    There {
        /// Their size.
        bytes: u64,
        /// A text that is another one when they are.
        fingerprint: String,
    },
}

impl Storage {
    /// Lists a repository. A bucket's settings are read and nothing else of it; an archive or an artifact
    /// is brought to this machine as a whole.
    ///
    /// # Errors
    /// [`StorageError`]: it cannot be listed, is empty or is beyond a limit.
    pub async fn repository(
        &self,
        uri: &ModelUri,
        progress: &dyn Progress,
    ) -> Result<Repository, StorageError> {
        if let ModelUri::Remote(remote) = uri
            && let Location::Bucket(bucket) = remote.location()
        {
            return self.in_bucket(remote, bucket).await;
        }
        let model = self.fetch_cached(uri, progress).await?;
        let root = model.folder().to_owned();
        blocking(move || Ok(Repository { place: Place::Folder(model), ..Repository::here(&root)? }))
            .await
    }

    async fn in_bucket(
        &self,
        uri: &RemoteUri,
        bucket: &Bucket,
    ) -> Result<Repository, StorageError> {
        let opened = self.bucket(uri, bucket).await?;
        let list = async {
            // A folder, whatever else has its name.
            let wanted = Wanted::parse(&format!("{}/", bucket.path))?;
            let retries = &self.options.transfer.retries;
            transfer::list(&*opened.store, &wanted, &LIMITS, retries).await
        };
        let listing = list.await.map_err(|error| opened.explained(error))?;
        let items = listing.items().to_vec();
        let mut tree = Tree::new(items.iter().map(|item| item.name.clone()));
        let wanted: Vec<&Item> = {
            let names: HashSet<&str> = tree.wanted().collect();
            items.iter().filter(|item| names.contains(item.name.as_str())).collect()
        };
        let reads = wanted.into_iter().map(|item| {
            let opened = &opened;
            async move { (item.name.clone(), text(opened, &item.object).await) }
        });
        let texts: Vec<_> = stream::iter(reads).buffer_unordered(READS).collect().await;
        for (name, text) in texts {
            tree.put(&name, text);
        }
        Ok(Repository { tree, place: Place::Bucket { uri: uri.clone(), items } })
    }
}

/// Reads settings, or as much of them as shows that they are too long.
async fn text(opened: &Opened, object: &ObjectMeta) -> Result<Vec<u8>, String> {
    let end = object.size.min(TEXT_BYTES_MAX as u64 + 1);
    if end == 0 {
        return Ok(Vec::new());
    }
    match opened.store.get_range(&object.location, 0..end).await {
        Ok(bytes) => Ok(bytes.to_vec()),
        Err(source) => {
            let name = object.location.to_string();
            let error = TransferError::Store { action: "read", name, attempts: 1, source };
            Err(opened.explained(error).to_string())
        }
    }
}

impl Repository {
    /// Lists a folder of this machine. Blocks on the file system.
    ///
    /// # Errors
    /// [`StorageError`]: it cannot be listed, or is beyond a limit.
    pub fn here(root: &Path) -> Result<Self, StorageError> {
        let tree = Tree::read(root)?;
        Ok(Self { tree, place: Place::Folder(CachedModel::outside(root.to_owned())) })
    }

    /// The names of its files, and the texts of its settings.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The address of a version's folder.
    pub fn uri(&self, version: &ListedVersion) -> ModelUri {
        match &self.place {
            Place::Folder(model) => ModelUri::Local(below(model.folder(), &version.path)),
            Place::Bucket { uri, .. } => ModelUri::Remote(uri.below(&version.path)),
        }
    }

    /// What the files of a version look like.
    pub fn look(&self, version: &ListedVersion) -> Look {
        match &self.place {
            Place::Folder(model) => Look::Here(below(model.folder(), &version.path)),
            Place::Bucket { items, .. } => {
                let prefix = match version.path.as_str() {
                    "" => String::new(),
                    path => format!("{path}/"),
                };
                let own = items.iter().filter(|item| item.name.starts_with(&prefix)).cloned();
                // They were listed within limits, and have good names.
                let own = Listing::new(&version.path, own.collect(), &LIMITS);
                own.map_or_else(
                    |error| Look::There { bytes: 0, fingerprint: error.to_string() },
                    |own| Look::There { bytes: own.bytes(), fingerprint: own.fingerprint() },
                )
            }
        }
    }
}

fn below(folder: &Path, path: &str) -> PathBuf {
    if path.is_empty() { folder.to_owned() } else { folder.join(path) }
}
