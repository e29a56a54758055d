//! Our own settings, in YAML or JSON.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::queue::counted;
use super::value::{self, Entries, invalid, listed};
use super::{ModelSettings, QueuePolicy, SettingsError, TEXT_BYTES_MAX, VersionPolicy};
use crate::yaml::{self, Bounds};

const KEYS: [&str; 13] = [
    "name",
    "versions",
    "labels",
    "default",
    "file",
    "engine",
    "method",
    "output",
    "timeout_ms",
    "priority_levels",
    "default_priority",
    "batch_rows_max",
    "weight",
];
const METHODS: [&str; 3] = ["predict_proba", "predict", "decision_function"];
const POLICIES: &str = "`latest`, `all`, a list of versions, or a mapping with `latest` (how many)";

/// So that a model of the least weight still has its turns beside one of the largest.
const WEIGHT_MAX: u64 = 100;

/// How deep a text nests, and how many values it has.
const BOUNDS: Bounds = Bounds { depth: 16, nodes: 20_000, bytes: TEXT_BYTES_MAX };

pub(super) fn read(text: &str) -> Result<ModelSettings, SettingsError> {
    let value =
        serde_saphyr::from_str_with_options(text, yaml::options(BOUNDS)).map_err(|error| {
            let message = error.to_string();
            let message = message.lines().next().unwrap_or_default().to_owned();
            SettingsError::NotParsed { format: "YAML or JSON", message }
        })?;
    let mut entries = Entries::of("", value)?;
    let versions = entries.value("versions").map(|value| policy(&value)).transpose()?;
    let labels = labels(entries.mapping("labels")?)?;
    let default_version = entries.value("default");
    let default_version =
        default_version.map(|value| value::version("default", &value)).transpose()?;
    let settings = ModelSettings {
        name: value::name("name", entries.text("name")?)?,
        versions,
        labels,
        default_version,
        file: value::inner("file", entries.text("file")?)?,
        engine: entries.text("engine")?,
        method: method(entries.text("method")?)?,
        output: entries.text("output")?,
        queue: queue(&mut entries)?,
        ..ModelSettings::default()
    };
    if let Some((key, _)) = entries.rest().next() {
        let expected = format!("one of the keys {}", listed(&KEYS));
        let place = key.escape_debug().to_string();
        return Err(SettingsError::Invalid { place, expected, got: "another key".to_owned() });
    }
    Ok(settings)
}

fn queue(entries: &mut Entries) -> Result<QueuePolicy, SettingsError> {
    let timeout = entries.count("timeout_ms")?.map(Duration::from_millis);
    let levels = entries.count("priority_levels")?;
    let default = entries.count("default_priority")?;
    if let (Some(levels), Some(default)) = (levels, default)
        && default > levels
    {
        let expected = format!("a level up to `priority_levels`, which is {levels}");
        return Err(invalid("default_priority", &expected, &Value::from(default)));
    }
    let weight = entries.count("weight")?;
    if let Some(weight) = weight.filter(|weight| *weight > WEIGHT_MAX) {
        let expected = format!("a whole number from 1 to {WEIGHT_MAX}");
        return Err(invalid("weight", &expected, &Value::from(weight)));
    }
    Ok(QueuePolicy {
        timeout,
        priority_levels: levels.map(counted),
        default_priority: default.map(counted),
        batch_rows_max: entries.count("batch_rows_max")?.map(counted),
        weight: weight.map(counted),
    })
}

fn policy(value: &Value) -> Result<VersionPolicy, SettingsError> {
    match value {
        Value::String(word) if word == "latest" => Ok(VersionPolicy::default()),
        Value::String(word) if word == "all" => Ok(VersionPolicy::All),
        Value::Array(items) if !items.is_empty() => {
            let items = items.iter().enumerate();
            let versions =
                items.map(|(idx, item)| value::version(&format!("versions[{idx}]"), item));
            Ok(VersionPolicy::Specific(versions.collect::<Result<_, _>>()?))
        }
        Value::Object(entries) if entries.len() == 1 && entries.contains_key("latest") => {
            let count = entries.get("latest").unwrap_or(&Value::Null);
            let number = count.as_u64().and_then(|n| usize::try_from(n).ok());
            match number.filter(|n| *n > 0) {
                Some(n) => Ok(VersionPolicy::Latest(n)),
                None => Err(invalid("versions.latest", "a whole number from 1", count)),
            }
        }
        other => Err(invalid("versions", POLICIES, other)),
    }
}

fn labels(entries: Entries) -> Result<BTreeMap<String, String>, SettingsError> {
    let mut labels = BTreeMap::new();
    for (place, label, target) in entries.drain() {
        let place = place.escape_debug().to_string();
        let target = value::version(&place, &target)?;
        let is_number = label.chars().all(|c| c.is_ascii_digit());
        let named = value::name(&place, Some(label.clone()));
        if is_number || named.is_err() {
            let expected = "a label that is no number, without `/` and control characters";
            return Err(invalid(&place, expected, &Value::String(label)));
        }
        labels.insert(label, target);
    }
    Ok(labels)
}

fn method(text: Option<String>) -> Result<Option<String>, SettingsError> {
    match text {
        Some(text) if !METHODS.contains(&text.as_str()) => {
            let expected = format!("one of {}", listed(&METHODS));
            Err(invalid("method", &expected, &Value::String(text)))
        }
        other => Ok(other),
    }
}
