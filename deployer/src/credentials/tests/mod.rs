//! Sources of credentials and what pods get of them.

mod aws;
mod azure;
mod files;
mod google;
mod hygiene;
mod secrets;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use radiant_contract::MapEnv;
use radiant_contract::credentials::Secret;
use radiant_storage::ModelUri;

use super::{Choice, CredentialsError, Files, Machine, Place, Source, StoreSecret, convert};
use crate::error::Failure;

/// Files that are nowhere.
#[derive(Default)]
struct Texts(BTreeMap<PathBuf, String>);

impl Files for Texts {
    fn read(&self, path: &Path) -> io::Result<String> {
        self.0.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// A machine with variables and files.
#[derive(Default)]
struct Host {
    env: MapEnv,
    files: Texts,
    choice: Choice,
}

impl Host {
    fn with_env(variables: &[(&str, &str)]) -> Self {
        Self { env: variables.iter().copied().collect(), ..Self::default() }
    }

    /// A machine with one file, `creds`.
    fn with_file(text: &str) -> Self {
        Self::default().and_file("creds", text)
    }

    fn and_file(mut self, path: &str, text: &str) -> Self {
        self.files.0.insert(path.into(), text.to_owned());
        self
    }

    fn and_account(mut self, account: &str) -> Self {
        self.choice.account = Some(account.to_owned());
        self
    }

    fn and_remote(mut self, remote: &str) -> Self {
        self.choice.remote = Some(remote.to_owned());
        self
    }

    fn convert(&self, source: &Source, uri: &str) -> Result<StoreSecret, CredentialsError> {
        let machine = Machine { env: &self.env, files: &self.files };
        convert(source, &place(uri), &self.choice, &machine)
    }

    fn of_env(&self, uri: &str) -> StoreSecret {
        self.convert(&Source::Environment, uri).unwrap()
    }

    fn of_file(&self, uri: &str) -> StoreSecret {
        self.convert(&file(), uri).unwrap()
    }

    /// The message of a refusal.
    fn refusal(&self, source: &Source, uri: &str) -> String {
        Failure::from(self.convert(source, uri).unwrap_err()).text()
    }
}

fn file() -> Source {
    Source::File("creds".into())
}

fn existing(variables: &[(&str, &str)]) -> Source {
    let data = variables.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value)));
    Source::Secret { name: "theirs".to_owned(), data: data.collect() }
}

fn place(uri: &str) -> Place {
    Place::of(&ModelUri::parse(uri).unwrap()).unwrap().unwrap()
}

/// Variables with their values, for comparing.
fn shown(secret: &StoreSecret) -> Vec<(&str, &str)> {
    secret.data.iter().map(|(name, value)| (name.as_str(), value.expose())).collect()
}

#[test]
fn only_stores_need_credentials() {
    for uri in
        ["/models", "file:///m", "https://host/m", "oci://host/m:1", "pvc://c/m", "builtin:echo"]
    {
        assert_eq!(Place::of(&ModelUri::parse(uri).unwrap()), Ok(None), "{uri}");
    }
    let signed = ModelUri::parse("https://acc.blob.core.windows.net/m?sv=1&sig=SECRET").unwrap();
    let text = Failure::from(Place::of(&signed).unwrap_err()).text();
    assert!(text.contains("without a signature") && !text.contains("SECRET"), "{text}");
}

#[test]
fn the_public_and_the_pods_own_are_written_for_each_store() {
    let host = Host::default();
    let write = |source: &Source, uri| {
        let secret = host.convert(source, uri).unwrap();
        let line = shown(&secret).into_iter().map(|(name, value)| format!("{name}={value}"));
        line.collect::<Vec<_>>().join(" ")
    };
    for (uri, anonymous, pods) in [
        (
            "s3://b/m",
            "RCLONE_CONFIG_S3_PROVIDER=AWS RCLONE_CONFIG_S3_TYPE=s3",
            "RCLONE_CONFIG_S3_ENV_AUTH=true RCLONE_CONFIG_S3_PROVIDER=AWS RCLONE_CONFIG_S3_TYPE=s3",
        ),
        (
            "gs://b/m",
            "RCLONE_CONFIG_GS_ANONYMOUS=true RCLONE_CONFIG_GS_TYPE=google cloud storage",
            "RCLONE_CONFIG_GS_ANONYMOUS=false RCLONE_CONFIG_GS_ENV_AUTH=true \
             RCLONE_CONFIG_GS_TYPE=google cloud storage",
        ),
        (
            "abfs://c@acc.dfs.core.windows.net/m",
            "RCLONE_CONFIG_ABFS_ACCOUNT=acc \
             RCLONE_CONFIG_ABFS_SAS_URL=https://acc.blob.core.windows.net/c \
             RCLONE_CONFIG_ABFS_TYPE=azureblob",
            "RCLONE_CONFIG_ABFS_ACCOUNT=acc RCLONE_CONFIG_ABFS_ENV_AUTH=true \
             RCLONE_CONFIG_ABFS_TYPE=azureblob",
        ),
    ] {
        assert_eq!(write(&Source::Anonymous, uri), anonymous);
        assert_eq!(write(&Source::Pod, uri), pods);
    }
    let text = host.refusal(&Source::Pod, "az://c/m");
    assert!(text.contains("storage account") && text.contains("--account"), "{text}");
}
