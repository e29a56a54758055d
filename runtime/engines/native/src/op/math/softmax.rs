//! Softmax and LpNormalization of rows.

use radiant_core::DType;

use crate::Unsupported;
use crate::kernel::activation;
use crate::op::ml::row::{Rows, divide, like_input, norm_l1};
use crate::op::{Built, NodeContext};

/// Builds a LpNormalization of the columns of a matrix.
pub(super) fn lp_normalization(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["axis", "p"])?;
    context.expect_dtype(0, DType::F32)?;
    let (axis, p) = (context.node.int("axis", -1)?, context.node.int("p", 2)?);
    if context.fact(0)?.rank() != Some(2) || !matches!(axis, 1 | -1) {
        return Err(context.refuse_value("axis", axis));
    }
    let function = match p {
        1 => norm_l1,
        2 => |row: &mut [f32]| divide(row, row.iter().map(|x| x * x).sum::<f32>().sqrt()),
        other => return Err(context.refuse_value("p", other)),
    };
    Ok(Built::unary(Rows(function), like_input(context)?))
}

/// Builds a Softmax over the columns of a matrix.
pub(super) fn softmax(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["axis"])?;
    context.expect_dtype(0, DType::F32)?;
    let default = if context.opset < 13 { 1 } else { -1 };
    let axis = context.node.int("axis", default)?;
    if context.fact(0)?.rank() != Some(2) || !matches!(axis, 1 | -1) {
        return Err(context.refuse_value("axis", axis));
    }
    Ok(Built::unary(Rows(activation::softmax), like_input(context)?))
}
