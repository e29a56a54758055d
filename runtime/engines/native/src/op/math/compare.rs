//! Comparisons, logic and bits.

use radiant_core::{DType, Error, Shape, Strings, TensorData};

use crate::Unsupported;
use crate::registers::{Inputs, View};

use super::binary::{attributes, boxed, built, same_dtype};
use super::number::{integers, reals, signed, unsigned};
use crate::op::{Built, NodeContext, Op, Outputs, broadcast};

/// Builds Equal, Greater, GreaterOrEqual, Less or LessOrEqual of two values of one type.
pub(super) fn comparison(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    attributes(context, &[])?;
    let dtype = same_dtype(context)?;
    let op = match (context.node.op_type.as_str(), dtype) {
        ("Equal", DType::Bool) => Some(boxed(|a: bool, b: bool| a == b)),
        ("Equal", DType::Bytes) => Some(Box::new(EqualStrings) as Box<dyn Op>),
        ("Equal", _) => ordering(dtype, "Equal"),
        (name, _) => ordering(dtype, name),
    };
    built(context, op, DType::Bool)
}

#[expect(clippy::float_cmp, reason = "it is what the model asks for")]
fn ordering(dtype: DType, name: &str) -> Option<Box<dyn Op>> {
    let reals = reals!(dtype, T => match name {
        "Equal" => boxed(|a: T, b: T| a == b),
        "Greater" => boxed(|a: T, b: T| a > b),
        "GreaterOrEqual" => boxed(|a: T, b: T| a >= b),
        "Less" => boxed(|a: T, b: T| a < b),
        _ => boxed(|a: T, b: T| a <= b),
    });
    // One form for each type of integer, not one for each function of it.
    reals.or_else(|| {
        integers!(dtype, T => boxed::<T, T, bool>(match name {
            "Equal" => (|a, b| a == b) as fn(T, T) -> bool,
            "Greater" => |a, b| a > b,
            "GreaterOrEqual" => |a, b| a >= b,
            "Less" => |a, b| a < b,
            _ => |a, b| a <= b,
        }))
    })
}

/// Equality of strings, byte for byte.
struct EqualStrings;

impl Op for EqualStrings {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let (left, right) = (inputs.view(0)?, inputs.view(1)?);
        let (a, b) = (strings(left)?, strings(right)?);
        let shape = broadcast::shape(&[left.shape, right.shape])?;
        let dims = shape.dims();
        let out = outputs.first().reset::<bool>(dims)?;
        let steps =
            [left.shape, right.shape].map(|operand: &Shape| broadcast::strides(operand, dims));
        let (last, n) = dims.split_last().map_or((0, 1), |(&n, outer)| (outer.len(), n));
        broadcast::runs(dims, [&steps[0], &steps[1]], |[a_at, b_at]| {
            let pair = |at| (a.get(a_at + at * steps[0][last]), b.get(b_at + at * steps[1][last]));
            out.extend((0..n).map(pair).map(|(a, b)| a == b));
        });
        Ok(())
    }
}

fn strings(view: View<'_>) -> Result<&Strings, Error> {
    match view.data {
        TensorData::Bytes(strings) => Ok(strings),
        other => Err(Error::internal(format!("expected strings, got {}", other.dtype()))),
    }
}

/// Builds And, Or or Xor.
pub(super) fn logic(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    attributes(context, &[])?;
    let op = (same_dtype(context)? == DType::Bool).then(|| match context.node.op_type.as_str() {
        "And" => boxed(|a: bool, b: bool| a & b),
        "Or" => boxed(|a: bool, b: bool| a | b),
        _ => boxed(|a: bool, b: bool| a ^ b),
    });
    built(context, op, DType::Bool)
}

/// Builds BitwiseAnd, BitwiseOr or BitwiseXor.
pub(super) fn bitwise(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&[])?;
    let dtype = same_dtype(context)?;
    let name = context.node.op_type.as_str();
    let op = integers!(dtype, T => boxed::<T, T, T>(match name {
        "BitwiseAnd" => (|a, b| a & b) as fn(T, T) -> T,
        "BitwiseOr" => |a, b| a | b,
        _ => |a, b| a ^ b,
    }));
    built(context, op, dtype)
}

/// Builds a BitShift; what is moved by all its bits or more leaves its sign.
pub(super) fn shift(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["direction"])?;
    let dtype = same_dtype(context)?;
    let is_left = match context.node.string("direction")? {
        Some("LEFT") => true,
        Some("RIGHT") => false,
        other => return Err(context.refuse_value("direction", other.unwrap_or_default())),
    };
    let op = if is_left {
        integers!(dtype, T => {
            boxed(move |a: T, b: T| a.checked_shl(n_bits(b)).unwrap_or(0))
        })
    } else {
        let op = unsigned!(dtype, T => {
            boxed(move |a: T, b: T| a.checked_shr(n_bits(b)).unwrap_or(0))
        });
        op.or_else(|| {
            signed!(dtype, T => boxed(move |a: T, b: T| {
                let beyond = if a < 0 { -1 } else { 0 };
                a.checked_shr(n_bits(b)).unwrap_or(beyond)
            }))
        })
    };
    built(context, op, dtype)
}

/// The number of bits to move by; what is negative is as good as all.
fn n_bits(by: impl TryInto<u32>) -> u32 {
    by.try_into().unwrap_or(u32::MAX)
}
