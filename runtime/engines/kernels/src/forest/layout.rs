//! Trees of inequalities as an array of small slots.
//!
//! Children stand side by side, so that a step is an addition and no branch. A leaf is its own left
//! child and its threshold is no number, so that a row that has arrived stays where it is, however
//! many steps follow.

use super::model::{Comparison, Forest, Missing, Node, Split, Test};

use super::number::Feature;
use super::order::{Order, Tree};

/// A node: 12 bytes where features are single precision.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot<X> {
    /// Where small values stand right, the greatest of them; else the least of the great values.
    // Both comparisons with it, `<=` and `>=`, leave one flag of the processor to be added.
    pub(super) threshold: X,
    // Invariant: below the forest's number of features.
    pub(super) feature: u32,
    // Invariant: a slot; and so is the next, unless this is a leaf.
    pub(super) left: u32,
}

/// Where a value that is no number goes; it also says which child stands right.
#[derive(Debug)]
pub(super) enum NanWay {
    /// To the child of small values, everywhere. The child of great values stands right.
    Small,
    /// To the child of great values, everywhere. The child of small values stands right.
    Great,
    /// Each slot has a way of its own: true is to the child of great values, which stands right.
    Each(Vec<bool>),
}

/// A forest of inequalities.
#[derive(Debug)]
pub(super) struct Layout<X> {
    pub(super) n_features: usize,
    pub(super) slots: Vec<Slot<X>>,
    pub(super) trees: Vec<Tree>,
    pub(super) nan_way: NanWay,
}

/// A split as an inequality between a feature and a number of its type.
struct Inequality<X> {
    threshold: X,
    feature: u32,
    /// Whether values up to the threshold pass the test, and not those above it.
    small_is_true: bool,
    nan_is_great: bool,
}

impl<X: Feature> Layout<X> {
    /// Lays a forest out, and tells how it is ordered.
    ///
    /// `None` if a split is no inequality.
    pub(super) fn new(forest: &Forest) -> Option<(Self, Order)> {
        let parts = forest.parts();
        let (mut any_small, mut any_great) = (false, false);
        // One for each node. That of a leaf stays in place, so that no branch below guesses.
        let mut found = Vec::with_capacity(parts.nodes.len());
        for node in &parts.nodes {
            found.push(match node {
                Node::Split(split) => {
                    let inequality = inequality::<X>(split)?;
                    any_small |= !inequality.nan_is_great;
                    any_great |= inequality.nan_is_great;
                    inequality
                }
                Node::Leaf { .. } => Inequality {
                    threshold: X::NAN,
                    feature: 0,
                    small_is_true: false,
                    nan_is_great: false,
                },
            });
        }
        let small_is_right = any_great && !any_small;
        let order = Order::new(forest, |node, split| {
            if found[node as usize].small_is_true == small_is_right {
                [split.if_false, split.if_true]
            } else {
                [split.if_true, split.if_false]
            }
        });
        let ordered = order.nodes.iter().map(|&node| &found[node as usize]);
        // What is no number stays so above itself.
        let threshold = |most: X| if small_is_right { most } else { most.above() };
        let slots = ordered.clone().zip(&order.left).map(|(found, &left)| Slot {
            threshold: threshold(found.threshold),
            feature: found.feature,
            left,
        });
        let slots = slots.collect();
        let ways = ordered.map(|found| found.nan_is_great);
        let nan_way = match (any_small, any_great) {
            (true, true) => NanWay::Each(ways.collect()),
            (false, true) => NanWay::Great,
            (_, false) => NanWay::Small,
        };
        let layout =
            Self { n_features: parts.n_features, slots, trees: order.trees.clone(), nan_way };
        Some((layout, order))
    }
}

#[inline]
fn inequality<X: Feature>(split: &Split) -> Option<Inequality<X>> {
    let Test::Compare(comparison, limit) = split.test else { return None };
    if limit.is_nan() {
        return None;
    }
    let (threshold, small_is_true) = match comparison {
        Comparison::LessOrEqual => (X::at_most(limit), true),
        Comparison::Greater => (X::at_most(limit), false),
        Comparison::Less => (X::below(limit)?, true),
        Comparison::GreaterOrEqual => (X::below(limit)?, false),
        Comparison::Equal | Comparison::NotEqual => return None,
    };
    let takes_true = match split.missing {
        Missing::Compared => false,
        Missing::Nan { takes_true } => takes_true,
        Missing::NanIsZero => (0.0 <= threshold.into()) == small_is_true,
        Missing::NanOrZero { .. } => return None,
    };
    let (feature, nan_is_great) = (split.feature, takes_true != small_is_true);
    Some(Inequality { threshold, feature, small_is_true, nan_is_great })
}
