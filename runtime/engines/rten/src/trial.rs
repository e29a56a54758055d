//! The runs with inputs made up for the purpose, before a model is taken.
//!
//! Many limits of rten show only in a run. And rten's optimiser replaces groups of nodes by what
//! they look like: constants that are close enough, normalisations without a look at the ranks. So
//! the graph runs twice, as written and as optimised, and unless both answer the same, it stays as
//! written. The run as written also tells the ranks of values, which some operators depend on.

use std::collections::HashMap;

use radiant_core::{Signature, Tensor};
use rten::{NodeId, RunOptions, Value, ValueOrView};
use rten_tensor::prelude::*;

use crate::error::{Failure, contain};
use crate::made_up::{Extents, Inputs};
use crate::{LoadError, convert, pool};

/// How far answers may be apart in parts of the largest, and in parts of themselves.
const ABSOLUTE: f32 = 1e-5;
const RELATIVE: f32 = 1e-3;
/// Rows to try with, if the model has a batch.
const ROWS: [usize; 2] = [2, 1];

/// A model as rten holds it, with its inputs and outputs in the signature's order.
#[derive(Debug)]
pub(crate) struct Loaded {
    model: rten::Model,
    pub(crate) inputs: Vec<NodeId>,
    pub(crate) outputs: Vec<NodeId>,
}

impl Loaded {
    /// Loads a graph that has passed the gate.
    pub(crate) fn new(
        bytes: &[u8],
        signature: &Signature,
        options: &rten::ModelOptions,
    ) -> Result<Self, Failure> {
        contain(|| {
            let model = options.load(bytes.to_vec()).map_err(|error| error.to_string())?;
            let id = |name: &str| {
                model.find_node(name).ok_or_else(|| format!("it has no value `{name}`"))
            };
            let inputs = signature.inputs.iter().map(|spec| id(&spec.name));
            let inputs = inputs.collect::<Result<Vec<_>, _>>()?;
            let outputs = model.output_ids().to_vec();
            if outputs.len() != signature.outputs.len() {
                return Err(format!("it has {} outputs", outputs.len()));
            }
            Ok::<_, String>(Self { model, inputs, outputs })
        })
    }

    /// Runs the model on this thread's pool.
    pub(crate) fn run(
        &self,
        values: Vec<ValueOrView<'_>>,
        outputs: &[NodeId],
    ) -> Result<Vec<Value>, Failure> {
        let mut options = RunOptions::default();
        options.thread_pool = Some(pool::current());
        let inputs = self.inputs.iter().copied().zip(values).collect();
        let result = contain(|| Ok::<_, String>(self.model.run(inputs, outputs, Some(options))));
        result?.map_err(|error| failure(&error))
    }
}

/// A trial run that rten made.
#[derive(Debug)]
pub(crate) struct Trial {
    pub(crate) extents: Extents,
    inputs: Vec<Tensor>,
    answers: Vec<Value>,
}

impl Trial {
    /// Runs the graph as written with the first extents that it takes.
    ///
    /// # Errors
    /// The failure of the first attempt.
    pub(crate) fn first(
        plain: &Loaded,
        inputs: &Inputs,
        others: &[usize],
    ) -> Result<Self, Failure> {
        let has_batch = inputs.has_unknown(true);
        let others = if inputs.has_unknown(false) { others } else { &[1] };
        let mut first = Failure::Refused("there are no extents to try".to_owned());
        for (n, &other) in others.iter().enumerate() {
            for (m, &rows) in ROWS.iter().enumerate().filter(|(m, _)| has_batch || *m == 0) {
                match Self::run(plain, inputs, Extents { rows, other }) {
                    Ok(trial) => return Ok(trial),
                    Err(failure) if n == 0 && m == 0 => first = failure,
                    Err(_failure) => {}
                }
            }
        }
        Err(first)
    }

    /// Runs the graph as written with these extents.
    pub(crate) fn run(plain: &Loaded, inputs: &Inputs, extents: Extents) -> Result<Self, Failure> {
        let inputs = inputs.fill(extents)?;
        let answers = run(plain, &inputs, &plain.outputs)?;
        Ok(Self { extents, inputs, answers })
    }

    /// The shape of each answer.
    pub(crate) fn shapes(&self) -> impl Iterator<Item = Vec<usize>> {
        self.answers.iter().map(|value| value.shape().to_vec())
    }

    /// Checks the types and shapes of the answers against what the model declares. An output that
    /// declares no shape is not in `declared`.
    pub(crate) fn check_outputs(
        &self,
        signature: &Signature,
        declared: &[bool],
    ) -> Result<(), LoadError> {
        let specs = signature.outputs.iter().zip(&self.answers).zip(declared);
        for ((spec, answer), declares_shape) in specs {
            let mut tensor = Tensor::default();
            let fits = match convert::output(answer.clone(), spec.dtype, &mut tensor) {
                Err(got) => Err(format!("expected {spec}, got {got}")),
                Ok(()) if *declares_shape && !spec.accepts(&tensor.shape) => {
                    Err(format!("expected {spec}, got {} {}", tensor.dtype(), tensor.shape))
                }
                Ok(()) => Ok(()),
            };
            if let Err(reason) = fits {
                let name = spec.name.to_string();
                return Err(LoadError::Value { side: "output", name, reason });
            }
        }
        Ok(())
    }

    /// Whether another form of the model answers the same.
    pub(crate) fn agrees(&self, other: &Loaded) -> bool {
        let answers = run(other, &self.inputs, &other.outputs);
        answers.is_ok_and(|answers| {
            let mut pairs = self.answers.iter().zip(&answers);
            answers.len() == self.answers.len() && pairs.all(|(a, b)| close(a, b))
        })
    }

    /// The ranks of these values.
    pub(crate) fn ranks<'a>(
        &self,
        plain: &Loaded,
        names: impl Iterator<Item = &'a String>,
    ) -> Result<HashMap<String, usize>, Failure> {
        let mut ids: HashMap<NodeId, &str> = HashMap::new();
        for name in names {
            if let Some(id) = plain.model.find_node(name) {
                ids.insert(id, name);
            }
        }
        let wanted: Vec<NodeId> = ids.keys().copied().collect();
        if wanted.is_empty() {
            return Ok(HashMap::new());
        }
        let values = run(plain, &self.inputs, &wanted)?;
        let named = wanted.iter().zip(values);
        let named = named.filter_map(|(id, value)| Some((*ids.get(id)?, value.shape().len())));
        Ok(named.map(|(name, rank)| (name.to_owned(), rank)).collect())
    }
}

/// What an error of a run says: that numbers or shapes do not fit, or else that rten does not do
/// what it is to do. rten gives the kinds of an operator's error by their first words only.
fn failure(error: &rten::RunError) -> Failure {
    const UNFIT: [&str; 2] = [" failed: incompatible input shapes:", " has invalid value:"];
    let text = error.to_string();
    let is_unfit = UNFIT.iter().any(|words| text.contains(words));
    if is_unfit { Failure::Unfit(text) } else { Failure::Refused(text) }
}

fn run(loaded: &Loaded, inputs: &[Tensor], outputs: &[NodeId]) -> Result<Vec<Value>, Failure> {
    let values = inputs.iter().map(|tensor| convert::input(&tensor.name, tensor));
    let values = values.collect::<Result<Vec<_>, _>>();
    let values = values.map_err(|error| Failure::Refused(error.to_string()))?;
    loaded.run(values, outputs)
}

/// Whether two answers are the same but for the order of additions.
fn close(a: &Value, b: &Value) -> bool {
    if a.shape() != b.shape() {
        return false;
    }
    match (a, b) {
        (Value::FloatTensor(a), Value::FloatTensor(b)) => {
            let finite = a.iter().filter(|number| number.is_finite());
            let largest = finite.fold(0.0_f32, |largest, number| largest.max(number.abs()));
            let absolute = ABSOLUTE * largest;
            a.iter().zip(b.iter()).all(|(a, b)| {
                let is_same = a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
                is_same || (a - b).abs() <= absolute + RELATIVE * a.abs()
            })
        }
        (Value::Int32Tensor(a), Value::Int32Tensor(b)) => a.iter().eq(b.iter()),
        (Value::Int8Tensor(a), Value::Int8Tensor(b)) => a.iter().eq(b.iter()),
        (Value::UInt8Tensor(a), Value::UInt8Tensor(b)) => a.iter().eq(b.iter()),
        _ => false,
    }
}
