//! Credentials of stores, from the variables that people already have in their Secrets.
//!
//! One order, for every store:
//!
//! 1. A file of variables that somebody gave to this program ([`crate::env::Layered`]), if it says
//!    anything about the store: then it alone decides. Otherwise what it holds comes before the
//!    variables of the same names.
//! 2. A remote of rclone that the address names: `RCLONE_CONFIG_<REMOTE>_TYPE` defines it, in any
//!    case, and its own keys alone decide, as with rclone; for each key that is not set,
//!    `RCLONE_<BACKEND>_<KEY>` holds. `s3://` means the remote `s3`, and so on; the remote `gs`
//!    needs no type, as Seldon Core's image defines it.
//! 3. The variables of the cloud's own tools, and those that KFServing and Seldon Core set: keys,
//!    files, and what identifies a pod.
//! 4. Nobody: anonymous. (Not for remotes, but S3's without keys and those that say so.)
//!
//! A value that is empty counts as unset, whitespace around it says nothing, switches are `1`, `t`,
//! `true`, `0`, `f` or `false` in any case, and an endpoint without a scheme is `https`. Every key
//! of rclone is followed, or refused by name with a way out, or stands in the list of those that
//! say nothing to a reader; others are told of in [`Found::notes`].
//!
//! The stock image of Seldon Core sets `RCLONE_CONFIG_GS_ANONYMOUS=true`, by which rclone ignores
//! all credentials of that remote. Here credentials win against this value in this remote. Any
//! other spelling (`1`, `True`), any other remote, and a file of credentials mean what they say.
//!
//! Nothing is read here but variables: whether a file or a service is there that a source of
//! credentials needs is found out by whoever opens the store.
//!
//! ```
//! use radiant_contract::MapEnv;
//! use radiant_contract::credentials::{Provider, S3Auth, Settings, find};
//!
//! let env: MapEnv = [
//!     ("RCLONE_CONFIG_S3_TYPE", "s3"),
//!     ("RCLONE_CONFIG_S3_ACCESS_KEY_ID", "minio"),
//!     ("RCLONE_CONFIG_S3_SECRET_ACCESS_KEY", "hunter2"),
//!     ("RCLONE_CONFIG_S3_ENDPOINT", "http://minio:9000"),
//! ]
//! .into_iter()
//! .collect();
//! let found = find("s3", Some(Provider::S3), None, &env).unwrap();
//! assert_eq!(found.origin, "`RCLONE_CONFIG_S3_*`");
//! let Settings::S3(s3) = &found.settings else { panic!() };
//! assert!(matches!(s3.auth, S3Auth::Keys(_)));
//! assert!(!format!("{found:?}").contains("hunter2"));
//! ```

mod azure;
mod azure_account;
mod error;
mod gcs;
mod keys;
mod remote;
mod s3;
mod secret;
mod settings;
#[cfg(test)]
mod tests;
mod text;
mod write;

pub use error::CredentialError;
pub use secret::Secret;
pub use settings::{
    AwsChain, AwsContainer, AwsKeys, AwsLink, AwsProfile, AwsWebIdentity, Azure, AzureApplication,
    AzureAuth, AzureIdentity, AzureIdentityName, AzureWorkload, Gcs, GcsAuth, GoogleChain,
    GoogleRefresh, GoogleToken, Provider, S3, S3Auth, Settings, Tls,
};
pub use write::write;

use crate::env::EnvSource;
use remote::Remote;

/// What an environment says about a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// How to reach it.
    pub settings: Settings,
    /// Which variables decided, for messages.
    pub origin: String,
    /// What somebody should know about these variables, a line each.
    pub notes: Vec<String>,
}

/// Finds the settings of the store that an address names.
///
/// `name` is the address's scheme or remote, in any case. `provider` is what the scheme says, and
/// `None` for a remote; a remote that is defined says it itself. `account` is the storage account
/// of Azure, where the address names one: its name, or its host.
///
/// # Errors
/// When a remote is not defined, when values cannot be what they say or need others, and for what
/// is not done here. No message holds anything secret.
pub fn find(
    name: &str,
    provider: Option<Provider>,
    account: Option<&str>,
    env: &dyn EnvSource,
) -> Result<Found, CredentialError> {
    let file = env.explicit().filter(|file| is_about(name, provider, *file));
    let Some(file) = file else { return find_in(name, provider, account, (env, false)) };
    let mut found = find_in(name, provider, account, (file, true))?;
    found.origin = format!("{} in `{}`", found.origin, file.shown());
    Ok(found)
}

/// Whether a file says who asks a store.
fn is_about(name: &str, provider: Option<Provider>, file: &dyn EnvSource) -> bool {
    let names: &[&str] = match provider {
        Some(Provider::S3) => &s3::CREDENTIALS,
        Some(Provider::Gcs) => &gcs::CREDENTIALS,
        Some(Provider::Azure) => &azure::CREDENTIALS,
        None => &[],
    };
    Remote::is_mentioned(name, file) || names.iter().any(|name| file.get(name).is_some())
}

fn find_in(
    name: &str,
    provider: Option<Provider>,
    account: Option<&str>,
    (env, explicit): (&dyn EnvSource, bool),
) -> Result<Found, CredentialError> {
    // Addresses of the web name no remote.
    let is_web = ["http", "https"].iter().any(|scheme| name.eq_ignore_ascii_case(scheme));
    let remote = if is_web { None } else { Remote::find(name, env, explicit)? };
    match (remote, provider) {
        (Some(remote), _) => match remote.provider() {
            Provider::S3 => s3::from_remote(&remote),
            Provider::Gcs => gcs::from_remote(&remote),
            Provider::Azure => azure::from_remote(&remote, account),
        },
        (None, Some(Provider::S3)) => s3::from_env(env),
        (None, Some(Provider::Gcs)) => gcs::from_env(env),
        (None, Some(Provider::Azure)) => azure::from_env(env, account),
        (None, None) => Err(Remote::unknown(name, env)),
    }
}
