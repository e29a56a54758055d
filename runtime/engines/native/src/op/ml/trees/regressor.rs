//! TreeEnsembleRegressor, and what it shares with TreeEnsemble.

use radiant_core::{DType, Element, Error};
use radiant_kernels::forest::{Aggregate, Feature, Forest, ForestKernel, Node, Rows, Score, Vote};

use crate::Unsupported;
use crate::fact::Fact;
use crate::op::ml::post_transform::PostTransform;
use crate::op::{Built, NodeContext, Op, Outputs, n_rows_and_columns};
use crate::registers::Inputs;

use super::table::{ATTRIBUTES, Ballot, Trees};
use super::transform;

/// Trees whose aggregates are the answer: `[n_rows, n_targets]`.
struct Regressor {
    kernel: Kernel,
    post: PostTransform,
}

/// A forest, by the types of the input and of the output.
enum Kernel {
    Single(ForestKernel<f32, f32>),
    /// From double to single precision. The step's second register has the scores in double.
    Rounded(ForestKernel<f64, f64>),
    /// The second register has the scores in single precision, in which they are transformed.
    Double(ForestKernel<f64, f64>),
}

/// Builds a TreeEnsembleRegressor: `[n_rows, n_targets]` f32.
pub(in crate::op::ml) fn tree_ensemble_regressor(
    context: &mut NodeContext<'_>,
) -> Result<Built, Unsupported> {
    let own = [
        "aggregate_function",
        "base_values",
        "base_values_as_tensor",
        "n_targets",
        "post_transform",
        "target_ids",
        "target_nodeids",
        "target_treeids",
        "target_weights",
        "target_weights_as_tensor",
    ];
    context.attributes(&[&ATTRIBUTES[..], &own].concat())?;
    let dtype = context.make_float()?;
    let n_targets = context.n_targets()?;
    let aggregate = match context.node.string("aggregate_function")?.unwrap_or("SUM") {
        "SUM" => Aggregate::Sum,
        "AVERAGE" => Aggregate::Average,
        "MIN" => Aggregate::Min,
        "MAX" => Aggregate::Max,
        other => return Err(context.refuse_value("aggregate_function", other)),
    };
    let post = PostTransform::read(context)?;
    let weights = context.numbers("target_weights", dtype)?;
    let outputs = context.node.ints("target_ids")?;
    let ballot = Ballot { kind: "target", outputs, weights: &weights };
    let mut trees = Trees::read(context, dtype, &ballot)?;
    if n_targets == 1 {
        one_vote_each(context, &mut trees)?;
    }
    let base = context.numbers("base_values", dtype)?;
    let forest = context.forest(trees, n_targets, aggregate, base)?;
    built(context, &forest, post, (dtype, DType::F32))
}

/// Makes sure that each leaf has one vote for the only output.
///
/// onnxruntime looks at the first vote alone, and at the threshold of a leaf that has none. Converters
/// rely on that: for the index of a classifier's leaf, skl2onnx writes the same weight once a class.
fn one_vote_each(context: &NodeContext<'_>, trees: &mut Trees) -> Result<(), Unsupported> {
    for (at, node) in trees.nodes.iter_mut().enumerate() {
        let Node::Leaf { first_vote, n_votes } = node else { continue };
        match *n_votes {
            0 if trees.values[at].abs() > 0.0 => {
                return Err(context.refuse("a leaf with a value and no weight is not supported"));
            }
            0 => {
                *first_vote = context.count(trees.votes.len())?;
                *n_votes = 1;
                trees.votes.push(Vote { output: 0, weight: 0.0 });
            }
            1 => {}
            n => {
                let votes = trees.votes.iter().skip(*first_vote as usize).take(n as usize);
                let mut weights = votes.map(|vote| vote.weight.to_bits());
                let first = weights.next();
                if weights.any(|weight| Some(weight) != first) {
                    let reason = "a leaf of several weights for one target is not supported";
                    return Err(context.refuse(reason));
                }
                *n_votes = 1;
            }
        }
    }
    Ok(())
}

/// Builds an operator that reads numbers of the first type and gives those of the second.
pub(super) fn built(
    context: &NodeContext<'_>,
    forest: &Forest,
    post: PostTransform,
    types: (DType, DType),
) -> Result<Built, Unsupported> {
    let parts = forest.parts();
    if parts.n_outputs == 1 && !matches!(post, PostTransform::None | PostTransform::Probit) {
        // onnxruntime leaves it out, against the specification.
        return Err(context.refuse("a `post_transform` of one target is not supported"));
    }
    let kernel = match types {
        (DType::F64, DType::F64) => Kernel::Double(ForestKernel::new(forest)),
        (DType::F64, _) => Kernel::Rounded(ForestKernel::new(forest)),
        _ => Kernel::Single(ForestKernel::new(forest)),
    };
    let is_sum = matches!(parts.aggregate, Aggregate::Sum | Aggregate::Average);
    if !kernel.sees_all_outputs() && (!is_sum || !parts.base.is_empty()) {
        // The specification starts from the base value, and a minimum from the greatest number;
        // onnxruntime gives zero.
        return Err(context.refuse("targets for which a row has no leaf are not supported"));
    }
    let n_rows = context.rows(0)?.n_rows;
    let fact = |dtype: DType| Fact::new(dtype, &[n_rows, Some(parts.n_outputs)]);
    let facts = match kernel {
        Kernel::Single(_) => vec![fact(DType::F32)],
        Kernel::Rounded(_) => vec![fact(DType::F32), fact(DType::F64)],
        Kernel::Double(_) => vec![fact(DType::F64), fact(DType::F32)],
    };
    Ok(Built::Step { op: Box::new(Regressor { kernel, post }), reads: vec![0], facts })
}

impl Kernel {
    fn sees_all_outputs(&self) -> bool {
        match self {
            Self::Single(kernel) => kernel.sees_all_outputs(),
            Self::Rounded(kernel) | Self::Double(kernel) => kernel.sees_all_outputs(),
        }
    }
}

impl Op for Regressor {
    fn run(&self, inputs: Inputs<'_>, outputs: Outputs<'_>) -> Result<(), Error> {
        let missing = || Error::internal("trees have a register for each type of number");
        let mut registers = outputs.buffers.iter_mut();
        let (first, second) = (registers.next().ok_or_else(missing)?, registers.next());
        match &self.kernel {
            Kernel::Single(kernel) => {
                let (rows, dims) = rows(inputs, kernel)?;
                let scores = first.reset(&dims)?;
                kernel.run(rows, scores);
                transform(self.post, scores, dims[1]);
            }
            Kernel::Rounded(kernel) => {
                let (rows, dims) = rows(inputs, kernel)?;
                let doubles = second.ok_or_else(missing)?.reset(&dims)?;
                kernel.run(rows, doubles);
                let scores = first.reset(&dims)?;
                scores.extend(doubles.iter().map(|&score| score.to_single()));
                transform(self.post, scores, dims[1]);
            }
            Kernel::Double(kernel) => {
                let (rows, dims) = rows(inputs, kernel)?;
                let scores = first.reset(&dims)?;
                kernel.run(rows, scores);
                if self.post != PostTransform::None {
                    let singles = second.ok_or_else(missing)?.reset(&dims)?;
                    singles.extend(scores.iter().map(|&score| score.to_single()));
                    transform(self.post, singles, dims[1]);
                    scores.clear();
                    scores.extend(singles.iter().map(|&score| f64::from(score)));
                }
            }
        }
        Ok(())
    }
}

/// The input as rows that a forest can look at, and the shape of its scores.
pub(super) fn rows<'a, X: Feature + Element, S: Score>(
    inputs: Inputs<'a>,
    kernel: &ForestKernel<X, S>,
) -> Result<(Rows<'a, X>, [usize; 2]), Error> {
    let shape = inputs.view(0)?.shape;
    let (n_rows, n_columns) = n_rows_and_columns(shape);
    if !(1..=2).contains(&shape.rank()) {
        return Err(Error::model_failed(format!("expected rows, got {:?}", shape.dims())));
    }
    if n_columns < kernel.n_features() {
        let expected = kernel.n_features();
        let what = format!("expected {expected} columns or more, got {n_columns}");
        return Err(Error::model_failed(what));
    }
    Ok((Rows::new(inputs.slice(0)?, n_columns), [n_rows, kernel.n_outputs()]))
}
