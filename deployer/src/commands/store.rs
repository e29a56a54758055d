//! A model where it lies, asked for as the pods of its deployment will ask.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use radiant_contract::credentials::Secret;
use radiant_contract::{EnvSource, MapEnv};
use radiant_storage::progress::Silent;
use radiant_storage::{CachedModel, Limits, ModelUri, Options, Storage, StorageError};

use crate::credentials::{Checked, check};
use crate::error::{Code, Failure};

/// Who asks for a model.
#[derive(Debug, Clone)]
pub(super) enum Asker {
    /// Whoever has these variables: those of the Secret that pods read.
    Variables(BTreeMap<String, Secret>),
    /// This process, of the web and of registries.
    Here,
    /// Pods alone, and why.
    Pods(&'static str),
}

/// What a model's store says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    /// A text that is another one as soon as the model is, where the store was asked.
    pub(super) fingerprint: Option<String>,
    /// What is there, or why it was not asked.
    pub(super) words: String,
}

impl Said {
    fn unasked(why: &str) -> Self {
        Self { fingerprint: None, words: format!("not asked: {why}") }
    }
}

impl Asker {
    /// Who asks for what is in no store. Volumes and files are those of pods; everybody may ask the web and
    /// registries.
    pub(super) fn without_store(uri: &ModelUri) -> Self {
        let text = uri.to_string();
        if ["http://", "https://", "oci://"].iter().any(|scheme| text.starts_with(scheme)) {
            Self::Here
        } else {
            Self::Pods("it is in the cluster")
        }
    }

    /// Asks what is there.
    ///
    /// # Errors
    /// When whoever has the model refuses or cannot be reached, or there is nothing.
    pub(super) async fn survey(
        &self,
        uri: &ModelUri,
        env: &(dyn EnvSource + Sync),
    ) -> Result<Said, Failure> {
        match self {
            Self::Variables(data) => Ok(match check(data, uri).await? {
                Checked::Listed { fingerprint, contents } => {
                    let (n, bytes) = (contents.files.len(), contents.bytes);
                    let words =
                        format!("{n} files, {bytes} bytes, listed with {}", contents.origin);
                    Said { fingerprint: Some(fingerprint), words }
                }
                Checked::PodsOwn { origin } => Said::unasked(&format!(
                    "{origin} let pods ask by an identity that this machine has not"
                )),
                Checked::NoStore => Said::unasked("it is in no store"),
            }),
            Self::Here => {
                let survey = self.storage(Options::default(), env).survey(uri).await;
                let fingerprint =
                    survey.map_err(|error| Failure::new(Code::Storage, error))?.fingerprint;
                let words = format!("it is there, as {fingerprint}");
                Ok(Said { fingerprint: Some(fingerprint), words })
            }
            Self::Pods(why) => Ok(Said::unasked(why)),
        }
    }

    /// Brings a model into a folder, as the server does, unless it has more bytes.
    ///
    /// # Errors
    /// As above, and when it is larger.
    pub(super) async fn fetch(
        &self,
        uri: &ModelUri,
        folder: &Path,
        bytes_max: u64,
        env: &(dyn EnvSource + Sync),
    ) -> Result<CachedModel, StorageError> {
        let default = Options::default();
        let options = Options {
            limits: Limits { total_bytes: bytes_max, file_bytes: bytes_max, ..default.limits },
            cache_folder: folder.to_owned(),
            ..default
        };
        self.storage(options, env).fetch_cached(uri, &Silent).await
    }

    fn storage(&self, options: Options, env: &(dyn EnvSource + Sync)) -> Storage {
        let variables: MapEnv = match self {
            Self::Variables(data) => {
                data.iter().map(|(name, value)| (name.as_str(), value.expose())).collect()
            }
            Self::Here | Self::Pods(_) => {
                let names = env.names().into_iter();
                names.filter_map(|name| Some((name.clone(), env.get(&name)?))).collect()
            }
        };
        Storage::new(options, Arc::new(variables))
    }
}
