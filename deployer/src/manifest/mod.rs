//! SeldonDeployments: their types, what may stand in one, and how one is made of a configuration.
//!
//! All of it is pure: [`render`] makes the object, [`checked`] makes one that would be taken, [`problems`] says what an API server and the
//! operator's webhook would say to it, and neither asks a cluster.

mod checked;
pub mod package;
mod problem;
pub(crate) mod queue;
mod render;
mod schema;
pub mod seldon;
mod versions;
mod webhook;

use std::collections::BTreeSet;

use serde_json::Value;

pub use checked::{ManifestError, checked};
pub use problem::Problem;
pub use render::{
    CONFIG_HASH, Facts, MAIN, MANAGED_BY, MODEL_DIGEST, MODEL_FORMAT, MODEL_NODE, MODEL_URI,
    Mentions, NAME_LABEL, Objects, REVISION, Release, RenderError, is_recreated, mentions,
    object_name, render,
};
pub use schema::{Capabilities, DEFINITION, DefinitionError, Schema};
pub use seldon::SeldonDeployment;
pub use versions::CrdVersion;
pub use webhook::{NO_ENGINE, SVC_NAME};

/// Everything that is wrong with a SeldonDeployment, as `schema` and the webhook's rules have it.
/// `servers` are the names in the operator's `predictor_servers`, where they are known.
pub fn problems(
    object: &Value,
    schema: &Schema,
    servers: Option<&BTreeSet<String>>,
) -> Vec<Problem> {
    let mut problems = schema.problems(object);
    problems.extend(schema::metadata_problems(object));
    // What is of another shape has been told of.
    if let Ok(typed) = serde_json::from_value::<SeldonDeployment>(object.clone()) {
        problems.extend(webhook::problems(&typed, servers));
    }
    problems
}
