//! What a repository asks of whoever knows the models: which there are, and to load one.

use std::collections::BTreeMap;

use crate::model::{LoadError, Model};

/// Where models come from. All calls block.
pub trait Source: Send + Sync {
    /// The models that there are now, the main one first: those that were given one by one, and
    /// those of a repository as its folder is now.
    ///
    /// # Errors
    /// When it cannot be told. A model that cannot be read is no such error, but is listed with what
    /// is wrong with it.
    fn list(&self) -> Result<Vec<Offered>, LoadError>;

    /// Loads a version of a model that [`list`](Self::list) told of; `say` is told what is being done.
    ///
    /// # Errors
    /// When it cannot be loaded.
    fn load(&self, model: &str, version: &str, say: &dyn Fn(&str)) -> Result<Model, LoadError>;
}

/// A model that could be served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// Its name.
    pub name: String,
    /// The versions to serve, the newest last; at least one. Or what is wrong with the model.
    pub versions: Result<Vec<OfferedVersion>, String>,
    /// Other names of versions, such as `stable` and `canary`.
    pub labels: BTreeMap<String, String>,
    /// The version, or the label of one, that is meant where a request names none; the newest that
    /// answers otherwise.
    pub default: Option<String>,
}

/// A version of a model that could be served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferedVersion {
    /// Its name, a number as a rule.
    pub version: String,
    /// How large its files are.
    pub bytes: u64,
    /// A text that is another one when its files are; empty where nobody looks.
    pub fingerprint: String,
}
