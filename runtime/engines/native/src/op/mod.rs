//! Operators: how each is built from a node, and what it does.
//!
//! Building checks everything that can be known without a request, refuses every attribute that it
//! does not know, and tells the types of what comes out. Running trusts that.

mod arithmetic;
mod cast;
mod classifier;
mod linear;
mod reduce;
mod row;
mod select;
mod shape;
mod unary;

use std::fmt;

use radiant_core::{DType, Error, Shape, Tensor};
use radiant_onnx::pb::NodeProto;

use crate::Unsupported;
use crate::plan::{Compiler, Fact, OutputSet};
use crate::registers::{Buffer, Inputs, Slot};

/// An operator with all its attributes and constants.
pub(crate) trait Op: Send + Sync {
    /// Computes the outputs.
    ///
    /// # Errors
    /// When the extents of the inputs do not fit, or a value is out of the operator's range.
    fn run(&self, inputs: Inputs<'_>, outputs: Outputs<'_>) -> Result<(), Error>;
}

/// What a step writes.
#[derive(Debug)]
pub(crate) struct Outputs<'a> {
    pub(crate) buffers: &'a mut [Buffer],
    pub(crate) needed_for: &'a [OutputSet],
    pub(crate) wanted: OutputSet,
}

impl Outputs<'_> {
    /// Whether anything depends on the output at `index`.
    pub(crate) fn is_wanted(&self, index: usize) -> bool {
        self.needed_for.get(index).is_some_and(|outputs| outputs & self.wanted != 0)
    }

    /// The only output's buffer.
    pub(crate) fn first(&mut self) -> &mut Buffer {
        &mut self.buffers[0]
    }
}

/// What a node becomes.
pub(crate) enum Built {
    /// Nothing: the output is the input at this index.
    Alias(usize),
    /// A step that reads the node's inputs at these indices and gives values like these.
    Step { op: Box<dyn Op>, reads: Vec<usize>, facts: Vec<Fact> },
}

impl Built {
    /// A step with one input, the node's first, and one output.
    fn unary(op: impl Op + 'static, fact: Fact) -> Self {
        Self::Step { op: Box::new(op), reads: vec![0], facts: vec![fact] }
    }
}

/// A node that is being built.
pub(crate) struct NodeContext<'a> {
    pub(crate) node: &'a NodeProto,
    /// The version of the operator set that the node is from.
    pub(crate) opset: i64,
    pub(crate) inputs: Vec<Option<(Slot, Fact)>>,
    pub(crate) compiler: &'a mut Compiler,
}

/// Builds the operator of a node.
pub(crate) fn build(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    match (context.node.canonical_domain(), context.node.op_type.as_str()) {
        ("ai.onnx.ml", "ArrayFeatureExtractor") => select::array_feature_extractor(context),
        ("ai.onnx.ml", "Binarizer") => row::binarizer(context),
        ("ai.onnx.ml", "Imputer") => row::imputer(context),
        ("ai.onnx.ml", "LinearClassifier") => classifier::linear_classifier(context),
        ("ai.onnx.ml", "LinearRegressor") => linear::linear_regressor(context),
        ("ai.onnx.ml", "Normalizer") => row::normalizer(context),
        ("ai.onnx.ml", "Scaler") => row::scaler(context),
        ("", "Add" | "Sub" | "Mul" | "Div") => arithmetic::binary(context),
        ("", "ArgMax" | "ArgMin") => select::arg_extremum(context),
        ("", "Cast") => cast::cast(context),
        ("", "Concat") => shape::concat(context),
        ("", "Flatten") => shape::flatten(context),
        ("", "Gemm") => linear::gemm(context),
        ("", "LpNormalization") => row::lp_normalization(context),
        ("", "Not") => unary::not(context),
        ("", "ReduceMax" | "ReduceMean" | "ReduceSum") => reduce::reduce(context),
        ("", "Slice") => select::slice(context),
        ("", "Identity") => identity(context),
        ("", "MatMul") => linear::matmul(context),
        ("", "Reshape") => shape::reshape(context),
        ("", "Softmax") => row::softmax(context),
        ("", _) => unary::unary(context),
        _ => Err(context.refuse("the operator is not supported")),
    }
}

fn identity(context: &NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&[])?;
    context.fact(0)?;
    Ok(Built::Alias(0))
}

impl NodeContext<'_> {
    /// A refusal of this node.
    fn refuse(&self, what: impl Into<String>) -> Unsupported {
        Unsupported::new(self.node.place(), what)
    }

    /// Refuses attributes other than `known`.
    fn attributes(&self, known: &[&str]) -> Result<(), Unsupported> {
        let unknown = self.node.attribute.iter().find(|a| !known.contains(&a.name.as_str()));
        unknown.map_or(Ok(()), |attribute| {
            Err(self.refuse(format!("attribute `{}` is not supported", attribute.name)))
        })
    }

    /// Refuses the value of an attribute.
    fn refuse_value(&self, attribute: &str, value: impl fmt::Display) -> Unsupported {
        self.refuse(format!("attribute `{attribute}`: `{value}` is not supported"))
    }

    fn fact(&self, index: usize) -> Result<&Fact, Unsupported> {
        let input = self.inputs.get(index).and_then(Option::as_ref);
        input.map(|(_, fact)| fact).ok_or_else(|| self.refuse(format!("there is no input {index}")))
    }

    /// The tensor that an input is, if it is known now.
    fn constant(&self, index: usize) -> Option<&Tensor> {
        let (slot, _) = self.inputs.get(index)?.as_ref()?;
        self.compiler.constant_at(*slot)
    }

    /// The input as rows: `[n_rows, n_columns]`, a vector being one row.
    fn rows(&self, index: usize) -> Result<RowsFact, Unsupported> {
        let fact = self.fact(index)?;
        match *fact.dims {
            [n_columns] => Ok(RowsFact { n_rows: Some(1), n_columns }),
            [n_rows, n_columns] => Ok(RowsFact { n_rows, n_columns }),
            _ => {
                let what = format!("input of rank {} is not supported", fact.rank());
                Err(self.refuse(what))
            }
        }
    }

    /// Refuses an input of another type.
    fn expect_dtype(&self, index: usize, expected: DType) -> Result<(), Unsupported> {
        let got = self.fact(index)?.dtype;
        if got == expected {
            return Ok(());
        }
        Err(self.refuse(format!("input {index} of type {got} is not supported")))
    }

    /// Makes the input at `index` single precision, by a step of its own if it is another number.
    fn make_f32(&mut self, index: usize) -> Result<(), Unsupported> {
        let fact = self.fact(index)?.clone();
        if fact.dtype == DType::F32 {
            return Ok(());
        }
        let Some(op) = cast::to(fact.dtype, DType::F32) else {
            let what = format!("input {index} of type {} is not supported", fact.dtype);
            return Err(self.refuse(what));
        };
        let Some(Some((slot, _))) = self.inputs.get(index) else {
            return Err(self.refuse(format!("there is no input {index}")));
        };
        let (slot, place) = (*slot, self.node.place().to_string());
        let register = self.compiler.step(op, place, vec![slot], 1);
        let fact = Fact { dtype: DType::F32, ..fact };
        if let Some(input) = self.inputs.get_mut(index) {
            *input = Some((Slot::Register(register), fact));
        }
        Ok(())
    }
}

/// What is known of rows.
#[derive(Debug, Clone, Copy)]
struct RowsFact {
    n_rows: Option<usize>,
    n_columns: Option<usize>,
}

/// The extents of rows: a vector is one row.
fn n_rows_and_columns(shape: &Shape) -> (usize, usize) {
    match *shape.dims() {
        [n_rows, n_columns] => (n_rows, n_columns),
        [n_columns] => (1, n_columns),
        _ => (1, shape.n_elements().unwrap_or(0)),
    }
}

/// Refuses rows of another number of columns.
fn check_columns(shape: &Shape, expected: usize) -> Result<usize, Error> {
    let (n_rows, got) = n_rows_and_columns(shape);
    if got == expected {
        return Ok(n_rows);
    }
    Err(Error::model_failed(format!("expected {expected} columns, got {got}")))
}
