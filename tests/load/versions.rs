//! A model whose answers tell its version, in a repository.

use std::fs;
use std::path::Path;

use radiant_onnx::pb::{
    Dimension, DimensionValue, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TensorTypeProto, TypeProto, TypeValue, ValueInfoProto,
};
use radiant_protocol::pb::encode;

use super::question::VERSION_STEP;

/// ONNX's number of FP64 (onnx.proto: TensorProto.DataType).
const DOUBLE: i32 = 11;

/// Puts the version into the folder `1` of a model, in place of what is there.
pub(crate) fn put(repository: &Path, model: &str, version: u64) {
    let folder = repository.join(model).join("1");
    fs::create_dir_all(&folder).expect("it can be made");
    let partial = folder.join("model.partial");
    fs::write(&partial, encode(&adding(version * VERSION_STEP))).expect("it can be written");
    fs::rename(partial, folder.join("model.onnx")).expect("it can be moved");
}

/// `answer = x + number`, of a column of FP64.
fn adding(number: u64) -> ModelProto {
    let node = NodeProto {
        op_type: "Add".to_owned(),
        input: vec!["x".to_owned(), "number".to_owned()],
        output: vec!["answer".to_owned()],
        ..NodeProto::default()
    };
    let number = TensorProto {
        name: "number".to_owned(),
        dims: vec![1],
        data_type: DOUBLE,
        double_data: vec![number as f64],
        ..TensorProto::default()
    };
    let graph = GraphProto {
        node: vec![node],
        initializer: vec![number],
        input: vec![column("x")],
        output: vec![column("answer")],
        ..GraphProto::default()
    };
    ModelProto {
        ir_version: 8,
        opset_import: vec![OperatorSetIdProto { domain: String::new(), version: 17 }],
        graph: Some(graph),
        ..ModelProto::default()
    }
}

fn column(name: &str) -> ValueInfoProto {
    let any = DimensionValue::DimParam("rows".to_owned());
    let dim = [any, DimensionValue::DimValue(1)].map(|value| Dimension { value: Some(value) });
    let shape = Some(TensorShapeProto { dim: dim.into() });
    let tensor = TypeValue::TensorType(TensorTypeProto { elem_type: DOUBLE, shape });
    let r#type = TypeProto { value: Some(tensor), ..TypeProto::default() };
    ValueInfoProto { name: name.to_owned(), r#type: Some(r#type) }
}
