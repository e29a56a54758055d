//! Outputs that are sequences of tensors, as an output for each tensor.
//!
//! Classifiers of several outputs, as skl2onnx writes them, end in a `SequenceConstruct` of the
//! probabilities for each. No protocol has such a value, and no engine here computes it: the tensors
//! that it is made of are outputs under the names `output.0`, `output.1` and so on.
//! `ai.onnx` SequenceConstruct-11: <https://onnx.ai/onnx/operators/onnx__SequenceConstruct.html>.

use std::collections::{HashMap, HashSet};

use crate::Model;
use crate::pb::{GraphProto, NodeProto, TypeProto, TypeValue, ValueInfoProto};

/// Replaces each output that is made by a `SequenceConstruct` of the graph itself by its tensors.
///
/// Outputs that are sequences of another origin stay, and so do those whose tensors would need names
/// that are taken; the model's [`signature`](Model::signature) refuses them. Cost: one pass over the
/// nodes.
pub fn unpack_sequences(model: &mut Model) {
    let graph = &mut model.graph;
    let mut names: HashSet<String> = names(graph).map(str::to_owned).collect();
    let outputs = std::mem::take(&mut graph.output);
    let constructs = constructs(graph);
    for output in outputs {
        let items = constructs.get(&output.name);
        let (Some(items), Some(element)) = (items, element_type(&output)) else {
            graph.output.push(output);
            continue;
        };
        let named = |at: usize| format!("{}.{at}", output.name);
        if (0..items.len()).any(|at| names.contains(&named(at))) {
            graph.output.push(output);
            continue;
        }
        for (at, item) in items.iter().enumerate() {
            let name = named(at);
            names.insert(name.clone());
            graph.node.push(identity(item.clone(), name.clone()));
            graph.output.push(ValueInfoProto { name, r#type: Some(element.clone()) });
        }
    }
    forget_unread(graph);
}

/// The tensors that each sequence is constructed of.
fn constructs(graph: &GraphProto) -> HashMap<String, Vec<String>> {
    let nodes = graph.node.iter().filter(|node| is_construct(node));
    let named = nodes.filter_map(|node| Some((node.output.first()?.clone(), node.input.clone())));
    named.collect()
}

/// What is declared of the elements of an output that is a sequence.
fn element_type(output: &ValueInfoProto) -> Option<TypeProto> {
    match output.r#type.as_ref()?.value.as_ref()? {
        TypeValue::SequenceType(sequence) => sequence.elem_type.as_deref().cloned(),
        _ => None,
    }
}

fn is_construct(node: &NodeProto) -> bool {
    node.canonical_domain().is_empty() && node.op_type == "SequenceConstruct"
}

fn identity(input: String, output: String) -> NodeProto {
    NodeProto {
        name: output.clone(),
        op_type: "Identity".to_owned(),
        input: vec![input],
        output: vec![output],
        ..NodeProto::default()
    }
}

/// Takes out sequences that nobody reads any more.
fn forget_unread(graph: &mut GraphProto) {
    let outputs = graph.output.iter().map(|output| output.name.clone());
    let nodes = graph.all_nodes().into_iter();
    let mut read: HashSet<String> = nodes.flat_map(|node| node.input.iter().cloned()).collect();
    read.extend(outputs);
    graph.node.retain(|node| {
        !is_construct(node) || node.output.iter().any(|output| read.contains(output))
    });
}

fn names(graph: &GraphProto) -> impl Iterator<Item = &str> {
    let constants = graph.initializer.iter().map(|constant| constant.name.as_str());
    let inputs = graph.input.iter().map(|input| input.name.as_str());
    let values = graph.node.iter().flat_map(|node| &node.output).map(String::as_str);
    constants.chain(inputs).chain(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pb::ElementTypeProto;
    use crate::test_graph::{graph, model, node, value};

    fn sequence(name: &str) -> ValueInfoProto {
        let element =
            TypeProto { value: value("", &[]).r#type.unwrap().value, ..TypeProto::default() };
        let sequence = ElementTypeProto { elem_type: Some(Box::new(element)) };
        let value = Some(TypeValue::SequenceType(Box::new(sequence)));
        ValueInfoProto {
            name: name.into(),
            r#type: Some(TypeProto { value, ..TypeProto::default() }),
        }
    }

    #[test]
    fn each_tensor_of_a_sequence_is_an_output() {
        let nodes = vec![
            node("Relu", &["x"], &["a"]),
            node("Neg", &["x"], &["y"]),
            node("SequenceConstruct", &["a", "y"], &["both"]),
        ];
        let mut graph = graph(nodes, Vec::new());
        graph.output.push(sequence("both"));
        let mut model = model(graph);
        assert!(model.signature().is_err());
        unpack_sequences(&mut model);
        let signature = model.signature().unwrap();
        let names: Vec<&str> = signature.outputs.iter().map(|output| &*output.name).collect();
        assert_eq!(names, ["y", "both.0", "both.1"]);
        let operators: Vec<&str> = model.graph.node.iter().map(|node| &*node.op_type).collect();
        assert_eq!(operators, ["Relu", "Neg", "Identity", "Identity"]);
    }

    #[test]
    fn a_sequence_of_another_origin_or_with_taken_names_stays() {
        let nodes = vec![
            node("Relu", &["x"], &["pair.0"]),
            node("Neg", &["x"], &["y"]),
            node("SequenceConstruct", &["pair.0", "y"], &["pair"]),
            node("SequenceEmpty", &[], &["none"]),
        ];
        let mut graph = graph(nodes, Vec::new());
        graph.output.extend([sequence("pair"), sequence("none")]);
        let mut model = model(graph);
        unpack_sequences(&mut model);
        assert_eq!(model.graph.node.len(), 4);
        assert!(model.signature().is_err());
    }
}
