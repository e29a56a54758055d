//! Why a configuration cannot be rendered.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::config::units;
use crate::manifest::problem::member;

/// A part of a configuration that no manifest can be made of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}`: expected {expected}, got {got}")]
pub struct RenderError {
    /// Where: a path in `radiant.yaml`.
    pub path: String,
    /// What should be there.
    pub expected: String,
    /// What is there.
    pub got: String,
    /// What to do about it.
    pub hint: Option<&'static str>,
}

impl RenderError {
    pub(super) fn new(
        path: impl Into<String>,
        expected: impl Into<String>,
        got: impl Into<String>,
    ) -> Self {
        Self { path: path.into(), expected: expected.into(), got: got.into(), hint: None }
    }

    pub(super) fn hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }
}

/// Reads a part of Kubernetes' PodSpec as its type, and refuses what the type does not have:
/// Kubernetes would drop it and say nothing.
pub(super) fn typed<T: DeserializeOwned + Serialize>(
    path: &str,
    value: &Value,
) -> Result<T, RenderError> {
    let wrong = |error: serde_json::Error| {
        RenderError::new(path, "what Kubernetes has there", error.to_string())
    };
    let read: T = serde_json::from_value(value.clone()).map_err(wrong)?;
    match lost(path, value, &serde_json::to_value(&read).map_err(wrong)?) {
        Some(place) => {
            Err(RenderError::new(place, "a field that Kubernetes has", "an unknown one"))
        }
        None => Ok(read),
    }
}

/// The first member of `before` that `after` lacks.
fn lost(path: &str, before: &Value, after: &Value) -> Option<String> {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            before.iter().find_map(|(key, value)| match (value, after.get(key)) {
                (Value::Null, _) => None,
                (Value::Array(items), None) if items.is_empty() => None,
                (Value::Object(members), None) if members.is_empty() => None,
                (_, None) => Some(member(path, key)),
                (value, Some(kept)) => lost(&member(path, key), value, kept),
            })
        }
        (Value::Array(before), Value::Array(after)) => {
            let mut pairs = before.iter().zip(after).enumerate();
            pairs.find_map(|(index, (value, kept))| lost(&format!("{path}[{index}]"), value, kept))
        }
        _ => None,
    }
}

/// How many seconds a duration such as `90s`, `10m`, `1h30m` or `500ms` is, rounded up.
pub(super) fn seconds(path: &str, text: &str) -> Result<u32, RenderError> {
    let wrong = || RenderError::new(path, "a duration such as `90s` or `10m`", format!("`{text}`"));
    let whole = units::duration(text).ok_or_else(wrong)?;
    u32::try_from(whole.as_millis().div_ceil(1_000)).map_err(|_| wrong())
}

/// A number of pods or seconds as Kubernetes has them.
pub(super) fn number(path: &str, value: u32) -> Result<i32, RenderError> {
    let wrong = |_| RenderError::new(path, "a number below 2147483648", format!("`{value}`"));
    i32::try_from(value).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::{Affinity, Volume};
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_type_would_drop_is_refused() {
        let affinity = json!({"nodeLikes": {}, "podAffinity": {}});
        assert!(typed::<Affinity>("pod.affinity", &affinity).is_ok(), "nothing is in it");
        let affinity = json!({"nodeLikes": {"a": 1}});
        let error = typed::<Affinity>("pod.affinity", &affinity).unwrap_err();
        assert_eq!(error.path, "pod.affinity.nodeLikes");
        let volume = json!({"name": "v", "emptyDir": {"sizeMost": "1Gi"}});
        let error = typed::<Volume>("pod.volumes[0]", &volume).unwrap_err();
        assert_eq!(error.path, "pod.volumes[0].emptyDir.sizeMost");
        let volume = json!({"name": "v", "emptyDir": {}});
        assert_eq!(typed::<Volume>("pod.volumes[0]", &volume).unwrap().name, "v");
        let error = typed::<Volume>("pod.volumes[0]", &json!({"name": 7})).unwrap_err();
        assert!(error.got.contains("expected a string"), "{error}");
    }

    #[test]
    fn durations_are_rounded_up_to_seconds() {
        let cases =
            [("90s", 90), ("10m", 600), ("1h", 3600), ("1500ms", 2), ("1d", 86_400), ("0s", 0)];
        for (text, expected) in cases {
            assert_eq!(seconds("x", text), Ok(expected), "{text}");
        }
        for text in ["", "7", "s", "-1s", "1.5s", "99999999999h", "18446744073709551615m"] {
            assert!(seconds("x", text).is_err(), "{text}");
        }
    }
}
