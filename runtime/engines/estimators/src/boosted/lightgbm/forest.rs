//! From LightGBM's trees to this crate's.

use radiant_formats::lightgbm::{self, Child, Model, Test, Tree};
use radiant_kernels::forest::{
    self as parts, Aggregate, BaseOrder, Comparison, Forest, ForestError, ForestParts, Missing,
    Node, Set, Split, Vote,
};

use crate::Unsupported;

/// Categories from this one on are in no set.
const CATEGORIES: u64 = 1 << 31;

/// The forest whose leaves vote with their values for their tree's output.
pub(super) fn build(model: &Model) -> Result<Forest, Unsupported> {
    let output = |number: usize| number % model.n_outputs;
    forest(model, model.n_outputs, |tree, number, leaf| Vote {
        output: index(output(number)),
        weight: tree.leaf_values[leaf],
    })
}

/// The forest that has an output for each tree, and whose leaves vote with their indices.
pub(super) fn build_indices(model: &Model) -> Result<Forest, Unsupported> {
    forest(model, model.trees.len(), |_, number, leaf| Vote {
        output: index(number),
        weight: leaf as f64,
    })
}

fn forest(
    model: &Model,
    n_outputs: usize,
    vote: impl Fn(&Tree, usize, usize) -> Vote,
) -> Result<Forest, Unsupported> {
    let mut parts = ForestParts {
        n_features: model.n_features,
        n_outputs,
        nodes: Vec::new(),
        roots: Vec::new(),
        votes: Vec::new(),
        sets: Vec::new(),
        aggregate: Aggregate::Sum,
        base: Vec::new(),
        base_order: BaseOrder::First,
    };
    for (number, tree) in model.trees.iter().enumerate() {
        let first = parts.nodes.len();
        parts.roots.push(index(first));
        for split in &tree.splits {
            let node = split_of(split, tree, first, &mut parts.sets);
            parts.nodes.push(Node::Split(node));
        }
        for leaf in 0..tree.leaf_values.len() {
            let first_vote = index(parts.votes.len());
            parts.votes.push(vote(tree, number, leaf));
            parts.nodes.push(Node::Leaf { first_vote, n_votes: 1 });
        }
    }
    let refuse = |error: ForestError| Unsupported::new("the trees", error.to_string());
    Forest::new(parts).map_err(refuse)
}

fn split_of(split: &lightgbm::Split, tree: &Tree, first: usize, sets: &mut Vec<Set>) -> Split {
    let place = |child: Child| match child {
        Child::Split(at) => index(first.saturating_add(at as usize)),
        // Leaves stand behind the splits.
        Child::Leaf(at) => {
            index(first.saturating_add(tree.splits.len()).saturating_add(at as usize))
        }
    };
    let (test, missing) = match split.test {
        Test::LessOrEqual { threshold, missing, is_default_left: takes_true } => (
            parts::Test::Compare(Comparison::LessOrEqual, threshold),
            match missing {
                lightgbm::Missing::None => Missing::NanIsZero,
                lightgbm::Missing::Zero => Missing::NanOrZero { takes_true },
                lightgbm::Missing::Nan => Missing::Nan { takes_true },
            },
        ),
        Test::AnyOf { first, n } => {
            let words = tree.category_words.iter().skip(first as usize).take(n as usize);
            sets.push(Set::categories(words.zip(0..).flat_map(categories).collect()));
            // No set has what is no number.
            (parts::Test::Member(index(sets.len() - 1)), Missing::Compared)
        }
    };
    Split {
        feature: split.feature,
        test,
        missing,
        if_true: place(split.left),
        if_false: place(split.right),
    }
}

/// The categories whose bits are set in a word.
fn categories((word, number): (&u32, u64)) -> impl Iterator<Item = u32> {
    let word = *word;
    let all = (0..32_u64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| number * 32 + bit);
    all.filter(|&category| category < CATEGORIES).map(|category| {
        // Just limited.
        u32::try_from(category).unwrap_or(u32::MAX)
    })
}

/// A place in a list; what has no room in a forest is refused by it.
fn index(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
