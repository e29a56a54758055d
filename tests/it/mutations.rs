//! Models that mean harm: a sample of mutations through reader and engines, and what a server does
//! with a model that would take all memory or read other people's files.
//!
//! `radiant-mutate` is the whole of it, with tens of thousands of mutations.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use prost::Message as _;
use radiant_onnx::pb::{
    Dimension, DimensionValue, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    StringStringEntryProto, TensorProto, TensorShapeProto, TensorTypeProto, TypeProto, TypeValue,
    ValueInfoProto,
};
use tempfile::TempDir;

use crate::support::http::Request;
use crate::support::model_file;
use crate::support::process::{Server, Start};

#[test]
fn mutated_models_crash_and_hang_nothing() {
    #[expect(clippy::disallowed_methods, reason = "a process is what may crash")]
    let mut command = Command::new(env!("CARGO_BIN_EXE_radiant-mutate"));
    let output = command.args(["--count", "500"]).output().expect("the program starts");
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

const FLOAT: i32 = 1;
const INT64: i32 = 7;

fn value(name: &str, elem_type: i32, dims: &[i64]) -> ValueInfoProto {
    let dim = dims.iter().map(|&dim| {
        let any = DimensionValue::DimParam("n".to_owned());
        let value = if dim < 0 { any } else { DimensionValue::DimValue(dim) };
        Dimension { value: Some(value) }
    });
    let shape = Some(TensorShapeProto { dim: dim.collect() });
    let tensor = TypeValue::TensorType(TensorTypeProto { elem_type, shape });
    let r#type = TypeProto { value: Some(tensor), ..TypeProto::default() };
    ValueInfoProto { name: name.to_owned(), r#type: Some(r#type) }
}

fn node(op_type: &str, input: &[&str], output: &str) -> NodeProto {
    NodeProto {
        op_type: op_type.to_owned(),
        input: input.iter().map(|&name| name.to_owned()).collect(),
        output: vec![output.to_owned()],
        ..NodeProto::default()
    }
}

fn ints(name: &str, values: &[i64]) -> TensorProto {
    TensorProto {
        name: name.to_owned(),
        dims: vec![i64::try_from(values.len()).expect("a short list")],
        data_type: INT64,
        int64_data: values.to_vec(),
        ..TensorProto::default()
    }
}

/// A model of `x`, FP32 `[n, 2]`, that gives `y`.
fn model(node: Vec<NodeProto>, initializer: Vec<TensorProto>, dims: &[i64]) -> Vec<u8> {
    let graph = GraphProto {
        name: "graph".to_owned(),
        node,
        initializer,
        input: vec![value("x", FLOAT, &[-1, 2])],
        output: vec![value("y", FLOAT, dims)],
        ..GraphProto::default()
    };
    let opset = OperatorSetIdProto { domain: String::new(), version: 17 };
    let model = ModelProto {
        ir_version: 8,
        opset_import: vec![opset],
        graph: Some(graph),
        ..ModelProto::default()
    };
    model.encode_to_vec()
}

/// A server of the iris model in a folder of its own.
fn serve(folder: &TempDir, arguments: &[&str]) -> Server {
    let path = folder.path().join("model.onnx");
    fs::copy(model_file("iris", "model.onnx"), &path).expect("the model can be copied");
    let start = Start::serve(&path).args(["--name", "model"]);
    start.args(arguments.iter().copied()).start()
}

/// Loads another model in place of the served one; what is said, and that the old one is served
/// still where it is refused.
fn load(server: &Server, folder: &Path, bytes: &[u8]) -> (u16, String) {
    fs::write(folder.join("model.onnx"), bytes).expect("the model can be written");
    let reply = server.send(&Request::json("/v2/repository/models/model/load", ""));
    if reply.status != 200 {
        let still = server.send(&Request::json("/predict", r#"{"data":{"ndarray":[[6,3,5,2]]}}"#));
        assert_eq!(still.status, 200, "what was served is served still: {}", still.text());
    }
    (reply.status, reply.text().to_owned())
}

#[test]
fn a_model_that_would_take_all_memory_is_refused_beside_a_served_one() {
    let folder = TempDir::new().expect("a temporary folder");
    let server = serve(&folder, &["--load-memory-max", "512MiB"]);
    // A constant of 1 GiB, as the file says it; and one that is known to nobody before a run: one
    // row has it ask for 2^14 x 2^14 numbers.
    let said = model(
        vec![node("ConstantOfShape", &["s"], "y")],
        vec![ints("s", &[1 << 14, 1 << 14])],
        &[-1, 1 << 14],
    );
    let unsaid = model(
        vec![
            node("Shape", &["x"], "shape"),
            node("Mul", &["shape", "many"], "s"),
            node("ConstantOfShape", &["s"], "y"),
        ],
        vec![ints("many", &[1 << 14, 1 << 13])],
        &[-1, -1],
    );
    for (bytes, words) in [(said, ["memory", "elements"]), (unsaid, ["memory", "memory"])] {
        let (status, text) = load(&server, folder.path(), &bytes);
        assert_ne!(status, 200, "{text}");
        assert!(words.iter().any(|word| text.contains(word)), "{text}");
    }
    let small = model(vec![node("Neg", &["x"], "y")], Vec::new(), &[-1, 2]);
    let (status, text) = load(&server, folder.path(), &small);
    assert_eq!(status, 200, "{text}");
}

/// `x + c`, where the numbers of `c` lie in the file `location`.
fn with_numbers_in(location: &str) -> Vec<u8> {
    let entry = StringStringEntryProto { key: "location".to_owned(), value: location.to_owned() };
    let constant = TensorProto {
        name: "c".to_owned(),
        dims: vec![2],
        data_type: FLOAT,
        data_location: 1,
        external_data: vec![entry],
        ..TensorProto::default()
    };
    model(vec![node("Add", &["x", "c"], "y")], vec![constant], &[-1, 2])
}

#[test]
fn a_model_reads_no_files_but_those_of_its_folder() {
    let outside = TempDir::new().expect("a temporary folder");
    let folder = TempDir::new_in(outside.path()).expect("a temporary folder");
    let numbers: Vec<u8> = [1.0_f32, 2.0].into_iter().flat_map(f32::to_le_bytes).collect();
    let secret = outside.path().join("secret.bin");
    fs::write(&secret, &numbers).expect("a file can be written");
    fs::write(folder.path().join("own.bin"), &numbers).expect("a file can be written");
    symlink("../secret.bin", folder.path().join("link.bin")).expect("a link can be made");
    symlink("..", folder.path().join("up")).expect("a link can be made");
    let server = serve(&folder, &[]);
    let absolute = secret.to_str().expect("test paths are UTF-8");
    for location in ["../secret.bin", absolute, "link.bin", "up/secret.bin", "", "."] {
        let (status, text) = load(&server, folder.path(), &with_numbers_in(location));
        assert_ne!(status, 200, "`{location}`: {text}");
        let names_it = text.contains("constant `c`") || text.contains("not a regular file");
        assert!(names_it, "`{location}`: {text}");
    }
    let (status, text) = load(&server, folder.path(), &with_numbers_in("own.bin"));
    assert_eq!(status, 200, "{text}");
    let reply = server.send(&Request::json("/predict", r#"{"data":{"ndarray":[[1,1]]}}"#));
    assert_eq!((reply.status, &*reply.at("/data/ndarray")), (200, "[[2.0,3.0]]"));
}
