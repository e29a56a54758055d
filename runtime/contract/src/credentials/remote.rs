//! A remote as rclone's variables define it.

use std::collections::BTreeMap;

use super::keys::Backend;
use super::{CredentialError, Provider, Secret, Tls};
use crate::env::EnvSource;

/// What begins the variables of remotes.
const PREFIX: &str = "RCLONE_CONFIG_";
/// What ends the variable that defines a remote.
const TYPE: &str = "_TYPE";
/// The remote that Seldon Core's image defines by itself.
const BAKED: &str = "GS";

/// A remote: its keys, and then those that hold for every remote of its backend.
pub(super) struct Remote<'a> {
    env: &'a dyn EnvSource,
    /// As variables have it.
    name: String,
    /// The variable of each key that has a value.
    variables: BTreeMap<String, String>,
    backend: &'static Backend,
    provider: Provider,
    /// Whether somebody wrote it into a file for this program.
    explicit: bool,
}

impl<'a> Remote<'a> {
    /// The remote with this name; `None` where no variable is about it.
    ///
    /// # Errors
    /// When variables are about it and none says its type, or its type is none of those known.
    pub(super) fn find(
        name: &str,
        env: &'a dyn EnvSource,
        explicit: bool,
    ) -> Result<Option<Self>, CredentialError> {
        let name = variable_name(name);
        let variables = variables_of(&name, env);
        let type_variable = format!("{PREFIX}{name}{TYPE}");
        let provider = match variables.get("TYPE") {
            Some(variable) => {
                let value = env.get(variable).unwrap_or_default();
                provider_of(value.trim()).ok_or_else(|| {
                    CredentialError::value(variable, known_types(), quoted(&value))
                })?
            }
            None if name == BAKED && !variables.is_empty() => Provider::Gcs,
            None => {
                let Some(first) = variables.into_values().next() else { return Ok(None) };
                return Err(CredentialError::value(
                    type_variable,
                    format!("{} beside `{first}`", known_types()),
                    "nothing",
                ));
            }
        };
        let backend = Backend::of(provider);
        Ok(Some(Self { env, name, variables, backend, provider, explicit }))
    }

    /// Whether any variable is about the remote with this name.
    pub(super) fn is_mentioned(name: &str, env: &dyn EnvSource) -> bool {
        !variables_of(&variable_name(name), env).is_empty()
    }

    /// What an address with an unknown remote gets told.
    pub(super) fn unknown(name: &str, env: &dyn EnvSource) -> CredentialError {
        let mut known: Vec<String> = defined(env).map(|(remote, _)| remote).collect();
        known.sort_unstable();
        known.dedup();
        let got = match known.as_slice() {
            [] => "no remote at all".to_owned(),
            known => format!("only the remotes `{}`", known.join("`, `").to_lowercase()),
        };
        CredentialError::UnknownRemote {
            remote: name.to_owned(),
            variable: format!("{PREFIX}{}{TYPE}", variable_name(name)),
            got,
        }
    }

    pub(super) const fn provider(&self) -> Provider {
        self.provider
    }

    pub(super) const fn env(&self) -> &'a dyn EnvSource {
        self.env
    }

    /// Whether a value of this remote may be that which Seldon Core's image sets by itself.
    ///
    /// An environment does not tell who set what. So the remote must be that of the image and
    /// spelled as there, and what a file says is never taken for the image's.
    pub(super) fn is_baked(&self, value: &str) -> bool {
        const BAKED_VALUE: &str = "true";
        self.name == BAKED && value == BAKED_VALUE && !self.explicit
    }

    /// Whether this is the remote that addresses with `gs://` mean, which needs no variables.
    pub(super) fn is_of_scheme_gs(&self) -> bool {
        self.name == BAKED
    }

    /// Where its settings are from, for messages.
    pub(super) fn origin(&self) -> String {
        format!("`{PREFIX}{}_*`", self.name)
    }

    /// The name that variables give it, for messages.
    pub(super) fn shown(&self) -> String {
        self.name.to_lowercase()
    }

    /// Notes about keys that nobody knows here.
    ///
    /// # Errors
    /// For a key that cannot be followed.
    pub(super) fn check(&self) -> Result<Vec<String>, CredentialError> {
        self.backend.check(self)
    }

    /// Its keys, each with its variable.
    pub(super) fn keys(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().map(|(key, variable)| (key.as_str(), variable.as_str()))
    }

    /// The variable that a key would be set by.
    pub(super) fn variable(&self, key: &str) -> String {
        let unset = || format!("{PREFIX}{}_{key}", self.name);
        self.get(key).map_or_else(unset, |(variable, _)| variable)
    }

    /// The value of a key, without whitespace around it, and the variable that it is from.
    pub(super) fn get(&self, key: &str) -> Option<(String, String)> {
        let general = || format!("{}{key}", self.backend.prefix);
        let of_remote = self.variables.get(key).cloned();
        [of_remote, Some(general())].into_iter().flatten().find_map(|variable| {
            let value = self.env.get(&variable)?.trim().to_owned();
            Some((variable, value)).filter(|(_, value)| !value.is_empty())
        })
    }

    /// The value of a key.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        self.get(key).map(|(_, value)| value)
    }

    /// The value of a key that may be secret.
    pub(super) fn secret(&self, key: &str) -> Option<Secret> {
        self.text(key).map(Secret::new)
    }

    /// Whether a switch is on; `None` where it is not set.
    ///
    /// # Errors
    /// When it is neither on nor off.
    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>, CredentialError> {
        self.get(key).map(|(variable, value)| parse_flag(&variable, &value)).transpose()
    }

    /// Whether a switch is on, off where it is not set.
    ///
    /// # Errors
    /// When it is neither on nor off.
    pub(super) fn is_on(&self, key: &str) -> Result<bool, CredentialError> {
        Ok(self.flag(key)?.unwrap_or(false))
    }

    /// Whom to trust, by the flags of rclone that have variables.
    ///
    /// # Errors
    /// When a switch is neither on nor off.
    pub(super) fn tls(&self) -> Result<Tls, CredentialError> {
        const NO_CHECK: &str = "RCLONE_NO_CHECK_CERTIFICATE";
        let unchecked = match value(self.env, NO_CHECK) {
            Some(text) => parse_flag(NO_CHECK, &text)?,
            None => false,
        };
        Ok(Tls { ca_file: value(self.env, "RCLONE_CA_CERT"), verify: !unchecked })
    }
}

/// The value of a variable, without whitespace around it.
pub(super) fn value(env: &dyn EnvSource, name: &str) -> Option<String> {
    env.get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// Reads a switch as Go does, in any case.
///
/// # Errors
/// When it is neither on nor off.
pub(super) fn parse_flag(variable: &str, value: &str) -> Result<bool, CredentialError> {
    match value.trim().to_ascii_lowercase().as_str() {
        "1" | "t" | "true" => Ok(true),
        "0" | "f" | "false" => Ok(false),
        _ => Err(CredentialError::value(variable, "`true` or `false`", quoted(value))),
    }
}

/// A value for a message, which must not be long.
pub(super) fn quoted(value: &str) -> String {
    const CHARS_MAX: usize = 40;
    let shown: String = value.chars().take(CHARS_MAX).collect();
    let more = if shown.len() < value.len() { "..." } else { "" };
    format!("`{shown}{more}`")
}

/// A remote's name as its variables have it.
pub(super) fn variable_name(remote: &str) -> String {
    remote.to_uppercase().replace('-', "_")
}

/// All remotes that are defined, as variables have their names, with the defining variable.
fn defined(env: &dyn EnvSource) -> impl Iterator<Item = (String, String)> {
    env.names().into_iter().filter_map(|variable| {
        let upper = variable.to_uppercase();
        let remote = upper.strip_prefix(PREFIX)?.strip_suffix(TYPE)?;
        Some((remote.to_owned(), variable)).filter(|(remote, _)| !remote.is_empty())
    })
}

/// The keys of a remote that have a value, each with its variable.
///
/// Names of remotes may hold underscores, so that variables of `A_B` look like those of `A`: they
/// are the longer one's when that is defined.
fn variables_of(name: &str, env: &dyn EnvSource) -> BTreeMap<String, String> {
    let prefix = format!("{PREFIX}{name}_");
    let longer: Vec<String> = defined(env)
        .map(|(remote, _)| format!("{PREFIX}{remote}_"))
        .filter(|other| other.len() > prefix.len() && other.starts_with(&prefix))
        .collect();
    let mut names = env.names();
    // Of two names that differ in case only, that in capitals, which is rclone's, comes first.
    names.sort_unstable();
    let mut variables = BTreeMap::new();
    for variable in names {
        let upper = variable.to_uppercase();
        let is_others = longer.iter().any(|other| upper.starts_with(other));
        if let Some(key) = upper.strip_prefix(&prefix)
            && !is_others
            && value(env, &variable).is_some()
        {
            variables.entry(key.to_owned()).or_insert(variable);
        }
    }
    variables
}

fn provider_of(name: &str) -> Option<Provider> {
    let is_it = |backend: &Backend| backend.types.iter().any(|it| it.eq_ignore_ascii_case(name));
    Backend::all().into_iter().find(|(_, backend)| is_it(backend)).map(|(provider, _)| provider)
}

fn known_types() -> String {
    let types = Backend::all().map(|(_, backend)| backend.types.first().copied().unwrap_or(""));
    format!("a type that is known: one of `{}`", types.join("`, `"))
}
