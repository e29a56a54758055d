//! Triton's configuration of a model.

use std::time::Duration;

use super::pbtxt::{self, Field, Value};
use super::queue::counted;
use super::value::{self, listed, shown};
use super::{ModelSettings, QueuePolicy, SettingsError, VersionPolicy};

/// What may stand in `platform` and `backend`: that which reads the same files as we do.
const PLATFORMS: [&str; 3] = ["onnxruntime_onnx", "onnxruntime", "fil"];

/// The backend for forests of decision trees.
const FOREST: &str = "fil";

/// The file of a forest by the parameter `model_type`, `xgboost` being its default.
const FOREST_FILES: [(&str, &str); 4] = [
    ("xgboost", "xgboost.model"),
    ("xgboost_json", "xgboost.json"),
    ("xgboost_ubj", "xgboost.ubj"),
    ("lightgbm", "model.txt"),
];

/// What is known and has no effect, with the reason.
const IGNORED: [(&str, &str); 19] = [
    ("input", "the model says what it takes"),
    ("output", "the model says what it gives"),
    ("batch_input", "a run gets the inputs of its requests, and nothing else"),
    ("batch_output", "a run gives the outputs of its requests, and nothing else"),
    ("dynamic_batching", "of it, priorities and the timeout of the default queue are read"),
    ("sequence_batching", "each request stands for itself"),
    ("instance_group", "models run on the server's threads: `--engine-threads`"),
    ("optimization", "engines optimise by themselves: `--engine`"),
    ("cc_model_filenames", "these files are for devices that are not used"),
    ("metric_tags", "the labels of metrics are fixed"),
    ("model_metrics", "the names of metrics are fixed"),
    ("parameters", "these settings are for Triton's backends"),
    ("model_warmup", "every model is warmed before it is served"),
    ("model_operations", "no code is loaded"),
    ("model_transaction_policy", "each request has one answer"),
    ("model_repository_agents", "no code is loaded"),
    ("response_cache", "the cache is the server's: `--response-cache-bytes`"),
    ("runtime", "the program chooses the engine: `--engine`"),
    ("version_policy", "the choice is empty: the newest version is served"),
];

pub(super) fn read(text: &str) -> Result<ModelSettings, SettingsError> {
    let fields = pbtxt::parse(text)?;
    let platforms = [text_of(&fields, "platform")?, text_of(&fields, "backend")?];
    for (place, platform) in ["platform", "backend"].into_iter().zip(&platforms) {
        check_platform(place, platform.as_deref())?;
    }
    if fields.iter().any(|field| field.name == "ensemble_scheduling") {
        return Err(refused("ensemble_scheduling", "an ensemble".to_owned()));
    }
    let is_forest = platforms.iter().flatten().any(|platform| platform == FOREST);
    let file = value::inner("default_model_filename", text_of(&fields, "default_model_filename")?)?;
    let file = match file {
        None if is_forest => forest_file(&fields)?,
        other => other,
    };
    let versions = policy(&fields)?;
    let queue = queue(&fields)?;
    let is_read = |name: &str| match name {
        "name" | "platform" | "backend" | "default_model_filename" | MAX_BATCH_SIZE => true,
        "version_policy" => versions.is_some(),
        _ => false,
    };
    let names = fields.iter().map(|field| field.name.as_str()).filter(|name| !is_read(name));
    let ignored = value::ignored(names.map(|name| (name.to_owned(), name)), &IGNORED);
    let [platform, backend] = platforms;
    Ok(ModelSettings {
        name: value::name("name", text_of(&fields, "name")?)?,
        versions,
        file,
        platform: platform.or(backend),
        queue,
        ignored,
        ..ModelSettings::default()
    })
}

fn check_platform(place: &'static str, platform: Option<&str>) -> Result<(), SettingsError> {
    match platform {
        Some(text) if !PLATFORMS.contains(&text) => Err(refused(place, shown(text))),
        _ => Ok(()),
    }
}

fn refused(place: &'static str, got: String) -> SettingsError {
    SettingsError::Refused {
        place,
        expected: format!("a model that is a file, of {}", listed(&PLATFORMS)),
        got,
        hint: "export the model as ONNX and leave `platform` and `backend` out, or serve it with \
               Triton",
    }
}

/// The file that Triton's backend for forests reads.
fn forest_file(fields: &[Field]) -> Result<Option<String>, SettingsError> {
    let kind = parameter(fields, "model_type").unwrap_or("xgboost");
    match FOREST_FILES.iter().find(|(known, _)| *known == kind) {
        Some((_, file)) => Ok(Some((*file).to_owned())),
        None => Err(SettingsError::Refused {
            place: "parameters.model_type",
            expected: format!("one of {}", listed(&FOREST_FILES.map(|(known, _)| known))),
            got: shown(kind),
            hint: "save the model with its own library, and serve that file",
        }),
    }
}

/// The text of an entry of the map `parameters`.
fn parameter<'a>(fields: &'a [Field], key: &str) -> Option<&'a str> {
    let text = |message: &'a [Field], name: &str| {
        let field = message.iter().find(|field| field.name == name)?;
        match &field.value {
            Value::Text(text) => Some(text.as_str()),
            Value::Word(_) | Value::Message(_) => None,
        }
    };
    fields.iter().filter(|field| field.name == "parameters").find_map(|field| {
        let Value::Message(entry) = &field.value else { return None };
        if text(entry, "key") != Some(key) {
            return None;
        }
        match &entry.iter().find(|field| field.name == "value")?.value {
            Value::Message(value) => text(value, "string_value"),
            Value::Text(_) | Value::Word(_) => None,
        }
    })
}

fn policy(fields: &[Field]) -> Result<Option<VersionPolicy>, SettingsError> {
    let Some(policy) = message_of(fields, "version_policy", "version_policy")? else {
        return Ok(None);
    };
    let choices = || policy.iter().map(|field| field.name.as_str());
    let expected = "one of `latest`, `all` and `specific`";
    if let Some(other) = choices().find(|name| !matches!(*name, "latest" | "all" | "specific")) {
        return Err(invalid("version_policy", expected, shown(other)));
    }
    let mut distinct: Vec<&str> = choices().collect();
    distinct.dedup();
    if distinct.len() > 1 {
        return Err(invalid("version_policy", expected, "several".to_owned()));
    }
    if let Some(latest) = message_of(policy, "latest", "version_policy.latest")? {
        let number = only(latest, "num_versions", "version_policy.latest.num_versions")?;
        return Ok(Some(match number {
            None => VersionPolicy::default(),
            Some(field) => VersionPolicy::Latest(count(field)?),
        }));
    }
    if message_of(policy, "all", "version_policy.all")?.is_some() {
        return Ok(Some(VersionPolicy::All));
    }
    let Some(specific) = message_of(policy, "specific", "version_policy.specific")? else {
        return Ok(None);
    };
    let versions = specific.iter().filter(|field| field.name == "versions").map(version);
    Ok(Some(VersionPolicy::Specific(versions.collect::<Result<_, _>>()?)))
}

fn count(field: &Field) -> Result<usize, SettingsError> {
    let number = word(field).and_then(|word| word.parse().ok()).filter(|number| *number > 0);
    number.ok_or_else(|| {
        let got = described(&field.value);
        invalid("version_policy.latest.num_versions", "a whole number from 1", got)
    })
}

fn version(field: &Field) -> Result<String, SettingsError> {
    let number = word(field).and_then(|word| word.parse::<u64>().ok());
    number.map(|number| number.to_string()).ok_or_else(|| {
        let got = described(&field.value);
        invalid("version_policy.specific.versions", "whole numbers from 0", got)
    })
}

/// Where Triton says how requests to a model queue.
const BATCHING: &str = "dynamic_batching";
const DEFAULT_QUEUE: &str = "dynamic_batching.default_queue_policy";

/// The most rows of a batch; 0 says that the model has no batches, or nothing.
const MAX_BATCH_SIZE: &str = "max_batch_size";

fn queue(fields: &[Field]) -> Result<QueuePolicy, SettingsError> {
    let batch_rows_max = number(fields, "", MAX_BATCH_SIZE)?.map(counted);
    let Some(batching) = message_of(fields, BATCHING, BATCHING)? else {
        return Ok(QueuePolicy { batch_rows_max, ..QueuePolicy::default() });
    };
    let levels = number(batching, BATCHING, "priority_levels")?;
    let default = number(batching, BATCHING, "default_priority_level")?;
    let queue = message_of(batching, "default_queue_policy", DEFAULT_QUEUE)?.unwrap_or_default();
    let timeout = number(queue, DEFAULT_QUEUE, "default_timeout_microseconds")?;
    // A request that is only put behind the others when its time is up has no time limit.
    let action = only(queue, "timeout_action", "timeout_action")?.and_then(word);
    let timeout = timeout.filter(|_| !matches!(action, Some("DELAY" | "1")));
    let timeout = timeout.map(Duration::from_micros);
    Ok(QueuePolicy {
        timeout,
        priority_levels: levels.map(counted),
        default_priority: default.map(counted),
        batch_rows_max,
        weight: None,
    })
}

/// A number; 0 is none, as in protobuf.
fn number(fields: &[Field], within: &str, name: &str) -> Result<Option<u64>, SettingsError> {
    let place = if within.is_empty() { name.to_owned() } else { format!("{within}.{name}") };
    let Some(field) = only(fields, name, &place)? else { return Ok(None) };
    let number: Option<u64> = word(field).and_then(|word| word.parse().ok());
    let invalid = || invalid(&place, "a whole number from 0", described(&field.value));
    Ok(Some(number.ok_or_else(invalid)?).filter(|number| *number > 0))
}

fn word(field: &Field) -> Option<&str> {
    match &field.value {
        Value::Word(word) => Some(word),
        Value::Text(_) | Value::Message(_) => None,
    }
}

/// The field of this name, which may be there once.
fn only<'a>(
    fields: &'a [Field],
    name: &str,
    place: &str,
) -> Result<Option<&'a Field>, SettingsError> {
    let mut found = fields.iter().filter(|field| field.name == name);
    let first = found.next();
    match found.next() {
        Some(second) => {
            let got = format!("another one in line {}", second.line);
            Err(invalid(place, "this field once", got))
        }
        None => Ok(first),
    }
}

fn message_of<'a>(
    fields: &'a [Field],
    name: &str,
    place: &str,
) -> Result<Option<&'a [Field]>, SettingsError> {
    match only(fields, name, place)?.map(|field| &field.value) {
        None => Ok(None),
        Some(Value::Message(fields)) => Ok(Some(fields)),
        Some(other) => Err(invalid(place, "a message: `{ ... }`", described(other))),
    }
}

/// A text; an empty one is none, as in protobuf.
fn text_of(fields: &[Field], name: &str) -> Result<Option<String>, SettingsError> {
    match only(fields, name, name)?.map(|field| &field.value) {
        None => Ok(None),
        Some(Value::Text(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
        Some(other) => Err(invalid(name, "a string in quotes", described(other))),
    }
}

fn described(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("the string {}", shown(text)),
        Value::Word(word) => shown(word),
        Value::Message(_) => "a message".to_owned(),
    }
}

fn invalid(place: &str, expected: &str, got: String) -> SettingsError {
    SettingsError::Invalid { place: place.to_owned(), expected: expected.to_owned(), got }
}
