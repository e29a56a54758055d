//! Trees that are none.
//!
//! ONNX Runtime follows the nodes of a tree from one to the next and never ends where they come back
//! to one that it has seen. Whether they do is looked at before it sees them. Nodes that lie in two
//! trees, or under two others, do no harm.

use std::collections::HashMap;

use radiant_onnx::OnnxError;
use radiant_onnx::pb::NodeProto;

/// Whether the nodes of a tree ensemble come back to themselves. False for other operators.
///
/// Cost: linear in the number of nodes.
///
/// # Errors
/// Where an attribute is of another type than the operator's.
pub(crate) fn has_cycle(node: &NodeProto) -> Result<bool, OnnxError> {
    if node.canonical_domain() != "ai.onnx.ml" {
        return Ok(false);
    }
    match node.op_type.as_str() {
        "TreeEnsembleClassifier" | "TreeEnsembleRegressor" => named(node).map(|all| cycles(&all)),
        "TreeEnsemble" => numbered(node).map(|all| cycles(&all)),
        _ => Ok(false),
    }
}

/// The children of each node, which are named by tree and number.
fn named(node: &NodeProto) -> Result<Vec<[Option<usize>; 2]>, OnnxError> {
    let (trees, ids) = (node.ints("nodes_treeids")?, node.ints("nodes_nodeids")?);
    let (yes, no) = (node.ints("nodes_truenodeids")?, node.ints("nodes_falsenodeids")?);
    let modes = node.strings("nodes_modes")?;
    let names = trees.iter().zip(ids);
    let places: HashMap<(i64, i64), usize> =
        names.enumerate().map(|(place, (&tree, &id))| ((tree, id), place)).collect();
    let children = trees.iter().zip(yes.iter().zip(no)).enumerate();
    let children = children.map(|(place, (&tree, (&yes, &no)))| {
        // What a leaf has there means nothing.
        let is_leaf = modes.get(place) == Some(&"LEAF");
        [yes, no].map(|id| places.get(&(tree, id)).copied().filter(|_| !is_leaf))
    });
    Ok(children.collect())
}

/// The children of each node, which are places of nodes, or of leaves.
fn numbered(node: &NodeProto) -> Result<Vec<[Option<usize>; 2]>, OnnxError> {
    let side = |ids: &str, leaves: &str| -> Result<Vec<Option<usize>>, OnnxError> {
        let (ids, leaves) = (node.ints(ids)?, node.ints(leaves)?);
        let is_leaf = |place: usize| leaves.get(place).is_some_and(|&leaf| leaf != 0);
        let child = |(place, &id)| usize::try_from(id).ok().filter(|_| !is_leaf(place));
        Ok(ids.iter().enumerate().map(child).collect())
    };
    let yes = side("nodes_truenodeids", "nodes_trueleafs")?;
    let no = side("nodes_falsenodeids", "nodes_falseleafs")?;
    Ok(yes.into_iter().zip(no).map(|(yes, no)| [yes, no]).collect())
}

/// Takes away what nothing leads to, again and again: what stays is a cycle or below one.
fn cycles(children: &[[Option<usize>; 2]]) -> bool {
    let mut n_parents = vec![0_usize; children.len()];
    for &child in children.iter().flatten().flatten() {
        if let Some(n) = n_parents.get_mut(child) {
            *n += 1;
        }
    }
    let mut free: Vec<usize> = (0..children.len()).filter(|&place| n_parents[place] == 0).collect();
    let mut n_taken = 0;
    while let Some(place) = free.pop() {
        n_taken += 1;
        for &child in children.get(place).into_iter().flatten().flatten() {
            if let Some(n) = n_parents.get_mut(child) {
                *n -= 1;
                if *n == 0 {
                    free.push(child);
                }
            }
        }
    }
    n_taken < children.len()
}

#[cfg(test)]
mod tests {
    use radiant_onnx::pb::{AttributeProto, AttributeType};

    use super::*;

    fn ints(name: &str, ints: &[i64]) -> AttributeProto {
        let (name, r#type) = (name.to_owned(), AttributeType::Ints as i32);
        AttributeProto { name, r#type, ints: ints.to_vec(), ..AttributeProto::default() }
    }

    fn modes(modes: &[&str]) -> AttributeProto {
        AttributeProto {
            name: "nodes_modes".to_owned(),
            r#type: AttributeType::Strings as i32,
            strings: modes.iter().map(|mode| mode.as_bytes().to_vec()).collect(),
            ..AttributeProto::default()
        }
    }

    fn ensemble(op_type: &str, attribute: Vec<AttributeProto>) -> NodeProto {
        let (op_type, domain) = (op_type.to_owned(), "ai.onnx.ml".to_owned());
        NodeProto { op_type, domain, attribute, ..NodeProto::default() }
    }

    #[test]
    fn nodes_that_come_back_to_themselves_are_no_tree() {
        let tree = |yes: [i64; 4]| {
            ensemble(
                "TreeEnsembleRegressor",
                vec![
                    ints("nodes_treeids", &[7, 7, 7, 7]),
                    ints("nodes_nodeids", &[0, 1, 2, 3]),
                    ints("nodes_truenodeids", &yes),
                    ints("nodes_falsenodeids", &[2, 3, 0, 0]),
                    modes(&["BRANCH_LEQ", "BRANCH_LEQ", "LEAF", "LEAF"]),
                ],
            )
        };
        assert!(!has_cycle(&tree([1, 2, 0, 0])).unwrap());
        assert!(has_cycle(&tree([1, 0, 0, 0])).unwrap());
        assert!(has_cycle(&tree([0, 3, 0, 0])).unwrap());
        // A child that is missing is for others to refuse.
        assert!(!has_cycle(&tree([1, 99, 0, 0])).unwrap());
    }

    #[test]
    fn so_it_is_in_the_newer_form() {
        let tree = |yes: [i64; 2]| {
            ensemble(
                "TreeEnsemble",
                vec![
                    ints("nodes_truenodeids", &yes),
                    ints("nodes_trueleafs", &[0, 1]),
                    ints("nodes_falsenodeids", &[0, 1]),
                    ints("nodes_falseleafs", &[1, 1]),
                ],
            )
        };
        assert!(!has_cycle(&tree([1, 0])).unwrap());
        assert!(has_cycle(&tree([0, 0])).unwrap());
    }
}
