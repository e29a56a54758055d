//! Whether a refusal says what of the graph is refused.

use std::collections::HashSet;

use prost::Message as _;
use radiant_core::DType;
use radiant_onnx::elem_type_name;
use radiant_onnx::pb::{GraphProto, ModelProto};

/// One more than the highest number of an element type in ONNX.
const N_ELEM_TYPES: i32 = 29;

/// What a graph has names for.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Operators, attributes and element types: words that mean themselves.
    words: HashSet<String>,
    /// Inputs, outputs, constants and functions: words between backticks.
    values: HashSet<String>,
}

impl Names {
    /// The names in the bytes of a model.
    pub(crate) fn of(model: &[u8]) -> Self {
        let mut names = Self::default();
        names.words.extend((1..N_ELEM_TYPES).map(|number| elem_type_name(number).to_owned()));
        names.words.extend(DType::ALL.map(|dtype| dtype.to_string()));
        if let Ok(model) = ModelProto::decode(model) {
            names.values.extend(model.functions.into_iter().map(|function| function.name));
            names.values.extend(model.opset_import.into_iter().map(|entry| entry.domain));
            if let Some(graph) = &model.graph {
                names.add(graph);
            }
        }
        names.words.remove("");
        names
    }

    fn add(&mut self, graph: &GraphProto) {
        let values = graph.input.iter().chain(&graph.output).map(|value| &value.name);
        let constants = graph.initializer.iter().map(|constant| &constant.name);
        self.values.extend(values.chain(constants).cloned());
        for node in &graph.node {
            self.words.insert(node.op_type.clone());
            for attribute in &node.attribute {
                self.words.insert(attribute.name.clone());
                attribute.g.iter().chain(&attribute.graphs).for_each(|graph| self.add(graph));
            }
        }
    }

    /// Whether the text has one of the names, or speaks of the graph's operator set as a whole.
    pub(crate) fn are_in(&self, text: &str) -> bool {
        if text.contains("operator set: ") || has_versioned_operator(text) {
            return true;
        }
        let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
        let mut quoted = text.split('`').skip(1).step_by(2);
        words.any(|word| self.words.contains(word)) || quoted.any(|name| self.values.contains(name))
    }
}

/// Whether the text has a word as `Swish(24)`: ONNX Runtime's way to name an operator and the version
/// of its set, which may be one that stands in for an operator of the graph.
fn has_versioned_operator(text: &str) -> bool {
    text.split(char::is_whitespace).any(|word| {
        let Some((name, version)) = word.split_once('(') else { return false };
        let version = version.trim_end_matches(')');
        name.starts_with(char::is_uppercase) && version.parse::<u32>().is_ok()
    })
}

#[cfg(test)]
mod tests {
    use radiant_onnx::pb::{AttributeProto, NodeProto, ValueInfoProto};

    use super::*;

    #[test]
    fn a_refusal_names_an_operator_an_attribute_a_type_or_a_value() {
        let attribute = AttributeProto { name: "alpha".to_owned(), ..AttributeProto::default() };
        let node = NodeProto {
            op_type: "Celu".to_owned(),
            attribute: vec![attribute],
            ..NodeProto::default()
        };
        let input = ValueInfoProto { name: "x".to_owned(), r#type: None };
        let graph = GraphProto { node: vec![node], input: vec![input], ..GraphProto::default() };
        let model = ModelProto { graph: Some(graph), ..ModelProto::default() };
        let names = Names::of(&model.encode_to_vec());
        for text in [
            "operator `Celu`: no",
            "attribute alpha",
            "type BF16",
            "FLOAT8E5M2",
            "`x`: no",
            "for Swish(24) node",
        ] {
            assert!(names.are_in(text), "{text}");
        }
        for text in ["", "no", "x", "Relu is unknown", "`y`"] {
            assert!(!names.are_in(text), "{text}");
        }
    }
}
