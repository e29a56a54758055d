//! Graphs in nodes: do they take and give as much as the node that runs them?
//!
//! Engines count on it: one that takes a number of inputs from an attribute may compute with less
//! than nothing. Counts are those of If, Loop, Scan and SequenceMap in the ONNX operator
//! specification.

use crate::pb::{GraphProto, NodeProto};
use crate::{Model, OnnxError};

/// Compares the inputs and outputs of a node's graphs with its own.
///
/// # Errors
/// [`OnnxError::Invalid`] with both numbers.
pub(super) fn check(node: &NodeProto, model: &Model) -> Result<(), OnnxError> {
    if node.canonical_domain() != "" {
        return Ok(());
    }
    let (n_inputs, n_outputs) = (node.input.len(), node.output.len());
    match node.op_type.as_str() {
        "If" => {
            for name in ["then_branch", "else_branch"] {
                count(node, name, (0, n_outputs))?;
            }
            Ok(())
        }
        "Loop" => {
            // Beside the number of rounds and the condition, with the round's number instead.
            at_least(node, n_inputs, 2)?;
            let body = count(node, "body", (n_inputs, n_outputs.saturating_add(1)))?;
            carries(node, body, n_inputs.saturating_sub(1))
        }
        "Scan" => {
            let is_old = model.opset("").is_some_and(|version| version < 9);
            // The first one tells lengths.
            let n_inputs = n_inputs.saturating_sub(usize::from(is_old));
            let n_scanned = node.int("num_scan_inputs", 0)?;
            let n_carried = usize::try_from(n_scanned).ok().filter(|&n| n > 0);
            let Some(n_carried) = n_carried.and_then(|n| n_inputs.checked_sub(n)) else {
                let place = format_args!("{}: attribute `num_scan_inputs`", node.place());
                let expected = format_args!("1 to {n_inputs} as there are inputs");
                return Err(OnnxError::invalid(place, expected, n_scanned));
            };
            let body = count(node, "body", (n_inputs, n_outputs))?;
            carries(node, body, n_carried)?;
            directions(
                node,
                n_inputs.saturating_sub(n_carried),
                n_outputs.saturating_sub(n_carried),
            )
        }
        "SequenceMap" => count(node, "body", (n_inputs, n_outputs)).map(drop),
        _ => Ok(()),
    }
}

/// The graph in an attribute, which must take and give so much.
fn count<'n>(
    node: &'n NodeProto,
    name: &str,
    (n_inputs, n_outputs): (usize, usize),
) -> Result<&'n GraphProto, OnnxError> {
    let place = || format!("{}: attribute `{name}`", node.place());
    let graph = node.attribute(name).and_then(|attribute| attribute.g.as_ref());
    let graph = graph.ok_or_else(|| OnnxError::invalid(place(), "a graph", "none"))?;
    for (what, expected, got) in
        [("inputs", n_inputs, graph.input.len()), ("outputs", n_outputs, graph.output.len())]
    {
        if expected != got {
            return Err(OnnxError::invalid(place(), format_args!("{expected} {what}"), got));
        }
    }
    Ok(graph)
}

fn at_least(node: &NodeProto, got: usize, expected: usize) -> Result<(), OnnxError> {
    if got >= expected {
        return Ok(());
    }
    Err(OnnxError::invalid(node.place(), format_args!("at least {expected} inputs"), got))
}

/// What goes around must come out again.
fn carries(node: &NodeProto, body: &GraphProto, n: usize) -> Result<(), OnnxError> {
    if body.output.len() >= n {
        return Ok(());
    }
    let place = format_args!("{}: attribute `body`", node.place());
    let expected = format_args!("at least {n} outputs");
    Err(OnnxError::invalid(place, expected, body.output.len()))
}

/// Axes and directions are for each that is scanned, if they are given.
fn directions(node: &NodeProto, n_inputs: usize, n_outputs: usize) -> Result<(), OnnxError> {
    for (name, n) in [
        ("directions", n_inputs),
        ("scan_input_axes", n_inputs),
        ("scan_input_directions", n_inputs),
        ("scan_output_axes", n_outputs),
        ("scan_output_directions", n_outputs),
    ] {
        let got = node.ints(name)?.len();
        if got != 0 && got != n {
            let place = format_args!("{}: attribute `{name}`", node.place());
            return Err(OnnxError::invalid(place, format_args!("{n} numbers"), got));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
