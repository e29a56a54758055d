//! A manifest that would be taken, or why it would not.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{Facts, Objects, Problem, RenderError, Schema, problems, render};
use crate::config::Deployment;
use crate::error::Failure;

/// Why a configuration becomes no manifest that would be taken.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// A part of the configuration cannot be said in a manifest.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// It can, and an API server or the operator would refuse or drop it.
    #[error("the manifest of `{name}` would not be taken{}", lines(problems))]
    Refused {
        /// The deployment.
        name: String,
        /// What of it, with places in the manifest.
        problems: Vec<Problem>,
    },
}

fn lines(problems: &[Problem]) -> String {
    let mut text = String::new();
    for problem in problems {
        // Writing to a `String` cannot fail.
        let _infallible = write!(text, "\n  {problem}");
    }
    text
}

/// Renders a configuration and checks what came of it by `schema` and by the webhook's rules.
///
/// # Errors
/// When it cannot be rendered, or would not be taken.
pub fn checked(
    config: &Deployment,
    facts: &Facts,
    schema: &Schema,
    servers: Option<&BTreeSet<String>>,
) -> Result<Objects, ManifestError> {
    let objects = render(config, facts)?;
    // A manifest has no maps with other keys than texts: what cannot be JSON does not exist.
    let object = serde_json::to_value(&objects.deployment).unwrap_or_default();
    match problems(&object, schema, servers) {
        problems if problems.is_empty() => Ok(objects),
        problems => Err(ManifestError::Refused { name: config.name.clone(), problems }),
    }
}

impl From<ManifestError> for Failure {
    fn from(error: ManifestError) -> Self {
        let hint = match &error {
            ManifestError::Render(error) => error.hint,
            ManifestError::Refused { .. } => Some(
                "places are in the manifest, which some parts of the configuration are passed on \
                 to as they are",
            ),
        };
        let failure = Self::usage(error);
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}
