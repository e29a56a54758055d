//! What ONNX Runtime computes otherwise than the standard says, refused before it sees the graph.
//!
//! Found by running the ONNX backend tests (onnx 1.23) through ONNX Runtime 1.32, and, where it ends
//! the process, by mutating models (`radiant-mutate`). Differences of rounding are not here.

use std::collections::HashSet;

use radiant_core::Signature;
use radiant_onnx::Model;
use radiant_onnx::pb::{GraphProto, NodeProto};

use crate::{LoadError, labels, scans, trees};

/// Checks every node of the graph and of the graphs inside its nodes, and its inputs.
pub(crate) fn check(model: &Model, signature: &Signature) -> Result<(), LoadError> {
    let graph = &model.graph;
    for node in graph.all_nodes() {
        if trees::has_cycle(node)? {
            let reason = "onnxruntime follows a tree that comes back to itself without end";
            return Err(LoadError::Operator { node: node.place().to_string(), reason });
        }
        if labels::are_too_few(node)? {
            let reason = "onnxruntime ends the process where a class has no label";
            return Err(LoadError::Operator { node: node.place().to_string(), reason });
        }
        if !node.canonical_domain().is_empty() {
            continue;
        }
        if let Some(reason) = defect(node) {
            return Err(LoadError::Operator { node: node.place().to_string(), reason });
        }
    }
    if let Some(scan) = scans::unsafe_scan(model) {
        let reason =
            "onnxruntime needs the axes of its state to be known, and as its body has them";
        return Err(LoadError::Operator { node: scan.place().to_string(), reason });
    }
    check_choices(graph, None, 0)?;
    match signature.inputs.iter().find(|spec| spec.dims.contains(&Some(0))) {
        Some(spec) => Err(LoadError::Empty { name: spec.name.to_string() }),
        None => Ok(()),
    }
}

/// Values that no request changes, of one graph and of those around it.
struct Fixed<'a> {
    own: HashSet<&'a str>,
    outer: Option<&'a Self>,
}

impl Fixed<'_> {
    fn has(&self, name: &str) -> bool {
        self.own.contains(name) || self.outer.is_some_and(|outer| outer.has(name))
    }
}

/// Refuses graphs that stand in two branches whose choice is known when the model is loaded:
/// onnxruntime puts such branches in place of their nodes, and reads freed memory where one has
/// further graphs inside.
fn check_choices(
    graph: &GraphProto,
    outer: Option<&Fixed<'_>>,
    n_known: usize,
) -> Result<(), LoadError> {
    let own = graph.initializer.iter().map(|constant| constant.name.as_str()).collect();
    let mut fixed = Fixed { own, outer };
    for node in &graph.node {
        let has_graphs = node.graphs().next().is_some();
        if has_graphs && n_known > 1 {
            let reason = "onnxruntime reads freed memory in a graph inside two known branches";
            return Err(LoadError::Operator { node: node.place().to_string(), reason });
        }
        let mut inputs = node.input.iter().filter(|name| !name.is_empty());
        let is_fixed = inputs.all(|name| fixed.has(name));
        let is_known = has_graphs && node.op_type == "If" && is_fixed;
        for inner in node.graphs() {
            check_choices(inner, Some(&fixed), n_known + usize::from(is_known))?;
        }
        // It knows the shapes of some values, too.
        if (is_fixed && !has_graphs) || matches!(node.op_type.as_str(), "Shape" | "Size") {
            fixed.own.extend(node.output.iter().map(String::as_str));
        }
    }
    Ok(())
}

fn defect(node: &NodeProto) -> Option<&'static str> {
    let text = |name| node.string(name).ok().flatten().unwrap_or_default();
    match node.op_type.as_str() {
        "Resize" if text("coordinate_transformation_mode") == "align_corners" => {
            // With sizes it is exact; what scales round to decides what the corners are.
            let by_scales = node.input_name(3).is_none() && text("mode") != "nearest";
            by_scales.then_some("onnxruntime aligns other corners where scales make it smaller")
        }
        "MaxUnpool" if node.input_name(2).is_some() => {
            Some("onnxruntime puts values elsewhere with an `output_shape`")
        }
        "Attention" if node.output.get(3).is_some_and(|name| !name.is_empty()) => {
            Some("onnxruntime has a finite number in `qk_matmul_output` where it is masked")
        }
        "Attention" if node.input_name(3).is_some() && node.input_name(6).is_some() => {
            Some("onnxruntime fails on masks narrower than the keys")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use radiant_onnx::pb::{AttributeProto, AttributeType, TensorProto};

    use super::*;

    fn node(op_type: &str, inputs: &[&str], outputs: &[&str]) -> NodeProto {
        NodeProto {
            op_type: op_type.to_owned(),
            input: inputs.iter().copied().map(str::to_owned).collect(),
            output: outputs.iter().copied().map(str::to_owned).collect(),
            ..NodeProto::default()
        }
    }

    fn with(mut node: NodeProto, name: &str, text: &str) -> NodeProto {
        node.attribute.push(AttributeProto {
            name: name.to_owned(),
            r#type: AttributeType::String as i32,
            s: text.as_bytes().to_vec(),
            ..AttributeProto::default()
        });
        node
    }

    /// `inner` in so many branches, each of a choice by `condition`.
    fn nested(inner: NodeProto, depth: usize, condition: &str) -> GraphProto {
        let constant = TensorProto { name: "yes".to_owned(), ..TensorProto::default() };
        let mut node = inner;
        for _ in 0..depth {
            let branch = AttributeProto {
                name: "then_branch".to_owned(),
                r#type: AttributeType::Graph as i32,
                g: Some(GraphProto { node: vec![node], ..GraphProto::default() }),
                ..AttributeProto::default()
            };
            node = NodeProto { attribute: vec![branch], ..self::node("If", &["c"], &["y"]) };
        }
        let not = self::node("Not", &[condition], &["c"]);
        GraphProto { node: vec![not, node], initializer: vec![constant], ..GraphProto::default() }
    }

    #[test]
    fn graphs_inside_two_known_branches_are_refused() {
        let check = |depth, condition| {
            let graph = nested(node("Relu", &["x"], &["y"]), depth, condition);
            check_choices(&graph, None, 0).map_err(|error| error.to_string())
        };
        assert_eq!(check(2, "yes"), Ok(()));
        assert_eq!(check(8, "asked"), Ok(()));
        let error = check(3, "yes").unwrap_err();
        assert!(error.contains("node of `y` (If)"), "{error}");
    }

    #[test]
    fn what_onnxruntime_computes_otherwise_is_refused() {
        let resize = |inputs: &[&str], mode| {
            let node = with(node("Resize", inputs, &["y"]), "mode", mode);
            with(node, "coordinate_transformation_mode", "align_corners")
        };
        assert!(defect(&resize(&["x", "", "scales"], "linear")).is_some());
        assert!(defect(&resize(&["x", "", "", "sizes"], "linear")).is_none());
        assert!(defect(&resize(&["x", "", "scales"], "nearest")).is_none());
        assert!(defect(&node("MaxUnpool", &["x", "i", "shape"], &["y"])).is_some());
        assert!(defect(&node("MaxUnpool", &["x", "i"], &["y"])).is_none());
        assert!(defect(&node("Attention", &["q", "k", "v"], &["y", "", "", "qk"])).is_some());
        assert!(defect(&node("Attention", &["q", "k", "v", "m"], &["y"])).is_none());
    }
}
