//! From XGBoost's trees to this crate's.

use radiant_formats::xgboost::{Ensemble, Model, Node, Split, Test, Tree, Version};
use radiant_kernels::forest::{
    self as parts, Aggregate, BaseOrder, Comparison, Forest, ForestParts, Missing, Set, Vote,
};

use crate::Unsupported;

/// Categories from this one on are in no set, as if they were negative.
const CATEGORIES: u32 = 1 << 24;
/// The first version whose sums start from the base score; before, it comes last.
const BASE_FIRST: Version = Version { major: 1, minor: 3 };

/// The forest of the first trees, and the features that its splits see as categories; `None` if there
/// are no trees.
pub(super) fn build(
    model: &Model,
    ensemble: &Ensemble,
    n_trees: usize,
    base: &[f32],
) -> Result<Option<(Forest, Vec<u32>)>, Unsupported> {
    let forest = empty(model, base);
    let mut builder = Builder { ensemble, forest, n_asked: 0, categorical: Vec::new() };
    let trees = || ensemble.trees.iter().take(n_trees);
    builder.forest.nodes.reserve_exact(trees().map(|tree| tree.nodes.len()).sum());
    builder.forest.votes.reserve_exact(trees().map(|tree| tree.leaves.len()).sum());
    for (number, tree) in trees().enumerate() {
        builder.add(number, tree);
    }
    builder.forest.n_features = builder.n_asked.max(1);
    if builder.forest.roots.is_empty() {
        return Ok(None);
    }
    let categorical = builder.categorical(model)?;
    let refuse = |error: parts::ForestError| Unsupported::new("the trees", error.to_string());
    Ok(Some((Forest::new(builder.forest).map_err(refuse)?, categorical)))
}

fn empty(model: &Model, base: &[f32]) -> ForestParts {
    ForestParts {
        // Set when all splits are there.
        n_features: 1,
        n_outputs: model.n_outputs,
        nodes: Vec::new(),
        roots: Vec::new(),
        votes: Vec::new(),
        sets: Vec::new(),
        aggregate: Aggregate::Sum,
        base: base.iter().map(|&base| base.into()).collect(),
        base_order: if model.version < BASE_FIRST { BaseOrder::Last } else { BaseOrder::First },
    }
}

struct Builder<'a> {
    ensemble: &'a Ensemble,
    forest: ForestParts,
    /// One more than the greatest feature that a split asks for.
    n_asked: usize,
    /// The features of splits that ask for categories, as they are met.
    categorical: Vec<u32>,
}

impl Builder<'_> {
    fn add(&mut self, number: usize, tree: &Tree) {
        let first = index(self.forest.nodes.len());
        self.forest.roots.push(first);
        let group = self.ensemble.groups.get(number).copied().unwrap_or(0);
        let weight = self.ensemble.weights.as_ref().and_then(|weights| weights.get(number));
        for node in &tree.nodes {
            let node = match node {
                Node::Split(split) => parts::Node::Split(self.split(split, tree, first)),
                Node::Leaf(values) => self.leaf(*values, tree, group, weight.copied()),
            };
            self.forest.nodes.push(node);
        }
    }

    fn split(&mut self, split: &Split, tree: &Tree, first: u32) -> parts::Split {
        let (left, right) = (first.saturating_add(split.left), first.saturating_add(split.right));
        let (test, if_true, if_false) = match split.test {
            Test::Less(threshold) => {
                (parts::Test::Compare(Comparison::Less, threshold.into()), left, right)
            }
            Test::NoneOf { first, n } => {
                let listed = tree.categories.iter().skip(first as usize).take(n as usize);
                let known = listed.copied().filter(|&category| category < CATEGORIES);
                let set = index(self.forest.sets.len());
                self.forest.sets.push(Set::categories(known.collect()));
                self.categorical.push(split.feature);
                (parts::Test::Member(set), right, left)
            }
        };
        self.n_asked = self.n_asked.max((split.feature as usize).saturating_add(1));
        let takes_true = split.is_default_left == (if_true == left);
        let missing = Missing::Nan { takes_true };
        parts::Split { feature: split.feature, test, missing, if_true, if_false }
    }

    fn leaf(&mut self, first: u32, tree: &Tree, group: u32, weight: Option<f32>) -> parts::Node {
        let first_vote = index(self.forest.votes.len());
        let width = self.ensemble.leaf_width;
        let values = tree.leaves.get(first as usize..).unwrap_or_default();
        for (output, &value) in values.iter().take(width).enumerate() {
            let value = weight.map_or(value, |weight| value * weight);
            let output = if width == 1 { group } else { index(output) };
            self.forest.votes.push(Vote { output, weight: value.into() });
        }
        parts::Node::Leaf { first_vote, n_votes: index(width) }
    }

    /// The features that are categories, none of which is a number elsewhere.
    fn categorical(&mut self, model: &Model) -> Result<Vec<u32>, Unsupported> {
        let mut features = std::mem::take(&mut self.categorical);
        features.sort_unstable();
        features.dedup();
        if features.is_empty() {
            return Ok(features);
        }
        let asked_as_number = |node: &parts::Node| match node {
            parts::Node::Split(split) => {
                let is_number = matches!(split.test, parts::Test::Compare(..));
                let is_both = is_number && features.binary_search(&split.feature).is_ok();
                is_both.then_some(split.feature as usize)
            }
            parts::Node::Leaf { .. } => None,
        };
        if let Some(feature) = self.forest.nodes.iter().find_map(asked_as_number) {
            let name = model.feature_names.get(feature).map_or("", String::as_str);
            return Err(Unsupported::new(
                format!("feature {feature} {name}").trim_end(),
                "is a number in one split and a category in another, which is not supported",
            ));
        }
        Ok(features)
    }
}

/// A place in a list; what has no room in a forest is refused by it.
fn index(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
