//! MLServer's settings of a model.

use serde_json::Value;

use super::queue::counted;
use super::value::{self, Entries, invalid, listed, shown};
use super::{ModelSettings, QueuePolicy, SettingsError};

/// MLServer's runtimes for models that are files: what they read is read here.
const IMPLEMENTATIONS: [&str; 6] = [
    "mlserver_sklearn.SKLearnModel",
    "mlserver_xgboost.XGBoostModel",
    "mlserver_lightgbm.LightGBMModel",
    "mlserver_catboost.CatboostModel",
    "mlserver_mlflow.MLflowRuntime",
    "mlserver_onnx.OnnxModel",
];

/// What is known and has no effect, with the reason.
const IGNORED: [(&str, &str); 8] = [
    ("platform", "the model's file says what it is"),
    ("versions", "the model's file says what wrote it"),
    ("inputs", "the model says what it takes"),
    ("outputs", "the model says what it gives"),
    ("parallel_workers", "models run on the server's threads: `--engine-threads`"),
    ("warm_workers", "every model is warmed before it is served"),
    ("max_batch_time", "a thread that is free never waits for more"),
    ("cache_enabled", "the cache is the server's: `--response-cache-bytes`"),
];

const IGNORED_PARAMETERS: [(&str, &str); 7] = [
    ("format", "the model's file says what it is"),
    ("content_type", "requests say how they are written"),
    ("environment_tarball", "no Python runs here"),
    ("environment_path", "no Python runs here"),
    ("inference_pool_gid", "no Python runs here"),
    ("autogenerate_inference_pool_gid", "no Python runs here"),
    ("extra", "these settings are for Python code"),
];

pub(super) fn read(text: &str) -> Result<ModelSettings, SettingsError> {
    let value: Value = serde_json::from_str(text).map_err(|error| SettingsError::NotParsed {
        format: "a JSON object",
        message: error.to_string(),
    })?;
    if !value.is_object() {
        return Err(invalid("the whole", "a JSON object", &value));
    }
    let mut entries = Entries::of("", value)?;
    let name = value::name("name", entries.text("name")?)?;
    let platform = implementation(entries.text("implementation")?)?;
    let mut parameters = entries.mapping("parameters")?;
    let uri = uri(parameters.text("uri")?)?;
    let version = parameters.text("version")?.map(Value::String);
    let version = version.map(|value| value::version("parameters.version", &value)).transpose()?;
    let batch_rows_max = batch_rows_max(&mut entries)?;
    let queue = QueuePolicy { batch_rows_max, ..QueuePolicy::default() };
    let mut ignored = told(&entries, &IGNORED);
    ignored.extend(told(&parameters, &IGNORED_PARAMETERS));
    Ok(ModelSettings { name, uri, version, platform, queue, ignored, ..ModelSettings::default() })
}

/// The most requests of a batch, of one row each as a rule; 0 says nothing.
fn batch_rows_max(entries: &mut Entries) -> Result<Option<u32>, SettingsError> {
    let Some(value) = entries.value("max_batch_size") else { return Ok(None) };
    match value.as_u64() {
        Some(number) => Ok(Some(counted(number)).filter(|number| *number > 0)),
        None => Err(invalid("max_batch_size", "a whole number from 0", &value)),
    }
}

/// What of the entries that were not taken has no effect.
fn told(entries: &Entries, table: &[(&str, &str)]) -> Vec<String> {
    let rest = entries.rest().filter(|(_, value)| !is_nothing(value));
    value::ignored(rest.map(|(key, _)| (entries.place(key), key)), table)
}

/// Whether a value says the same as its absence.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn implementation(text: Option<String>) -> Result<Option<String>, SettingsError> {
    match text {
        Some(text) if !IMPLEMENTATIONS.contains(&text.as_str()) => Err(SettingsError::Refused {
            place: "implementation",
            expected: format!("one of {}", listed(&IMPLEMENTATIONS)),
            got: shown(&text),
            hint: "other runtimes are Python code, which does not run here: export the model as \
                   ONNX, or serve it with MLServer",
        }),
        other => Ok(other),
    }
}

/// Refuses addresses; what they hold may be secret, so that the scheme alone is told.
fn uri(text: Option<String>) -> Result<Option<String>, SettingsError> {
    let Some(text) = text else { return Ok(None) };
    let path = text.strip_prefix("file://").unwrap_or(&text);
    if let Some((scheme, _)) = path.split_once(':').filter(|(scheme, _)| !scheme.contains('/')) {
        return Err(SettingsError::Refused {
            place: "parameters.uri",
            expected: "a path below the repository".to_owned(),
            got: format!("{}, an address of another place", shown(&format!("{scheme}:..."))),
            hint: "put the model into the repository, or serve it by its address: `--also \
                   NAME=ADDRESS`",
        });
    }
    if path.is_empty() || path.contains(['\\', '\0']) {
        let expected = "a path below the repository, without `\\`";
        return Err(invalid("parameters.uri", expected, &Value::String(text)));
    }
    Ok(Some(path.to_owned()))
}
