//! The runs with inputs made up for the purpose, before a model is taken.
//!
//! Many limits of rten show only in a run. And rten's optimiser replaces groups of nodes by what
//! they look like: constants that are close enough, normalisations without a look at the ranks. So
//! the graph runs twice, as written and as optimised, and unless both answer the same, it stays as
//! written. The run as written also tells the ranks of values that some operators depend on.

use std::collections::{HashMap, HashSet};

use radiant_core::{Signature, Tensor, TensorData, TensorSpec};
use radiant_onnx::pb::{GraphProto, NodeProto};
use rten::{NodeId, RunOptions, Value, ValueOrView};
use rten_tensor::prelude::*;

use crate::error::{Failure, contain};
use crate::{LoadError, convert, gate, pool};

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
        contain(|| self.model.run(inputs, outputs, Some(options)))
    }
}

/// What a run was tried with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extents {
    /// Rows of the batch.
    pub(crate) rows: usize,
    /// The extent of other unknown axes.
    pub(crate) other: usize,
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
        signature: &Signature,
        others: &[usize],
    ) -> Result<Self, Failure> {
        let has_batch = signature.inputs.iter().any(|spec| spec.dims.first() == Some(&None));
        let mut unknown = signature.inputs.iter().flat_map(|spec| spec.dims.iter().skip(1));
        let others = if unknown.any(Option::is_none) { others } else { &[1] };
        let mut first = Failure::Refused("there are no extents to try".to_owned());
        for (n, &other) in others.iter().enumerate() {
            for (m, &rows) in ROWS.iter().enumerate().filter(|(m, _)| has_batch || *m == 0) {
                match Self::run(plain, signature, Extents { rows, other }) {
                    Ok(trial) => return Ok(trial),
                    Err(failure) if n == 0 && m == 0 => first = failure,
                    Err(_failure) => {}
                }
            }
        }
        Err(first)
    }

    /// Runs the graph as written with these extents.
    pub(crate) fn run(
        plain: &Loaded,
        signature: &Signature,
        extents: Extents,
    ) -> Result<Self, Failure> {
        let inputs = made_up(signature, extents);
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

    /// Refuses nodes that rten computes wrongly for the ranks that this run found.
    pub(crate) fn check_ranks(&self, plain: &Loaded, graph: &GraphProto) -> Result<(), LoadError> {
        for node in nested(graph).filter(|node| node.op_type == "MatMul") {
            if constant_rank(graph, node.input_name(1)).is_none_or(|rank| rank < 2) {
                let reason = "rten needs to know in the body of another operator that the right \
                              side is a matrix";
                return Err(gate::refused(node, reason));
            }
        }
        let looked_at = |node: &&NodeProto| matches!(&*node.op_type, "MatMul" | "Div" | "Pow");
        let nodes: Vec<&NodeProto> = graph.node.iter().filter(looked_at).collect();
        let ranks = self.ranks(plain, &nodes);
        let ranks = ranks.map_err(|failure| failure.into_load_error("run"))?;
        let rank = |node: &NodeProto, at| {
            let name = node.input_name(at);
            name.and_then(|name| ranks.get(name).copied()).or(constant_rank(graph, name))
        };
        for node in nodes {
            let (Some(left), Some(right)) = (rank(node, 0), rank(node, 1)) else {
                return Err(gate::refused(node, "its ranks are not known"));
            };
            if node.op_type == "MatMul" && right < 2 && left > 2 {
                let reason = "rten keeps an axis of 1 after several matrices times a vector";
                return Err(gate::refused(node, reason));
            }
            if node.op_type != "MatMul" && right > left {
                let reason = "rten drops axes of the right side that the left side lacks";
                return Err(gate::refused(node, reason));
            }
        }
        Ok(())
    }

    /// The ranks of these nodes' inputs, but for constants.
    fn ranks(
        &self,
        plain: &Loaded,
        nodes: &[&NodeProto],
    ) -> Result<HashMap<String, usize>, Failure> {
        let mut ids: HashMap<NodeId, &str> = HashMap::new();
        for name in nodes.iter().flat_map(|node| &node.input) {
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

/// Whether rten's optimiser could take a mean that drops its axis for one that keeps it: it does not
/// look when it makes a normalisation of differences from means, and the shapes of a trial need not
/// show it.
pub(crate) fn is_ambiguous(graph: &GraphProto) -> bool {
    let nodes = graph.all_nodes();
    let drops = |node: &&&NodeProto| {
        node.op_type == "ReduceMean" && node.attribute("keepdims").is_some_and(|keep| keep.i == 0)
    };
    let means: HashSet<&str> = nodes
        .iter()
        .filter(drops)
        .flat_map(|node| node.output.iter().map(String::as_str))
        .collect();
    let adds = |node: &&&NodeProto| matches!(&*node.op_type, "Add" | "Sub");
    nodes.iter().filter(adds).flat_map(|node| &node.input).any(|name| means.contains(&**name))
}

/// The rank of a constant of this graph.
fn constant_rank(graph: &GraphProto, name: Option<&str>) -> Option<usize> {
    let constant = graph.initializer.iter().find(|constant| Some(&*constant.name) == name)?;
    Some(constant.dims.len())
}

/// The nodes of graphs inside the graph's nodes.
fn nested(graph: &GraphProto) -> impl Iterator<Item = &NodeProto> {
    graph.node.iter().flat_map(NodeProto::graphs).flat_map(GraphProto::all_nodes)
}

fn run(loaded: &Loaded, inputs: &[Tensor], outputs: &[NodeId]) -> Result<Vec<Value>, Failure> {
    let values = inputs.iter().map(|tensor| convert::input(&tensor.name, tensor));
    let values = values.collect::<Result<Vec<_>, _>>();
    let values = values.map_err(|error| Failure::Refused(error.to_string()))?;
    loaded.run(values, outputs)
}

/// Inputs of the signature's types: small numbers of both signs, and 0 for what may be an index.
fn made_up(signature: &Signature, extents: Extents) -> Vec<Tensor> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut number = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        // The upper bits as a number from -1 to 1.
        f32::from(u16::try_from(state >> 48).unwrap_or(0)) / 32768.0 - 1.0
    };
    let made_up = |spec: &TensorSpec| {
        let dims = spec.dims.iter().enumerate().map(|(axis, dim)| match dim {
            Some(extent) => *extent,
            None if axis == 0 => extents.rows,
            None => extents.other,
        });
        let dims: Vec<usize> = dims.collect();
        let mut tensor = Tensor::zeros(&spec.name, &dims, spec.dtype);
        match &mut tensor.data {
            TensorData::F32(values) => values.fill_with(&mut number),
            TensorData::Bool(values) => values.fill_with(|| number() > 0.0),
            _ => {}
        }
        tensor
    };
    signature.inputs.iter().map(made_up).collect()
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
