//! Remotes of rclone among variables, and sections of its file made such variables.

use std::collections::BTreeMap;

use radiant_contract::credentials::{Provider, Secret};

use super::super::place::called;
use super::aws::list;
use super::ini::Section;
use super::{CredentialsError, Variables};

/// What begins the variables of remotes.
pub(in super::super) const PREFIX: &str = "RCLONE_CONFIG_";
const TYPE: &str = "_TYPE";
/// Types of remotes that are stores of models.
const TYPES: [(&str, Provider); 5] = [
    ("s3", Provider::S3),
    ("google cloud storage", Provider::Gcs),
    ("gcs", Provider::Gcs),
    ("googlecloudstorage", Provider::Gcs),
    ("azureblob", Provider::Azure),
];

/// Reads sections of rclone's file, each a remote.
pub(super) fn sections(sections: &[Section], origin: &str) -> Variables {
    let mut variables = Variables::new(origin);
    for section in sections {
        remote(&section.name, &section.values, &mut variables);
    }
    variables
}

/// A remote's values as variables.
pub(super) fn remote(name: &str, values: &BTreeMap<String, String>, variables: &mut Variables) {
    for (key, value) in values {
        let key = key.to_ascii_uppercase();
        // A user of AWS or of Azure's cli whose login is not in the file has this instead.
        variables.set(format!("{PREFIX}{}_{key}", variable_name(name)), value);
    }
}

/// A remote's name as variables have it.
pub(in super::super) fn variable_name(remote: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    remote.to_uppercase().chars().map(|c| if is_plain(c) { c } else { '_' }).collect()
}

/// The remotes that variables define, as these have their names.
pub(in super::super) struct Remotes(BTreeMap<String, Option<Provider>>);

impl Remotes {
    /// Finds them.
    pub(in super::super) fn of(values: &BTreeMap<String, Secret>) -> Self {
        let mut found = BTreeMap::new();
        for (variable, value) in values {
            let upper = variable.to_uppercase();
            let name = upper.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(TYPE));
            let Some(name) = name.filter(|name| !name.is_empty()) else { continue };
            let kind = value.expose().trim().to_ascii_lowercase();
            let known = TYPES.iter().find(|(name, _)| *name == kind).map(|(_, provider)| *provider);
            found.insert(name.to_owned(), known);
        }
        // The image of Seldon Core defines the remote `gs`, so that nobody else need.
        let is_gs = |variable: &String| variable.to_uppercase().starts_with("RCLONE_CONFIG_GS_");
        if values.keys().any(is_gs) {
            found.entry("GS".to_owned()).or_insert(Some(Provider::Gcs));
        }
        Self(found)
    }

    /// The remote that is meant: the one that is chosen, that of the address, or the only one that can be.
    ///
    /// # Errors
    /// When the chosen one is not there, or several could be meant.
    pub(in super::super) fn choose(
        &self,
        chosen: Option<&str>,
        of_address: Option<&str>,
        provider: Option<Provider>,
        origin: &str,
    ) -> Result<Option<String>, CredentialsError> {
        let names = || list(self.0.keys().map(|name| name.to_lowercase()).collect());
        if let Some(chosen) = chosen {
            let name = variable_name(chosen);
            if self.0.contains_key(&name) {
                return Ok(Some(name));
            }
            let expected = format!("a remote `{chosen}`");
            return Err(CredentialsError::new(origin, expected, names())
                .hint("choose one of these by `--remote`"));
        }
        if let Some(name) = of_address.map(variable_name).filter(|it| self.0.contains_key(it)) {
            return Ok(Some(name));
        }
        let fits = |it: &Option<Provider>| it.is_some() && (provider.is_none() || *it == provider);
        let fitting: Vec<&String> =
            self.0.iter().filter(|(_, kind)| fits(kind)).map(|(name, _)| name).collect();
        match fitting.as_slice() {
            [] => Ok(None),
            [name] => Ok(Some((*name).clone())),
            [..] => {
                let what = provider.map_or("a store of models", called);
                let got = list(fitting.iter().map(|name| name.to_lowercase()).collect());
                Err(CredentialsError::new(origin, format!("one remote of {what}"), got)
                    .hint("choose one by `--remote`"))
            }
        }
    }

    /// Whether there is nothing but remotes of other kinds than stores of models.
    pub(in super::super) fn are_all_foreign(&self) -> bool {
        !self.0.is_empty() && self.0.values().all(Option::is_none)
    }
}
