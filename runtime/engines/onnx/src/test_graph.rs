//! Small graphs for tests, built by hand.

use prost::Message;

use crate::pb::*;
use crate::{Limits, Model, read};

pub(crate) fn node(op_type: &str, input: &[&str], output: &[&str]) -> NodeProto {
    NodeProto {
        op_type: op_type.into(),
        input: input.iter().map(ToString::to_string).collect(),
        output: output.iter().map(ToString::to_string).collect(),
        ..NodeProto::default()
    }
}

pub(crate) fn value(name: &str, dims: &[i64]) -> ValueInfoProto {
    let dim = |&dim| Dimension { value: Some(DimensionValue::DimValue(dim)) };
    let shape = Some(TensorShapeProto { dim: dims.iter().map(dim).collect() });
    let tensor = TypeValue::TensorType(TensorTypeProto { elem_type: 1, shape });
    let r#type = TypeProto { value: Some(tensor), ..TypeProto::default() };
    ValueInfoProto { name: name.into(), r#type: Some(r#type) }
}

pub(crate) fn floats(name: &str, dims: &[i64]) -> TensorProto {
    let n = usize::try_from(dims.iter().product::<i64>()).unwrap();
    let (name, dims, float_data) = (name.into(), dims.to_vec(), vec![0.5; n]);
    TensorProto { name, dims, data_type: 1, float_data, ..TensorProto::default() }
}

pub(crate) fn ints(name: &str, values: &[i64]) -> TensorProto {
    let dims = vec![i64::try_from(values.len()).unwrap()];
    let (name, int64_data) = (name.into(), values.to_vec());
    TensorProto { name, dims, data_type: 7, int64_data, ..TensorProto::default() }
}

/// A constant that is false.
pub(crate) fn truth(name: &str) -> TensorProto {
    TensorProto { name: name.into(), data_type: 9, int32_data: vec![0], ..TensorProto::default() }
}

/// An attribute that is a graph which takes and gives these values and has this node.
pub(crate) fn body(
    name: &str,
    (input, output): (&[&str], &[&str]),
    node: NodeProto,
) -> AttributeProto {
    let values = |names: &[&str]| names.iter().map(|name| value(name, &[])).collect();
    let (input, output) = (values(input), values(output));
    let g = Some(GraphProto { node: vec![node], input, output, ..GraphProto::default() });
    AttributeProto {
        name: name.into(),
        r#type: AttributeType::Graph as i32,
        g,
        ..AttributeProto::default()
    }
}

pub(crate) fn graph(node: Vec<NodeProto>, initializer: Vec<TensorProto>) -> GraphProto {
    let (input, output) = (vec![value("x", &[-1, 4])], vec![value("y", &[-1, 4])]);
    GraphProto { node, initializer, input, output, ..GraphProto::default() }
}

pub(crate) fn bytes_of(graph: GraphProto) -> Vec<u8> {
    let opset = |domain: &str, version| OperatorSetIdProto { domain: domain.into(), version };
    let opset_import = vec![opset("", 17), opset("ai.onnx.ml", 3)];
    let entry = StringStringEntryProto { key: "author".into(), value: "nobody".into() };
    let metadata_props = vec![entry];
    let graph = Some(graph);
    let model =
        ModelProto { ir_version: 8, opset_import, graph, metadata_props, ..ModelProto::default() };
    model.encode_to_vec()
}

pub(crate) fn model(graph: GraphProto) -> Model {
    read(&bytes_of(graph), &Limits::default()).unwrap()
}

#[track_caller]
pub(crate) fn refused(graph: GraphProto, expected: &str) {
    let error = read(&bytes_of(graph), &Limits::default()).unwrap_err();
    assert_eq!(error.to_string(), expected);
}

pub(crate) fn int(name: &str, i: i64) -> AttributeProto {
    let r#type = AttributeType::Int as i32;
    AttributeProto { name: name.into(), r#type, i, ..AttributeProto::default() }
}

pub(crate) fn ints_attribute(name: &str, ints: &[i64]) -> AttributeProto {
    let (r#type, ints) = (AttributeType::Ints as i32, ints.to_vec());
    AttributeProto { name: name.into(), r#type, ints, ..AttributeProto::default() }
}

/// A node with attributes.
pub(crate) fn with(node: NodeProto, attribute: Vec<AttributeProto>) -> NodeProto {
    NodeProto { attribute, ..node }
}

/// A constant of zeros.
pub(crate) fn zeros(name: &str, dims: &[i64]) -> TensorProto {
    let raw_data = vec![0; 4 * usize::try_from(dims.iter().product::<i64>()).unwrap()].into();
    let (name, dims) = (name.into(), dims.to_vec());
    TensorProto { name, dims, data_type: 1, raw_data, ..TensorProto::default() }
}
