//! Trees of either kind.

use super::model::{Node, Split, Tree};
use crate::json::Value;
use crate::{FormatError, Limits, Place};

/// Reads all trees.
pub(super) fn read(
    root: Value<'_>,
    n_features: usize,
    n_outputs: usize,
    limits: &Limits,
) -> Result<Vec<Tree>, FormatError> {
    let reader = Reader { n_features, n_outputs };
    let mut trees = Vec::new();
    let keys = ["oblivious_trees", "trees"];
    if keys.iter().all(|key| root.get(key).is_none()) {
        return Err(FormatError::damaged(Place::File, "`oblivious_trees` or `trees`", "neither"));
    }
    for key in keys {
        let Some(listed) = root.get(key) else { continue };
        for tree in listed.expect_items()? {
            let n_trees = trees.len().saturating_add(1);
            FormatError::check_limit(Place::File, "trees", limits.trees_max, n_trees)?;
            trees.push(match key {
                "trees" => reader.deep(tree)?,
                _ => reader.oblivious(tree)?,
            });
        }
    }
    Ok(trees)
}

struct Reader {
    n_features: usize,
    n_outputs: usize,
}

impl Reader {
    fn oblivious(&self, tree: Value<'_>) -> Result<Tree, FormatError> {
        // A tree without splits has an empty list, or none.
        let listed = tree.get("splits").filter(|splits| !splits.is_null());
        let mut splits = Vec::new();
        if let Some(listed) = listed {
            for split in listed.expect_items()? {
                splits.push(self.split(split)?);
            }
        }
        let values = tree.expect("leaf_values")?;
        let list = values.f64s()?;
        let n_leaves = u32::try_from(splits.len()).ok().and_then(|n| 1_usize.checked_shl(n));
        let expected = n_leaves.and_then(|n| n.checked_mul(self.n_outputs));
        if expected != Some(list.len()) {
            let (n, depth) = (self.n_outputs, splits.len());
            let expected = format_args!("{n} values for each leaf of {depth} splits");
            return Err(FormatError::damaged(values.path(), expected, list.len()));
        }
        Ok(Tree::Oblivious { splits, values: list })
    }

    fn deep(&self, tree: Value<'_>) -> Result<Tree, FormatError> {
        let (mut nodes, mut values) = (Vec::new(), Vec::new());
        let mut pending = vec![tree];
        let mut at = 0_usize;
        while let Some(&node) = pending.get(at) {
            at = at.saturating_add(1);
            let full = || FormatError::damaged(node.path(), "fewer nodes", "too many");
            let Some(split) = node.get("split") else {
                let first = u32::try_from(values.len()).map_err(|_| full())?;
                values.extend(self.values(node)?);
                nodes.push(Node::Leaf(first));
                continue;
            };
            let split = self.split(split)?;
            let left = u32::try_from(pending.len()).map_err(|_| full())?;
            pending.push(node.expect("left")?);
            pending.push(node.expect("right")?);
            nodes.push(Node::Split { split, left, right: left.saturating_add(1) });
        }
        Ok(Tree::Deep { nodes, values })
    }

    fn values(&self, leaf: Value<'_>) -> Result<Vec<f64>, FormatError> {
        let value = leaf.expect("value")?;
        let list = match value.as_f64() {
            Some(number) => vec![number],
            None => value.f64s()?,
        };
        if list.len() != self.n_outputs {
            let expected = format_args!("{} values", self.n_outputs);
            return Err(FormatError::damaged(value.path(), expected, list.len()));
        }
        Ok(list)
    }

    fn split(&self, split: Value<'_>) -> Result<Split, FormatError> {
        let kind = split.expect("split_type")?;
        let kind = kind.as_text().unwrap_or_default();
        if kind != "FloatFeature" {
            let what = format_args!("split `{kind}`");
            return Err(FormatError::unsupported(split.path(), what, super::WAY_OUT));
        }
        let index = split.expect("float_feature_index")?.as_i64();
        let feature = index.and_then(|index| u32::try_from(index).ok());
        let feature = feature.filter(|feature| (*feature as usize) < self.n_features);
        let border = split.expect("border")?.as_f32().filter(|border| !border.is_nan());
        if let (Some(feature), Some(border)) = (feature, border) {
            return Ok(Split { feature, border });
        }
        let expected = format_args!("a feature below {} and a border", self.n_features);
        Err(FormatError::damaged(split.path(), expected, "something else"))
    }
}
