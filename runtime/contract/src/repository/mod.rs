//! What the folder of a model says of it: name, versions, labels, and how to run it.
//!
//! Three texts are read: `config.pbtxt` as Triton has it, `model-settings.json` as MLServer has it,
//! and `radiant.yaml`, our own. Theirs are read for what has a meaning here; what has none is told
//! by name ([`ModelSettings::ignored`]), and what would make the answers wrong is refused. Ours is
//! read strictly. Where a folder has several, ours comes first: [`ModelSettings::over`].
//!
//! ```
//! use radiant_contract::repository::{ModelSettings, VersionPolicy};
//!
//! let settings = ModelSettings::from_radiant("{versions: all, labels: {stable: 1}}").unwrap();
//! assert_eq!(settings.versions, Some(VersionPolicy::All));
//! assert_eq!(settings.labels["stable"], "1");
//! ```
//!
//! Sources: Triton's pages on model configurations and repositories and its `model_config.proto`;
//! MLServer's reference of model settings and its `repository` module; protobuf's page on its text
//! format.

mod error;
mod mlserver;
mod pbtxt;
mod queue;
mod radiant;
#[cfg(test)]
mod tests;
mod triton;
mod value;

use std::collections::BTreeMap;

pub use error::SettingsError;
pub use queue::QueuePolicy;

/// Triton's file in a model's folder.
pub const TRITON_FILE: &str = "config.pbtxt";

/// MLServer's file in a model's folder, or in that of a version.
pub const MLSERVER_FILE: &str = "model-settings.json";

/// Our own file in a model's folder, under one of these names.
pub const RADIANT_FILES: [&str; 3] = ["radiant.yaml", "radiant.yml", "radiant.json"];

/// The longest text that is read as settings, in bytes.
pub const TEXT_BYTES_MAX: usize = 1 << 20;

/// What a text says of a model; `None` and empty where it says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModelSettings {
    /// The name that requests use.
    pub name: Option<String>,
    /// Which of the versions that are there are served.
    pub versions: Option<VersionPolicy>,
    /// Names for versions: label to version.
    pub labels: BTreeMap<String, String>,
    /// The version, or label of one, that is meant where a request names none.
    pub default_version: Option<String>,
    /// The model's file or folder, relative to the folder of the version, without `..`.
    pub file: Option<String>,
    /// Where MLServer's settings say that the model lies: a path, absolute or relative to the folder
    /// of the settings; never the address of another place.
    pub uri: Option<String>,
    /// Which version MLServer's settings are about.
    pub version: Option<String>,
    /// What the model is, in the words of Triton (`onnxruntime_onnx`) or MLServer
    /// (`mlserver_sklearn.SKLearnModel`); one of those that can be served.
    pub platform: Option<String>,
    /// As the option `--engine`.
    pub engine: Option<String>,
    /// As the option `--method`: `predict_proba`, `predict` or `decision_function`.
    pub method: Option<String>,
    /// As the option `--output`.
    pub output: Option<String>,
    /// How long requests may take, and which of them come first.
    pub queue: QueuePolicy,
    /// What was read and has no effect, a line each: the name in backticks, and why.
    pub ignored: Vec<String>,
}

/// Which of the versions that are there are served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionPolicy {
    /// So many of the newest; at least one.
    Latest(usize),
    /// All.
    All,
    /// These, as far as they are there.
    Specific(Vec<String>),
}

impl Default for VersionPolicy {
    fn default() -> Self {
        Self::Latest(1)
    }
}

impl ModelSettings {
    /// Reads Triton's `config.pbtxt`.
    ///
    /// # Errors
    /// [`SettingsError`]: the text is no protobuf text, a value is not what its field asks for, or
    /// the model is of a kind that cannot be served here, an ensemble for example.
    pub fn from_triton(text: &str) -> Result<Self, SettingsError> {
        triton::read(check_length(text)?)
    }

    /// Reads MLServer's `model-settings.json`.
    ///
    /// # Errors
    /// [`SettingsError`]: the text is no JSON object, a value is not what its field asks for, or the
    /// model is Python code or lies in another place.
    pub fn from_mlserver(text: &str) -> Result<Self, SettingsError> {
        mlserver::read(check_length(text)?)
    }

    /// Reads our own `radiant.yaml`, which may be JSON; an empty text says nothing.
    ///
    /// # Errors
    /// [`SettingsError`]: the text is no YAML, a key is not known, or a value is not what its key
    /// asks for.
    pub fn from_radiant(text: &str) -> Result<Self, SettingsError> {
        radiant::read(check_length(text)?)
    }

    /// These settings, and those of `other` where these say nothing.
    #[must_use]
    pub fn over(mut self, other: Self) -> Self {
        if self.labels.is_empty() {
            self.labels = other.labels;
        }
        self.ignored.extend(other.ignored);
        Self {
            name: self.name.or(other.name),
            versions: self.versions.or(other.versions),
            labels: self.labels,
            default_version: self.default_version.or(other.default_version),
            file: self.file.or(other.file),
            uri: self.uri.or(other.uri),
            version: self.version.or(other.version),
            platform: self.platform.or(other.platform),
            engine: self.engine.or(other.engine),
            method: self.method.or(other.method),
            output: self.output.or(other.output),
            queue: self.queue.over(other.queue),
            ignored: self.ignored,
        }
    }
}

fn check_length(text: &str) -> Result<&str, SettingsError> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(SettingsError::TooLong { got: text.len() });
    }
    Ok(text)
}
