//! A user of the crate: the variables that they set, a cache, and folders that models come into.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use radiant_contract::MapEnv;
use radiant_storage::progress::Silent;
use radiant_storage::repository::{ListedVersion, Repository};
use radiant_storage::transfer::Retries;
use radiant_storage::{ModelUri, Options, Report, Storage};
use tempfile::TempDir;

use crate::files::{Files, found};
use crate::servers::{Key, SECRETS, Store, Variables};

/// Small, so that little bytes make many ranges.
pub(crate) const RANGE_BYTES: usize = 256 * 1024;

/// Somebody who fetches models.
#[derive(Debug)]
pub(crate) struct User {
    storage: Storage,
    _cache: TempDir,
}

impl User {
    /// A user of `store` who finds it at `at` and has `key`, with options as they are.
    pub(crate) fn new(store: &impl Store, at: SocketAddr, key: Key) -> Self {
        Self::with(store.env(at, key), |_| {})
    }

    /// A user for whom little is much: small ranges, short waits.
    pub(crate) fn hasty(store: &impl Store, at: SocketAddr) -> Self {
        Self::with(store.env(at, Key::Right), hurry)
    }

    /// A user with these variables and options.
    pub(crate) fn with(env: Variables, change: impl FnOnce(&mut Options)) -> Self {
        let cache = tempfile::tempdir().expect("a folder is made");
        Self { storage: storage(env, &cache.path().join("cache"), change), _cache: cache }
    }

    /// What a fetch brings into a folder, or its error.
    pub(crate) async fn fetch(&self, uri: &str) -> Result<Files, String> {
        let folder = tempfile::tempdir().expect("a folder is made");
        let target = folder.path().join("models");
        let fetched = self.fetch_into(uri, &target).await;
        let files = if target.exists() { found(&target) } else { Files::new() };
        if fetched.is_err() {
            let names: Vec<_> = files.keys().collect();
            assert!(names.is_empty(), "{uri}: half a model is visible: {names:?}");
        }
        let report = fetched?;
        let n_bytes: usize = files.values().map(Bytes::len).sum();
        assert_eq!((report.files, report.bytes), (files.len() as u64, n_bytes as u64), "{uri}");
        Ok(files)
    }

    /// Fetches into a folder that may have files.
    pub(crate) async fn fetch_into(&self, uri: &str, folder: &Path) -> Result<Report, String> {
        let fetched = self.storage.fetch_into(&parse(uri), folder, &Silent).await;
        fetched.map_err(|error| said(&error))
    }

    /// What a fetch brings, where it must.
    pub(crate) async fn get(&self, uri: &str) -> Files {
        self.fetch(uri).await.unwrap_or_else(|error| panic!("{uri}: {error}"))
    }

    /// What the cache gives.
    pub(crate) async fn get_cached(&self, uri: &str) -> Files {
        let model = self.storage.fetch_cached(&parse(uri), &Silent).await;
        let model = model.unwrap_or_else(|error| panic!("{uri}: {error}"));
        found_at(model.path())
    }

    /// A repository, as it is listed.
    pub(crate) async fn repository(&self, uri: &str) -> Repository {
        let listed = self.storage.repository(&parse(uri), &Silent).await;
        listed.unwrap_or_else(|error| panic!("{uri}: {error}"))
    }

    /// The files of a version in a repository.
    pub(crate) async fn version(&self, repository: &Repository, version: &ListedVersion) -> Files {
        let uri = repository.uri(version);
        let model = self.storage.fetch_cached(&uri, &Silent).await;
        found_at(model.unwrap_or_else(|error| panic!("{uri}: {error}")).path())
    }

    /// What tells one version of a model from another.
    pub(crate) async fn fingerprint(&self, uri: &str) -> Result<String, String> {
        self.storage.fingerprint(&parse(uri)).await.map_err(|error| said(&error))
    }
}

/// The crate, set up as `change` says.
pub(crate) fn storage(env: Variables, cache: &Path, change: impl FnOnce(&mut Options)) -> Storage {
    let mut options = Options { cache_folder: cache.to_owned(), ..Options::default() };
    change(&mut options);
    let env: MapEnv = env.into_iter().collect();
    Storage::new(options, Arc::new(env))
}

/// Small ranges, short waits.
pub(crate) fn hurry(options: &mut Options) {
    let (short, longer) = (Duration::from_millis(1), Duration::from_millis(5));
    options.transfer.range_bytes = RANGE_BYTES as u64;
    options.transfer.retries = Retries { max: 3, first: short, longest: longer };
    options.transfer.stall = Duration::from_secs(1);
    options.http.retries_max = 1;
    options.http.backoff_first = short;
    options.http.backoff_max = longer;
}

pub(crate) fn parse(uri: &str) -> ModelUri {
    ModelUri::parse(uri).expect("an address")
}

/// A folder, or a file as if it were alone in one.
pub(crate) fn found_at(path: &Path) -> Files {
    if path.is_dir() {
        return found(path);
    }
    let name = path.file_name().and_then(|name| name.to_str()).expect("UTF-8");
    Files::from([(name.to_owned(), std::fs::read(path).expect("a file is read").into())])
}

/// An error as people read it, which holds nothing secret.
fn said(error: &(impl std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    for secret in SECRETS {
        assert!(!format!("{text} {error:?}").contains(secret), "a secret is told: {text}");
    }
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        source = inner.source();
    }
    text
}
