//! From a writer's list of nodes to a tree that is one.

use super::model::{Node, Split, Test, Tree};
use crate::{FormatError, Limits, Place};

/// No place yet.
const NONE: u32 = u32::MAX;

/// A node as a file has it, with the file's numbers for its children.
pub(super) enum RawNode {
    Split {
        left: i64,
        right: i64,
        feature: i64,
        is_default_left: bool,
        test: Test,
    },
    /// Where its values start in [`Tree::leaves`].
    Leaf(u32),
}

/// A list of nodes as a file has it.
pub(super) trait RawTree {
    fn n_nodes(&self) -> usize;

    /// What a message calls a node.
    fn place(&self, at: usize) -> String;

    /// A node; values and categories are appended to those of the tree.
    fn node(&self, at: usize, tree: &mut Tree) -> Result<RawNode, FormatError>;
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
        let node = match raw.node(old, &mut tree)? {
            RawNode::Leaf(first) => Node::Leaf(first),
            RawNode::Split { left, right, feature, is_default_left, test } => {
                let Some(feature) =
                    u32::try_from(feature).ok().filter(|f| (*f as usize) < n_features)
                else {
                    let expected = format_args!("a feature below {n_features}");
                    return Err(FormatError::damaged(raw.place(old), expected, feature));
                };
                if matches!(test, Test::Less(threshold) if threshold.is_nan()) {
                    return Err(FormatError::damaged(
                        raw.place(old),
                        "a number to compare with",
                        "NaN",
                    ));
                }
                let left = meet(raw, &mut is_met, &mut met, left)?;
                let right = meet(raw, &mut is_met, &mut met, right)?;
                Node::Split(Split { feature, left, right, is_default_left, test })
            }
        };
        tree.nodes.push(node);
        at = at.saturating_add(1);
    }
    tree.nodes.shrink_to_fit();
    Ok(tree)
}

/// Gives a node its new number.
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
