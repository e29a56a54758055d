//! Trees put together into a forest that the kernel runs.

use radiant_formats::Node;
use radiant_kernels::forest::{
    Aggregate, BaseOrder, Comparison, Feature, Forest, ForestKernel, ForestParts, Missing,
    Node as ForestNode, Set, Split, Test, Vote,
};

use crate::sklearn::source::Read;

use super::tree::Tree;

/// What a node of a tree is, with children counted from the tree's first node.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    Leaf,
    Split(Split),
}

/// A forest while trees are added to it, with votes in double precision.
#[derive(Debug)]
pub(super) struct Grove(ForestParts);

impl Grove {
    pub(super) fn new(n_features: usize, n_outputs: usize) -> Self {
        Self(ForestParts {
            n_features,
            n_outputs,
            nodes: Vec::new(),
            roots: Vec::new(),
            votes: Vec::new(),
            sets: Vec::new(),
            aggregate: Aggregate::Sum,
            base: Vec::new(),
            base_order: BaseOrder::Last,
        })
    }

    /// Divides the sums by the number of trees.
    pub(super) fn averaged(mut self) -> Self {
        self.0.aggregate = Aggregate::Average;
        self
    }

    /// Starts the sums from these numbers.
    pub(super) fn starting_from(mut self, base: Vec<f64>) -> Self {
        self.0.base = base;
        self.0.base_order = BaseOrder::First;
        self
    }

    /// Adds a set of numbers, which a split can name.
    pub(super) fn add_set(&mut self, set: Set) -> u32 {
        self.0.sets.push(set);
        entry(self.0.sets.len() - 1)
    }

    /// Adds a tree whose first node is its root; `votes` is told the number of a leaf.
    pub(super) fn plant(
        &mut self,
        parts: impl Iterator<Item = Part>,
        mut votes: impl FnMut(usize, &mut Vec<Vote>),
    ) {
        let start = entry(self.0.nodes.len());
        self.0.roots.push(start);
        for (number, part) in parts.enumerate() {
            self.0.nodes.push(match part {
                Part::Split(split) => ForestNode::Split(Split {
                    if_true: start.saturating_add(split.if_true),
                    if_false: start.saturating_add(split.if_false),
                    ..split
                }),
                Part::Leaf => {
                    let first = self.0.votes.len();
                    votes(number, &mut self.0.votes);
                    let n_votes = entry(self.0.votes.len() - first);
                    ForestNode::Leaf { first_vote: entry(first), n_votes }
                }
            });
        }
    }

    /// Adds a tree of scikit-learn; `feature` says which column of the rows a feature is.
    pub(super) fn plant_tree(
        &mut self,
        tree: &Tree,
        feature: impl Fn(u32) -> u32,
        votes: impl FnMut(usize, &mut Vec<Vote>),
    ) {
        let part = |node: &super::tree::TreeNode| match node.children {
            None => Part::Leaf,
            Some([small, great]) => Part::Split(Split {
                feature: feature(node.feature),
                test: Test::Compare(Comparison::LessOrEqual, node.threshold),
                missing: Missing::Nan { takes_true: node.missing_is_small },
                if_true: small,
                if_false: great,
            }),
        };
        self.plant(tree.nodes.iter().map(part), votes);
    }

    /// Checks that all trees are trees, and prepares them.
    pub(super) fn kernel<X: Feature>(self, holder: Node<'_>) -> Read<ForestKernel<X, f64>> {
        let forest = Forest::new(self.0).map_err(|problem| holder.expected(problem))?;
        Ok(ForestKernel::new(&forest))
    }
}

/// The index of an entry; more than a forest may have are refused when it is made.
fn entry(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
