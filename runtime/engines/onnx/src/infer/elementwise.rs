//! Operators that compute each element from the elements at the same place.
#![expect(clippy::unnecessary_wraps, reason = "all rules of the table have one signature")]

use super::dim::{Dim, Shown};
use super::op::{Infer, Info, Op};

/// `TensorProto.DataType` of the types that operators name.
pub(super) const FLOAT: i32 = 1;
pub(super) const INT32: i32 = 6;
pub(super) const INT64: i32 = 7;
pub(super) const STRING: i32 = 8;
pub(super) const BOOL: i32 = 9;
const UINT8: i32 = 2;

/// The outputs of an operator.
pub(super) type Outputs<'m> = Infer<Vec<Info<'m>>>;

/// A value of this type in the shape of an input.
fn alike<'m>(op: &Op<'_, 'm>, index: usize, elem: i32) -> Info<'m> {
    Info { elem, dims: op.dims(index).ok().map(<[_]>::to_vec), ..Info::default() }
}

/// The type and shape of the first input.
pub(super) fn same<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    Ok(vec![alike(op, 0, op.elem(0))])
}

/// The shape of the first input, and this type.
pub(super) fn same_of<'m>(op: &mut Op<'_, 'm>, elem: i32) -> Outputs<'m> {
    Ok(vec![alike(op, 0, elem)])
}

/// The value itself, whatever is known of it.
pub(super) fn identity<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    Ok(vec![op.input(0)?.clone()])
}

/// Dropout: the value, and which elements were kept.
pub(super) fn dropout<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let mask = if op.opset < 10 { op.elem(0) } else { BOOL };
    Ok(vec![alike(op, 0, op.elem(0)), alike(op, 0, mask)])
}

/// Cast and the like: the type is an attribute.
pub(super) fn cast<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let elem = i32::try_from(op.int("to", 0)?).unwrap_or(0);
    Ok(vec![alike(op, 0, elem)])
}

/// CastLike: the type is that of the second input.
pub(super) fn cast_like<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    Ok(vec![alike(op, 0, op.elem(1))])
}

/// Random values in the shape of the first input.
pub(super) fn like<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let own = i64::from(op.elem(0));
    let elem = i32::try_from(op.int("dtype", own)?).unwrap_or(0);
    Ok(vec![alike(op, 0, elem)])
}

/// QuantizeLinear: the type of the zero point.
pub(super) fn quantize<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let named = i32::try_from(op.int("output_dtype", 0)?).unwrap_or(0);
    let elem = match (named, op.has(2)) {
        (0, true) => op.elem(2),
        (0, false) => UINT8,
        (named, _) => named,
    };
    Ok(vec![alike(op, 0, elem)])
}

/// DequantizeLinear: the type of the scale.
pub(super) fn dequantize<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let named = i32::try_from(op.int("output_dtype", 0)?).unwrap_or(0);
    let elem = if named == 0 { op.elem(1) } else { named };
    Ok(vec![alike(op, 0, elem)])
}

/// DynamicQuantizeLinear: the numbers, their scale and their zero point.
pub(super) fn dynamic_quantize<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let scalar = |elem| Info::new(elem, Vec::new());
    Ok(vec![alike(op, 0, UINT8), scalar(FLOAT), scalar(UINT8)])
}

/// All inputs broadcast; the type is that of the first.
pub(super) fn broadcast<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let elem = op.elem(0);
    broadcast_to(op, elem)
}

/// All inputs broadcast to truth values.
pub(super) fn compare<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    broadcast_to(op, BOOL)
}

/// Where: all three inputs broadcast; the type is that of the second.
pub(super) fn choose<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let elem = op.elem(1);
    broadcast_to(op, elem)
}

fn broadcast_to<'m>(op: &mut Op<'_, 'm>, elem: i32) -> Outputs<'m> {
    // Before, the second operand had an attribute that says where it stands.
    let is_legacy = op.opset < 7 && op.node.canonical_domain() == "";
    if is_legacy && (op.has_attr("axis") || op.has_attr("broadcast")) {
        return Ok(vec![Info::of_type(elem)]);
    }
    let mut dims = Vec::new();
    for index in 0..op.node.input.len() {
        let Ok(more) = op.dims(index) else { return Ok(vec![Info::of_type(elem)]) };
        let both = op.broadcast(&dims, more);
        let Some(both) = both else {
            let expected = format_args!("a shape that broadcasts with {}", Shown(&dims));
            return Err(op.misfit(index, expected));
        };
        dims = both;
    }
    Ok(vec![Info::new(elem, dims)])
}

/// LayerNormalization: the values, and mean and deviation of each group.
pub(super) fn layer_norm<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let mut outputs = same(op)?;
    let Ok(dims) = op.dims(0) else { return Ok(outputs) };
    let axis = op.int("axis", -1)?;
    let axis = op.axis(axis, dims.len())?;
    let mut stats = dims.to_vec();
    stats.iter_mut().skip(axis).for_each(|dim| *dim = Dim::Known(1));
    let elem = i32::try_from(op.int("stash_type", 1)?).unwrap_or(0);
    outputs.extend([Info::new(elem, stats.clone()), Info::new(elem, stats)]);
    Ok(outputs)
}

/// BatchNormalization: the values alone are followed, of which each parameter has one a channel.
pub(super) fn batch_norm<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    if let Ok([_, Dim::Known(channels), ..]) = op.dims(0) {
        for index in 1..5 {
            if let Ok([Dim::Known(extent)]) = op.dims(index)
                && extent != channels
            {
                return Err(op.misfit(index, format_args!("[{channels}]")));
            }
        }
    }
    same(op)
}
