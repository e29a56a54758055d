//! One tree, as scikit-learn keeps it (`sklearn.tree._tree.Tree`).

use radiant_formats::Node;

use crate::sklearn::source::{Read, Source};

/// A node of a tree.
#[derive(Debug, Clone, Copy)]
pub(super) struct TreeNode {
    /// The children of a split, those of small values first; `None` for a leaf.
    pub(super) children: Option<[u32; 2]>,
    pub(super) feature: u32,
    pub(super) threshold: f64,
    /// Whether what is missing goes the way of small values.
    pub(super) missing_is_small: bool,
}

/// A tree that was not yet checked to be one.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) n_features: usize,
    pub(super) n_outputs: usize,
    /// The greatest number of classes of an output; one of a regressor.
    pub(super) n_classes_max: usize,
    pub(super) nodes: Vec<TreeNode>,
    /// `[n_nodes, n_outputs, n_classes_max]`
    // Invariant: as many as that.
    values: Vec<f64>,
    /// How many training rows came to each node.
    // Invariant: as many as nodes.
    pub(super) n_samples: Vec<f64>,
}

impl Tree {
    /// Reads the attribute `tree_` of an estimator.
    pub(super) fn read(source: &Source<'_>) -> Read<Self> {
        let node = source.attr("tree_")?;
        let n_features = node.args()?.next().ok_or_else(|| node.expected("a tree"))?.index()?;
        let records = node.attr("nodes")?.array()?;
        let left = records.field("left_child")?.to_i64()?;
        let right = records.field("right_child")?.to_i64()?;
        let features = records.field("feature")?.to_i64()?;
        let thresholds = records.field("threshold")?.to_f64()?;
        let n_samples = records.field("n_node_samples")?.to_f64()?;
        let missing = if records.has_field("missing_go_to_left") {
            records.field("missing_go_to_left")?.to_i64()?
        } else {
            vec![0; left.len()]
        };
        let children = left.iter().zip(&right).map(|(&left, &right)| children(node, left, right));
        let rest = features.iter().zip(&thresholds).zip(&missing);
        let nodes = children.zip(rest).map(|(children, ((&feature, &threshold), &missing))| {
            let children = children?;
            let feature = if children.is_some() { index(node, feature)? } else { 0 };
            Ok(TreeNode { children, feature, threshold, missing_is_small: missing != 0 })
        });
        let nodes = nodes.collect::<Read<Vec<_>>>()?;
        let array = node.attr("values")?;
        let (values, shape) = array.floats()?;
        let [n_values, n_outputs, n_classes_max] = shape[..] else {
            return Err(array.expected("values with three axes"));
        };
        if n_values != nodes.len() || n_outputs == 0 || n_classes_max == 0 || nodes.is_empty() {
            return Err(array.expected(format_args!("values of {} nodes", nodes.len())));
        }
        Ok(Self { n_features, n_outputs, n_classes_max, nodes, values, n_samples })
    }

    /// What a node says of an output: as many as the greatest number of classes.
    pub(super) fn value(&self, node: usize, output: usize) -> &[f64] {
        let start = (node * self.n_outputs + output) * self.n_classes_max;
        &self.values[start..start + self.n_classes_max]
    }

    /// The numbers of the leaves.
    pub(super) fn leaves(&self) -> impl Iterator<Item = usize> {
        let leaf = |(at, node): (usize, &TreeNode)| node.children.is_none().then_some(at);
        self.nodes.iter().enumerate().filter_map(leaf)
    }
}

fn children(node: Node<'_>, left: i64, right: i64) -> Read<Option<[u32; 2]>> {
    // Leaves have no left child.
    if left == -1 {
        return Ok(None);
    }
    Ok(Some([index(node, left)?, index(node, right)?]))
}

fn index(node: Node<'_>, number: i64) -> Read<u32> {
    u32::try_from(number).map_err(|_| node.expected("indices from 0"))
}

/// Whether missing values are taken by a tree.
///
/// They are since 1.3 by those that look for the best split, and since 1.6 by those that draw one;
/// for some criteria they were not before 1.9, nor with constraints.
pub(super) fn takes_nan(source: &Source<'_>) -> Read<bool> {
    let is_drawn = source.choice("splitter", "best")? == "random";
    if source.since(1, 9) {
        return Ok(is_drawn || !source.class().starts_with("Extra"));
    }
    let known = ["gini", "entropy", "log_loss", "squared_error", "friedman_mse", "poisson"];
    let criterion = source.choice("criterion", "")?;
    let since = if is_drawn { source.since(1, 6) } else { source.since(1, 3) };
    Ok(since && known.contains(&&*criterion) && source.some("monotonic_cst")?.is_none())
}

/// The sum as numpy adds up what stands side by side: eight sums in turn from eight numbers on, and
/// halves from 128 on.
pub(super) fn pairwise_sum(numbers: &[f64]) -> f64 {
    if numbers.len() > 128 {
        let half = numbers.len() / 2;
        let (head, tail) = numbers.split_at(half - half % 8);
        return pairwise_sum(head) + pairwise_sum(tail);
    }
    let (chunks, rest) = numbers.as_chunks::<8>();
    let Some((first, chunks)) = chunks.split_first() else {
        return rest.iter().sum();
    };
    let mut sums = *first;
    for chunk in chunks {
        for (sum, number) in sums.iter_mut().zip(chunk) {
            *sum += number;
        }
    }
    let pairs: [f64; 4] = std::array::from_fn(|pair| sums[2 * pair] + sums[2 * pair + 1]);
    let sum = (pairs[0] + pairs[1]) + (pairs[2] + pairs[3]);
    rest.iter().fold(sum, |sum, number| sum + number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_added_up_in_eights_and_halves() {
        // The sums of numpy 2.4.
        let numbers = |n: u32| (1..=n).map(|at| 1.0 / f64::from(at)).collect::<Vec<_>>();
        for (n, bits) in [
            (7, 0x4004_be2b_e2be_2be2),
            (8, 0x4005_be2b_e2be_2be2),
            (19, 0x400c_61c5_5451_3c25),
            (128, 0x4015_bb8a_e954_1ca7),
            (129, 0x4015_c37b_0914_9ba9),
            (300, 0x4019_2172_a3e6_965a),
            (1001, 0x401d_f225_27c7_605a),
        ] {
            assert_eq!(pairwise_sum(&numbers(n)).to_bits(), bits, "{n}");
        }
    }
}
