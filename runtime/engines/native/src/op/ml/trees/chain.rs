//! Chains of equalities as sets.
//!
//! Converters of LightGBM models write a category that is one of several as one node for each, all
//! with the same child for true. Such a chain becomes one split, and every node has one parent.

use radiant_kernels::forest::{Comparison, Node, Set, Split, Test};

use super::table::Trees;

/// An equality, and the number it compares with.
fn equality(node: &Node) -> Option<(&Split, f64)> {
    match node {
        Node::Split(split) => match split.test {
            Test::Compare(Comparison::Equal, number) => Some((split, number)),
            Test::Compare(..) | Test::Member(_) => None,
        },
        Node::Leaf { .. } => None,
    }
}

/// Makes one split of each chain, and drops the nodes that are not needed any more.
///
/// # Errors
/// Says what is wrong with the nodes.
pub(super) fn merge(trees: &mut Trees) -> Result<(), String> {
    let nodes = &trees.nodes;
    let mut n_parents = vec![0_u8; nodes.len()];
    for node in nodes {
        if let Node::Split(split) = node {
            for child in [split.if_true, split.if_false] {
                let n = n_parents.get_mut(child as usize).ok_or("a node is missing")?;
                *n = n.saturating_add(1);
            }
        }
    }
    // The next link of the chain that a node is in.
    let next = |at: usize| {
        let (split, _) = equality(&nodes[at])?;
        let child = split.if_false as usize;
        let (link, _) = equality(&nodes[child])?;
        let is_link = link.feature == split.feature && link.if_true == split.if_true;
        (is_link && n_parents[child] == 1).then_some(child)
    };
    let mut is_link = vec![false; nodes.len()];
    for child in (0..nodes.len()).filter_map(next) {
        is_link[child] = true;
    }
    let mut merged = Vec::new();
    let mut n_links = 0;
    for head in (0..nodes.len()).filter(|&at| !is_link[at]) {
        let Some((first, number)) = equality(&nodes[head]) else { continue };
        let (mut numbers, mut last) = (vec![number], head);
        while let Some(link) = next(last) {
            if let Some((split, number)) = equality(&nodes[link]) {
                if split.missing != first.missing {
                    return Err("a chain of equalities with two ways for missing values \
                                is not supported"
                        .to_owned());
                }
                numbers.push(number);
            }
            n_links += 1;
            last = link;
        }
        if let (Node::Split(end), true) = (nodes[last], last != head) {
            merged.push((head, Split { if_false: end.if_false, ..*first }, Set::numbers(numbers)));
        }
    }
    // A chain without a head bites its own tail.
    if n_links != is_link.iter().filter(|is_link| **is_link).count() {
        return Err("nodes are their own children".to_owned());
    }
    for (head, split, set) in merged {
        let set_index = u32::try_from(trees.sets.len()).map_err(|_full| "too many sets")?;
        trees.nodes[head] = Node::Split(Split { test: Test::Member(set_index), ..split });
        trees.sets.push(set);
    }
    drop_links(trees, &is_link);
    Ok(())
}

/// Drops nodes to which nothing points any more.
fn drop_links(trees: &mut Trees, is_link: &[bool]) {
    if !is_link.contains(&true) {
        return;
    }
    let mut n_kept = 0;
    let places: Vec<u32> = is_link
        .iter()
        .map(|&is_link| {
            let place = n_kept;
            n_kept += u32::from(!is_link);
            place
        })
        .collect();
    let mut keep = is_link.iter().map(|is_link| !is_link);
    trees.nodes.retain(|_| keep.next().unwrap_or(true));
    let mut keep = is_link.iter().map(|is_link| !is_link);
    trees.values.retain(|_| keep.next().unwrap_or(true));
    for node in &mut trees.nodes {
        if let Node::Split(split) = node {
            split.if_true = places[split.if_true as usize];
            split.if_false = places[split.if_false as usize];
        }
    }
    for root in &mut trees.roots {
        *root = places[*root as usize];
    }
}
