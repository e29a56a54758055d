//! The engine: chooses a plan for each request, cuts and pads batches, contains panics.

use std::fmt;
use std::sync::Arc;

use radiant_core::rows::set_empty;
use radiant_core::{Batching, Cancel, Engine, Error, Signature, Tensor, TensorSpec, WeightCopies};
use tract_onnx::pb::{GraphProto, ValueInfoProto, type_proto};
use tract_onnx::prelude::{Framework, TValue, TVec, TractResult};

use crate::axes::Axes;
use crate::convert::{self, Chunk};
use crate::error::{Failure, Panic, contain};
use crate::import::{Plan, Source};
use crate::plans::Plans;
use crate::{LoadError, deny};

/// How much the engine may keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The largest batch that one run of the graph gets, in rows. Larger requests are cut, where
    /// the graph allows.
    pub max_batch: usize,
    /// The number of plans kept beside that for one row. Each holds its own packed weights, about
    /// the size of the model.
    pub max_plans: usize,
}

impl Default for Options {
    /// Runs of up to 64 rows, 6 plans.
    fn default() -> Self {
        Self { max_batch: 64, max_plans: 6 }
    }
}

/// A model of more bytes than this is heavy: every size of runs costs memory for another plan,
const HEAVY_BYTES: usize = 16 << 20;
/// so that requests share runs of a few sizes only.
const HEAVY_ROWS_MAX: usize = 8;

/// How the rows of a request become runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runs {
    /// The model has no batch axis.
    Whole,
    /// Rows do not depend on each other: a batch is padded to the next power of two, and cut into
    /// runs of at most `max_batch` rows.
    Padded {
        /// The largest run, in rows.
        max_batch: usize,
    },
    /// A row may depend on the others or on their number, as far as the engine can tell: a batch is
    /// run as it comes, with a plan for exactly its size.
    Exact,
}

/// A plain ONNX graph, run by tract.
///
/// Plans are made on first use: the first request of a new batch size, or of a new shape where other
/// axes are free, waits for its plan (milliseconds for small graphs, up to seconds for large ones).
/// The plan for one row is there from the start. No state is kept between runs.
pub struct TractEngine {
    signature: Signature,
    axes: Axes,
    source: Source,
    runs: Runs,
    plans: Plans<Plan>,
    is_heavy: bool,
}

impl TractEngine {
    /// Imports a model that has passed `radiant-onnx`'s checks.
    ///
    /// Those checks are not repeated here: tract reads out of bounds when the weights of recurrent
    /// layers contradict their inputs.
    ///
    /// Cost: blocks for the import and the plan for one row, from milliseconds to seconds, and
    /// copies the weights a few times.
    ///
    /// # Errors
    /// [`LoadError`] names the operator, input or output that stands in the way. Where axes besides
    /// the batch are free and tract cannot take the graph without knowing them, what it finds
    /// wrong shows with the first request only.
    pub fn load(model: &radiant_onnx::Model, options: &Options) -> Result<Self, LoadError> {
        let bytes = model.to_proto_bytes();
        let proto = tract_onnx::onnx().proto_model_for_read(&mut &*bytes);
        let proto = proto.map_err(|error| LoadError::Decode(format!("{error:#}")))?;
        let graph = proto.graph.as_ref();
        let graph = graph.ok_or_else(|| LoadError::Decode("it has no graph".to_owned()))?;
        // Before the signature: an operator of another domain tells more than its odd output type.
        deny::check(&proto, graph)?;
        deny::inferred::check(model)?;
        let signature = model.signature()?;
        check_types("input", &signature.inputs)?;
        check_types("output", &signature.outputs)?;
        let axes = Axes::new(&signature, graph);
        let undeclared = undeclared(graph);
        let is_heavy = bytes.len() > HEAVY_BYTES;
        drop(bytes);
        let symbolic = Source::symbolic(&proto, &signature, &axes);
        if let Ok(source) = symbolic
            && let Ok(engine) = Self::new(source, &signature, &axes, (options, &undeclared))
        {
            return Ok(Self { is_heavy, ..engine });
        }
        Source::concrete(&proto, &signature)
            .and_then(|source| Self::new(source, &signature, &axes, (options, &undeclared)))
            .map_err(|failure| refusal(failure, graph))
    }

    fn new(
        source: Source,
        signature: &Signature,
        axes: &Axes,
        (options, undeclared): (&Options, &[bool]),
    ) -> Result<Self, Failure> {
        let runs = match &source {
            _ if !axes.has_batch() => Runs::Whole,
            Source::Symbolic { rows_are_independent: true, .. } => {
                Runs::Padded { max_batch: options.max_batch.max(1) }
            }
            Source::Symbolic { .. } | Source::Concrete(_) => Runs::Exact,
        };
        let mut plans = Plans::new(options.max_plans);
        let only_batch_is_free = axes.n_unknowns() == usize::from(axes.has_batch());
        if only_batch_is_free {
            let one = vec![1; axes.n_unknowns()];
            plans.pin(&one, source.plan(signature, axes, &one)?);
        }
        let (mut signature, axes) = (signature.clone(), axes.clone());
        complete(&mut signature, &source, undeclared, axes.n_unknowns());
        Ok(Self { signature, axes, source, runs, plans, is_heavy: false })
    }

    /// How the rows of a request become runs.
    pub fn runs(&self) -> Runs {
        self.runs
    }

    /// Runs the plan for these extents.
    fn call(
        &self,
        values: &[usize],
        feed: impl FnOnce() -> TractResult<TVec<TValue>>,
    ) -> Result<TVec<TValue>, Error> {
        let build = || self.source.plan(&self.signature, &self.axes, values);
        let plan = self.plans.get(values, build).map_err(Failure::into_run_error)?;
        // `run` makes a state for this run alone. A state that is used again keeps the hidden
        // values of recurrent layers, which are another request's data.
        contain(|| plan.run(feed()?)).map_err(Failure::into_run_error)
    }

    fn run_whole(
        &self,
        values: &[usize],
        inputs: &[Tensor],
        wanted: &[usize],
        outputs: &mut [Tensor],
    ) -> Result<(), Error> {
        let answers = self.call(values, || inputs.iter().map(convert::whole).collect())?;
        for (output, (index, spec)) in outputs.iter_mut().zip(self.wanted(wanted)) {
            let answer = answers.get(index).ok_or_else(|| no_output(index))?;
            contain(|| convert::take(answer, spec.dtype, output))
                .map_err(Failure::into_run_error)?;
        }
        Ok(())
    }

    fn run_chunk(
        &self,
        values: &mut [usize],
        inputs: &[Tensor],
        chunk: Chunk,
        (wanted, outputs): (&[usize], &mut [Tensor]),
    ) -> Result<(), Error> {
        if let Some(batch) = values.first_mut() {
            *batch = chunk.padded;
        }
        let feed = |(index, tensor)| {
            if self.axes.is_batched(index) {
                convert::rows(tensor, chunk)
            } else {
                convert::whole(tensor)
            }
        };
        let answers = self.call(values, || inputs.iter().enumerate().map(feed).collect())?;
        for (output, (index, spec)) in outputs.iter_mut().zip(self.wanted(wanted)) {
            let answer = answers.get(index).ok_or_else(|| no_output(index))?;
            contain(|| convert::take_rows(answer, spec.dtype, chunk, output))
                .map_err(Failure::into_run_error)?;
        }
        Ok(())
    }

    /// Answers a batch of no rows, without running the graph.
    fn run_empty(
        &self,
        values: &[usize],
        wanted: &[usize],
        outputs: &mut [Tensor],
    ) -> Result<(), Error> {
        for (output, (index, spec)) in outputs.iter_mut().zip(self.wanted(wanted)) {
            if spec.dims.first() != Some(&None) {
                return Err(Error::invalid_input(format!(
                    "output `{}` has no axis of rows: expected at least one row, got none",
                    spec.name
                )));
            }
            let declared = || spec.dims.iter().map(|dim| dim.unwrap_or(0)).collect();
            let shape: Vec<usize> =
                self.source.output_shape(index, values).unwrap_or_else(declared);
            set_empty(output, &shape, spec.dtype);
        }
        Ok(())
    }

    fn wanted<'a>(
        &'a self,
        wanted: &'a [usize],
    ) -> impl Iterator<Item = (usize, &'a TensorSpec)> + 'a {
        wanted.iter().filter_map(|&index| Some((index, self.signature.outputs.get(index)?)))
    }
}

impl Engine for TractEngine {
    fn name(&self) -> &'static str {
        "tract"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn batching(&self) -> Batching {
        match self.runs {
            Runs::Padded { max_batch } => {
                let max = if self.is_heavy { max_batch.min(HEAVY_ROWS_MAX) } else { max_batch };
                Batching::Rows { max, exact: false }
            }
            Runs::Whole | Runs::Exact => Batching::Alone,
        }
    }

    /// One for the graph, and one packed for each plan.
    fn weight_copies(&self) -> WeightCopies {
        let plans = self.plans.count();
        WeightCopies { held: plans.held.saturating_add(1), max: plans.max.saturating_add(1) }
    }

    fn run(
        &self,
        inputs: &[Tensor],
        wanted: &[usize],
        outputs: &mut Vec<Tensor>,
        cancel: &Cancel,
    ) -> Result<(), Error> {
        if let Some(&index) = wanted.iter().find(|&&index| index >= self.signature.outputs.len()) {
            return Err(no_output(index));
        }
        cancel.check()?;
        let mut values = self.axes.bind(inputs, &self.signature)?;
        outputs.resize_with(wanted.len(), Tensor::default);
        for (output, (_, spec)) in outputs.iter_mut().zip(self.wanted(wanted)) {
            output.name = Arc::clone(&spec.name);
        }
        let rows = values.first().copied().filter(|_| self.axes.has_batch());
        if rows == Some(0) {
            return self.run_empty(&values, wanted, outputs);
        }
        let (Runs::Padded { max_batch }, Some(rows)) = (self.runs, rows) else {
            return self.run_whole(&values, inputs, wanted, outputs);
        };
        for start in (0..rows).step_by(max_batch) {
            cancel.check()?;
            let rows = max_batch.min(rows - start);
            let padded = rows.next_power_of_two().min(max_batch);
            let chunk = Chunk { start, rows, padded };
            self.run_chunk(&mut values, inputs, chunk, (wanted, outputs))?;
        }
        for (output, (_, _)) in outputs.iter_mut().zip(self.wanted(wanted)) {
            convert::set_rows(output, rows);
        }
        Ok(())
    }
}

impl fmt::Debug for TractEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the graph: it prints weights.
        f.debug_struct("TractEngine")
            .field("signature", &self.signature)
            .field("runs", &self.runs)
            .finish_non_exhaustive()
    }
}

#[cold]
fn no_output(index: usize) -> Error {
    Error::internal(format!("the model has no output {index}"))
}

fn check_types(side: &'static str, specs: &[TensorSpec]) -> Result<(), LoadError> {
    for spec in specs {
        if convert::datum_type(spec.dtype).is_none() {
            return Err(LoadError::DType { side, name: spec.name.to_string(), dtype: spec.dtype });
        }
    }
    Ok(())
}

/// Which outputs have no declared shape.
fn undeclared(graph: &GraphProto) -> Vec<bool> {
    let is_undeclared = |value: &ValueInfoProto| {
        let r#type = value.r#type.as_ref().and_then(|r#type| r#type.value.as_ref());
        !matches!(r#type, Some(type_proto::Value::TensorType(tensor)) if tensor.shape.is_some())
    };
    graph.output.iter().map(is_undeclared).collect()
}

/// Fills in the shapes of outputs that declare none: the rank, and the extents that stay when those of
/// the inputs change. Unknown to the graph without symbols.
fn complete(signature: &mut Signature, source: &Source, undeclared: &[bool], n_unknowns: usize) {
    let shape = |output, value| source.output_shape(output, &vec![value; n_unknowns]);
    for (index, spec) in signature.outputs.iter_mut().enumerate() {
        if undeclared.get(index) == Some(&true)
            && let (Some(one), Some(other)) = (shape(index, 2), shape(index, 3))
            && one.len() == other.len()
        {
            let both = one.iter().zip(&other);
            spec.dims = both.map(|(one, other)| (one == other).then_some(*one)).collect();
        }
    }
}

/// Says which operator tract stumbled over, if its words name a node of the graph.
fn refusal(failure: Failure, graph: &GraphProto) -> LoadError {
    let text = match failure {
        Failure::Panicked(text) => return LoadError::Panicked(Panic(text)),
        Failure::Refused(text) => text,
    };
    let named = graph.node.iter().rfind(|node| {
        let name = deny::node_name(node);
        !name.is_empty() && text.contains(&format!("\"{name}\""))
    });
    let culprit = named.map_or_else(String::new, |node| {
        format!("operator `{}` (node `{}`): ", node.op_type, deny::node_name(node))
    });
    LoadError::Refused { culprit, text }
}
