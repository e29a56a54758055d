//! Models that were fetched before, in a folder that processes share.
//!
//! Each model has a key: a hash of where it is from and of its fingerprint there. What belongs to it
//! lies side by side in the cache's folder:
//!
//! | name | what it is |
//! |---|---|
//! | `KEY.model/` | the files |
//! | `KEY.json` | their names and sizes, written last; its time is when the model was last asked for |
//! | `KEY.part/` | a download that is not whole |
//! | `KEY.gone/` | a model that is being removed |
//! | `KEY.lock` | held shared by all who fetch or use the model, alone by who removes it |
//! | `KEY.fill` | held alone by who fetches it; only those who hold `KEY.lock` open it |
//!
//! Locks end with the process that holds them, so that nothing has to be cleaned up after a killed one
//! but its files, and whoever gets the lock alone may remove these.

mod entry;
mod error;
mod folder;
mod lock;
#[cfg(test)]
mod tests;

use std::fmt;
use std::fs::{self, File};
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tracing::{debug, info, warn};

use crate::hex::hex;
use crate::staging::clear;
use entry::Entry;
pub use error::CacheError;
use lock::{Hold, Locked};

/// A folder of models.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
    bytes_max: u64,
}

/// Which model: where it is from, and what it is there. Nothing secret can be read from it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key(String);

impl Key {
    /// Makes the key of a model. `identity` says where it is from, `fingerprint` what it is there.
    pub fn of(identity: &str, fingerprint: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update((identity.len() as u64).to_le_bytes());
        hash.update(identity);
        hash.update(fingerprint);
        Self(hex(&hash.finalize()))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A model in the cache. While this lives, nobody removes it.
#[derive(Debug)]
pub struct CachedModel {
    /// All of it.
    folder: PathBuf,
    /// What of it the model is.
    path: PathBuf,
    /// `None` for what is in no cache.
    _lock: Option<File>,
}

impl CachedModel {
    /// A model that lies where it is, and is nobody's to remove.
    pub fn outside(path: PathBuf) -> Self {
        Self { folder: path.clone(), path, _lock: None }
    }

    /// What was fetched, or the local file or folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder that its files are in, or the only file there is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The same, below folders that hold one folder and nothing else, as archives have them, and at
    /// the file where there is only one: then its name need not say that it is the model.
    pub(crate) fn at_contents(mut self) -> io::Result<Self> {
        while self.path.is_dir() {
            let mut entries = fs::read_dir(&self.path)?;
            let (first, second) = (entries.next().transpose()?, entries.next());
            let Some(only) = first.filter(|_| second.is_none()) else { break };
            self.path = only.path();
        }
        Ok(self)
    }
}

/// Where models are cached unless somebody says where: `radiant` in the system's folder for
/// temporary files.
pub fn default_folder() -> PathBuf {
    std::env::temp_dir().join("radiant")
}

impl Cache {
    /// Makes the folder, for its owner alone, unless it is there. Models in it that nobody uses are
    /// removed when there are more than `bytes_max` bytes, the longest unused ones first.
    ///
    /// # Errors
    /// [`CacheError`]: the folder cannot be made or written, or belongs to somebody else.
    pub fn open(folder: &Path, bytes_max: u64) -> Result<Self, CacheError> {
        folder::prepare(folder)?;
        Ok(Self { folder: folder.to_owned(), bytes_max })
    }

    /// Gives a model, fetching it if it is not there: `fill` is given an empty folder to put the files
    /// in. Of several who ask for one model, in any process, one fetches and the others wait.
    /// `bytes` is how much room the model needs, as far as that is known.
    ///
    /// # Errors
    /// What `fill` says, or [`CacheError`]: the model is larger than the cache, or the folder cannot be
    /// written.
    pub async fn get<F, E>(
        &self,
        key: &Key,
        bytes: u64,
        fill: impl FnOnce(PathBuf) -> F,
    ) -> Result<CachedModel, E>
    where
        F: Future<Output = Result<(), E>>,
        E: From<CacheError>,
    {
        let lock = self.lock(key, "lock", Hold::Shared).await?;
        let (cache, sought) = (self.clone(), key.clone());
        if blocking(&self.folder, move || cache.take(&sought)).await? {
            debug!(%key, "model is in the cache");
            return Ok(self.model(key, lock));
        }
        let filling = self.lock(key, "fill", Hold::Alone).await?;
        // Somebody else may have fetched it meanwhile.
        let (cache, sought) = (self.clone(), key.clone());
        if !blocking(&self.folder, move || cache.take(&sought)).await? {
            let (cache, wanted) = (self.clone(), key.clone());
            blocking(&self.folder, move || cache.make_room(&wanted, bytes)).await?;
            fill(self.path(key, "part")).await?;
            let (cache, filled) = (self.clone(), key.clone());
            blocking(&self.folder, move || cache.publish(&filled)).await?;
        }
        drop(filling);
        Ok(self.model(key, lock))
    }

    fn model(&self, key: &Key, lock: File) -> CachedModel {
        let folder = self.path(key, "model");
        CachedModel { path: folder.clone(), folder, _lock: Some(lock) }
    }

    fn path(&self, key: &Key, what: &str) -> PathBuf {
        self.folder.join(format!("{key}.{what}"))
    }

    async fn lock(&self, key: &Key, what: &str, hold: Hold) -> Result<File, CacheError> {
        let path = self.path(key, what);
        let mut wait = lock::FIRST_WAIT;
        loop {
            match lock::attempt(&path, hold)? {
                Locked::Held(file) => return Ok(file),
                Locked::Busy if wait == lock::FIRST_WAIT => {
                    info!(%key, "waits for a process that fetches or removes the same model");
                }
                Locked::Busy => {}
            }
            tokio::time::sleep(wait).await;
            wait = wait.saturating_mul(2).min(lock::LONGEST_WAIT);
        }
    }

    /// Whether the model is there and whole; notes that it was asked for.
    fn take(&self, key: &Key) -> Result<bool, CacheError> {
        let Some(entry) = Entry::read(&self.path(key, "json"))? else {
            return Ok(false);
        };
        if let Err(error) = entry.check(&self.path(key, "model")) {
            warn!(%key, %error, "model in the cache is damaged, fetching it again");
            return Ok(false);
        }
        entry::touch(&self.path(key, "json"))?;
        Ok(true)
    }

    /// Makes the folder for a download, and room for it.
    fn make_room(&self, key: &Key, bytes: u64) -> Result<(), CacheError> {
        if bytes > self.bytes_max {
            let (folder, bytes_max) = (self.folder.clone(), self.bytes_max);
            return Err(CacheError::TooLarge { folder, bytes, bytes_max });
        }
        let part = self.path(key, "part");
        clear(&part)?;
        self.evict(key, bytes)?;
        fs::create_dir(&part).map_err(CacheError::writing(&part))
    }

    /// Puts what was downloaded in its place.
    fn publish(&self, key: &Key) -> Result<(), CacheError> {
        let (part, model) = (self.path(key, "part"), self.path(key, "model"));
        let entry = Entry::of(&part)?;
        // There is one only if it was damaged. Those who have it open keep what they have.
        self.set_aside(key)?;
        fs::rename(&part, &model).map_err(CacheError::writing(&model))?;
        entry.write(&self.path(key, "json"))?;
        clear(&self.path(key, "gone"))?;
        self.evict(key, 0)
    }

    /// Removes models, the longest unused first, until there is room for `bytes` more.
    fn evict(&self, but: &Key, bytes: u64) -> Result<(), CacheError> {
        let mut found = self.entries()?;
        found.sort_by_key(|found| found.used);
        let mut total: u64 = found.iter().map(|found| found.bytes).sum();
        for found in found {
            let is_left_over = found.used.is_none();
            let is_too_much = total.saturating_add(bytes) > self.bytes_max;
            if found.key != *but && (is_left_over || is_too_much) && self.remove(&found.key)? {
                total -= found.bytes;
                info!(key = %found.key, bytes = found.bytes, "removed a model from the cache");
            }
        }
        if total.saturating_add(bytes) > self.bytes_max {
            warn!(
                total,
                bytes_max = self.bytes_max,
                "models in use are more than the cache may hold"
            );
        }
        Ok(())
    }

    /// All keys that there are files of.
    fn entries(&self) -> Result<Vec<Found>, CacheError> {
        let mut keys = std::collections::BTreeSet::new();
        let reading = CacheError::reading(&self.folder);
        for file in fs::read_dir(&self.folder).map_err(&reading)? {
            let name = file.map_err(&reading)?.file_name();
            // What has another name is not ours.
            if let Some((key, _)) = name.to_str().and_then(|name| name.split_once('.'))
                && key.len() == 64
                && key.bytes().all(|byte| byte.is_ascii_hexdigit())
            {
                keys.insert(key.to_owned());
            }
        }
        keys.into_iter().map(Key).map(|key| self.found(key)).collect()
    }

    fn found(&self, key: Key) -> Result<Found, CacheError> {
        let path = self.path(&key, "json");
        let entry = Entry::read(&path)?;
        let used = fs::metadata(&path).and_then(|metadata| metadata.modified()).ok();
        let used = used.filter(|_| entry.is_some());
        Ok(Found { key, used, bytes: entry.map_or(0, |entry| entry.bytes()) })
    }

    /// Removes a model, unless somebody uses or fetches it.
    fn remove(&self, key: &Key) -> Result<bool, CacheError> {
        let path = self.path(key, "lock");
        let Locked::Held(lock) = lock::attempt(&path, Hold::Alone)? else {
            return Ok(false);
        };
        self.set_aside(key)?;
        clear(&self.path(key, "gone"))?;
        clear(&self.path(key, "part"))?;
        remove_file(&self.path(key, "fill"))?;
        // Last, and while it is held: who opened it before finds that it is another file now.
        remove_file(&path)?;
        drop(lock);
        Ok(true)
    }

    /// Moves a model out of the way. Without its entry first, so that half of it never counts.
    fn set_aside(&self, key: &Key) -> Result<(), CacheError> {
        let (model, gone) = (self.path(key, "model"), self.path(key, "gone"));
        remove_file(&self.path(key, "json"))?;
        clear(&gone)?;
        match fs::rename(&model, &gone) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(CacheError::writing(&model)(error))
            }
            _ => Ok(()),
        }
    }
}

/// What is known of a key.
struct Found {
    key: Key,
    /// When it was asked for; nothing if there is no whole model.
    used: Option<std::time::SystemTime>,
    bytes: u64,
}

fn remove_file(path: &Path) -> Result<(), CacheError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(CacheError::writing(path)(error))
        }
        _ => Ok(()),
    }
}

/// Runs what blocks on a thread that may.
async fn blocking<T: Send + 'static>(
    folder: &Path,
    work: impl FnOnce() -> Result<T, CacheError> + Send + 'static,
) -> Result<T, CacheError> {
    let done = tokio::task::spawn_blocking(work).await;
    // The runtime ends, or the work panicked.
    done.map_err(|error| CacheError::writing(folder)(io::Error::other(error)))?
}
