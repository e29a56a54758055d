//! Trees of inequalities as an array of small slots.
//!
//! Children stand side by side, so that a step is an addition and no branch. A leaf is its own left
//! child and its threshold is no number, so that a row that has arrived stays where it is, however
//! many steps follow.

use super::model::{Comparison, Forest, ForestParts, Missing, Node, Split, Test};

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

/// A split as an inequality between a feature and a number.
struct Inequality {
    /// Not NaN, nor what no number is below.
    limit: f64,
    /// Whether the limit itself is one of the small values.
    limit_is_small: bool,
    /// Whether small values pass the test, and not great ones.
    small_is_true: bool,
    nan_is_great: bool,
}

impl<X: Feature> Layout<X> {
    /// Lays a forest out, and tells how it is ordered.
    ///
    /// `None` if a split is no inequality.
    pub(super) fn new(forest: &Forest) -> Option<(Self, Order)> {
        let parts = forest.parts();
        let small_is_right = all_nan_is_great(parts);
        // Those of leaves stay as they are, and splits are written as they get their places.
        let leaf = Slot { threshold: X::NAN, feature: 0, left: 0 };
        let mut slots = vec![leaf; parts.nodes.len()];
        let mut ways = vec![false; parts.nodes.len()];
        let (mut any_small, mut any_great, mut all_known) = (false, false, true);
        let order = Order::new(forest, |slot, split| {
            let Some(found) = inequality(split) else {
                all_known = false;
                return [split.if_true, split.if_false];
            };
            any_small |= !found.nan_is_great;
            any_great |= found.nan_is_great;
            ways[slot] = found.nan_is_great;
            slots[slot].threshold = found.threshold(small_is_right);
            slots[slot].feature = split.feature;
            if found.small_is_true == small_is_right {
                [split.if_false, split.if_true]
            } else {
                [split.if_true, split.if_false]
            }
        });
        if !all_known {
            return None;
        }
        for (slot, &left) in slots.iter_mut().zip(&order.left) {
            slot.left = left;
        }
        let nan_way = match (any_small, any_great) {
            (true, true) => NanWay::Each(ways),
            (false, true) => NanWay::Great,
            (_, false) => NanWay::Small,
        };
        let layout =
            Self { n_features: parts.n_features, slots, trees: order.trees.clone(), nan_way };
        Some((layout, order))
    }
}

/// Whether what is no number goes to the child of great values everywhere. Few nodes tell where not.
fn all_nan_is_great(parts: &ForestParts) -> bool {
    let is_small = |node: &Node| match node {
        Node::Split(split) => inequality(split).is_some_and(|found| !found.nan_is_great),
        Node::Leaf { .. } => false,
    };
    !parts.nodes.iter().any(is_small)
}

#[inline]
fn inequality(split: &Split) -> Option<Inequality> {
    let Test::Compare(comparison, limit) = split.test else { return None };
    let (limit_is_small, small_is_true) = match comparison {
        Comparison::LessOrEqual => (true, true),
        Comparison::Greater => (true, false),
        Comparison::Less => (false, true),
        Comparison::GreaterOrEqual => (false, false),
        Comparison::Equal | Comparison::NotEqual => return None,
    };
    if limit.is_nan() || (limit == f64::NEG_INFINITY && !limit_is_small) {
        return None;
    }
    let zero_is_small = 0.0 < limit || (limit_is_small && 0.0 <= limit);
    let takes_true = match split.missing {
        Missing::Compared => false,
        Missing::Nan { takes_true } => takes_true,
        Missing::NanIsZero => zero_is_small == small_is_true,
        Missing::NanOrZero { .. } => return None,
    };
    let nan_is_great = takes_true != small_is_true;
    Some(Inequality { limit, limit_is_small, small_is_true, nan_is_great })
}

impl Inequality {
    /// The greatest of the small values of a type, or the least of the great ones.
    #[inline]
    fn threshold<X: Feature>(&self, is_small: bool) -> X {
        match (self.limit_is_small, is_small) {
            (true, true) => X::at_most(self.limit),
            (true, false) => X::at_most(self.limit).above(),
            (false, true) => X::at_least(self.limit).before(),
            (false, false) => X::at_least(self.limit),
        }
    }
}
