//! What is in a model file.

use std::collections::BTreeMap;

use radiant_core::DType;
use radiant_onnx::Model;
use radiant_onnx::dtype_of;
use radiant_onnx::pb::TensorProto;

use crate::engines::{Content, ModelFile};

/// What is in a model file, without its weights.
#[derive(Debug)]
pub(super) struct Contents {
    /// `ONNX, file format 10, ai.onnx 18, ai.onnx.ml 3, by skl2onnx 1.20.0`
    pub(super) format: String,
    /// How often each operator of a graph occurs, those of nested graphs included.
    pub(super) operators: BTreeMap<String, usize>,
    /// Numbers that the model has learnt, as far as a file tells them from others: the elements of
    /// constants and of lists of floats in attributes; of trees the nodes. Not counted in estimators.
    pub(super) n_parameters: Option<u64>,
    /// What these take as the file has them, texts aside; of trees the whole file.
    pub(super) weights_bytes: usize,
}

impl Contents {
    pub(super) fn of(file: &ModelFile) -> Self {
        match &file.content {
            Content::Onnx(model) => Self::of_graph(model),
            Content::Estimator(file) => Self {
                format: file.described(),
                operators: BTreeMap::new(),
                n_parameters: None,
                weights_bytes: file.n_bytes,
            },
            Content::Boosted(file) => Self {
                format: file.described(),
                operators: BTreeMap::new(),
                n_parameters: Some(file.n_nodes() as u64),
                weights_bytes: file.n_bytes,
            },
        }
    }

    fn of_graph(model: &Model) -> Self {
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
        let mut weights = Weights::default();
        model.graph.initializer.iter().for_each(|constant| weights.add(constant));
        for node in model.graph.all_nodes() {
            let name = match node.canonical_domain() {
                "" => node.op_type.clone(),
                domain => format!("{domain}.{}", node.op_type),
            };
            *operators.entry(name).or_default() += 1;
            for attribute in &node.attribute {
                weights.add_floats(attribute.floats.len() as u64);
                attribute.t.iter().for_each(|constant| weights.add(constant));
            }
            let nested = node.graphs().flat_map(|graph| &graph.initializer);
            nested.for_each(|constant| weights.add(constant));
        }
        let Weights { n, bytes } = weights;
        let weights_bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        Self { format: format.join(", "), operators, n_parameters: Some(n), weights_bytes }
    }
}

/// Numbers, and the bytes that they take.
#[derive(Debug, Default)]
struct Weights {
    n: u64,
    bytes: u64,
}

impl Weights {
    fn add(&mut self, constant: &TensorProto) {
        let dims = constant.dims.iter().map(|&dim| u64::try_from(dim).unwrap_or(0));
        let n = dims.fold(1, u64::saturating_mul);
        let size = dtype_of(constant.data_type).and_then(DType::size).unwrap_or(0);
        self.n = self.n.saturating_add(n);
        self.bytes = self.bytes.saturating_add(n.saturating_mul(size as u64));
    }

    fn add_floats(&mut self, n: u64) {
        self.n = self.n.saturating_add(n);
        self.bytes = self.bytes.saturating_add(n.saturating_mul(4));
    }
}
