//! Everything that is elsewhere, brought to this machine: the one door to stores, the web and registries.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use radiant_contract::EnvSource;

use crate::cache::{Cache, CachedModel, Key, default_folder};
use crate::connect::Http;
use crate::location::Location;
use crate::objects::Objects;
use crate::progress::Progress;
use crate::resolve::Kind;
use crate::{Limits, ModelUri, RemoteUri, Report, StorageError};
use crate::{fetch, look, oci, transfer, web};

/// Where Seldon Core's operator mounts the volume claim of a `pvc://` address.
const CLAIM_MOUNT: &str = "/mnt/pvc";

/// How models are fetched and kept.
#[derive(Debug, Clone)]
pub struct Options {
    /// How much one model may be.
    pub limits: Limits,
    /// How files come.
    pub transfer: transfer::Options,
    /// How stores are asked.
    pub http: Http,
    /// Registries, with their ports, that are asked without TLS; those on this machine need not be
    /// among them.
    pub oci_plain_http: Vec<String>,
    /// Where models are kept.
    pub cache_folder: PathBuf,
    /// Bytes from which models that nobody uses leave the cache.
    pub cache_bytes: u64,
}

impl Default for Options {
    /// 64 GiB and 100000 files for a model, 32 GiB for the cache.
    fn default() -> Self {
        Self {
            limits: Limits { total_bytes: 64 << 30, file_bytes: 64 << 30, files: 100_000 },
            transfer: transfer::Options::default(),
            // Ranges and listings are tried again by themselves.
            http: Http { retries_max: 1, ..Http::default() },
            oci_plain_http: Vec::new(),
            cache_folder: default_folder(),
            cache_bytes: 32 << 30,
        }
    }
}

/// Fetches models from where they are.
///
/// Holds no connection between calls: each call asks with the credentials that hold then.
pub struct Storage {
    pub(crate) options: Options,
    pub(crate) env: Arc<dyn EnvSource + Send + Sync>,
    /// What was said of the credentials already: models are looked at again and again.
    told: Mutex<BTreeSet<String>>,
}

impl std::fmt::Debug for Storage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Storage").field("options", &self.options).finish_non_exhaustive()
    }
}

/// A model that was looked for and found, with nothing of it fetched.
#[derive(Debug)]
enum Source {
    Local(PathBuf),
    Objects(Objects),
    Web(web::Resource),
    Oci(Box<oci::Artifact>),
}

impl Storage {
    /// Storage that takes credentials from `env`, where files and mounted Secrets may be layered over the
    /// environment.
    pub fn new(options: Options, env: Arc<dyn EnvSource + Send + Sync>) -> Self {
        Self { options, env, told: Mutex::default() }
    }

    /// Copies what is at an address into a folder, which is made if it is not there. Files there that
    /// have one of the names are replaced, others stay; none is visible before all of it is there.
    ///
    /// # Errors
    /// [`StorageError`]: the source cannot be reached or read, is empty, changes meanwhile or is beyond a
    /// limit; or the folder cannot be written.
    pub async fn fetch_into(
        &self,
        uri: &ModelUri,
        folder: &Path,
        progress: &dyn Progress,
    ) -> Result<Report, StorageError> {
        let source = self.find(uri).await?;
        self.fetch(&source, (uri, folder), progress).await
    }

    /// Brings what is at an address to this machine, unless it is here already: a local address is where
    /// it is, anything else is in the cache. It stays there as long as the value lives.
    ///
    /// # Errors
    /// As [`fetch_into`](Self::fetch_into), and when the cache cannot be used.
    pub async fn fetch_cached(
        &self,
        uri: &ModelUri,
        progress: &dyn Progress,
    ) -> Result<CachedModel, StorageError> {
        let source = self.find(uri).await?;
        if let Source::Local(path) = source {
            return Ok(CachedModel::outside(path));
        }
        let key = Key::of(&source.identity(uri), &source.fingerprint());
        let (folder, bytes_max) = (self.options.cache_folder.clone(), self.options.cache_bytes);
        let cache = blocking(move || Ok(Cache::open(&folder, bytes_max)?)).await?;
        let (from, key) = (&source, &key);
        let fill = |folder: PathBuf| async move {
            self.fetch(from, (uri, &folder), progress).await.map(|_| ())
        };
        let model = cache.get(key, source.bytes(), fill).await?;
        blocking(move || {
            let path = model.path().to_owned();
            model.at_contents().map_err(|source| StorageError::Read { path, source })
        })
        .await
    }

    /// A text that is another one as soon as what is at an address is: of names, sizes and `ETag`s or
    /// times, or the digest of a manifest. Nothing is fetched.
    ///
    /// # Errors
    /// As [`fetch_into`](Self::fetch_into), as far as looking goes.
    pub async fn fingerprint(&self, uri: &ModelUri) -> Result<String, StorageError> {
        if let ModelUri::Remote(remote) = uri
            && let Location::Oci(address) = remote.location()
        {
            let options = self.oci_options();
            let digest = oci::fingerprint(address.expose(), &options, &*self.env).await;
            return digest.map(|digest| digest.to_string()).map_err(|error| remote.failed(error));
        }
        match self.find(uri).await? {
            Source::Local(path) => {
                blocking(move || {
                    // Says what stands in the way of looking, which `look` takes for nothing there.
                    Kind::of(&path)?;
                    Ok(look(&path, "").fingerprint)
                })
                .await
            }
            source => Ok(source.fingerprint()),
        }
    }

    /// Warns of what is odd about the credentials.
    pub(crate) fn tell_once(&self, notes: &[String]) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        for note in notes {
            if told.insert(note.clone()) {
                tracing::warn!("{note}");
            }
        }
    }

    /// Looks for what is at an address.
    async fn find(&self, uri: &ModelUri) -> Result<Source, StorageError> {
        let remote = match uri {
            ModelUri::Local(path) => return Ok(Source::Local(path.clone())),
            ModelUri::Builtin(name) => return Err(StorageError::Builtin { name: name.clone() }),
            ModelUri::Remote(remote) => remote,
        };
        match remote.location() {
            Location::Bucket(bucket) => Ok(Source::Objects(self.objects(remote, bucket).await?)),
            Location::Web(address) => {
                let options =
                    web::Options { limits: self.options.limits, transfer: self.options.transfer };
                let found = web::Resource::find(address.expose(), &options).await;
                found.map(Source::Web).map_err(|error| remote.failed(error))
            }
            Location::Oci(address) => {
                let options = self.oci_options();
                let found = oci::Artifact::open(address.expose(), &options, &*self.env).await;
                found.map(|it| Source::Oci(Box::new(it))).map_err(|error| remote.failed(error))
            }
            Location::Claim(path) => claimed(remote, path).map(Source::Local),
            Location::HuggingFace | Location::Inline => {
                Err(StorageError::Remote { uri: remote.to_string(), store: remote.store() })
            }
        }
    }

    async fn fetch(
        &self,
        source: &Source,
        (uri, folder): (&ModelUri, &Path),
        progress: &dyn Progress,
    ) -> Result<Report, StorageError> {
        let shown = || uri.to_string();
        match source {
            Source::Local(path) => {
                let (from, to) = (absolute(path)?, absolute(folder)?);
                let limits = self.options.limits;
                let report = blocking(move || fetch::fetch(&from, &to, &limits)).await?;
                progress.finished(&report);
                Ok(report)
            }
            Source::Objects(objects) => {
                objects.download(folder, &self.options.transfer, progress).await
            }
            Source::Web(resource) => {
                let fetched = resource.fetch(folder, progress).await;
                fetched.map_err(|error| StorageError::Fetch { uri: shown(), problem: error.into() })
            }
            Source::Oci(artifact) => {
                let fetched = artifact.fetch_into(folder, progress).await;
                fetched.map_err(|error| StorageError::Fetch { uri: shown(), problem: error.into() })
            }
        }
    }

    fn oci_options(&self) -> oci::Options {
        let Options { limits, transfer, oci_plain_http, .. } = &self.options;
        oci::Options {
            limits: *limits,
            parallel: transfer.parallel,
            access: oci::Access {
                plain_http: oci_plain_http.clone(),
                retries: transfer.retries,
                ..oci::Access::default()
            },
        }
    }
}

impl Source {
    /// Where it is from, for the cache's key, which is a hash: an address of the web may hold a secret,
    /// and may mean another file by its query.
    fn identity(&self, uri: &ModelUri) -> String {
        match (self, uri) {
            (Self::Objects(objects), _) => objects.identity(uri),
            (Self::Web(_), ModelUri::Remote(remote)) => match remote.location() {
                Location::Web(address) => address.expose().to_owned(),
                _ => uri.to_string(),
            },
            (Self::Local(_) | Self::Web(_) | Self::Oci(_), _) => uri.to_string(),
        }
    }

    fn fingerprint(&self) -> String {
        match self {
            Self::Local(path) => path.display().to_string(),
            Self::Objects(objects) => objects.fingerprint(),
            Self::Web(resource) => resource.fingerprint().unwrap_or_else(never_the_same),
            Self::Oci(artifact) => artifact.digest().to_string(),
        }
    }

    /// How much it is, as far as that is known.
    fn bytes(&self) -> u64 {
        match self {
            Self::Local(_) => 0,
            Self::Objects(objects) => objects.bytes(),
            Self::Web(resource) => resource.bytes().unwrap_or(0),
            Self::Oci(artifact) => artifact.bytes(),
        }
    }
}

impl RemoteUri {
    /// What went wrong on the way to it.
    pub(crate) fn failed(
        &self,
        problem: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> StorageError {
        StorageError::Fetch { uri: self.to_string(), problem: problem.into() }
    }
}

fn absolute(path: &Path) -> Result<PathBuf, StorageError> {
    let read = |source| StorageError::Read { path: path.to_owned(), source };
    std::path::absolute(path).map_err(read)
}

/// A server that tells nothing of its file is asked for it every time.
fn never_the_same() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{} {}", now.as_nanos(), std::process::id())
}

/// The path of a claim's model, if the claim is mounted.
fn claimed(uri: &RemoteUri, path: &str) -> Result<PathBuf, StorageError> {
    let path = Path::new(CLAIM_MOUNT).join(path);
    if fs::exists(&path).unwrap_or(false) {
        return Ok(path);
    }
    Err(StorageError::Claim { uri: uri.to_string(), path })
}

/// Runs what blocks on a thread that may.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StorageError> + Send + 'static,
) -> Result<T, StorageError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        // The runtime ends, or the work panicked, which its thread has told.
        Err(_) => Err(StorageError::Interrupted),
    }
}

#[cfg(test)]
mod tests {
    use radiant_contract::MapEnv;

    use super::*;
    use crate::progress::Silent;

    fn storage(folder: &Path) -> Storage {
        let options = Options { cache_folder: folder.join("cache"), ..Options::default() };
        Storage::new(options, Arc::new(MapEnv::default()))
    }

    #[tokio::test]
    async fn what_is_not_fetched_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let storage = storage(folder.path());
        for (uri, text) in [
            (
                "hf://org/model",
                "model uri `hf://org/model`: expected a place that models are read from here, got \
                 the Hugging Face hub: download the model's files (`huggingface-cli download`) and \
                 give their folder",
            ),
            ("builtin:echo", "model uri `builtin:echo`: is part of the program, not a file"),
            (
                "pvc://claim/no/such/model",
                "model uri `pvc://claim/no/such/model`: expected the claim's files at \
                 `/mnt/pvc/no/such/model`, got nothing: mount the claim there, or give the path \
                 where it is mounted",
            ),
        ] {
            let uri = ModelUri::parse(uri).unwrap();
            let error = storage.fetch_into(&uri, folder.path(), &Silent).await.unwrap_err();
            assert_eq!(error.to_string(), text);
        }
        let inline = ModelUri::parse(":s3,secret_access_key=SECRET:bucket/model").unwrap();
        let error = storage.fetch_cached(&inline, &Silent).await.unwrap_err().to_string();
        assert!(error.contains("RCLONE_CONFIG_") && !error.contains("SECRET"), "{error}");
    }

    #[tokio::test]
    async fn a_remote_that_nobody_defines_is_named_before_anybody_is_asked() {
        let folder = tempfile::tempdir().unwrap();
        let uri = ModelUri::parse("minio:models/iris").unwrap();
        let error = storage(folder.path()).fingerprint(&uri).await.unwrap_err().to_string();
        assert!(error.contains("`minio`") && error.contains("RCLONE_CONFIG_MINIO_TYPE"), "{error}");
    }

    #[tokio::test]
    async fn a_local_model_is_where_it_is_and_its_fingerprint_sees_changes() {
        let folder = tempfile::tempdir().unwrap();
        let storage = storage(folder.path());
        let file = folder.path().join("model.onnx");
        fs::write(&file, b"one").unwrap();
        let uri = ModelUri::Local(file.clone());
        assert_eq!(storage.fetch_cached(&uri, &Silent).await.unwrap().path(), file);
        let first = storage.fingerprint(&uri).await.unwrap();
        assert_eq!(storage.fingerprint(&uri).await.unwrap(), first);
        fs::write(folder.path().join("new"), b"two").unwrap();
        fs::rename(folder.path().join("new"), &file).unwrap();
        assert_ne!(storage.fingerprint(&uri).await.unwrap(), first);
    }
}
