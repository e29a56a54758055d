//! The engine: loads a graph that has passed the gate and runs it.

use std::fmt;
use std::sync::Arc;

use radiant_core::{Cancel, Engine, Error, Signature, Tensor, TensorSpec};
use radiant_onnx::pb::{GraphProto, TypeValue};
use rten::{ModelOptions, NodeId};

use crate::error::Failure;
use crate::made_up::{Extents, Inputs};
use crate::rewrite::Rewriter;
use crate::trial::{Loaded, Trial};
use crate::{LoadError, ambiguity, convert, empty, gate, misfit};

/// How a model is loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Whether matrices are kept in the order that the kernels read too: faster runs, and memory of
    /// about the size of the model once more.
    pub prepack_weights: bool,
    /// The extents to try, in this order, for unknown axes other than the batch when the model is
    /// tried out: some graphs need more than one entry. The first that works is taken.
    pub trial_extents: Vec<usize>,
}

impl Default for Options {
    /// With prepacked weights; extents 3, 1, 8, 32, 64, 256, 512 and 2. Not 1 first: with axes of
    /// one entry, and with as many entries as rows, mistakes in shapes stay hidden.
    fn default() -> Self {
        Self { prepack_weights: true, trial_extents: vec![3, 1, 8, 32, 64, 256, 512, 2] }
    }
}

/// A plain ONNX graph, run by rten.
///
/// Holds one copy of the weights for all threads, and no state between runs. Any batch and any
/// extent of a free axis runs as it comes.
pub struct RtenEngine {
    signature: Signature,
    loaded: Loaded,
    is_optimised: bool,
    trial: Extents,
}

impl RtenEngine {
    /// Loads a model that has passed `radiant-onnx`'s checks.
    ///
    /// Cost: blocks for two loads and three small runs, from milliseconds to seconds, and holds
    /// about three times the model's size until it is done.
    ///
    /// # Errors
    /// [`LoadError`] names the operator or value that rten would not compute rightly, or gives
    /// rten's words where it does not take the graph.
    pub fn load(model: &radiant_onnx::Model, options: &Options) -> Result<Self, LoadError> {
        gate::check_domains(model)?;
        gate::check_sizes(model)?;
        let mut signature = model.signature()?;
        let (graph, mut rewriter) = gate::pass(model, &signature)?;
        let mut checked = model.clone();
        checked.graph = graph;
        let guesses = Inputs::guesses(&signature, &model.graph);
        let fitted = fit_one(&checked, &mut rewriter, &signature, &guesses, options)?;
        let Fitted { inputs, model: checked, bytes, plain, trial } = fitted;
        trial.check_outputs(&signature, &declared(&model.graph))?;
        complete(&mut signature, inputs, &plain, &trial, &declared(&model.graph));
        let mut how = ModelOptions::with_all_ops();
        how.prepack_weights(options.prepack_weights);
        let optimised = (!ambiguity::is_ambiguous(&checked.graph))
            .then(|| Loaded::new(&bytes, &signature, &how).ok())
            .flatten();
        let agreed = optimised.filter(|optimised| trial.agrees(optimised));
        let is_optimised = agreed.is_some();
        let loaded = match agreed {
            Some(loaded) => loaded,
            None => load(&bytes, &signature, how.enable_optimization(false))?,
        };
        Ok(Self { signature, loaded, is_optimised, trial: trial.extents })
    }

    /// Whether rten's optimised form of the graph is run. If not, it answered otherwise than the
    /// graph as written.
    pub fn is_optimised(&self) -> bool {
        self.is_optimised
    }

    /// Answers a batch of no rows; `ids` are the wanted outputs, each once.
    fn run_empty(
        &self,
        inputs: &[Tensor],
        wanted: &[usize],
        ids: &[NodeId],
        outputs: &mut [Tensor],
    ) -> Result<(), Error> {
        self.wanted(wanted).try_for_each(empty::check)?;
        let rows = empty::one_row(&self.loaded, &self.signature, inputs, ids);
        for ((output, spec), index) in outputs.iter_mut().zip(self.wanted(wanted)).zip(wanted) {
            let id = self.loaded.outputs.get(*index);
            let at = ids.iter().position(|known| Some(known) == id);
            let row = rows.as_ref().and_then(|rows| rows.get(at?));
            empty::output(spec, row, output)?;
        }
        Ok(())
    }

    fn wanted<'a>(&'a self, wanted: &'a [usize]) -> impl Iterator<Item = &'a TensorSpec> + 'a {
        wanted.iter().filter_map(|&index| self.signature.outputs.get(index))
    }
}

impl Engine for RtenEngine {
    fn name(&self) -> &'static str {
        "rten"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn run(
        &self,
        inputs: &[Tensor],
        wanted: &[usize],
        outputs: &mut Vec<Tensor>,
        cancel: &Cancel,
    ) -> Result<(), Error> {
        // rten gives an output once.
        let earlier = |at: usize| {
            let (before, rest) = wanted.split_at(at);
            before.iter().position(|index| rest.first() == Some(index))
        };
        let once = (0..wanted.len()).filter(|&at| earlier(at).is_none());
        let ids = once.map(|at| self.loaded.outputs.get(*wanted.get(at)?).copied());
        let ids: Option<Vec<NodeId>> = ids.collect();
        let ids = ids.ok_or_else(|| no_output(wanted))?;
        cancel.check()?;
        outputs.resize_with(wanted.len(), Tensor::default);
        for (output, spec) in outputs.iter_mut().zip(self.wanted(wanted)) {
            output.name = Arc::clone(&spec.name);
        }
        if empty::has_no_rows(&self.signature, inputs)? {
            return self.run_empty(inputs, wanted, &ids, outputs);
        }
        let specs = self.signature.inputs.iter().zip(inputs);
        let values = specs.map(|(spec, tensor)| convert::input(&spec.name, tensor));
        let values = values.collect::<Result<Vec<_>, _>>()?;
        let answers = self.loaded.run(values, &ids).map_err(Failure::into_run_error)?;
        let mut answers = answers.into_iter();
        for (at, spec) in self.wanted(wanted).enumerate() {
            let (done, rest) = outputs.split_at_mut(at);
            let Some(output) = rest.first_mut() else { break };
            if let Some(same) = earlier(at).and_then(|at| done.get(at)) {
                output.clone_from(same);
                continue;
            }
            let Some(answer) = answers.next() else { return Err(no_output(wanted)) };
            convert::output(answer, spec.dtype, output).map_err(|got| {
                Error::internal(format!("output `{}`: expected {spec}, got {got}", spec.name))
            })?;
        }
        Ok(())
    }
}

impl fmt::Debug for RtenEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RtenEngine")
            .field("signature", &self.signature)
            .field("is_optimised", &self.is_optimised)
            .field("trial", &self.trial)
            .finish_non_exhaustive()
    }
}

#[cold]
fn no_output(wanted: &[usize]) -> Error {
    Error::internal(format!("the model has no such outputs: {wanted:?}"))
}

/// A graph that rten runs as written, and a run of it.
struct Fitted<'i> {
    inputs: &'i Inputs,
    model: radiant_onnx::Model,
    bytes: Vec<u8>,
    plain: Loaded,
    trial: Trial,
}

/// Loads a graph as written and tries it with the first of these inputs that it takes.
fn fit_one<'i>(
    checked: &radiant_onnx::Model,
    rewriter: &mut Rewriter,
    signature: &Signature,
    guesses: &'i [Inputs],
    options: &Options,
) -> Result<Fitted<'i>, LoadError> {
    let mut first = None;
    for inputs in guesses {
        match fit(checked.clone(), rewriter, signature, inputs, options) {
            Ok(fitted) => return Ok(fitted),
            Err(refusal) => first = first.or(Some(refusal)),
        }
    }
    let none = || Failure::Refused("there are no inputs to try".to_owned()).into_load_error("run");
    Err(first.unwrap_or_else(none))
}

/// Loads a graph as written, tries it, and puts right what the ranks found there ask for.
fn fit<'i>(
    mut model: radiant_onnx::Model,
    rewriter: &mut Rewriter,
    signature: &Signature,
    inputs: &'i Inputs,
    options: &Options,
) -> Result<Fitted<'i>, LoadError> {
    let mut how = ModelOptions::with_all_ops();
    how.enable_optimization(false);
    let mut rounds_left = misfit::ROUNDS_MAX;
    let mut extents = options.trial_extents.clone();
    loop {
        // rten's own reader can loop for ever on bytes that are not a message; these are one.
        let bytes = model.to_proto_bytes();
        let plain = load(&bytes, signature, &how)?;
        let trial = Trial::first(&plain, inputs, &extents);
        let trial = trial.map_err(|failure| failure.into_load_error("run"))?;
        let misfits = misfit::find(&trial, &plain, &model.graph)?;
        if misfits.is_empty() {
            return Ok(Fitted { inputs, model, bytes, plain, trial });
        }
        if rounds_left == 0 {
            return Err(misfit::too_many(&model.graph, &misfits));
        }
        rounds_left -= 1;
        extents = vec![trial.extents.other];
        rewriter.fit(&mut model.graph, &misfits);
    }
}

fn load(bytes: &[u8], signature: &Signature, how: &ModelOptions) -> Result<Loaded, LoadError> {
    Loaded::new(bytes, signature, how).map_err(|failure| failure.into_load_error("load"))
}

/// Which outputs declare a shape.
fn declared(graph: &GraphProto) -> Vec<bool> {
    let declares = |value: &radiant_onnx::pb::ValueInfoProto| {
        let r#type = value.r#type.as_ref().and_then(|r#type| r#type.value.as_ref());
        matches!(r#type, Some(TypeValue::TensorType(tensor)) if tensor.shape.is_some())
    };
    graph.output.iter().map(declares).collect()
}

/// Fills in the shapes of outputs that declare none: the rank, and the extents that stay when other
/// extents of the inputs change.
fn complete(
    signature: &mut Signature,
    inputs: &Inputs,
    plain: &Loaded,
    trial: &Trial,
    declared: &[bool],
) {
    if declared.iter().all(|declared| *declared) {
        return;
    }
    let Extents { rows, other } = trial.extents;
    let others = [Extents { rows: rows + 1, other: other + 1 }, Extents { rows: rows + 1, other }];
    let other = others.iter().find_map(|extents| Trial::run(plain, inputs, *extents).ok());
    let second: Vec<Vec<usize>> = match &other {
        Some(second) => second.shapes().collect(),
        None => vec![Vec::new(); declared.len()],
    };
    let outputs = signature.outputs.iter_mut().zip(trial.shapes()).zip(second);
    for (((spec, first), second), _) in outputs.zip(declared).filter(|(_, declared)| !**declared) {
        let dims = first.iter().enumerate();
        let same = |axis| second.get(axis) == first.get(axis);
        spec.dims = dims.map(|(axis, dim)| same(axis).then_some(*dim)).collect();
    }
}
