//! Operators that move, choose and convert elements, and make none of their own.

pub(super) mod cast;
mod select;
mod shape;

use crate::Unsupported;

use super::{Builder, Built, NodeContext};

/// The builder of the operator of this name, if there is one.
pub(super) fn builder(name: &str) -> Option<Builder> {
    Some(match name {
        "ArgMax" | "ArgMin" => select::arg_extremum,
        "Cast" => cast::cast,
        "Concat" => shape::concat,
        "Flatten" => shape::flatten,
        "Identity" => |context| identity(context),
        "Reshape" => shape::reshape,
        "Slice" => select::slice,
        _ => return None,
    })
}

fn identity(context: &NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&[])?;
    context.fact(0)?;
    Ok(Built::Alias(0))
}
