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
}

/// Whether an address is of what this process may ask for: a registry or the web. Volumes and files are
/// those of pods.
pub(super) fn is_reached(uri: &ModelUri) -> bool {
    let text = uri.to_string();
    ["http://", "https://", "oci://"].iter().any(|scheme| text.starts_with(scheme))
}

impl Asker {
    /// A text that is another one as soon as the model is; none where only pods may ask.
    ///
    /// # Errors
    /// When whoever has the model refuses or cannot be reached, or there is nothing.
    pub(super) async fn fingerprint(
        &self,
        uri: &ModelUri,
        env: &(dyn EnvSource + Sync),
    ) -> Result<Option<String>, Failure> {
        match self {
            Self::Variables(data) => Ok(match check(data, uri).await? {
                Checked::Listed { fingerprint, .. } => Some(fingerprint),
                Checked::PodsOwn { .. } | Checked::NoStore => None,
            }),
            Self::Here => {
                let storage = self.storage(Options::default(), env);
                let survey = storage.survey(uri).await;
                survey
                    .map(|survey| Some(survey.fingerprint))
                    .map_err(|error| Failure::new(Code::Storage, error))
            }
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
            Self::Here => {
                let names = env.names().into_iter();
                names.filter_map(|name| Some((name.clone(), env.get(&name)?))).collect()
            }
        };
        Storage::new(options, Arc::new(variables))
    }
}
