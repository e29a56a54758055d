//! Whether the store gives a model to whoever has a Secret: asked as a pod would ask.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::anyhow;
use radiant_contract::MapEnv;
use radiant_contract::credentials::{Secret, find};
use radiant_storage::{Contents, ModelUri, Options, Storage, StorageError};

use super::convert::is_pods_own;
use super::{CredentialsError, Place};
use crate::error::{Code, Failure};

/// What a store said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checked {
    /// It listed the model.
    Listed {
        /// A text that is another one as soon as the model is.
        fingerprint: String,
        /// What there is.
        contents: Contents,
    },
    /// It was not asked: pods have an identity that this machine has not.
    PodsOwn {
        /// Which variables say so.
        origin: String,
    },
    /// The address is in no store, and needs no Secret.
    NoStore,
}

/// Lists a model with these variables and no others: not with those of this process.
///
/// # Errors
/// When the store refuses or cannot be reached, when there is nothing, or when the variables are not what
/// they should be.
pub async fn check(data: &BTreeMap<String, Secret>, uri: &ModelUri) -> Result<Checked, Failure> {
    let Some(place) = Place::of(uri)? else { return Ok(Checked::NoStore) };
    let env: MapEnv = data.iter().map(|(name, value)| (name.as_str(), value.expose())).collect();
    let account = place.account.as_deref();
    let found = find(&place.remote, place.provider, account, &env).map_err(|problem| {
        CredentialsError::Variables { place: "the Secret".to_owned(), problem }
    })?;
    if is_pods_own(&found.settings) {
        return Ok(Checked::PodsOwn { origin: found.origin });
    }
    let storage = Storage::new(Options::default(), Arc::new(env));
    let survey = storage.survey(uri).await.map_err(refused)?;
    match survey.contents {
        Some(contents) => Ok(Checked::Listed { fingerprint: survey.fingerprint, contents }),
        None => Ok(Checked::NoStore),
    }
}

fn refused(error: StorageError) -> Failure {
    let hint = match &error {
        StorageError::Nothing { .. } => {
            "correct `model.uri`, or give an identity that may see what is there"
        }
        StorageError::Store { .. } | StorageError::Connect { .. } => {
            "correct the credentials, and make the Secret anew: `radiant-deploy secret create`"
        }
        _ => return Failure::new(Code::Storage, error),
    };
    Failure::new(Code::Storage, anyhow!(error)).hint(hint)
}
