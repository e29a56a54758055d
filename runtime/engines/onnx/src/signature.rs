//! What a graph takes and gives, in the server's terms.

use std::collections::HashSet;
use std::sync::Arc;

use radiant_core::{DType, Signature, TensorSpec};

use crate::map_input::{self, map_type};

use crate::pb::{DimensionValue, NodeProto, TensorShapeProto, TypeValue, ValueInfoProto};
use crate::{Model, OnnxError, dtype_of, elem_type_name};

impl Model {
    /// The graph's inputs without those that have a constant value, and its outputs.
    ///
    /// An input that is a map is two inputs, of its keys and its values: see [`MapInput`](crate::MapInput).
    ///
    /// Where [`strip_zip_maps`](crate::strip_zip_maps) took a node out, the output has its public
    /// name and is FP32 `[-1, n_classes]`. An output without a declared shape has no `dims`, which
    /// an engine fills in from what it infers.
    ///
    /// # Errors
    /// [`OnnxError::Unsupported`] for values that are no tensors, have an element type that the
    /// server lacks, and for inputs without a declared shape.
    pub fn signature(&self) -> Result<Signature, OnnxError> {
        let mut inputs = Vec::new();
        for input in self.open_inputs() {
            match map_type(input) {
                Some(map) => inputs.extend(map_input::specs(map, &input.name)?),
                None => inputs.push(spec(input, "input")?),
            }
        }
        let mut names = HashSet::new();
        if let Some(twice) = inputs.iter().find(|input| !names.insert(Arc::clone(&input.name))) {
            let place = format_args!("input `{}`", twice.name);
            return Err(OnnxError::invalid(place, "one input of this name", "two"));
        }
        let outputs = self.graph.output.iter().enumerate().map(|(index, output)| {
            match self.zip_maps.get(&index) {
                Some(zip_map) => {
                    let dims = vec![None, Some(zip_map.classes.len())];
                    Ok(TensorSpec::new(zip_map.output.as_str(), DType::F32, dims))
                }
                None => spec(output, "output"),
            }
        });
        let mut signature = Signature::new(inputs, outputs.collect::<Result<_, _>>()?);
        signature.classifier = self.classifier(&signature.outputs);
        signature.varies = self.graph.all_nodes().into_iter().any(varies);
        Ok(signature)
    }

    /// The graph's inputs that have no constant value.
    pub(crate) fn open_inputs(&self) -> impl Iterator<Item = &ValueInfoProto> {
        let constants = self.graph.initializer.iter().map(|tensor| tensor.name.as_str());
        let constants: HashSet<&str> = constants.collect();
        self.graph.input.iter().filter(move |input| !constants.contains(&*input.name))
    }
}

/// Whether a node may give something else each time: a Dropout may, where an input can tell it that it
/// is being trained.
fn varies(node: &NodeProto) -> bool {
    node.is_random() || (node.op_type.ends_with("Dropout") && node.input_name(2).is_some())
}

fn spec(value: &ValueInfoProto, what: &str) -> Result<TensorSpec, OnnxError> {
    let place = format_args!("{what} `{}`", value.name);
    let unsupported = |what: &str| Err(OnnxError::unsupported(place, what));
    let tensor = match value.r#type.as_ref().and_then(|r#type| r#type.value.as_ref()) {
        Some(TypeValue::TensorType(tensor)) => tensor,
        Some(TypeValue::SequenceType(_)) => return unsupported("a sequence"),
        Some(TypeValue::MapType(_)) => return unsupported("a map"),
        Some(TypeValue::OptionalType(_)) => return unsupported("an optional value"),
        Some(TypeValue::SparseTensorType(_)) => return unsupported("a sparse tensor"),
        Some(TypeValue::OpaqueType(_)) => return unsupported("an opaque value"),
        None => return unsupported("a value without a type"),
    };
    let Some(dtype) = dtype_of(tensor.elem_type) else {
        return unsupported(&format!("element type {}", elem_type_name(tensor.elem_type)));
    };
    let dims = match &tensor.shape {
        Some(shape) => dims(shape),
        // What comes out has a shape whatever is declared; what may come in must be said.
        None if what == "output" => Vec::new(),
        None => return unsupported("a tensor without a declared shape"),
    };
    Ok(TensorSpec::new(value.name.as_str(), dtype, dims))
}

/// The extents of a declared shape; named, missing and negative ones are any.
pub(crate) fn dims(shape: &TensorShapeProto) -> Vec<Option<usize>> {
    let extent = |value: &DimensionValue| match value {
        DimensionValue::DimValue(extent) => usize::try_from(*extent).ok(),
        DimensionValue::DimParam(_) => None,
    };
    shape.dim.iter().map(|dim| dim.value.as_ref().and_then(extent)).collect()
}

#[cfg(test)]
mod tests {
    use crate::test_graph::{body, graph, model, node, truth};

    #[test]
    fn graphs_that_draw_random_numbers_say_so() {
        let varies = |nodes| model(graph(nodes, vec![truth("mode")])).signature().unwrap().varies;
        assert!(!varies(vec![node("Relu", &["x"], &["y"])]));
        assert!(!varies(vec![node("Dropout", &["x"], &["y"])]));
        assert!(varies(vec![node("Dropout", &["x", "", "mode"], &["y"])]));
        for name in ["RandomNormalLike", "RandomUniformLike", "Bernoulli"] {
            assert!(varies(vec![node(name, &["x"], &["y"])]), "{name}");
        }
        let mut branch = node("If", &["mode"], &["y"]);
        let inner = || node("RandomNormalLike", &["x"], &["z"]);
        branch.attribute.push(body("then_branch", (&[], &["z"]), inner()));
        branch.attribute.push(body("else_branch", (&[], &["z"]), node("Relu", &["x"], &["z"])));
        assert!(varies(vec![branch]));
    }
}
