//! What ZenML's client looks for, so that it finds, reads and deletes what was made here.
//!
//! Source: ZenML 0.43 to 0.98, `seldon_client.py` and `seldon_deployment.py`.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha1::{Digest, Sha1};

use super::part::Part;
use super::{RenderError, scale};
use crate::config::{Deployment, Mode, Resources};

/// The version of ZenML whose form this is.
const VERSION: &str = "0.98.0";
/// UUIDs of domain names (RFC 9562, 6.6).
const DOMAINS: [u8; 16] = [
    0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8,
];

/// The object's name in ZenML's form.
pub(super) fn object_name(name: &str) -> String {
    format!("zenml-{}", service_uuid(name))
}

/// The labels that ZenML finds objects by.
pub(super) fn labels(config: &Deployment) -> BTreeMap<String, String> {
    let implementation = implementation(config);
    let uri = config.model.uri.as_deref().unwrap_or_default();
    let all = [
        ("zenml.model_name", sanitize(&config.name)),
        ("zenml.model_uri", sanitize(uri)),
        ("zenml.model_type", sanitize(implementation)),
        ("zenml.service_uuid", service_uuid(&config.name)),
        ("app", "zenml".to_owned()),
    ];
    let some = all.into_iter().filter(|(_, value)| !value.is_empty());
    some.map(|(key, value)| (key.to_owned(), value)).collect()
}

/// The annotations that ZenML makes a service of. Names of Secrets are not among them: it would
/// delete one that it takes for its own.
pub(super) fn annotations(config: &Deployment) -> Result<BTreeMap<String, String>, RenderError> {
    let resources = &config.server.resources;
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let texts = |values: &BTreeMap<String, Value>| -> BTreeMap<String, String> {
        values.iter().map(|(name, value)| (name.clone(), text(value))).collect()
    };
    let resources =
        json!({"requests": texts(&resources.requests), "limits": texts(&resources.limits)});
    let service = json!({
        "name": config.name,
        "model_name": config.name,
        "model_uri": config.model.uri.as_deref().unwrap_or_default(),
        "implementation": implementation(config),
        "is_custom_deployment": config.server.mode != Mode::Prepackaged,
        "parameters": Value::Null,
        "resources": resources,
        "replicas": scale::replicas(&Part::main(config))?.unwrap_or(1),
        "secret_name": Value::Null,
        "serviceAccountName": config.credentials.service_account,
        "model_metadata": {},
        "extra_args": {},
        "spec": {},
    });
    let pairs =
        [("zenml.service_config", service.to_string()), ("zenml.version", VERSION.to_owned())];
    Ok(pairs.map(|(key, value)| (key.to_owned(), value)).into())
}

/// What of a configuration becomes fields that ZenML's own types lack: it writes predictors whole.
pub(super) fn unknown(config: &Deployment) -> Vec<&'static str> {
    let all = [
        ("explainer", config.explainer.is_some()),
        ("scale.auto", config.scale.auto.is_some()),
        ("scale.keda", config.scale.keda.is_some()),
        ("scale.pdb", config.scale.pdb.is_some()),
        ("server.engineResources", config.server.engine_resources != Resources::default()),
        ("variants", !config.variants.is_empty()),
    ];
    all.into_iter().filter(|(_, is_said)| *is_said).map(|(field, _)| field).collect()
}

fn implementation(config: &Deployment) -> &str {
    match config.server.mode {
        Mode::Prepackaged => &config.server.implementation,
        Mode::Custom | Mode::Initializer => "custom",
    }
}

/// A label's value as ZenML makes one of any text: runs of other characters become one `_`, 63 are
/// kept, and what may not stand at an end goes.
fn sanitize(text: &str) -> String {
    let is_kept = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let mut kept = String::new();
    let mut is_within_run = false;
    for c in text.chars() {
        if is_kept(c) {
            kept.push(c);
        } else if !is_within_run {
            kept.push('_');
        }
        is_within_run = !is_kept(c);
    }
    kept.truncate(63);
    kept.trim_matches(['-', '_', '.']).to_owned()
}

/// The UUID of a deployment's name, the same on every machine.
fn service_uuid(name: &str) -> String {
    spelled(uuid5(uuid5(DOMAINS, "radiant.dev"), name))
}

/// A UUID by name (RFC 9562, 5.5).
fn uuid5(space: [u8; 16], name: &str) -> [u8; 16] {
    let hash: [u8; 20] = Sha1::new().chain_update(space).chain_update(name).finalize().into();
    let mut uuid = [0; 16];
    uuid.copy_from_slice(&hash[..16]);
    uuid[6] = uuid[6] & 0x0f | 0x50;
    uuid[8] = uuid[8] & 0x3f | 0x80;
    uuid
}

fn spelled(uuid: [u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (index, byte) in uuid.into_iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(digit.into(), 16));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_as_zenml_makes_them() {
        // Answers of ZenML's own `sanitize_labels`.
        let cases = [
            ("s3://bucket/some path/e\u{301}/model", "s3_bucket_some_path_e_model"),
            ("_x_", "x"),
            ("-----", ""),
            ("", ""),
            ("a.b-c_d", "a.b-c_d"),
            ("custom", "custom"),
        ];
        for (text, expected) in cases {
            assert_eq!(sanitize(text), expected, "{text}");
        }
        let long = format!("{}/{}", "a".repeat(62), "b".repeat(9));
        assert_eq!(sanitize(&long), "a".repeat(62), "an end that may not be one goes");
    }

    #[test]
    fn uuids_are_those_of_other_libraries() {
        // Python: uuid.uuid5(uuid.NAMESPACE_DNS, 'python.org'), from its documentation.
        let uuid = spelled(uuid5(DOMAINS, "python.org"));
        assert_eq!(uuid, "886313e1-3b8a-5372-9b90-0c9aee199e5d");
        assert_eq!(object_name("fraud"), object_name("fraud"));
        assert_ne!(object_name("fraud"), object_name("fraud2"));
    }
}
