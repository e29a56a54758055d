//! Models that this program makes: what comes in by the first column of a row comes out by the first
//! column of its answer, through all that the model computes.
//!
//! A row holds a number that no other request in flight has, small enough to be exact in single
//! precision, so an answer that belongs to another row is seen.

use std::path::Path;

use anyhow::{Context as _, Result};
use prost::Message as _;
use radiant_onnx::pb::{
    Dimension, DimensionValue, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TensorTypeProto, TypeProto, TypeValue, ValueInfoProto,
};
use side_by_side::Random;

/// Numbers of a row, and of its answer.
pub(crate) const N_COLUMNS: usize = 8;
const N_ANSWERS: usize = 4;

/// A model, by what a row of it costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Model {
    /// A perceptron whose weights do not fit the nearest caches: reading them is the cost of a run,
    /// which rows share.
    Wide,
    /// Functions of single numbers: each row costs the same, whatever its company.
    Flat,
}

impl Model {
    pub(crate) const ALL: [Self; 2] = [Self::Wide, Self::Flat];

    /// Its name in paths and tables.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Wide => "wide",
            Self::Flat => "flat",
        }
    }

    /// Writes it as `NAME/model.onnx` below a folder.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub(crate) fn write(self, folder: &Path) -> Result<()> {
        let folder = folder.join(self.name());
        std::fs::create_dir_all(&folder)?;
        let bytes = self.graph().encode_to_vec();
        std::fs::write(folder.join("model.onnx"), bytes).context("writing a model")
    }

    fn graph(self) -> ModelProto {
        let mut graph = Graph::default();
        match self {
            Self::Wide => wide(&mut graph),
            Self::Flat => flat(&mut graph),
        }
        graph.finish()
    }
}

/// Hidden numbers of a layer, and its weights: 4 MiB.
const WIDE: usize = 1024;
const WIDE_LAYERS: usize = 4;

fn wide(graph: &mut Graph) {
    let mut value = graph.layer("x", [N_COLUMNS, WIDE], Weights::Passing);
    for _ in 1..WIDE_LAYERS {
        value = graph.layer(&value, [WIDE, WIDE], Weights::Passing);
    }
    graph.product(&value, [WIDE, N_ANSWERS], Weights::Passing, Some("y"));
}

/// Numbers of a row on its way, and how often each goes through a function.
const FLAT: usize = 4096;
const FLAT_STEPS: usize = 128;

fn flat(graph: &mut Graph) {
    let mut value = graph.product("x", [N_COLUMNS, FLAT], Weights::Random, None);
    for _ in 0..FLAT_STEPS {
        value = graph.node("Tanh", &[&value], None);
    }
    let nothing = graph.product(&value, [FLAT, N_ANSWERS], Weights::Zero, None);
    let passed = graph.product("x", [N_COLUMNS, N_ANSWERS], Weights::Passing, None);
    graph.node("Add", &[&nothing, &passed], Some("y"));
}

/// What stands in a matrix.
#[derive(Debug, Clone, Copy)]
enum Weights {
    Zero,
    Random,
    /// Random, but the first column gives the first number as it is.
    Passing,
}

/// A graph that grows node by node.
#[derive(Debug, Default)]
struct Graph {
    nodes: Vec<NodeProto>,
    constants: Vec<TensorProto>,
}

impl Graph {
    /// A product without negative results.
    fn layer(&mut self, value: &str, shape: [usize; 2], weights: Weights) -> String {
        let product = self.product(value, shape, weights, None);
        self.node("Relu", &[&product], None)
    }

    fn product(
        &mut self,
        value: &str,
        shape: [usize; 2],
        weights: Weights,
        name: Option<&str>,
    ) -> String {
        let matrix = self.matrix(shape, weights);
        self.node("MatMul", &[value, &matrix], name)
    }

    fn matrix(&mut self, [n_rows, n_columns]: [usize; 2], weights: Weights) -> String {
        let mut random = Random::seeded(self.constants.len() as u64);
        let mut numbers = Vec::with_capacity(n_rows * n_columns * size_of::<f32>());
        for row in 0..n_rows {
            for column in 0..n_columns {
                let number = match weights {
                    Weights::Zero => 0.0,
                    Weights::Passing if column == 0 => f64::from(u8::from(row == 0)),
                    // Small enough that sums of them times the number that passes stay finite.
                    Weights::Random | Weights::Passing => (random.unit() - 0.5) * 1e-3,
                };
                #[expect(clippy::cast_possible_truncation, reason = "the models take that")]
                numbers.extend((number as f32).to_le_bytes());
            }
        }
        let name = format!("w{}", self.constants.len());
        self.constants.push(TensorProto {
            dims: [n_rows, n_columns].map(|n| i64::try_from(n).unwrap_or(i64::MAX)).to_vec(),
            data_type: FLOAT,
            name: name.clone(),
            raw_data: numbers.into(),
            ..TensorProto::default()
        });
        name
    }

    fn node(&mut self, op_type: &str, inputs: &[&str], name: Option<&str>) -> String {
        let output = name.map_or_else(|| format!("v{}", self.nodes.len()), str::to_owned);
        self.nodes.push(NodeProto {
            input: inputs.iter().map(|&input| input.to_owned()).collect(),
            output: vec![output.clone()],
            name: format!("n{}", self.nodes.len()),
            op_type: op_type.to_owned(),
            ..NodeProto::default()
        });
        output
    }

    fn finish(self) -> ModelProto {
        let graph = GraphProto {
            name: "overload".to_owned(),
            node: self.nodes,
            initializer: self.constants,
            input: vec![rows("x", N_COLUMNS)],
            output: vec![rows("y", N_ANSWERS)],
            ..GraphProto::default()
        };
        let opset = OperatorSetIdProto { domain: String::new(), version: 17 };
        ModelProto {
            ir_version: 8,
            opset_import: vec![opset],
            graph: Some(graph),
            ..ModelProto::default()
        }
    }
}

/// ONNX's number of single precision.
const FLOAT: i32 = 1;

/// Any number of rows of so many numbers.
fn rows(name: &str, n_columns: usize) -> ValueInfoProto {
    let dimension = |value| Dimension { value: Some(value) };
    let columns = i64::try_from(n_columns).unwrap_or(i64::MAX);
    let dim = vec![
        dimension(DimensionValue::DimParam("batch".to_owned())),
        dimension(DimensionValue::DimValue(columns)),
    ];
    let tensor = TensorTypeProto { elem_type: FLOAT, shape: Some(TensorShapeProto { dim }) };
    let r#type = TypeProto { value: Some(TypeValue::TensorType(tensor)), ..TypeProto::default() };
    ValueInfoProto { name: name.to_owned(), r#type: Some(r#type) }
}

#[cfg(test)]
mod tests {
    use radiant::engines::{Options, load_model};
    use radiant_core::{Cancel, Tensor, TensorData};
    use radiant_onnx::{Limits, load};

    use super::*;
    use crate::lane::{NONCE_MAX, NONCE_MIN};

    #[test]
    fn a_model_answers_each_row_with_its_own_number() {
        let folder = tempfile::tempdir().unwrap();
        for model in Model::ALL {
            model.write(folder.path()).unwrap();
            let path = folder.path().join(model.name()).join("model.onnx");
            let read = load(&path, &Limits::default()).unwrap();
            let engine = load_model(&read, &Options::default()).unwrap().engine;
            let nonces = [NONCE_MIN, NONCE_MAX, NONCE_MIN + 12_345];
            let row = |nonce: u32| [nonce as f32, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
            let x: Vec<f32> = nonces.into_iter().flat_map(row).collect();
            let inputs = [Tensor::new("x", &[3, N_COLUMNS], x)];
            let mut outputs = Vec::new();
            engine.run(&inputs, &[0], &mut outputs, &Cancel::never()).unwrap();
            let Some(TensorData::F32(y)) = outputs.first().map(|output| &output.data) else {
                panic!("{outputs:?}")
            };
            let first: Vec<f32> = y.iter().step_by(N_ANSWERS).copied().collect();
            assert_eq!(first, nonces.map(|nonce| nonce as f32), "{}", model.name());
        }
    }
}
