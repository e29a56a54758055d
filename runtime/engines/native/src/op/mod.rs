//! Operators: how each is built from a node, and what it does.
//!
//! Building checks everything that can be known without a request, refuses every attribute that it
//! does not know, and tells the types of what comes out. Running trusts that.
//!
//! One folder a family: `ml` is the domain `ai.onnx.ml`, `tensor` moves and chooses elements,
//! `math` computes with numbers, `text` with strings, `flow` runs graphs inside of nodes.

mod axes;
mod broadcast;
mod context;
mod flow;
mod math;
mod ml;
mod tensor;
mod text;

use radiant_core::{Error, Shape};

use crate::Unsupported;
use crate::fact::Fact;
use crate::plan::OutputSet;
use crate::registers::{Buffer, Inputs, Slot};

pub(crate) use context::NodeContext;
pub(crate) use tensor::constant;

/// An operator with all its attributes and constants.
///
/// A pure function of its inputs: a step whose inputs are all constant is run when it is compiled.
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
    /// A step with graphs inside, which reads all the node's inputs and then what the graphs read of
    /// the values around them.
    Nested { op: Box<dyn Op>, captured: Vec<Slot>, facts: Vec<Fact> },
}

impl Built {
    /// A step with one input, the node's first, and one output.
    pub(crate) fn unary(op: impl Op + 'static, fact: Fact) -> Self {
        Self::Step { op: Box::new(op), reads: vec![0], facts: vec![fact] }
    }

    /// A step that reads all the node's inputs, those left out as absent, and gives one output.
    pub(crate) fn step(context: &NodeContext<'_>, op: impl Op + 'static, fact: Fact) -> Self {
        let reads = (0..context.inputs.len()).collect();
        Self::Step { op: Box::new(op), reads, facts: vec![fact] }
    }
}

/// How a node becomes an operator.
type Builder = fn(&mut NodeContext<'_>) -> Result<Built, Unsupported>;

/// Builds the operator of a node.
pub(crate) fn build(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    let name = context.node.op_type.as_str();
    let builder = match context.node.canonical_domain() {
        "" => [math::builder, tensor::builder, text::builder, flow::builder]
            .into_iter()
            .find_map(|builder| builder(name)),
        "ai.onnx.ml" => ml::builder(name),
        "com.microsoft" => text::microsoft_builder(name).or_else(|| ml::microsoft_builder(name)),
        _ => None,
    };
    let builder = builder.ok_or_else(|| context.refuse("the operator is not supported"))?;
    builder(context)
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
