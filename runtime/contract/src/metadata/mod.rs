//! What a model says of itself: name, versions, platform, inputs and outputs, in Seldon Core v1's
//! form.
//!
//! Layers are merged key by key, later ones over earlier ones: the defaults from the image's name,
//! then the model's own (`metadata.yaml` beside the model, or what a component says), then the
//! variable `MODEL_METADATA`. What comes out has passed the same checks as in Seldon Core's Python
//! microservice 1.18 (`metadata.py`), and prints like there.
//!
//! Texts are YAML (JSON is YAML): at most [`TEXT_BYTES_MAX`] bytes, and bounded in depth, nodes and
//! alias expansion, so that a small text cannot become a large value.

mod json;
#[cfg(test)]
mod tests;
mod validate;

use serde_json::{Map, Value};

use crate::Image;
use crate::yaml::{self, Bounds};

/// The longest text that is read as metadata, in bytes.
pub const TEXT_BYTES_MAX: usize = 1 << 20;

const BOUNDS: Bounds = Bounds { depth: 32, nodes: 20_000, bytes: TEXT_BYTES_MAX };

/// One source of metadata: the keys that it sets.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Where it comes from, as errors say it: a variable's or a file's name.
    pub source: String,
    /// Its keys; see [`Metadata::merge`] for which there may be.
    pub entries: Map<String, Value>,
}

/// Merged and checked metadata.
#[derive(Debug, Clone, PartialEq)]
pub struct Metadata(Map<String, Value>);

/// What is wrong with metadata.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// The text is too long to be metadata.
    #[error("{source_name}: expected at most {TEXT_BYTES_MAX} bytes of metadata, got {got}")]
    TooLong {
        /// The layer.
        source_name: String,
        /// Its length in bytes.
        got: usize,
    },
    /// The text is no YAML, or beyond the bounds for depth, nodes and aliases.
    #[error("{source_name}: expected YAML or JSON: {message}")]
    NotYaml {
        /// The layer.
        source_name: String,
        /// What the parser said.
        message: String,
    },
    /// The text is YAML, and not a mapping.
    #[error("{source_name}: expected a mapping, got {got}")]
    NotAMapping {
        /// The layer.
        source_name: String,
        /// What is there.
        got: &'static str,
    },
    /// A value is not what its place asks for.
    #[error("{source_name}: `{path}`: expected {expected}, got {got}")]
    Invalid {
        /// The layer that set the value.
        source_name: String,
        /// Where in the metadata, such as `outputs[0].schema.shape[1]`.
        path: String,
        /// What may stand there.
        expected: &'static str,
        /// What does.
        got: String,
    },
}

impl Layer {
    /// Parses YAML or JSON; an empty text sets nothing.
    ///
    /// # Errors
    /// When the text is too long, no YAML, no mapping, or expands beyond the bounds.
    pub fn parse(source: &str, text: &str) -> Result<Self, MetadataError> {
        if text.len() > TEXT_BYTES_MAX {
            let source_name = source.to_owned();
            return Err(MetadataError::TooLong { source_name, got: text.len() });
        }
        let value =
            serde_saphyr::from_str_with_options(text, yaml::options(BOUNDS)).map_err(|error| {
                let message = error.to_string();
                let message = message.lines().next().unwrap_or_default().to_owned();
                MetadataError::NotYaml { source_name: source.to_owned(), message }
            })?;
        Self::from_value(source, value)
    }

    /// Takes a value that is already parsed; null sets nothing.
    ///
    /// # Errors
    /// When the value is no object.
    pub fn from_value(source: &str, value: Value) -> Result<Self, MetadataError> {
        let source = source.to_owned();
        match value {
            Value::Object(entries) => Ok(Self { source, entries }),
            Value::Null => Ok(Self { source, entries: Map::new() }),
            other => {
                Err(MetadataError::NotAMapping { source_name: source, got: validate::kind(&other) })
            }
        }
    }
}

impl Metadata {
    /// Merges `layers`, the last one strongest, over the defaults, whose name and version are those
    /// of `image`.
    ///
    /// Keys are `name`, `platform` (text), `versions` (list of text), `custom` (text to text),
    /// `inputs` and `outputs`. An item of the last two is `{messagetype, schema?}` with a schema of
    /// `{names, shape}` for `tensor`, `ndarray` and `tftensor`, any object for `jsonData` and kinds
    /// of one's own, none for `strData` and `binData`; or `{name, datatype, shape}`.
    ///
    /// # Errors
    /// Every value that is not what its place asks for.
    pub fn merge(image: Option<&str>, layers: &[Layer]) -> Result<Self, Vec<MetadataError>> {
        let mut merged = defaults(image);
        for layer in layers {
            for (key, value) in &layer.entries {
                merged.insert(key.clone(), value.clone());
            }
        }
        let problems = validate::problems(&merged);
        if problems.is_empty() {
            return Ok(Self(merged));
        }
        Err(problems.into_iter().map(|problem| problem.blame(layers)).collect())
    }

    /// The model's name; empty when nobody named it.
    pub fn name(&self) -> &str {
        self.0.get("name").and_then(Value::as_str).unwrap_or_default()
    }

    /// The model's versions.
    pub fn versions(&self) -> impl Iterator<Item = &str> {
        self.0
            .get("versions")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
    }

    /// The names of the first output's columns, where its schema gives them.
    pub fn output_names(&self) -> Option<Vec<String>> {
        let output = self.0.get("outputs")?.get(0)?;
        let names = output.get("schema")?.get("names")?.as_array()?;
        names.iter().map(|name| name.as_str().map(str::to_owned)).collect()
    }

    /// All keys with their values.
    pub fn entries(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The metadata as a value.
    pub fn to_value(&self) -> Value {
        Value::Object(self.0.clone())
    }

    /// Compact JSON with sorted keys and only ASCII characters, as Python's `json` writes it.
    pub fn to_json(&self) -> String {
        json::write(&self.0)
    }
}

fn defaults(image: Option<&str>) -> Map<String, Value> {
    let image = Image::parse(image.unwrap_or_default());
    let list = |values: Vec<Value>| Value::Array(values);
    [
        ("name", Value::from(image.name)),
        ("versions", list(vec![Value::from(image.version)])),
        ("platform", Value::from("")),
        ("inputs", list(Vec::new())),
        ("outputs", list(Vec::new())),
        ("custom", Value::Object(Map::new())),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect()
}
