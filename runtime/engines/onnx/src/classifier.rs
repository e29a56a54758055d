//! Which outputs of a graph are a classifier's labels and probabilities.

use std::collections::HashMap;

use radiant_core::{Classifier, DType, Strings, TensorSpec};

use crate::Model;
use crate::pb::NodeProto;

/// Operators that leave labels labels, and scores scores of the same classes.
const TRANSPARENT: [(&str, &str); 4] =
    [("", "Cast"), ("", "Identity"), ("", "Reshape"), ("ai.onnx.ml", "Normalizer")];

/// How many of them in a row are followed.
const N_TRANSPARENT_MAX: usize = 16;

/// Operators that give labels first and scores second.
const CLASSIFIERS: [&str; 3] = ["LinearClassifier", "SVMClassifier", "TreeEnsembleClassifier"];

impl Model {
    /// The outputs of a classifier, if the graph is one beyond doubt.
    ///
    /// It is where a ZipMap named the classes and one other output has a label a row, where one
    /// output is the labels and another the scores of the same classifier node, and where the
    /// outputs have the names that skl2onnx gives to a classifier's.
    pub(crate) fn classifier(&self, outputs: &[TensorSpec]) -> Option<Classifier> {
        let mut zip_maps = self.zip_maps.values();
        match (zip_maps.next(), zip_maps.next()) {
            (None, _) => self.classifier_node(outputs).or_else(|| by_name(outputs)),
            (Some(zip_map), None) => {
                let mut labels = (0..outputs.len()).filter(|&at| is_labels(outputs.get(at)));
                let probabilities = zip_map.output_index;
                let labels = labels.next().filter(|_| labels.next().is_none())?;
                Some(Classifier { labels, probabilities, classes: zip_map.classes.clone() })
            }
            (Some(_), Some(_)) => None,
        }
    }

    fn classifier_node(&self, outputs: &[TensorSpec]) -> Option<Classifier> {
        let nodes = &self.graph.node;
        let writers: HashMap<&str, &NodeProto> = nodes
            .iter()
            .flat_map(|node| node.output.iter().map(move |name| (name.as_str(), node)))
            .collect();
        let origins: Vec<_> =
            self.graph.output.iter().map(|output| origin(&output.name, &writers)).collect();
        let (labels, (node, _)) = origins.iter().enumerate().find_map(|(at, origin)| {
            let origin = (*origin).filter(|&(node, slot)| is_classifier(node) && slot == 0)?;
            Some((at, origin)).filter(|_| is_labels(outputs.get(at)))
        })?;
        let probabilities = origins.iter().position(|origin| {
            origin.is_some_and(|(scores, slot)| std::ptr::eq(scores, node) && slot == 1)
        })?;
        Some(Classifier { labels, probabilities, classes: classes(node) })
    }
}

/// The node, and which of its outputs, that a value comes from.
fn origin<'a>(
    name: &'a str,
    writers: &HashMap<&str, &'a NodeProto>,
) -> Option<(&'a NodeProto, usize)> {
    let mut name = name;
    for _ in 0..N_TRANSPARENT_MAX {
        let node = *writers.get(name)?;
        if !TRANSPARENT.contains(&(node.canonical_domain(), &node.op_type)) {
            let slot = node.output.iter().position(|output| output == name)?;
            return Some((node, slot));
        }
        name = node.input_name(0)?;
    }
    None
}

fn is_classifier(node: &NodeProto) -> bool {
    node.domain == "ai.onnx.ml" && CLASSIFIERS.contains(&node.op_type.as_str())
}

fn is_labels(output: Option<&TensorSpec>) -> bool {
    output.is_some_and(|output| {
        // A label's shape is often not declared, or as that of a scalar.
        matches!(output.dtype, DType::I64 | DType::Bytes) && output.dims.len() <= 1
    })
}

/// Labels and probabilities by their usual names.
fn by_name(outputs: &[TensorSpec]) -> Option<Classifier> {
    let find = |name: &str| outputs.iter().position(|output| &*output.name == name);
    let labels = find("label").filter(|&at| is_labels(outputs.get(at)))?;
    let probabilities = find("probabilities")?;
    let is_matrix = outputs.get(probabilities)?.dtype.is_float();
    is_matrix.then(|| Classifier { labels, probabilities, classes: Strings::new() })
}

/// The classes that a classifier node names, as text; empty where it names none.
fn classes(node: &NodeProto) -> Strings {
    let ints = ["classlabels_ints", "classlabels_int64s"].map(|name| node.ints(name));
    let texts = ints.into_iter().flatten().flatten().map(ToString::to_string);
    let mut classes: Vec<String> = texts.collect();
    let strings = node.strings("classlabels_strings").unwrap_or_default();
    classes.extend(strings.into_iter().map(str::to_owned));
    classes.iter().map(String::as_str).collect()
}
