//! TreeEnsemble, which lists inner nodes and leaves apart.
//!
//! onnxruntime reads the numbers of two transformations the other way round than the specification
//! has them, so that both are refused. A set has exactly the numbers that are listed, as the
//! specification has it; onnxruntime's sets also have some numbers between them.

use radiant_core::{DType, Element};
use radiant_kernels::forest::{Aggregate, Comparison, Node, Set, Split, Test, Vote};

use crate::Unsupported;
use crate::op::ml::post_transform::PostTransform;
use crate::op::{Built, NodeContext};

use super::regressor::built;
use super::table::Trees;

const ATTRIBUTES: [&str; 16] = [
    "aggregate_function",
    "leaf_targetids",
    "leaf_weights",
    "membership_values",
    "n_targets",
    "nodes_falseleafs",
    "nodes_falsenodeids",
    "nodes_featureids",
    "nodes_hitrates",
    "nodes_missing_value_tracks_true",
    "nodes_modes",
    "nodes_splits",
    "nodes_trueleafs",
    "nodes_truenodeids",
    "post_transform",
    "tree_roots",
];

/// Inner nodes and leaves, unchecked but for their lengths.
struct Lists<'a> {
    context: &'a NodeContext<'a>,
    features: &'a [i64],
    tracks: &'a [i64],
    /// The children for true and false, ...
    ids: [&'a [i64]; 2],
    /// ... and whether they are leaves.
    are_leaves: [&'a [i64]; 2],
    modes: Vec<u8>,
    splits: Vec<f64>,
    targets: &'a [i64],
    weights: Vec<f64>,
}

/// Builds a TreeEnsemble: `[n_rows, n_targets]` of the input's type.
pub(in crate::op::ml) fn tree_ensemble(
    context: &mut NodeContext<'_>,
) -> Result<Built, Unsupported> {
    context.attributes(&ATTRIBUTES)?;
    let dtype = context.expect_dtypes(0, &[DType::F32, DType::F64])?;
    let n_targets = context.n_targets()?;
    let aggregate = match context.node.int("aggregate_function", 1)? {
        0 => Aggregate::Average,
        1 => Aggregate::Sum,
        2 => Aggregate::Min,
        3 => Aggregate::Max,
        other => return Err(context.refuse_value("aggregate_function", other)),
    };
    let post = match context.node.int("post_transform", 0)? {
        0 => PostTransform::None,
        3 => PostTransform::SoftmaxZero,
        4 => PostTransform::Probit,
        other => return Err(context.refuse_value("post_transform", other)),
    };
    let trees = Lists::read(context, dtype)?.trees(dtype)?;
    let forest = context.forest(trees, n_targets, aggregate, Vec::new())?;
    built(context, &forest, post, (dtype, dtype))
}

impl<'a> Lists<'a> {
    fn read(context: &'a NodeContext<'a>, dtype: DType) -> Result<Self, Unsupported> {
        let node = context.node;
        let modes = node.tensor("nodes_modes")?.map(radiant_onnx::tensor).transpose()?;
        let modes = modes.as_ref().and_then(|modes| u8::slice(&modes.data)).map(<[u8]>::to_vec);
        let numbers = |name: &str| match node.tensor(name)? {
            Some(tensor) => context.tensor_numbers(name, tensor, dtype),
            None => Err(context.refuse(format!("attribute `{name}` is missing"))),
        };
        let lists = Self {
            context,
            features: node.ints("nodes_featureids")?,
            tracks: node.ints("nodes_missing_value_tracks_true")?,
            ids: [node.ints("nodes_truenodeids")?, node.ints("nodes_falsenodeids")?],
            are_leaves: [node.ints("nodes_trueleafs")?, node.ints("nodes_falseleafs")?],
            modes: modes
                .ok_or_else(|| context.refuse("attribute `nodes_modes`: expected UINT8"))?,
            splits: numbers("nodes_splits")?,
            targets: node.ints("leaf_targetids")?,
            weights: numbers("leaf_weights")?,
        };
        let n_nodes = lists.features.len();
        context.same_length(&[
            ("nodes_featureids", n_nodes),
            ("nodes_truenodeids", lists.ids[0].len()),
            ("nodes_falsenodeids", lists.ids[1].len()),
            ("nodes_trueleafs", lists.are_leaves[0].len()),
            ("nodes_falseleafs", lists.are_leaves[1].len()),
            ("nodes_modes", lists.modes.len()),
            ("nodes_splits", lists.splits.len()),
        ])?;
        let (n_targets, n_weights) = (lists.targets.len(), lists.weights.len());
        context.same_length(&[("leaf_targetids", n_targets), ("leaf_weights", n_weights)])?;
        if !lists.tracks.is_empty() {
            let tracks = ("nodes_missing_value_tracks_true", lists.tracks.len());
            context.same_length(&[("nodes_featureids", n_nodes), tracks])?;
        }
        Ok(lists)
    }

    fn trees(&self, dtype: DType) -> Result<Trees, Unsupported> {
        let mut trees = Trees::default();
        let mut members = self.members(dtype)?.into_iter();
        // Inner nodes keep their places, and each reference to a leaf becomes a leaf behind them.
        let mut leaves = Vec::new();
        for at in 0..self.features.len() {
            let is_bare = self.are_leaves.iter().all(|are_leaves| are_leaves[at] != 0)
                && self.ids[0][at] == self.ids[1][at];
            let if_true = self.child(at, 0, &mut leaves, &mut trees)?;
            let node = if is_bare {
                // A tree that is a leaf: there is nothing to ask.
                leaves.pop().unwrap_or(Node::Leaf { first_vote: 0, n_votes: 0 })
            } else {
                let if_false = self.child(at, 1, &mut leaves, &mut trees)?;
                let test = self.test(at, &mut members, &mut trees)?;
                let feature = self.context.index("nodes_featureids", self.features[at])?;
                trees.feature_max = trees.feature_max.max(feature);
                let tracks = self.tracks.get(at).copied().unwrap_or(0);
                let missing = self.context.missing(tracks)?;
                Node::Split(Split { feature, test, missing, if_true, if_false })
            };
            trees.nodes.push(node);
        }
        if members.next().is_some() {
            return Err(self.context.refuse("`membership_values` for no node are not supported"));
        }
        trees.nodes.extend(leaves);
        for &root in self.context.node.ints("tree_roots")? {
            let root = self.context.index("tree_roots", root)?;
            if root as usize >= self.features.len() {
                return Err(self.context.refuse_value("tree_roots", root));
            }
            trees.roots.push(root);
        }
        Ok(trees)
    }

    /// The node that a child becomes.
    fn child(
        &self,
        at: usize,
        side: usize,
        leaves: &mut Vec<Node>,
        trees: &mut Trees,
    ) -> Result<u32, Unsupported> {
        let name = ["nodes_truenodeids", "nodes_falsenodeids"][side];
        let id = self.context.index(name, self.ids[side][at])?;
        let n_nodes = self.features.len();
        if self.are_leaves[side][at] == 0 {
            return match id as usize {
                place if place < n_nodes => Ok(id),
                _ => Err(self.context.refuse_value(name, id)),
            };
        }
        let (Some(&target), Some(&weight)) =
            (self.targets.get(id as usize), self.weights.get(id as usize))
        else {
            return Err(self.context.refuse_value(name, id));
        };
        let output = self.context.index("leaf_targetids", target)?;
        let first_vote = self.context.count(trees.votes.len())?;
        trees.votes.push(Vote { output, weight });
        leaves.push(Node::Leaf { first_vote, n_votes: 1 });
        self.context.count(n_nodes + leaves.len() - 1)
    }

    fn test(
        &self,
        at: usize,
        members: &mut impl Iterator<Item = Set>,
        trees: &mut Trees,
    ) -> Result<Test, Unsupported> {
        let comparison = match self.modes[at] {
            0 => Comparison::LessOrEqual,
            1 => Comparison::Less,
            2 => Comparison::GreaterOrEqual,
            3 => Comparison::Greater,
            4 => Comparison::Equal,
            5 => Comparison::NotEqual,
            6 => {
                let missing = || self.context.refuse("`membership_values` are missing");
                trees.sets.push(members.next().ok_or_else(missing)?);
                return Ok(Test::Member(self.context.count(trees.sets.len() - 1)?));
            }
            other => return Err(self.context.refuse_value("nodes_modes", other)),
        };
        Ok(Test::Compare(comparison, self.splits[at]))
    }

    /// The sets, each ended by what is no number.
    fn members(&self, dtype: DType) -> Result<Vec<Set>, Unsupported> {
        let name = "membership_values";
        let Some(tensor) = self.context.node.tensor(name)? else { return Ok(Vec::new()) };
        let values = self.context.tensor_numbers(name, tensor, dtype)?;
        let sets = values.split_inclusive(|value| value.is_nan());
        Ok(sets.map(|values| Set::numbers(values.to_vec())).collect())
    }
}
