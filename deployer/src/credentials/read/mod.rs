//! Where credentials are found, each form made variables: those that the server itself reads.

mod aws;
mod file;
mod ini;
mod json;
mod kube;
mod rclone;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use radiant_contract::credentials::{Provider, Secret};
use radiant_contract::{EnvSource, MapEnv, VariablesFile};

pub(super) use aws::find_profile;
pub(super) use json::google_or_azure;
pub(super) use kube::values as secret_values;
pub(super) use rclone::{PREFIX, Remotes};

use super::{CredentialsError, Machine};
use crate::config::Credentials;

/// Where credentials are from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The variables of this process, and the files that they name.
    Environment,
    /// A profile of the files that AWS's tools share.
    Profile(String),
    /// A file of any form that is known.
    File(PathBuf),
    /// A Secret that is in a cluster, by its name.
    Secret {
        /// The name.
        name: String,
        /// What it holds.
        data: BTreeMap<String, Secret>,
    },
    /// Nobody: the store is public.
    Anonymous,
    /// The pods themselves, by their ServiceAccount or their node: nothing secret is written.
    Pod,
}

/// What a configuration says of credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Nothing: the model is in no store.
    Nothing,
    /// A Secret that is there, by its name: it is used as it is.
    Existing(String),
    /// Credentials that become a Secret.
    From(Source),
}

impl Wanted {
    /// Reads it. That it says one thing only has been checked.
    pub fn of(credentials: &Credentials) -> Self {
        let Credentials { service_account, existing_secret, from_profile, from_file, .. } =
            credentials.clone();
        if let Some(name) = existing_secret {
            return Self::Existing(name);
        }
        let source = match (from_profile, from_file, service_account) {
            (Some(name), _, _) => Source::Profile(name),
            (None, Some(path), _) => Source::File(path),
            (None, None, Some(_)) => Source::Pod,
            (None, None, None) if credentials.implicit => Source::Pod,
            (None, None, None) if credentials.from_env => Source::Environment,
            (None, None, None) if credentials.anonymous => Source::Anonymous,
            (None, None, None) => return Self::Nothing,
        };
        Self::From(source)
    }
}

/// What is said of a source beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// Which remote of rclone it is, where there are several.
    pub remote: Option<String>,
    /// The storage account of Azure, where neither the source nor the address says it.
    pub account: Option<String>,
}

/// Variables, and what is known of them.
#[derive(Default)]
pub(super) struct Variables {
    pub(super) values: BTreeMap<String, Secret>,
    /// Whose they are, where their form says so.
    pub(super) provider: Option<Provider>,
    /// Where they are from, for messages.
    pub(super) origin: String,
    pub(super) expires: Option<DateTime<Utc>>,
    pub(super) warnings: Vec<String>,
    /// Whether it is pods that read them already, so that files and roles that they name are the pods'.
    pub(super) is_of_pods: bool,
}

impl Variables {
    pub(super) fn new(origin: impl Into<String>) -> Self {
        Self { origin: origin.into(), ..Self::default() }
    }

    pub(super) fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.values.insert(name.into(), Secret::new(value));
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|value| value.expose().trim()).filter(|it| !it.is_empty())
    }

    /// The variables for the server's reader.
    pub(super) fn env(&self) -> MapEnv {
        self.values.iter().map(|(name, value)| (name.as_str(), value.expose())).collect()
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.values.keys().collect::<Vec<_>>();
        f.debug_struct("Variables").field("names", &names).finish_non_exhaustive()
    }
}

/// Reads a source. Those without variables have none.
pub(super) fn read(
    source: &Source,
    choice: &Choice,
    machine: &Machine<'_>,
) -> Result<Variables, CredentialsError> {
    match source {
        Source::Environment => Ok(environment(machine.env)),
        Source::Profile(name) => aws::profile(name, machine),
        Source::File(path) => file::read(path, choice, machine),
        Source::Secret { name, data } => Ok(of_secret(format!("Secret `{name}`"), data)),
        Source::Anonymous | Source::Pod => Ok(Variables::default()),
    }
}

/// What a Secret holds, its keys by the names that operators make of them.
fn of_secret(origin: impl Into<String>, data: &BTreeMap<String, Secret>) -> Variables {
    let mut variables = Variables::new(origin);
    let files = data.iter().map(|(name, value)| (name.as_str(), value.expose()));
    let named = VariablesFile::from_folder("", files);
    for name in named.names() {
        if let Some(value) = named.get(&name) {
            variables.set(name, value);
        }
    }
    variables.is_of_pods = true;
    variables
}

fn environment(env: &dyn EnvSource) -> Variables {
    let mut variables = Variables::new("the environment");
    for name in env.names() {
        if let Some(value) = env.get(&name) {
            variables.set(name, value);
        }
    }
    variables.expires = variables.get("AWS_CREDENTIAL_EXPIRATION").and_then(super::expiry::time);
    variables
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_says_where_credentials_are_from() {
        let none = Credentials::default;
        let text = |text: &str| Some(text.to_owned());
        for (credentials, wanted) in [
            (none(), Wanted::Nothing),
            (
                Credentials { existing_secret: text("s"), ..none() },
                Wanted::Existing("s".to_owned()),
            ),
            (Credentials { from_env: true, ..none() }, Wanted::From(Source::Environment)),
            (
                Credentials { from_profile: text("p"), ..none() },
                Wanted::From(Source::Profile("p".to_owned())),
            ),
            (
                Credentials { from_file: Some("f".into()), ..none() },
                Wanted::From(Source::File("f".into())),
            ),
            (Credentials { anonymous: true, ..none() }, Wanted::From(Source::Anonymous)),
            (Credentials { implicit: true, ..none() }, Wanted::From(Source::Pod)),
            (Credentials { service_account: text("a"), ..none() }, Wanted::From(Source::Pod)),
        ] {
            assert_eq!(Wanted::of(&credentials), wanted);
        }
    }
}
