//! Which models and versions a repository holds, by the names of its files and the settings in it.
//!
//! A repository is a folder, or a prefix in an object store, with a folder for each model:
//!
//! ```text
//! iris/config.pbtxt            Triton's, may be missing
//! iris/1/model.onnx            a version: a folder with a number for a name
//! iris/00000002/model.onnx     version 2, as TensorFlow Serving has it
//! wine/model-settings.json     MLServer's; `parameters.uri` may name the file
//! wine/model.joblib
//! digits/model.onnx            a model without versions
//! digits/radiant.yaml          ours: which versions, labels, engine, method, output
//! ```
//!
//! [`Tree`] is the names with the texts of the settings, wherever they come from; [`find`] makes
//! models of it and reads nothing more. What is wrong with a model is told with that model, and
//! hides no other.

mod find;
mod listed;
mod order;
mod part;
mod settings;
#[cfg(test)]
mod tests;
mod tree;
mod versions;

use std::fmt;

use radiant_contract::repository::{MLSERVER_FILE, ModelSettings, VersionPolicy};

pub use find::find;
pub use listed::{Look, Repository};
pub use tree::Tree;

/// What a repository holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// Its models, sorted by name, no name twice. One without versions cannot be served, and says
    /// why.
    pub models: Vec<ListedModel>,
    /// What is wrong with the repository and with no model in particular.
    pub problems: Vec<Problem>,
}

/// A model of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedModel {
    /// The name that requests use.
    pub name: String,
    /// What its settings say, all texts together.
    pub settings: ModelSettings,
    /// The versions that are there, the newest last.
    pub versions: Vec<ListedVersion>,
    /// What is wrong with it, or with versions that are left out.
    pub problems: Vec<Problem>,
}

/// A version of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedVersion {
    /// Its name, a number without leading zeros in most layouts; empty for a model without
    /// versions.
    pub version: String,
    /// Its folder, relative to the repository, with `/` between names and no `.` and `..`; empty for
    /// the repository itself. All of it belongs to the version, files of a parent do not.
    pub path: String,
    /// The model's file in that folder, where that is known; else it is found by its name as
    /// anywhere ([`resolve`](crate::resolve())).
    pub file: Option<String>,
}

/// Something wrong that leaves the rest usable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file or folder, relative to the repository; empty for the repository itself.
    pub place: String,
    /// Expected, got, and the way out.
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place.as_str() {
            "" => write!(f, "model repository: {}", self.reason),
            place => write!(f, "model repository: `{place}`: {}", self.reason),
        }
    }
}

impl ListedModel {
    /// The versions to serve, the newest last: those of the policy (the newest one where there is
    /// none), and those that a label or the default names.
    pub fn chosen(&self) -> Vec<&ListedVersion> {
        let policy = self.settings.versions.clone().unwrap_or_default();
        let n_versions = self.versions.len();
        let by_policy = |version: &ListedVersion, idx: usize| match &policy {
            VersionPolicy::Latest(n) => idx.saturating_add(*n) >= n_versions,
            VersionPolicy::All => true,
            VersionPolicy::Specific(names) => names.contains(&version.version),
        };
        let named = |version: &ListedVersion| {
            self.settings.labels.values().any(|target| *target == version.version)
                || self.settings.default_version.as_ref() == Some(&version.version)
        };
        let versions = self.versions.iter().enumerate();
        let chosen = versions.filter(|(idx, version)| by_policy(version, *idx) || named(version));
        chosen.map(|(_, version)| version).collect()
    }

    /// The version that `name` means: a version of this model, or a label.
    pub fn version(&self, name: &str) -> Option<&ListedVersion> {
        let target = self.settings.labels.get(name).map_or(name, String::as_str);
        self.versions.iter().find(|version| version.version == target)
    }

    /// The version that is meant where a request names none: that of the settings, else the newest
    /// of the chosen ones.
    pub fn default_version(&self) -> Option<&ListedVersion> {
        let named = self.settings.default_version.as_deref().and_then(|name| self.version(name));
        named.or_else(|| self.chosen().last().copied())
    }
}

/// The folder of a file of MLServer's settings; `None` for other files, and for settings without a
/// folder.
fn mlserver_path(name: &str) -> Option<&str> {
    name.strip_suffix(MLSERVER_FILE)?.strip_suffix('/')
}
