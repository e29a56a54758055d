//! What ONNX Runtime computes otherwise than the standard says, refused before it sees the graph.
//!
//! Found by running the ONNX backend tests (onnx 1.23) through ONNX Runtime 1.32. Differences of
//! rounding are not here.

use radiant_core::Signature;
use radiant_onnx::pb::{GraphProto, NodeProto};

use crate::LoadError;

/// Checks every node of the graph and of the graphs inside its nodes, and its inputs.
pub(crate) fn check(graph: &GraphProto, signature: &Signature) -> Result<(), LoadError> {
    for node in graph.all_nodes() {
        if !node.canonical_domain().is_empty() {
            continue;
        }
        if let Some(reason) = defect(node) {
            return Err(LoadError::Operator { node: node.place().to_string(), reason });
        }
    }
    match signature.inputs.iter().find(|spec| spec.dims.contains(&Some(0))) {
        Some(spec) => Err(LoadError::Empty { name: spec.name.to_string() }),
        None => Ok(()),
    }
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
    use radiant_onnx::pb::{AttributeProto, AttributeType};

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
