//! Inputs that are a map: what DictVectorizer and CastMap of `ai.onnx.ml` take.
//!
//! A map is no tensor, so the signature has two inputs in its place, `NAME.keys` and `NAME.values`:
//! the keys of one map and, in the same order, what they map to, each with one axis of as many
//! entries as the map has. Entries are no rows of a batch: the map as a whole is the one row that
//! these operators take. <https://onnx.ai/onnx/operators/onnx_aionnxml_DictVectorizer.html>.

use radiant_core::{DType, TensorSpec};

use crate::pb::{MapTypeProto, TypeValue, ValueInfoProto};
use crate::{Model, OnnxError, dtype_of, elem_type_name};

/// An input of the graph that is a map, and the inputs of the signature that stand for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapInput {
    /// The name of the graph's input.
    pub name: String,
    /// The index of the keys among the signature's inputs; the values are the next.
    pub keys: usize,
    /// The type of the keys: BYTES or INT64.
    pub key_dtype: DType,
    /// The type of the values: BYTES, INT64, FP32 or FP64.
    pub value_dtype: DType,
}

impl Model {
    /// The inputs that are maps, in the signature's order. Without any that
    /// [`signature`](Self::signature) refuses.
    pub fn map_inputs(&self) -> Vec<MapInput> {
        let mut maps = Vec::new();
        let mut index: usize = 0;
        for input in self.open_inputs() {
            let Some(map) = map_type(input) else {
                index = index.saturating_add(1);
                continue;
            };
            if let Ok((key_dtype, value_dtype)) = types(map, &input.name) {
                maps.push(MapInput {
                    name: input.name.clone(),
                    keys: index,
                    key_dtype,
                    value_dtype,
                });
            }
            index = index.saturating_add(2);
        }
        maps
    }
}

/// The type of an input that is a map.
pub(crate) fn map_type(input: &ValueInfoProto) -> Option<&MapTypeProto> {
    match input.r#type.as_ref()?.value.as_ref()? {
        TypeValue::MapType(map) => Some(map),
        _ => None,
    }
}

/// The two inputs that stand for a map.
pub(crate) fn specs(map: &MapTypeProto, name: &str) -> Result<[TensorSpec; 2], OnnxError> {
    let (key_dtype, value_dtype) = types(map, name)?;
    let spec = |part: &str, dtype| TensorSpec::new(format!("{name}.{part}"), dtype, vec![None]);
    Ok([spec("keys", key_dtype), spec("values", value_dtype)])
}

/// The types of keys and values.
fn types(map: &MapTypeProto, name: &str) -> Result<(DType, DType), OnnxError> {
    let value = map.value_type.as_ref().and_then(|value| value.value.as_ref());
    let value = match value {
        Some(TypeValue::TensorType(tensor)) => tensor.elem_type,
        _ => 0,
    };
    if let (
        Some(key @ (DType::Bytes | DType::I64)),
        Some(value @ (DType::Bytes | DType::I64 | DType::F32 | DType::F64)),
    ) = (dtype_of(map.key_type), dtype_of(value))
    {
        return Ok((key, value));
    }
    let (key, value) = (elem_type_name(map.key_type), elem_type_name(value));
    let what = format_args!("a map of {key} to {value}");
    Err(OnnxError::unsupported(format_args!("input `{name}`"), what))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pb::{NodeProto, TensorTypeProto, TypeProto};
    use crate::test_graph::{graph, model, node, value};

    fn map(name: &str, key_type: i32, value: i32) -> ValueInfoProto {
        let tensor = TypeValue::TensorType(TensorTypeProto { elem_type: value, shape: None });
        let value_type = Some(Box::new(TypeProto { value: Some(tensor), ..TypeProto::default() }));
        let map = TypeValue::MapType(Box::new(MapTypeProto { key_type, value_type }));
        let r#type = Some(TypeProto { value: Some(map), ..TypeProto::default() });
        ValueInfoProto { name: name.into(), r#type }
    }

    fn vectorizer(inputs: Vec<ValueInfoProto>) -> Model {
        let vectorize =
            NodeProto { domain: "ai.onnx.ml".into(), ..node("DictVectorizer", &["words"], &["y"]) };
        let mut graph = graph(vec![vectorize], vec![]);
        graph.input = inputs;
        model(graph)
    }

    #[test]
    fn a_map_is_two_inputs_of_as_many_entries() {
        let model = vectorizer(vec![value("x", &[1, 4]), map("words", 8, 1), map("more", 7, 8)]);
        let signature = model.signature().unwrap();
        assert_eq!(
            signature.inputs_listed(),
            "`x` FP32 [1, 4], `words.keys` BYTES [-1], `words.values` FP32 [-1], \
             `more.keys` INT64 [-1], `more.values` BYTES [-1]"
        );
        let maps = model.map_inputs();
        let found: Vec<_> = maps.iter().map(|map| (map.name.as_str(), map.keys)).collect();
        assert_eq!(found, [("words", 1), ("more", 3)]);
        assert_eq!((maps[0].key_dtype, maps[0].value_dtype), (DType::Bytes, DType::F32));
        assert!(!model.row_independence().is_proven());
    }

    #[test]
    fn maps_of_other_types_are_refused() {
        let refusal = |input| vectorizer(vec![input]).signature().unwrap_err().to_string();
        assert_eq!(
            refusal(map("words", 1, 1)),
            "input `words`: a map of FLOAT to FLOAT is not supported"
        );
        let model = vectorizer(vec![map("words", 8, 9)]);
        assert!(model.signature().is_err() && model.map_inputs().is_empty());
    }

    #[test]
    fn a_name_that_a_map_needs_may_not_be_taken() {
        let model = vectorizer(vec![map("words", 8, 1), value("words.keys", &[1])]);
        let error = model.signature().unwrap_err().to_string();
        assert_eq!(error, "input `words.keys`: expected one input of this name, got two");
    }
}
