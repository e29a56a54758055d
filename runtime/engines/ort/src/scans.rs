//! Scans whose state has other axes than their body declares.
//!
//! ONNX Runtime ends the process where the state that goes around has more axes than the body
//! declares for it. So the number of axes must be known before anything runs, and be the same.

use radiant_onnx::pb::{GraphProto, NodeProto, TypeValue, ValueInfoProto};
use radiant_onnx::{Model, Shapes};

/// The first Scan whose state is not surely what its body declares.
pub(crate) fn unsafe_scan(model: &Model) -> Option<&NodeProto> {
    let shapes = model.shapes();
    let outer = model.graph.node.iter().find(|node| !is_safe(node, Some(&shapes)));
    // Of values in nested graphs nothing is known.
    let inner = || {
        let nested = model.graph.node.iter().flat_map(NodeProto::graphs);
        nested.flat_map(GraphProto::all_nodes).find(|node| !is_safe(node, None))
    };
    outer.or_else(inner)
}

fn is_safe(node: &NodeProto, shapes: Option<&Shapes>) -> bool {
    if node.op_type != "Scan" || !node.canonical_domain().is_empty() {
        return true;
    }
    let body = node.attribute("body").and_then(|body| body.g.as_ref());
    let n_scanned = node.int("num_scan_inputs", 0).ok().and_then(|n| usize::try_from(n).ok());
    let (Some(body), Some(n_scanned)) = (body, n_scanned) else { return false };
    // Before operator set 9, lengths come first, and all state has an axis for the batch.
    let n_before = node.input.len().saturating_sub(body.input.len());
    let n_state = body.input.len().saturating_sub(n_scanned);
    let state = node.input.iter().skip(n_before).take(n_state);
    state.zip(&body.output).all(|(name, output)| {
        let fact = shapes.and_then(|shapes| shapes.get(name));
        let rank = fact.and_then(|fact| Some(fact.dims.as_ref()?.len()));
        // Without a declared shape, it is an error and no more.
        declared(output).is_none_or(|declared| rank == Some(declared + n_before))
    })
}

/// The number of axes that the file declares.
fn declared(output: &ValueInfoProto) -> Option<usize> {
    match output.r#type.as_ref()?.value.as_ref()? {
        TypeValue::TensorType(tensor) => tensor.shape.as_ref().map(|shape| shape.dim.len()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use radiant_onnx::pb::{TypeProto, ValueInfoProto};
    use radiant_onnx::{Limits, read};

    use super::*;

    /// A model of skl2onnx: `X`, of two axes, goes around in a Scan.
    const NEIGHBOURS: &[u8] =
        include_bytes!("../../../../tests/pipelines/models/nearest_neighbours.onnx");

    fn with_input(r#type: impl FnOnce(TypeProto) -> Option<TypeProto>) -> Model {
        let mut model = read(NEIGHBOURS, &Limits::default()).unwrap();
        let input = &mut model.graph.input[0];
        let old = input.r#type.take().unwrap();
        *input = ValueInfoProto { name: input.name.clone(), r#type: r#type(old) };
        model
    }

    #[test]
    fn the_state_of_a_scan_has_the_axes_that_its_body_declares() {
        assert!(unsafe_scan(&with_input(Some)).is_none());
        let longer = with_input(|mut old| {
            let Some(TypeValue::TensorType(tensor)) = &mut old.value else { unreachable!() };
            let shape = tensor.shape.as_mut().unwrap();
            shape.dim.push(shape.dim[1].clone());
            Some(old)
        });
        assert_eq!(unsafe_scan(&longer).map(|node| node.op_type.as_str()), Some("Scan"));
        assert!(unsafe_scan(&with_input(|_| None)).is_some());
    }
}
