//! The predictor's labels: the JSON object in `PREDICTOR_LABELS`.

use serde_json::{Map, Value};

/// Labels that are not what they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a JSON object whose `version` is a string")]
pub struct LabelsError;

/// The label `version`, which metrics carry; `None` when there is none.
///
/// # Errors
/// When the text is no JSON object, or the version no string.
pub fn predictor_version(labels: &str) -> Result<Option<String>, LabelsError> {
    let labels: Map<String, Value> = serde_json::from_str(labels).map_err(|_| LabelsError)?;
    match labels.get("version") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(version)) => Ok(Some(version.clone())),
        Some(_) => Err(LabelsError),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_and_may_be_absent() {
        assert_eq!(predictor_version(r#"{"version":"v1","app":"x"}"#), Ok(Some("v1".into())));
        assert_eq!(predictor_version("{}"), Ok(None));
        for text in ["", "[]", "{", r#"{"version":1}"#] {
            assert_eq!(predictor_version(text), Err(LabelsError), "{text}");
        }
    }
}
