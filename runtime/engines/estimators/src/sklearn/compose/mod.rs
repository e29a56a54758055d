//! Estimators made of estimators that feed each other.

mod block;
mod columns;
mod hint;
mod inverse;
mod pipeline;
mod select;
mod target;
mod union;

use super::registry::Reader;

/// The reader of a class of this family.
pub(crate) fn reader(class: &str) -> Option<Reader> {
    Some(match class {
        "ColumnTransformer" => columns::read,
        "FeatureUnion" => union::read,
        "Pipeline" => pipeline::read,
        "TransformedTargetRegressor" => target::read,
        _ => return None,
    })
}
