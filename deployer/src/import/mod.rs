//! From an object of a cluster to `radiant.yaml`.
//!
//! A SeldonDeployment holds more than a configuration can say. Whatever has no place in the
//! configuration is told by its path: nothing is left out silently.

mod container;
mod node;
mod seldon;
mod taking;
#[cfg(test)]
mod tests;
mod zenml;

use serde_json::Value;

use crate::config::Deployment;

/// A configuration made of an object.
#[derive(Debug)]
pub struct Imported {
    /// The configuration.
    pub deployment: Deployment,
    /// What the reader should know: what was taken otherwise than it was written, and why.
    pub notes: Vec<String>,
    /// Paths of the object that the configuration has no place for.
    pub left_out: Vec<String>,
}

/// An object that is none of those that can be read.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It is something else.
    #[error("expected a SeldonDeployment of machinelearning.seldon.io, got {got}")]
    Kind {
        /// Its kind and version.
        got: String,
    },
    /// Something that it cannot do without is missing.
    #[error("`{place}`: expected {expected}, got nothing")]
    Missing {
        /// Where.
        place: String,
        /// What.
        expected: &'static str,
    },
    /// It was not made by ZenML.
    #[error(
        "expected the label `app: zenml` and the annotation `zenml.service_config`, as ZenML writes them"
    )]
    NotZenml,
}

/// Makes a configuration of a SeldonDeployment, whoever wrote it.
///
/// # Errors
/// When it is no SeldonDeployment, or one without predictors.
pub fn seldon(object: Value) -> Result<Imported, ImportError> {
    seldon::import(object)
}

/// Makes a configuration of a SeldonDeployment that ZenML wrote: as [`seldon`], and with what ZenML
/// notes of it.
///
/// # Errors
/// As [`seldon`], and when ZenML did not write it.
pub fn zenml(object: Value) -> Result<Imported, ImportError> {
    zenml::import(object)
}

/// A configuration as a value that says only what is not so by default.
pub fn terse(deployment: &Deployment) -> Value {
    let mut value = serde_json::to_value(deployment).unwrap_or_default();
    let minimal = Deployment::named(&deployment.name);
    without(&mut value, &serde_json::to_value(minimal).unwrap_or_default(), true);
    value
}

/// Takes out of `value` what is as in `default`; of the outermost object only what is optional.
fn without(value: &mut Value, default: &Value, is_outermost: bool) {
    let (Value::Object(fields), Value::Object(defaults)) = (value, default) else { return };
    for (name, default) in defaults {
        if is_outermost && ["apiVersion", "kind", "name"].contains(&name.as_str()) {
            continue;
        }
        let Some(field) = fields.get_mut(name) else { continue };
        if field == default {
            fields.remove(name);
        } else {
            without(field, default, false);
        }
    }
}
