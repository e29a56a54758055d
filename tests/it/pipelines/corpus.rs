//! The files of the corpus, read.

use std::fs;
use std::path::Path;

use radiant_core::{Tensor, TensorData};
use serde_json::Value;

use crate::support::workspace;

/// A graph with rows and onnxruntime's answers to them.
pub(super) struct Pipeline {
    pub(super) name: String,
    /// The bytes of the `.onnx` file.
    pub(super) graph: Vec<u8>,
    pub(super) inputs: Vec<Tensor>,
    pub(super) outputs: Vec<Expected>,
    /// Whether onnxruntime cannot run the graph on a row alone.
    pub(super) is_refused_alone: bool,
    /// Whether onnxruntime answers a request of no rows.
    pub(super) takes_no_rows: bool,
}

/// An output: one tensor, with the names of its columns where the graph makes maps of its rows.
pub(super) struct Expected {
    tensor: Tensor,
    classes: Option<Vec<String>>,
}

impl Expected {
    pub(super) fn name(&self) -> &str {
        &self.tensor.name
    }

    pub(super) fn tensor(&self) -> &Tensor {
        &self.tensor
    }

    pub(super) fn classes(&self) -> Option<&[String]> {
        self.classes.as_deref()
    }
}

/// All pipelines, by name.
pub(super) fn pipelines() -> impl Iterator<Item = Pipeline> {
    let folder = workspace().join("tests/pipelines/models");
    let entries = fs::read_dir(&folder).expect("the corpus");
    let paths = entries.map(|entry| entry.expect("an entry of the corpus").path());
    let mut paths: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|end| end == "onnx")).collect();
    paths.sort();
    paths.into_iter().map(|path| pipeline(&path))
}

fn pipeline(path: &Path) -> Pipeline {
    let text = fs::read_to_string(path.with_extension("json")).expect("answers beside the graph");
    let document: Value = serde_json::from_str(&text).expect("the answers are JSON");
    let entries = |key: &str| document[key].as_object().expect("an object").clone().into_iter();
    Pipeline {
        name: path.file_stem().and_then(|stem| stem.to_str()).expect("a name").to_owned(),
        graph: fs::read(path).expect("the graph can be read"),
        inputs: entries("inputs").map(|(name, entry)| tensor(&name, &entry)).collect(),
        outputs: entries("outputs").flat_map(|(name, entry)| expected(&name, &entry)).collect(),
        is_refused_alone: document["alone"].get("refused").is_some(),
        takes_no_rows: document["takes_no_rows"] == true,
    }
}

/// A sequence of tensors is expected as one output each, `name.0`, `name.1` and so on.
fn expected(name: &str, entry: &Value) -> Vec<Expected> {
    if let Some(items) = entry["items"].as_array() {
        let named = |(at, item): (usize, &Value)| tensor(&format!("{name}.{at}"), item);
        let tensors = items.iter().enumerate().map(named);
        return tensors.map(|tensor| Expected { tensor, classes: None }).collect();
    }
    let classes = entry["classes"].as_array().map(|classes| {
        classes.iter().map(|class| class.as_str().expect("a name").to_owned()).collect()
    });
    vec![Expected { tensor: tensor(name, entry), classes }]
}

fn tensor(name: &str, entry: &Value) -> Tensor {
    let dims = entry["shape"].as_array().expect("a shape").iter();
    let dims: Vec<usize> =
        dims.map(|dim| dim.as_u64().and_then(|dim| dim.try_into().ok()).expect("a dim")).collect();
    let values = entry["values"].as_array().expect("values");
    let whole = |value: &Value| value.as_i64().expect("a whole number");
    #[expect(clippy::cast_possible_truncation, reason = "the text is that of a single")]
    let single = |value: &Value| double(value) as f32;
    match entry["dtype"].as_str().expect("a type") {
        "FP32" => Tensor::new(name, &dims, values.iter().map(single).collect()),
        "FP64" => Tensor::new(name, &dims, values.iter().map(double).collect()),
        "INT64" => Tensor::new(name, &dims, values.iter().map(whole).collect()),
        "INT32" => {
            let narrow = |value| i32::try_from(whole(value)).expect("it fits");
            Tensor::new(name, &dims, values.iter().map(narrow).collect())
        }
        "BOOL" => Tensor::new(name, &dims, values.iter().map(|value| *value == true).collect()),
        "BYTES" => {
            let texts = values.iter().map(|value| value.as_str().expect("a text"));
            Tensor::strings(name, &dims, texts.collect())
        }
        other => panic!("no such type: {other}"),
    }
}

/// A number; what JSON has none for is null or text.
fn double(value: &Value) -> f64 {
    match value {
        Value::Null => f64::NAN,
        Value::String(text) => text.parse().expect("`inf` or `-inf`"),
        number => number.as_f64().expect("a number"),
    }
}

/// One row of a tensor of rows, with its leading axis.
pub(super) fn row(rows: &Tensor, row: usize) -> Tensor {
    part(rows, row..row + 1)
}

/// The same columns without a row.
pub(super) fn no_rows(rows: &Tensor) -> Tensor {
    part(rows, 0..0)
}

fn part(tensor: &Tensor, rows: std::ops::Range<usize>) -> Tensor {
    let (mut dims, name) = (tensor.shape.dims().to_vec(), &tensor.name);
    let width = tensor.data.len() / dims[0];
    dims[0] = rows.len();
    let range = rows.start * width..rows.end * width;
    match &tensor.data {
        TensorData::F32(values) => Tensor::new(name, &dims, values[range].to_vec()),
        TensorData::F64(values) => Tensor::new(name, &dims, values[range].to_vec()),
        TensorData::I64(values) => Tensor::new(name, &dims, values[range].to_vec()),
        TensorData::I32(values) => Tensor::new(name, &dims, values[range].to_vec()),
        TensorData::Bool(values) => Tensor::new(name, &dims, values[range].to_vec()),
        TensorData::Bytes(values) => {
            let text = |at| std::str::from_utf8(values.get(at).expect("in range")).expect("UTF-8");
            Tensor::strings(name, &dims, range.map(text).collect())
        }
        other => panic!("no pipeline has rows of {}", other.dtype()),
    }
}
