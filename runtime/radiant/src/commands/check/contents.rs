//! What is in a model file.

use std::collections::BTreeMap;

use radiant_onnx::Model;
use radiant_onnx::pb::TensorProto;

/// What is in a model file, without its weights.
#[derive(Debug)]
pub(super) struct Contents {
    /// `ONNX, file format 10, ai.onnx 18, ai.onnx.ml 3, by skl2onnx 1.20.0`
    pub(super) format: String,
    /// How often each operator occurs, those of nested graphs included.
    pub(super) operators: BTreeMap<String, usize>,
    /// Numbers that the model has learnt, as far as a file tells them from others: the elements of
    /// constants and of lists of floats in attributes.
    pub(super) n_parameters: u64,
}

impl Contents {
    pub(super) fn of(model: &Model) -> Self {
        let opsets = model.opsets.iter().map(|(domain, version)| {
            let domain = if domain.is_empty() { "ai.onnx" } else { domain };
            format!("{domain} {version}")
        });
        let mut format = vec![format!("ONNX, file format {}", model.ir_version)];
        format.extend(opsets);
        if !model.producer.is_empty() {
            format.push(format!("by {}", model.producer));
        }
        let mut operators = BTreeMap::new();
        let elements = |tensor: &TensorProto| -> u64 {
            let dims = tensor.dims.iter().map(|&dim| u64::try_from(dim).unwrap_or(0));
            dims.fold(1, u64::saturating_mul)
        };
        let mut n_parameters: u64 = model.graph.initializer.iter().map(elements).sum();
        for node in model.graph.all_nodes() {
            let name = match node.canonical_domain() {
                "" => node.op_type.clone(),
                domain => format!("{domain}.{}", node.op_type),
            };
            *operators.entry(name).or_default() += 1;
            for attribute in &node.attribute {
                n_parameters += attribute.floats.len() as u64;
                n_parameters += attribute.t.iter().map(elements).sum::<u64>();
            }
            n_parameters +=
                node.graphs().flat_map(|graph| &graph.initializer).map(elements).sum::<u64>();
        }
        Self { format: format.join(", "), operators, n_parameters }
    }
}
