//! From a decoded ONNX model to tract's graphs and plans.
//!
//! There are two ways. The symbolic one imports the graph once with a symbol for every unknown
//! extent and makes plans by putting numbers for the symbols. Graphs that tract cannot take with
//! symbols (recurrent layers are among them) are imported for each set of extents anew.

use std::collections::HashMap;
use std::sync::Arc;

use radiant_core::{DType, Signature};
use tract_onnx::pb::{GraphProto, ModelProto};
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::{
    DimLike, Factoid, InferenceModelExt, InferenceNode, IntoRunnable, SymbolValues, ToDim, bail,
    ensure, format_err,
};

use crate::axes::{Axes, Extent};
use crate::convert::datum_type;
use crate::error::{Failure, contain};
use crate::log_softmax;
use crate::rows::rows_are_independent;

/// A graph that is optimised for one set of input shapes.
pub(crate) type Plan = Arc<TypedRunnableModel>;

/// Where plans are made from.
pub(crate) enum Source {
    /// A graph with symbols in place of the unknown extents.
    Symbolic {
        /// Decluttered, not yet optimised.
        model: TypedModel,
        /// The graph before shapes are inferred, to infer them for each set of extents: with symbols,
        /// tract does not notice extents that must agree and do not.
        unshaped: Box<InferenceModel>,
        /// The symbol of each unknown.
        symbols: Vec<Symbol>,
        /// Whether a row of an answer is made of the same row of the inputs alone.
        rows_are_independent: bool,
    },
    /// A graph whose shapes are not yet inferred.
    Concrete(InferenceModel),
}

impl Source {
    /// Imports the graph with symbols.
    pub(crate) fn symbolic(
        proto: &ModelProto,
        signature: &Signature,
        axes: &Axes,
    ) -> Result<Self, Failure> {
        contain(|| {
            let mut model = import(proto, signature)?;
            let unshaped = Box::new(model.clone());
            // Names that no model has, so that a search for them finds these symbols only.
            let names = (0..axes.n_unknowns()).map(|unknown| format!("radiant_extent_{unknown}"));
            let symbols: Vec<Symbol> = names.map(|name| model.symbols.sym(&name)).collect();
            for symbol in &symbols {
                model.symbols.add_assertion(format!("{symbol}>=1"))?;
            }
            let extent = |extent: &Extent| match *extent {
                Extent::Known(extent) => Ok(extent.to_dim()),
                Extent::Unknown(unknown) => {
                    let symbol = symbols.get(unknown);
                    symbol.map(ToDim::to_dim).ok_or_else(|| format_err!("an unnumbered extent"))
                }
            };
            for (input, extents) in axes.inputs().iter().enumerate() {
                let shape = extents.iter().map(extent).collect::<TractResult<TVec<TDim>>>()?;
                set_input(&mut model, signature, input, &shape)?;
            }
            let model = typed(model)?.into_decluttered()?;
            let rows_are_independent = match symbols.first() {
                Some(batch) if axes.batch_is_first() => rows_are_independent(&model, batch)?,
                _ => false,
            };
            Ok(Self::Symbolic { model, unshaped, symbols, rows_are_independent })
        })
    }

    /// Imports the graph as far as it goes without input shapes.
    pub(crate) fn concrete(proto: &ModelProto, signature: &Signature) -> Result<Self, Failure> {
        contain(|| Ok(Self::Concrete(import(proto, signature)?)))
    }

    /// Makes the plan for these values of the unknowns.
    ///
    /// Blocks for as long as the optimisation takes: milliseconds for small graphs, more than a
    /// second for large ones.
    pub(crate) fn plan(
        &self,
        signature: &Signature,
        axes: &Axes,
        values: &[usize],
    ) -> Result<Plan, Failure> {
        contain(|| {
            let model = match self {
                Self::Symbolic { model, unshaped, symbols, .. } => {
                    typed(shaped(unshaped, signature, axes, values)?)?;
                    let dims = values.iter().map(ToDim::to_dim);
                    let values: HashMap<Symbol, TDim> = symbols.iter().cloned().zip(dims).collect();
                    model.set_symbols(&values)?.into_optimized()?
                }
                Self::Concrete(model) => {
                    typed(shaped(model, signature, axes, values)?)?.into_optimized()?
                }
            };
            check_outputs(&model, signature)?;
            model.into_runnable()
        })
    }

    /// The shape of an output under these values of the unknowns, where it can be told without
    /// running the graph.
    pub(crate) fn output_shape(&self, output: usize, values: &[usize]) -> Option<Vec<usize>> {
        let Self::Symbolic { model, symbols, .. } = self else { return None };
        let mut known = SymbolValues::default();
        for (symbol, &value) in symbols.iter().zip(values) {
            known.set(symbol, i64::try_from(value).ok()?);
        }
        let fact = model.output_fact(output).ok()?;
        fact.shape.iter().map(|dim| dim.eval(&known).to_usize().ok()).collect()
    }
}

/// The graph with inputs of the shapes that these values of the unknowns give.
fn shaped(
    model: &InferenceModel,
    signature: &Signature,
    axes: &Axes,
    values: &[usize],
) -> TractResult<InferenceModel> {
    let mut model = model.clone();
    for input in 0..signature.inputs.len() {
        set_input(&mut model, signature, input, &axes.shape(input, values))?;
    }
    Ok(model)
}

/// Infers all types and shapes.
fn typed(mut model: InferenceModel) -> TractResult<TypedModel> {
    model.analyse(false)?;
    let model = model.incorporate()?;
    for node in model.nodes() {
        if matches!(&*node.op.name(), "LSTM" | "GRU" | "RNN") {
            check_recurrent(&model, node)?;
        }
    }
    model.into_typed()
}

/// Checks what tract takes on trust: that the weights of a recurrent layer fit its input, and are
/// of one direction. The matrix kernels read beyond their memory otherwise. tract itself compares
/// the other shapes.
fn check_recurrent(model: &InferenceModel, node: &InferenceNode) -> TractResult<()> {
    let (input, weights) = match node.inputs[..] {
        [input, weights, ..] => (model.outlet_fact(input)?, model.outlet_fact(weights)?),
        _ => bail!("a recurrent layer without weights"),
    };
    let extent = |fact: &InferenceFact, axis| {
        fact.shape.dim(axis).and_then(|dim| dim.concretize()).and_then(|dim| dim.to_usize().ok())
    };
    let (got, want) = (extent(input, 2), extent(weights, 2));
    ensure!(
        got.is_some() && got == want && extent(weights, 0) == Some(1),
        "\"{}\": weights of shape {:?} for an input of shape {:?}",
        node.name,
        weights.shape,
        input.shape
    );
    Ok(())
}

/// Parses the graph, with inputs and outputs in the signature's order.
fn import(proto: &ModelProto, signature: &Signature) -> TractResult<InferenceModel> {
    // The shapes that the file notes for inner values are in the file's own symbols, not in ours.
    let mut onnx = tract_onnx::onnx().with_ignore_value_info(true);
    onnx.op_register.insert("LogSoftmax", log_softmax::read);
    let mut model = onnx.model_for_proto_model(proto)?;
    let graph = proto.graph.as_ref().ok_or_else(|| format_err!("the model has no graph"))?;
    let sources = model.input_outlets()?.to_vec();
    let mut inputs = Vec::with_capacity(signature.inputs.len());
    for spec in &signature.inputs {
        let source = sources.iter().find(|outlet| model.node(outlet.node).name == *spec.name);
        inputs.push(*source.ok_or_else(|| format_err!("the graph has no input `{}`", spec.name))?);
    }
    ensure!(
        inputs.len() == sources.len(),
        "the graph has {} inputs, the signature {}",
        sources.len(),
        inputs.len()
    );
    let results = model.output_outlets()?.to_vec();
    let mut outputs = Vec::with_capacity(signature.outputs.len());
    for spec in &signature.outputs {
        outputs.push(result(graph, &results, &spec.name)?);
    }
    model.set_input_outlets(&inputs)?;
    model.select_output_outlets(&outputs)?;
    Ok(model)
}

fn result(graph: &GraphProto, results: &[OutletId], name: &str) -> TractResult<OutletId> {
    let index = graph.output.iter().position(|info| info.name == name);
    match index.and_then(|index| results.get(index)) {
        Some(outlet) => Ok(*outlet),
        None => bail!("the graph has no output `{name}`"),
    }
}

fn set_input<D: ToDim>(
    model: &mut InferenceModel,
    signature: &Signature,
    input: usize,
    shape: &[D],
) -> TractResult<()> {
    let spec = signature.inputs.get(input).ok_or_else(|| format_err!("no input {input}"))?;
    let datum_type = datum_type(spec.dtype).ok_or_else(|| format_err!("type {}", spec.dtype))?;
    let shape: TVec<TDim> = shape.iter().map(ToDim::to_dim).collect();
    model.set_input_fact(input, InferenceFact::dt_shape(datum_type, &shape))
}

/// Checks that the answers will be of the signature's types.
fn check_outputs(model: &TypedModel, signature: &Signature) -> TractResult<()> {
    for (index, spec) in signature.outputs.iter().enumerate() {
        let got = model.output_fact(index)?.datum_type;
        let is_shape = got == TDim::datum_type() && spec.dtype == DType::I64;
        let name = &spec.name;
        ensure!(
            Some(got) == datum_type(spec.dtype) || is_shape,
            "output `{name}`: expected {}, got {got:?}",
            spec.dtype
        );
    }
    Ok(())
}
