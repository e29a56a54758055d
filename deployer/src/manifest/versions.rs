//! Versions of Seldon Core, as far as their definitions of the kind differ.

use std::fmt;
use std::str::FromStr;

use super::schema::{DefinitionError, Schema};

/// The minor versions of 1.x whose definition is known.
const KNOWN: [u32; 5] = [14, 15, 16, 17, 18];

/// Fields by the first minor version that has them. What else there is, all of them have.
const SINCE: [(u32, &str); 2] = [
    (15, "spec.predictors.progressDeadlineSeconds"),
    (15, "spec.predictors.componentSpecs.hpaSpec.metricsv2"),
];

/// A version of Seldon Core whose definition is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrdVersion {
    minor: u32,
}

impl CrdVersion {
    /// The fields that later versions have, and it has not.
    pub fn lacks(self) -> Vec<&'static str> {
        let later = SINCE.iter().filter(|(since, _)| *since > self.minor);
        later.map(|(_, field)| *field).collect()
    }

    /// What objects may look like there.
    ///
    /// # Errors
    /// Never in practice: the definition is ours.
    pub fn schema(self) -> Result<Schema, DefinitionError> {
        Schema::without(&self.lacks())
    }
}

impl fmt::Display for CrdVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.minor)
    }
}

impl FromStr for CrdVersion {
    type Err = String;

    /// Reads `1.14`, or `v1.14.1`, whose last number says nothing here.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut numbers = text.strip_prefix('v').unwrap_or(text).split('.').map(str::parse::<u32>);
        let minor = match (numbers.next(), numbers.next(), numbers.next(), numbers.next()) {
            (Some(Ok(1)), Some(Ok(minor)), None | Some(Ok(_)), None) => Some(minor),
            _ => None,
        };
        let known = minor.filter(|minor| KNOWN.contains(minor));
        known.map(|minor| Self { minor }).ok_or_else(|| {
            let known = KNOWN.map(|minor| format!("`1.{minor}`")).join(", ");
            format!("expected one of {known}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_that_are_known() {
        for (text, shown) in [("1.14", "1.14"), ("v1.17.1", "1.17"), ("1.18.2", "1.18")] {
            assert_eq!(text.parse::<CrdVersion>().unwrap().to_string(), shown);
        }
        for wrong in ["", "1", "1.13", "1.19", "2.0", "1.x", "1.14.1.0", "1.14-dev"] {
            let error = wrong.parse::<CrdVersion>().unwrap_err();
            assert_eq!(error, "expected one of `1.14`, `1.15`, `1.16`, `1.17`, `1.18`", "{wrong}");
        }
    }

    #[test]
    fn an_old_version_has_no_fields_of_later_ones() {
        let old = "1.14".parse::<CrdVersion>().unwrap();
        let schema = old.schema().unwrap();
        for field in old.lacks() {
            assert!(!schema.has(field) && Schema::bundled().has(field), "{field}");
        }
        assert!(schema.has("spec.predictors.componentSpecs.hpaSpec.metrics"));
        let capabilities = schema.capabilities();
        assert!(!capabilities.progress_deadline && !capabilities.metrics_v2);
        assert_eq!("1.16".parse::<CrdVersion>().unwrap().lacks(), [""; 0]);
    }
}
