//! The order of nodes in memory.
//!
//! Trees stand one after the other, each level by level, and the two children of a node side by
//! side: who knows the left one knows both.

use super::model::{Forest, Node, Split};

/// Where a tree starts and how many steps its longest way has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tree {
    // Invariant: a slot.
    pub(super) root: u32,
    pub(super) depth: u32,
}

/// A place for each node.
#[derive(Debug, Default)]
pub(super) struct Order {
    pub(super) trees: Vec<Tree>,
    /// The node in each slot.
    pub(super) nodes: Vec<u32>,
    /// The slot of each slot's left child; a leaf's is its own.
    // Invariant: a slot; and so is the next, unless the node is a leaf.
    pub(super) left: Vec<u32>,
    /// The slots of the leaves, tree by tree: who looks for them again guesses at each node.
    leaves: Vec<u32>,
    /// Where the leaves of each tree end.
    leaf_ends: Vec<usize>,
}

impl Order {
    /// Orders a forest whose splits, given with their slots, have these left and right children.
    pub(super) fn new(
        forest: &Forest,
        mut children: impl FnMut(usize, &Split) -> [u32; 2],
    ) -> Self {
        let nodes = &forest.parts().nodes;
        let mut order = Self::default();
        order.nodes.reserve_exact(nodes.len());
        order.left.reserve_exact(nodes.len());
        for &root in &forest.parts().roots {
            let mut level = order.nodes.len();
            let mut tree = Tree { root: index(level), depth: 0 };
            order.nodes.push(root);
            loop {
                let end = order.nodes.len();
                for at in level..end {
                    let node = order.nodes[at];
                    match &nodes[node as usize] {
                        Node::Split(split) => {
                            order.left.push(index(order.nodes.len()));
                            order.nodes.extend(children(at, split));
                        }
                        Node::Leaf { .. } => {
                            order.left.push(index(at));
                            order.leaves.push(index(at));
                        }
                    }
                }
                if order.nodes.len() == end {
                    break;
                }
                level = end;
                tree.depth += 1;
            }
            order.trees.push(tree);
            order.leaf_ends.push(order.leaves.len());
        }
        order
    }

    /// The slots of the leaves of each tree.
    pub(super) fn leaves_of_trees(&self) -> impl Iterator<Item = &[u32]> {
        let mut first = 0;
        self.leaf_ends.iter().map(move |&end| &self.leaves[std::mem::replace(&mut first, end)..end])
    }
}

/// The index of a slot.
fn index(at: usize) -> u32 {
    debug_assert!(at <= Forest::ENTRIES_MAX, "a forest has no more nodes");
    #[expect(clippy::cast_possible_truncation, reason = "`Forest::ENTRIES_MAX` is below")]
    let at = at as u32;
    at
}
