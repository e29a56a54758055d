//! Element types and ranks of inputs that say where, how much, or whether.
//!
//! Engines trust them more than data: a wrong type there is read as other numbers, or never comes
//! to an end. Types of data are the engines' own to check.

use crate::OnnxError;
use crate::elem::elem_type_name;

use super::dim::Shown;
use super::elementwise::{BOOL, FLOAT, INT32, INT64};
use super::op::Op;

const INDEX: &[i32] = &[INT32, INT64];
const LONG: &[i32] = &[INT64];
const TRUTH: &[i32] = &[BOOL];

/// One input: its place, the types it may have, and the ranks.
struct Rule {
    index: usize,
    types: &'static [i32],
    ranks: std::ops::RangeInclusive<usize>,
}

const fn rule(index: usize, types: &'static [i32], low: usize, high: usize) -> Rule {
    Rule { index, types, ranks: low..=high }
}

/// No rank is too high.
const ANY: usize = usize::MAX;

const ANY_INDEX: &[Rule] = &[rule(1, INDEX, 0, ANY)];
const ND_INDEX: &[Rule] = &[rule(0, &[], 1, ANY), rule(1, LONG, 1, ANY)];
const LONG_VECTOR: &[Rule] = &[rule(1, LONG, 1, 1)];
const AXES: &[Rule] = &[rule(1, LONG, 0, 1)];
const CONDITION: &[Rule] = &[rule(0, TRUTH, 0, ANY)];
const SLICE: &[Rule] =
    &[rule(1, INDEX, 1, 1), rule(2, INDEX, 1, 1), rule(3, INDEX, 1, 1), rule(4, INDEX, 1, 1)];

/// What the ONNX operator specification (opset 26) says of such inputs.
fn rules(op: &Op<'_, '_>) -> &'static [Rule] {
    match op.node.op_type.as_str() {
        "Gather" | "GatherElements" | "Scatter" | "ScatterElements" => ANY_INDEX,
        "GatherND" | "ScatterND" => ND_INDEX,
        "Slice" => SLICE,
        "Reshape" | "Expand" | "Split" => LONG_VECTOR,
        "Tile" if op.opset >= 6 => LONG_VECTOR,
        "Squeeze" | "Unsqueeze" => AXES,
        name if name.starts_with("Reduce") => AXES,
        "TopK" => const { &[rule(1, LONG, 0, 1)] },
        "ConstantOfShape" => const { &[rule(0, LONG, 1, 1)] },
        "Pad" => const { &[rule(1, LONG, 1, 1), rule(3, INDEX, 1, 1)] },
        "Resize" if op.opset >= 11 => const { &[rule(2, &[FLOAT], 0, 1), rule(3, LONG, 1, 1)] },
        "Resize" | "Upsample" => const { &[rule(1, &[FLOAT], 1, 1)] },
        "CumSum" | "CumProd" => const { &[rule(1, INDEX, 0, 1)] },
        "Trilu" => const { &[rule(1, LONG, 0, 1)] },
        "Compress" => const { &[rule(1, TRUTH, 1, 1)] },
        "Where" | "If" => CONDITION,
        "Loop" => const { &[rule(0, LONG, 0, 1), rule(1, TRUTH, 0, 1)] },
        "MaxUnpool" => const { &[rule(1, LONG, 0, ANY), rule(2, LONG, 1, 1)] },
        "NonMaxSuppression" => const { &[rule(2, LONG, 0, 1)] },
        "ReverseSequence" => const { &[rule(1, LONG, 1, 1)] },
        "LSTM" | "GRU" | "RNN" => const { &[rule(4, &[INT32], 1, 1)] },
        _ => &[],
    }
}

/// Compares what is known of a node's inputs with what they must be.
///
/// # Errors
/// [`OnnxError::Invalid`] names the input, what was expected and what there is.
pub(super) fn check(op: &Op<'_, '_>) -> Result<(), OnnxError> {
    if op.node.canonical_domain() != "" {
        return Ok(());
    }
    for rule in rules(op) {
        let Ok(info) = op.input(rule.index) else { continue };
        let name = op.node.input_name(rule.index).unwrap_or_default();
        let place = format_args!("{}: input `{name}`", op.node.place());
        if info.elem != 0 && !rule.types.is_empty() && !rule.types.contains(&info.elem) {
            let names: Vec<_> = rule.types.iter().map(|&elem| elem_type_name(elem)).collect();
            return Err(OnnxError::invalid(place, names.join(" or "), elem_type_name(info.elem)));
        }
        let Some(dims) = info.dims.as_ref().filter(|dims| !rule.ranks.contains(&dims.len())) else {
            continue;
        };
        let expected = match (rule.ranks.start(), rule.ranks.end()) {
            (1, 1) => "1 axis",
            (0, _) => "at most 1 axis",
            _ => "at least 1 axis",
        };
        return Err(OnnxError::invalid(place, expected, Shown(dims)));
    }
    Ok(())
}
