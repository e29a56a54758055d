//! Operators that make, move, choose and convert elements, of any type and rank.
//!
//! Those that only move elements are written once for all types ([`column`]); what they are told by
//! axes, extents and indices may be constant or come with a request ([`ints`]).

pub(super) mod cast;
mod choose;
mod col2im;
mod column;
mod extremum;
mod gather;
mod ints;
mod join;
mod make;
mod nonzero;
mod number;
mod order;
mod pad;
mod places;
mod reshape;
mod resize;
mod reverse;
mod scatter;
mod slice;
mod suppress;
#[cfg(test)]
mod tests;
mod top_k;
mod unique;
mod walk;

use crate::Unsupported;

use super::{Builder, Built, NodeContext};

pub(crate) use make::constant;

/// The builder of the operator of this name, if there is one.
pub(super) fn builder(name: &str) -> Option<Builder> {
    Some(match name {
        "ArgMax" | "ArgMin" => extremum::arg_extremum,
        "BitCast" => cast::bit_cast,
        "Cast" => cast::cast,
        "CastLike" => cast::cast_like,
        "CenterCropPad" => pad::center_crop_pad,
        "Col2Im" => col2im::col2im,
        "Compress" => gather::compress,
        "Concat" => join::concat,
        "ConstantOfShape" => make::constant_of_shape,
        "DepthToSpace" | "SpaceToDepth" => order::blocks,
        "Expand" => order::expand,
        "EyeLike" => make::eye_like,
        "Flatten" => reshape::flatten,
        "Gather" => gather::gather,
        "GatherElements" => gather::gather_elements,
        "GatherND" => gather::gather_nd,
        "Identity" => |context| identity(context),
        "NonMaxSuppression" => suppress::non_max_suppression,
        "NonZero" => nonzero::non_zero,
        "OneHot" => choose::one_hot,
        "Pad" => pad::pad,
        "Range" => make::range,
        "Reshape" => reshape::reshape,
        "Resize" => resize::resize,
        "ReverseSequence" => reverse::reverse_sequence,
        "Scatter" | "ScatterElements" => scatter::scatter_elements,
        "ScatterND" => scatter::scatter_nd,
        "Shape" => make::shape,
        "Size" => make::size,
        "Slice" => slice::slice,
        "Split" => join::split,
        "Squeeze" => reshape::squeeze_axes,
        "TensorScatter" => scatter::tensor_scatter,
        "Tile" => order::tile,
        "TopK" => top_k::top_k,
        "Transpose" => order::transpose,
        "Trilu" => nonzero::trilu,
        "Unique" => unique::unique,
        "Unsqueeze" => reshape::unsqueeze_axes,
        "Upsample" => resize::upsample,
        "Where" => choose::choose,
        _ => return None,
    })
}

fn identity(context: &NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&[])?;
    context.fact(0)?;
    Ok(Built::Alias(0))
}
