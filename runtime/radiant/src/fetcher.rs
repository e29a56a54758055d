//! Brings models to this machine, for all commands.
//!
//! Nothing of it exists until a model is elsewhere: a server of a local model starts without it.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use radiant_contract::env::Layered;
use radiant_contract::{EnvSource, ProcessEnv};
use radiant_server::config::Fetching;
use radiant_storage::repository::Repository;
use radiant_storage::{
    CachedModel, Limits, ModelUri, Options, Report, Storage, read_credentials, transfer,
};
use tokio::runtime::{Builder, Handle, Runtime};

/// The number of files that a model may have: more is a mistake in the address rather than a model.
const FILES_MAX: u64 = 100_000;
/// Threads on which requests to stores are driven; files are written on others.
const THREADS: usize = 2;

/// What brings models here.
pub(crate) struct Fetcher {
    fetching: Fetching,
    opened: Mutex<Option<Arc<Opened>>>,
}

struct Opened {
    storage: Storage,
    runtime: Handle,
    owned: Option<Runtime>,
}

impl Drop for Opened {
    /// The server lets go of its models on a thread that must not wait for another runtime's.
    fn drop(&mut self) {
        if let Some(runtime) = self.owned.take() {
            runtime.shutdown_background();
        }
    }
}

impl Fetcher {
    pub(crate) fn new(fetching: Fetching) -> Self {
        Self { fetching, opened: Mutex::new(None) }
    }

    /// Brings a model to this machine, unless it is here already; it stays as long as the value.
    ///
    /// # Errors
    /// When it cannot be fetched, or kept.
    pub(crate) fn local(&self, uri: &ModelUri) -> anyhow::Result<CachedModel> {
        if let ModelUri::Local(path) = uri {
            return Ok(CachedModel::outside(path.clone()));
        }
        let opened = self.opened()?;
        let progress = radiant_storage::for_people();
        Ok(opened.runtime.block_on(opened.storage.fetch_cached(uri, &*progress))?)
    }

    /// A text that is another one as soon as what is at `uri` is.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub(crate) fn fingerprint(&self, uri: &ModelUri) -> anyhow::Result<String> {
        let opened = self.opened()?;
        Ok(opened.runtime.block_on(opened.storage.fingerprint(uri))?)
    }

    /// Lists a repository.
    ///
    /// # Errors
    /// When it cannot be listed.
    pub(crate) fn repository(&self, uri: &ModelUri) -> anyhow::Result<Repository> {
        if let ModelUri::Local(path) = uri {
            return Ok(Repository::here(path)?);
        }
        let opened = self.opened()?;
        let progress = radiant_storage::for_people();
        Ok(opened.runtime.block_on(opened.storage.repository(uri, &*progress))?)
    }

    /// Copies what is at `uri` into a folder.
    ///
    /// # Errors
    /// When it cannot be fetched, or the folder cannot be written.
    pub(crate) fn copy(&self, uri: &ModelUri, folder: &Path) -> anyhow::Result<Report> {
        let opened = self.opened()?;
        let progress = radiant_storage::for_people();
        Ok(opened.runtime.block_on(opened.storage.fetch_into(uri, folder, &*progress))?)
    }

    fn opened(&self) -> anyhow::Result<Arc<Opened>> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(opened) = &*opened {
            return Ok(Arc::clone(opened));
        }
        let new = Arc::new(open(&self.fetching)?);
        *opened = Some(Arc::clone(&new));
        Ok(new)
    }
}

fn open(fetching: &Fetching) -> anyhow::Result<Opened> {
    let env: Arc<dyn EnvSource + Send + Sync> = match &fetching.credentials {
        Some(path) => Arc::new(Layered::new(read_credentials(path)?, ProcessEnv)),
        None => Arc::new(ProcessEnv),
    };
    let runtime = Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("radiant-fetch")
        .enable_all()
        .build()
        .context("cannot start threads that fetch")?;
    Ok(Opened {
        storage: Storage::new(options(fetching), env),
        runtime: runtime.handle().clone(),
        owned: Some(runtime),
    })
}

fn options(fetching: &Fetching) -> Options {
    let default = Options::default();
    Options {
        limits: Limits {
            total_bytes: fetching.bytes_max as u64,
            file_bytes: fetching.file_bytes_max as u64,
            files: FILES_MAX,
        },
        transfer: transfer::Options { parallel: fetching.parallel, ..default.transfer },
        oci_plain_http: fetching.oci_plain_http.clone(),
        cache_folder: fetching.cache_dir.clone().unwrap_or(default.cache_folder),
        cache_bytes: fetching.cache_bytes_max as u64,
        http: default.http,
    }
}
