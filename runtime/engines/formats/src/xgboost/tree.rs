//! From a writer's list of nodes to a tree that is one.

use super::model::{Node, Split, Test, Tree};
use crate::{FormatError, Limits, Place};

/// No place yet.
const NONE: u32 = u32::MAX;

/// A split as a file has it, with the file's numbers for its children.
pub(super) struct RawSplit {
    pub(super) left: i64,
    pub(super) right: i64,
    pub(super) feature: i64,
    pub(super) is_default_left: bool,
    pub(super) test: Test,
}

/// A list of nodes as a file has it.
pub(super) trait RawTree {
    fn n_nodes(&self) -> usize;

    /// What a message calls a node.
    fn place(&self, at: usize) -> String;

    // Half of the nodes are leaves, so that each look at which they are is a wrong guess of the
    // processor: one method with both as an answer takes two looks.
    fn is_leaf(&self, at: usize) -> bool;

    /// Appends the values of a leaf to those of the tree, and tells where they start.
    fn leaf(&self, at: usize, tree: &mut Tree) -> Result<u32, FormatError>;

    /// A node that is no leaf; its categories are appended to those of the tree.
    fn split(&self, at: usize, tree: &mut Tree) -> Result<RawSplit, FormatError>;
}

/// Follows all ways from the first node. Nodes come out level by level.
///
/// # Errors
/// When a way leads out of the list or to a node that another way leads to, when a split asks for a
/// feature that there is not, or compares with what is no number.
pub(super) fn read(
    raw: &impl RawTree,
    n_features: usize,
    limits: &Limits,
) -> Result<Tree, FormatError> {
    let n_nodes = raw.n_nodes();
    let most = limits.tree_nodes_max.min(i32::MAX as usize);
    FormatError::check_limit(Place::File, "nodes", most, n_nodes)?;
    let mut tree = Tree { nodes: Vec::with_capacity(n_nodes), ..Tree::default() };
    let mut is_met = vec![false; n_nodes];
    // The file's numbers, by the order of the new ones.
    let mut met = Vec::with_capacity(n_nodes);
    meet(raw, &mut is_met, &mut met, 0)?;
    let mut at = 0_usize;
    while let Some(&old) = met.get(at) {
        let node = if raw.is_leaf(old) {
            Node::Leaf(raw.leaf(old, &mut tree)?)
        } else {
            let RawSplit { left, right, feature, is_default_left, test } =
                raw.split(old, &mut tree)?;
            let known = u32::try_from(feature).ok().filter(|known| (*known as usize) < n_features);
            let Some(feature) = known else {
                let expected = format_args!("a feature below {n_features}");
                return Err(FormatError::damaged(raw.place(old), expected, feature));
            };
            if matches!(test, Test::Less(threshold) if threshold.is_nan()) {
                let expected = "a number to compare with";
                return Err(FormatError::damaged(raw.place(old), expected, "NaN"));
            }
            let left = meet(raw, &mut is_met, &mut met, left)?;
            let right = meet(raw, &mut is_met, &mut met, right)?;
            Node::Split(Split { feature, left, right, is_default_left, test })
        };
        tree.nodes.push(node);
        at = at.saturating_add(1);
    }
    tree.nodes.shrink_to_fit();
    Ok(tree)
}

/// Gives a node its new number.
#[inline]
fn meet(
    raw: &impl RawTree,
    is_met: &mut [bool],
    met: &mut Vec<usize>,
    node: i64,
) -> Result<u32, FormatError> {
    let n_nodes = is_met.len();
    let at = usize::try_from(node).ok();
    match at.and_then(|at| is_met.get_mut(at)) {
        Some(is_met) if !*is_met => *is_met = true,
        Some(_) => {
            let expected = "one way to each node";
            let got = format_args!("another way to node {node}");
            return Err(FormatError::damaged(raw.place(0), expected, got));
        }
        None => {
            let expected = format_args!("a node below {n_nodes}");
            return Err(FormatError::damaged(raw.place(0), expected, node));
        }
    }
    // The number of nodes was checked.
    let new = u32::try_from(met.len()).unwrap_or(NONE);
    met.extend(at);
    Ok(new)
}

/// Appends to a list and says where: `None` if the list is full.
pub(super) fn append<T: Copy>(list: &mut Vec<T>, items: &[T]) -> Option<u32> {
    let first = u32::try_from(list.len()).ok()?;
    list.extend_from_slice(items);
    Some(first)
}
