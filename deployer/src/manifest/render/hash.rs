//! One digest for what a configuration asks for.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::REVISION;
use crate::manifest::seldon::SeldonDeployment;

/// The SHA-256 of what is wanted, in hexadecimal: the spec with its labels and annotations, and the
/// bytes of its models, without the number of the revision, which says only when it was asked for.
pub(super) fn of(object: &SeldonDeployment, digests: &BTreeMap<String, String>) -> String {
    let mut object = object.clone();
    let metadata = &mut object.metadata;
    metadata.namespace = None;
    if let Some(labels) = &mut metadata.labels {
        labels.remove("app.kubernetes.io/version");
    }
    let components = object.spec.predictors.iter_mut().flat_map(|it| &mut it.component_specs);
    let pods = components.filter_map(|component| component.metadata.as_mut());
    for metadata in pods.chain([&mut object.metadata]) {
        if let Some(annotations) = &mut metadata.annotations {
            annotations.remove(REVISION);
        }
    }
    let whole = json!({"object": object, "models": digests});
    hex(&Sha256::digest(canonical(&whole).to_string()))
}

/// The same value without maps and lists that hold nothing: a newer program may leave them out.
fn canonical(value: &Value) -> Value {
    let is_something = |value: &Value| match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    };
    match value {
        Value::Object(members) => {
            // Members of a JSON map are in the order of their names.
            let members = members.iter().map(|(key, value)| (key.clone(), canonical(value)));
            Value::Object(members.filter(|(_, value)| is_something(value)).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(canonical).collect()),
        plain => plain.clone(),
    }
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}
