//! A Secret of Kubernetes as it is written: by `kubectl get secret -o json` or `-o yaml`.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use radiant_contract::credentials::Secret;
use serde_json::Value;

use super::CredentialsError;

/// What a Secret holds, as text.
///
/// # Errors
/// When a value is not in base64, or no text.
pub(in super::super) fn values(
    object: &Value,
    origin: &str,
) -> Result<BTreeMap<String, Secret>, CredentialsError> {
    let members = |name: &str| object.get(name).and_then(Value::as_object).into_iter().flatten();
    let mut found = BTreeMap::new();
    for (key, value) in members("data") {
        let bytes = value.as_str().and_then(|text| STANDARD.decode(text.trim()).ok());
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        let text = text.ok_or_else(|| {
            let place = format!("{origin}: key `{key}`");
            CredentialsError::new(place, "a text in base64", "something else")
        })?;
        found.insert(key.clone(), Secret::new(text));
    }
    for (key, value) in members("stringData") {
        let text = value.as_str().ok_or_else(|| {
            let place = format!("{origin}: key `{key}`");
            CredentialsError::new(place, "a text", "something else")
        })?;
        found.insert(key.clone(), Secret::new(text));
    }
    Ok(found)
}
