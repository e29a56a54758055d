//! TreeEnsembleClassifier.
//!
//! For two classes the rules are onnxruntime's, and hardly those of the specification. Converters
//! write votes for one class only, as if there were one score; the class of the votes tells what
//! becomes of it ([`Votes`]). Votes for both of two classes are refused: onnxruntime gives the
//! second class to every row whose score for it is positive, and numbers instead of labels.

use std::collections::BTreeSet;

use radiant_core::{DType, Element, Error};
use radiant_kernels::activation::logistic;
use radiant_kernels::forest::{Aggregate, Feature, Forest, ForestKernel, Node, Score};

use crate::Unsupported;
use crate::fact::Fact;
use crate::op::ml::labels::Labels;
use crate::op::ml::post_transform::PostTransform;
use crate::op::{Built, NodeContext, Op, Outputs};
use crate::registers::Inputs;

use super::regressor::rows;
use super::table::{ATTRIBUTES, Ballot, Trees};
use super::transform;

/// Trees that vote for classes: labels `[n_rows]` and scores `[n_rows, n_classes]`.
struct Classifier<X, S> {
    kernel: ForestKernel<X, S>,
    /// One for each class that has votes, or none.
    base: Vec<S>,
    votes: Votes,
    post: PostTransform,
    labels: Labels,
}

/// What votes are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Votes {
    /// The second of two classes, which are `[1 - s, s]`, and the second is it above one half.
    Probability,
    /// The second of two classes, which are `[-s, s]`, and the second is it above zero.
    Margin,
    /// The same two for scores `[0, s]`.
    SecondProbability,
    SecondMargin,
    /// Each for a class of its own; the first of the greatest scores that got a vote is it.
    Each,
}

/// Builds a TreeEnsembleClassifier: labels `[n_rows]` and scores `[n_rows, n_classes]` f32.
pub(in crate::op::ml) fn tree_ensemble_classifier(
    context: &mut NodeContext<'_>,
) -> Result<Built, Unsupported> {
    let own = [
        "base_values",
        "base_values_as_tensor",
        "class_ids",
        "class_nodeids",
        "class_treeids",
        "class_weights",
        "class_weights_as_tensor",
        "classlabels_int64s",
        "classlabels_strings",
        "post_transform",
    ];
    context.attributes(&[&ATTRIBUTES[..], &own].concat())?;
    let dtype = context.make_float()?;
    let labels = Labels::read(context, "classlabels_int64s", "classlabels_strings")?;
    let post = PostTransform::read(context)?;
    let weights = context.numbers("class_weights", dtype)?;
    let base = context.numbers("base_values", dtype)?;
    let outputs = context.node.ints("class_ids")?;
    let votes = votes(context, labels.len(), outputs, &weights)?;
    check(context, &labels, votes, &base, post)?;
    let ballot = Ballot { kind: "class", outputs, weights: &weights };
    let mut trees = Trees::read(context, dtype, &ballot)?;
    if trees.nodes.iter().any(|node| matches!(node, Node::Leaf { n_votes: 0, .. })) {
        return Err(context.refuse("leaves without weights are not supported"));
    }
    let n_outputs = if votes == Votes::Each { labels.len() } else { 1 };
    if n_outputs == 1 {
        trees.votes.iter_mut().for_each(|vote| vote.output = 0);
    }
    let forest = context.forest(trees, n_outputs, Aggregate::Sum, Vec::new())?;
    match dtype {
        DType::F64 => built::<f64, f64>(context, &forest, &base, (votes, post, labels)),
        _ => built::<f32, f32>(context, &forest, &base, (votes, post, labels)),
    }
}

/// What the votes are for.
fn votes(
    context: &NodeContext<'_>,
    n_classes: usize,
    outputs: &[i64],
    weights: &[f64],
) -> Result<Votes, Unsupported> {
    if n_classes > 2 {
        return Ok(Votes::Each);
    }
    let voted: BTreeSet<i64> = outputs.iter().copied().collect();
    let all_positive = !weights.iter().any(|&weight| weight < 0.0);
    match (n_classes, voted.first(), voted.last(), all_positive) {
        (2, Some(0), Some(0), true) => Ok(Votes::Probability),
        (2, Some(0), Some(0), false) => Ok(Votes::Margin),
        (2, Some(1), Some(1), true) => Ok(Votes::SecondProbability),
        (2, Some(1), Some(1), false) => Ok(Votes::SecondMargin),
        (2, ..) => Err(context.refuse("votes for both of two classes are not supported")),
        (n, ..) => Err(context.refuse(format!("{n} class labels are not supported"))),
    }
}

/// Refuses base values and transformations with which onnxruntime loses scores.
fn check(
    context: &NodeContext<'_>,
    labels: &Labels,
    votes: Votes,
    base: &[f64],
    post: PostTransform,
) -> Result<(), Unsupported> {
    let n_base_max = match votes {
        Votes::Probability | Votes::Margin => {
            if !matches!(post, PostTransform::None | PostTransform::Logistic) {
                let what = "a `post_transform` of one score for two classes but `LOGISTIC`";
                return Err(context.refuse(format!("{what} is not supported")));
            }
            1
        }
        Votes::SecondProbability | Votes::SecondMargin => 0,
        Votes::Each => labels.len(),
    };
    if base.is_empty() || base.len() == n_base_max {
        return Ok(());
    }
    let what = format!("expected {n_base_max} base values or none, got {}", base.len());
    Err(context.refuse(what))
}

fn built<X: Feature + Element, S: Score + Element>(
    context: &NodeContext<'_>,
    forest: &Forest,
    base: &[f64],
    (votes, post, labels): (Votes, PostTransform, Labels),
) -> Result<Built, Unsupported>
where
    Classifier<X, S>: Op + 'static,
{
    let n_rows = context.rows(0)?.n_rows;
    let facts = vec![
        Fact::new(labels.dtype(), &[n_rows]),
        Fact::new(DType::F32, &[n_rows, Some(labels.len())]),
        Fact::new(S::DTYPE, &[n_rows, Some(forest.parts().n_outputs)]),
    ];
    let base = base.iter().map(|&base| S::vote(base)).collect();
    let kernel = ForestKernel::new(forest);
    let op = Box::new(Classifier::<X, S> { kernel, base, votes, post, labels });
    Ok(Built::Step { op, reads: vec![0], facts })
}

impl<X: Feature + Element, S: Score + Element> Op for Classifier<X, S> {
    fn run(&self, inputs: Inputs<'_>, outputs: Outputs<'_>) -> Result<(), Error> {
        let (rows, dims) = rows(inputs, &self.kernel)?;
        let (wants_labels, wants_scores) = (outputs.is_wanted(0), outputs.is_wanted(1));
        let [labels, scores, votes, ..] = outputs.buffers else {
            return Err(Error::internal("a classifier of trees has three registers"));
        };
        let votes = votes.reset::<S>(&dims)?;
        self.kernel.votes(rows, votes);
        let [n_rows, n_outputs] = dims;
        for votes in votes.chunks_exact_mut(n_outputs) {
            for (vote, &base) in votes.iter_mut().zip(&self.base) {
                if vote.is_unseen() {
                    *vote = base;
                } else {
                    *vote += base;
                }
            }
        }
        if wants_labels {
            let classes = votes.chunks_exact(n_outputs).map(|votes| self.votes.class(votes));
            self.labels.write(labels, n_rows, classes)?;
        }
        if wants_scores {
            let n_classes = self.labels.len();
            let out = scores.reset::<f32>(&[n_rows, n_classes])?;
            for votes in votes.chunks_exact(n_outputs) {
                self.score(votes, out);
            }
        }
        Ok(())
    }
}

impl<X, S: Score> Classifier<X, S> {
    /// Appends the scores of a row.
    fn score(&self, votes: &[S], out: &mut Vec<f32>) {
        let seen = |vote: S| if vote.is_unseen() { S::default() } else { vote };
        let start = out.len();
        match (self.votes, votes, self.post) {
            (Votes::Probability | Votes::Margin, &[score], PostTransform::Logistic) => {
                let score = score.to_single();
                return out.extend([logistic(-score), logistic(score)]);
            }
            (Votes::Probability, &[score], _) => {
                return out.extend([(S::count(1) - score).to_single(), score.to_single()]);
            }
            (Votes::Margin, &[score], _) => {
                let score = score.to_single();
                return out.extend([-score, score]);
            }
            (Votes::SecondProbability | Votes::SecondMargin, &[score], _) => {
                out.extend([0.0, score.to_single()]);
            }
            (_, votes, _) => out.extend(votes.iter().map(|&vote| seen(vote).to_single())),
        }
        transform(self.post, &mut out[start..], self.labels.len());
    }
}

impl Votes {
    /// The class of a row.
    fn class<S: Score>(self, votes: &[S]) -> usize {
        match (self, votes) {
            (Self::Probability | Self::SecondProbability, &[score]) => {
                usize::from(score > S::vote(0.5))
            }
            (Self::Margin | Self::SecondMargin, &[score]) => usize::from(score > S::default()),
            (_, votes) => {
                let seen = votes.iter().enumerate().filter(|(_, vote)| !vote.is_unseen());
                let greatest = seen.reduce(|best, next| if next.1 > best.1 { next } else { best });
                greatest.map_or(0, |(class, _)| class)
            }
        }
    }
}
