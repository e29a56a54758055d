//! Graphs that rten's optimiser could take for others.
//!
//! It replaces groups of nodes by one operator where they look like it, and looks at constants with
//! a tolerance and at means not closely. The trial run does not show all of that: with the extents
//! tried, a wrong replacement may happen to answer right. What looks like one of these is run as
//! written.

use std::collections::HashSet;

use radiant_onnx::pb::{GraphProto, NodeProto, TensorProto};

/// The constants in the optimiser's patterns, which match what is within [`TOLERANCE`].
const CONSTANTS: [f32; 8] = [
    0.5,
    1.0,
    2.0,
    3.0,
    std::f32::consts::SQRT_2,
    std::f32::consts::FRAC_1_SQRT_2,
    // The square root of 2 / pi, and the other constant of Gelu's approximation.
    0.797_884_6,
    0.044_715,
];
const TOLERANCE: f32 = 1e-4;
/// So far a constant may be rounded.
const ROUNDED: f32 = 1e-6;

/// Whether a replacement by rten's optimiser could be wrong.
pub(crate) fn is_ambiguous(graph: &GraphProto) -> bool {
    let nodes = graph.all_nodes();
    let mut constants: Vec<(&str, f32)> = scalars(&graph.initializer).collect();
    for node in &nodes {
        constants.extend(node.graphs().flat_map(|inner| scalars(&inner.initializer)));
        constants.extend(constant(node));
    }
    has_dropped_mean(&nodes)
        || constants.iter().any(|(_, number)| is_near_miss(*number))
        || has_small_choice(&nodes, &constants)
}

/// A normalisation is made of differences from means, whether the means keep their axis or not.
fn has_dropped_mean(nodes: &[&NodeProto]) -> bool {
    let drops = |node: &&&NodeProto| {
        node.op_type == "ReduceMean" && node.attribute("keepdims").is_some_and(|keep| keep.i == 0)
    };
    let means = nodes.iter().filter(drops).flat_map(|node| node.output.iter().map(String::as_str));
    let means: HashSet<&str> = means.collect();
    let adds = |node: &&&NodeProto| matches!(&*node.op_type, "Add" | "Sub");
    nodes.iter().filter(adds).flat_map(|node| &node.input).any(|name| means.contains(&**name))
}

/// A choice of a small number in place of NaN is taken for one of 0.
fn has_small_choice(nodes: &[&NodeProto], constants: &[(&str, f32)]) -> bool {
    let is_small = |name: &str| {
        let mut found = constants.iter().filter(|(known, _)| *known == name);
        found.any(|(_, number)| number.abs() <= TOLERANCE && *number != 0.0)
    };
    let mut choices = nodes.iter().filter(|node| node.op_type == "Where");
    choices.any(|node| node.input_name(1).is_some_and(is_small))
}

fn is_near_miss(number: f32) -> bool {
    CONSTANTS.iter().any(|constant| {
        let distance = (number - constant).abs();
        // Twice, as a difference is rounded too.
        distance <= 2.0 * TOLERANCE && distance > ROUNDED * constant
    })
}

/// FP32 constants of one number, by name.
fn scalars(constants: &[TensorProto]) -> impl Iterator<Item = (&str, f32)> {
    constants.iter().filter_map(|constant| Some((&*constant.name, scalar(constant)?)))
}

fn scalar(constant: &TensorProto) -> Option<f32> {
    const FLOAT: i32 = 1;
    if constant.data_type != FLOAT || constant.dims.iter().any(|extent| *extent != 1) {
        return None;
    }
    let raw = constant.raw_data.as_chunks().0.first().map(|word| f32::from_le_bytes(*word));
    raw.or_else(|| constant.float_data.first().copied())
}

fn constant(node: &NodeProto) -> Option<(&str, f32)> {
    if node.op_type != "Constant" {
        return None;
    }
    let attribute = node.attribute.first()?;
    let number = match &*attribute.name {
        "value" => scalar(attribute.t.as_ref()?)?,
        "value_float" => attribute.f,
        "value_floats" if attribute.floats.len() == 1 => *attribute.floats.first()?,
        _ => return None,
    };
    Some((node.output.first()?, number))
}
