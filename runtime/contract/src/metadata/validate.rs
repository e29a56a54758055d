//! What may stand where in metadata.
//!
//! The rules are those of Seldon Core's Python microservice 1.18 (`metadata.py`), down to a tensor
//! description whose `name`, `datatype` and `shape` may each be absent. As in JSON Schema, a number
//! without a fraction is an integer however it is written.

use serde_json::{Map, Value};

use super::{Layer, MetadataError};

const KEYS: &str = "a key out of name, versions, platform, inputs, outputs, custom";
const DATATYPES: [&str; 13] = [
    "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16",
    "FP32", "FP64", "BYTES",
];

/// A value in the wrong place, before it is known which layer set it.
pub(super) struct Problem {
    path: String,
    expected: &'static str,
    got: String,
}

impl Problem {
    /// Names the last layer that set the key where the path begins.
    pub(super) fn blame(self, layers: &[Layer]) -> MetadataError {
        let key = self.path.split(['.', '[']).next().unwrap_or_default();
        let layer = layers.iter().rev().find(|layer| layer.entries.contains_key(key));
        MetadataError::Invalid {
            source_name: layer.map_or("metadata", |layer| &layer.source).to_owned(),
            path: self.path,
            expected: self.expected,
            got: self.got,
        }
    }
}

/// Everything in `entries` that is not what its place asks for.
pub(super) fn problems(entries: &Map<String, Value>) -> Vec<Problem> {
    let mut check = Check(Vec::new());
    for (key, value) in entries {
        match key.as_str() {
            "name" | "platform" => check.text(key, value),
            "versions" => check.list(key, value, Check::text),
            "custom" => check.custom(key, value),
            "inputs" | "outputs" => check.list(key, value, Check::description),
            _ => check.unexpected_key(key, KEYS),
        }
    }
    check.0
}

struct Check(Vec<Problem>);

impl Check {
    fn wrong(&mut self, path: &str, expected: &'static str, value: &Value) {
        let got = match value {
            Value::Null | Value::Array(_) | Value::Object(_) => kind(value).to_owned(),
            Value::Bool(_) | Value::Number(_) | Value::String(_) => format!("`{}`", short(value)),
        };
        self.0.push(Problem { path: path.to_owned(), expected, got });
    }

    fn unexpected_key(&mut self, path: &str, expected: &'static str) {
        self.0.push(Problem { path: path.to_owned(), expected, got: "another one".to_owned() });
    }

    fn text(&mut self, path: &str, value: &Value) {
        if !value.is_string() {
            self.wrong(path, "a string", value);
        }
    }

    fn integer(&mut self, path: &str, value: &Value) {
        let is_integer = value.is_i64()
            || value.is_u64()
            || value.as_f64().is_some_and(|number| number.fract() == 0.0);
        if !is_integer {
            self.wrong(path, "an integer", value);
        }
    }

    fn object(&mut self, path: &str, value: &Value) {
        if !value.is_object() {
            self.wrong(path, "a mapping", value);
        }
    }

    fn list(&mut self, path: &str, value: &Value, item: fn(&mut Self, &str, &Value)) {
        let Value::Array(items) = value else { return self.wrong(path, "a list", value) };
        for (index, value) in items.iter().enumerate() {
            item(self, &format!("{path}[{index}]"), value);
        }
    }

    fn custom(&mut self, path: &str, value: &Value) {
        let Value::Object(entries) = value else { return self.wrong(path, "a mapping", value) };
        for (key, value) in entries {
            self.text(&format!("{path}.{key}"), value);
        }
    }

    /// One item of `inputs` or `outputs`.
    fn description(&mut self, path: &str, value: &Value) {
        let Value::Object(entries) = value else { return self.wrong(path, "a mapping", value) };
        match entries.get("messagetype") {
            Some(Value::String(messagetype)) => self.message(path, messagetype, entries),
            Some(other) => self.wrong(&format!("{path}.messagetype"), "a string", other),
            None => self.tensor(path, entries),
        }
    }

    /// An item that describes a payload kind of Seldon's first protocol.
    fn message(&mut self, path: &str, messagetype: &str, entries: &Map<String, Value>) {
        for (key, value) in entries {
            let path = format!("{path}.{key}");
            match (key.as_str(), messagetype) {
                ("messagetype", _) => {}
                ("schema", "tensor" | "ndarray" | "tftensor") => self.array_schema(&path, value),
                ("schema", "strData" | "binData") => {
                    self.unexpected_key(&path, "only messagetype");
                }
                ("schema", _) => self.object(&path, value),
                _ => self.unexpected_key(&path, "a key out of messagetype, schema"),
            }
        }
    }

    fn array_schema(&mut self, path: &str, value: &Value) {
        let Value::Object(entries) = value else { return self.wrong(path, "a mapping", value) };
        for (key, value) in entries {
            let path = format!("{path}.{key}");
            match key.as_str() {
                "names" => self.list(&path, value, Self::text),
                "shape" => self.list(&path, value, Self::integer),
                _ => self.unexpected_key(&path, "a key out of names, shape"),
            }
        }
    }

    /// An item that describes a tensor as the Open Inference Protocol does.
    fn tensor(&mut self, path: &str, entries: &Map<String, Value>) {
        for (key, value) in entries {
            let path = format!("{path}.{key}");
            match key.as_str() {
                "name" => self.text(&path, value),
                "datatype" => self.datatype(&path, value),
                "shape" => self.list(&path, value, Self::integer),
                _ => self.unexpected_key(
                    &path,
                    "a key out of messagetype, schema or out of name, datatype, shape",
                ),
            }
        }
    }

    fn datatype(&mut self, path: &str, value: &Value) {
        if !value.as_str().is_some_and(|name| DATATYPES.contains(&name)) {
            self.wrong(path, "BOOL, UINT8..64, INT8..64, FP16, FP32, FP64 or BYTES", value);
        }
    }
}

/// What people call this kind of value.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}

/// A scalar as a message shows it: at most 60 characters.
fn short(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
