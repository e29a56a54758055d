//! ZipMap: the operator that turns a matrix of probabilities into one map a row.
//!
//! Its output, a sequence of maps, is no tensor, so no engine here computes it. It carries no
//! information beyond the matrix and the names of its columns: the node is taken out, the graph
//! gives the matrix in its place under the same public name, and the names are kept beside it.
//! `ai.onnx.ml` ZipMap-1: <https://onnx.ai/onnx/operators/onnx_aionnxml_ZipMap.html>.

use std::collections::{HashMap, HashSet};

use radiant_core::Strings;

use crate::pb::NodeProto;
use crate::{Model, OnnxError};

/// A ZipMap node that was taken out of a graph.
#[derive(Debug, Clone, PartialEq)]
pub struct ZipMap {
    /// The name of the graph's output, which clients know.
    pub output: String,
    /// The index of the output among the graph's.
    pub output_index: usize,
    /// The matrix that is the output now: `[n_rows, n_classes]`, f32.
    pub tensor: String,
    /// The classes in column order, numbers as decimal text.
    pub classes: Strings,
}

/// Takes every ZipMap whose maps are an output of the graph out of it.
///
/// The output then names the matrix that the node read, without a type, because its shape is not
/// declared in the file. The model's [`signature`](Model::signature) still has the public name.
///
/// # Errors
/// [`OnnxError::Invalid`] where a node has no classes, or classes of both types.
pub fn strip_zip_maps(model: &mut Model) -> Result<Vec<ZipMap>, OnnxError> {
    let graph = &mut model.graph;
    let read: HashSet<&str> =
        graph.node.iter().flat_map(|node| &node.input).map(String::as_str).collect();
    let mut matrices = HashMap::new();
    for node in graph.node.iter().filter(|node| is_zip_map(node)) {
        let classes = classes(node)?;
        let (Some(tensor), Some(maps)) = (node.input_name(0), node.output.first()) else {
            return Err(OnnxError::invalid(node.place(), "an input and an output", "none"));
        };
        if !read.contains(maps.as_str()) {
            matrices.insert(maps.clone(), (tensor.to_owned(), classes));
        }
    }
    let is_stripped = |maps: &String| matrices.contains_key(maps);
    graph.node.retain(|node| !(is_zip_map(node) && node.output.iter().any(is_stripped)));
    let mut stripped = Vec::new();
    for (output_index, value) in graph.output.iter_mut().enumerate() {
        if let Some((tensor, classes)) = matrices.get(&value.name) {
            let output = std::mem::replace(&mut value.name, tensor.clone());
            value.r#type = None;
            let (tensor, classes) = (tensor.clone(), classes.clone());
            stripped.push(ZipMap { output, output_index, tensor, classes });
        }
    }
    model.zip_maps.extend(stripped.iter().cloned().map(|zip_map| (zip_map.output_index, zip_map)));
    Ok(stripped)
}

fn is_zip_map(node: &NodeProto) -> bool {
    node.domain == "ai.onnx.ml" && node.op_type == "ZipMap"
}

fn classes(node: &NodeProto) -> Result<Strings, OnnxError> {
    let ints = node.ints("classlabels_int64s")?;
    let strings = node.strings("classlabels_strings")?;
    match (ints.is_empty(), strings.is_empty()) {
        (false, true) => {
            let texts: Vec<String> = ints.iter().map(ToString::to_string).collect();
            Ok(texts.iter().map(String::as_str).collect())
        }
        (true, false) => Ok(strings.into_iter().collect()),
        (both_empty, _) => Err(OnnxError::invalid(
            node.place(),
            "either `classlabels_int64s` or `classlabels_strings`",
            if both_empty { "neither" } else { "both" },
        )),
    }
}
