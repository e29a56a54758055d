//! Forests with any kind of split, one node after the other.

use super::model::{Comparison, Forest, Missing, Node, Set, Split, Test};

use super::Rows;
use super::number::Feature;
use super::order::Order;
use super::votes::Tally;

/// A forest as it is defined.
#[derive(Debug)]
pub(super) struct General {
    /// The slot that each tree starts from.
    roots: Vec<u32>,
    slots: Vec<Option<Split>>,
    // Invariant: as in `Order`; the left child is that of a test that fails.
    left: Vec<u32>,
    sets: Vec<Set>,
}

impl General {
    /// Takes a forest, and tells how it is ordered.
    pub(super) fn new(forest: &Forest) -> (Self, Order) {
        let parts = forest.parts();
        let order = Order::new(forest, |_, split| [split.if_false, split.if_true]);
        let slot = |&node: &u32| match parts.nodes[node as usize] {
            Node::Split(split) => Some(split),
            Node::Leaf { .. } => None,
        };
        let general = Self {
            roots: order.trees.iter().map(|tree| tree.root).collect(),
            slots: order.nodes.iter().map(slot).collect(),
            left: order.left.clone(),
            sets: parts.sets.clone(),
        };
        (general, order)
    }

    /// Sends rows, which have a column for each feature, down all trees.
    pub(super) fn walk<X: Feature>(&self, rows: Rows<'_, X>, tally: &mut impl Tally) {
        for (number, row) in rows.iter().enumerate() {
            for (tree, &root) in self.roots.iter().enumerate() {
                let mut at = root;
                while let Some(split) = &self.slots[at as usize] {
                    let x = row[split.feature as usize].into();
                    at = self.left[at as usize] + u32::from(self.takes_true(split, x));
                }
                tally.add(number, tree, at);
            }
        }
    }

    #[inline]
    fn takes_true(&self, split: &Split, mut x: f64) -> bool {
        match split.missing {
            Missing::Nan { takes_true } if x.is_nan() => return takes_true,
            Missing::NanIsZero if x.is_nan() => x = 0.0,
            Missing::NanOrZero { takes_true } if x.is_nan() || x.abs() <= Missing::ZERO_MAX => {
                return takes_true;
            }
            Missing::Compared
            | Missing::Nan { .. }
            | Missing::NanIsZero
            | Missing::NanOrZero { .. } => {}
        }
        match split.test {
            Test::Compare(comparison, limit) => comparison.holds(x, limit),
            Test::Member(set) => self.sets[set as usize].contains(x),
        }
    }
}

impl Comparison {
    /// Whether it holds, as IEEE 754 compares.
    #[inline]
    #[expect(clippy::float_cmp, reason = "equality is asked for")]
    pub(super) fn holds(self, x: f64, limit: f64) -> bool {
        match self {
            Self::LessOrEqual => x <= limit,
            Self::Less => x < limit,
            Self::GreaterOrEqual => x >= limit,
            Self::Greater => x > limit,
            Self::Equal => x == limit,
            Self::NotEqual => x != limit,
        }
    }
}
