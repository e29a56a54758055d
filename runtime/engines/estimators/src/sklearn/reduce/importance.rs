//! How much a fitted estimator makes of each column.

use radiant_formats::Node;

use super::sums::sum;
use crate::sklearn::source::{Matrix, Read, Source, vector};

/// Columns that a tree may know: their number is not backed by bytes of the file.
const FEATURES_MAX: usize = 1 << 20;

/// Whether scikit-learn lets an estimator have missing and infinite values, by its own account.
///
/// Estimators that hold others are taken to refuse them.
pub(super) fn takes_any_number(holder: &Source<'_>, node: Node<'_>) -> Read<bool> {
    let source = holder.part(node)?;
    Ok(match source.class() {
        name if name.starts_with("HistGradientBoosting") => source.since(0, 22),
        name if name.starts_with("XGB") || name.starts_with("LGBM") => true,
        "DecisionTreeClassifier" | "DecisionTreeRegressor" => source.since(1, 3),
        "RandomForestClassifier" | "RandomForestRegressor" => source.since(1, 4),
        "ExtraTreeClassifier"
        | "ExtraTreeRegressor"
        | "ExtraTreesClassifier"
        | "ExtraTreesRegressor" => source.since(1, 6),
        _ => false,
    })
}

/// The weight of each column: of linear models the size of the coefficients, several of a column
/// combined by a norm, of trees what impurity the column took away.
pub(super) fn importances(source: &Source<'_>, norm: Norm) -> Read<Vec<f64>> {
    if let Some(node) = source.some("coef_")? {
        let (values, shape) = node.floats()?;
        return match shape[..] {
            [_] => Ok(values.into_iter().map(f64::abs).collect()),
            [n_rows, n_columns] => Ok(norm.of_columns(&Matrix { n_rows, n_columns, values })),
            _ => Err(node.expected("weights with one or two axes")),
        };
    }
    of_trees(source)
}

/// Which norm combines the coefficients of a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Norm(pub(super) f64);

impl Norm {
    fn of_columns(self, matrix: &Matrix) -> Vec<f64> {
        let order = self.0;
        let start = if order == f64::NEG_INFINITY { f64::INFINITY } else { 0.0 };
        let mut out = vec![start; matrix.n_columns];
        for row in matrix.rows() {
            for (norm, value) in out.iter_mut().zip(row) {
                let size = value.abs();
                *norm = match order {
                    f64::INFINITY => norm.max(size),
                    f64::NEG_INFINITY => norm.min(size),
                    0.0 => *norm + f64::from(u8::from(size != 0.0)),
                    1.0 => *norm + size,
                    2.0 => *norm + value * value,
                    _ => *norm + size.powf(order),
                };
            }
        }
        for norm in &mut out {
            *norm = match order {
                f64::INFINITY | f64::NEG_INFINITY | 0.0 | 1.0 => *norm,
                2.0 => norm.sqrt(),
                _ => norm.powf(1.0 / order),
            };
        }
        out
    }
}

/// What columns of trees and ensembles of trees are worth.
fn of_trees(source: &Source<'_>) -> Read<Vec<f64>> {
    let _visit = source.node.enter()?;
    match source.class() {
        "DecisionTreeClassifier"
        | "DecisionTreeRegressor"
        | "ExtraTreeClassifier"
        | "ExtraTreeRegressor" => {
            let mut weights = of_tree(source)?.weights;
            normalise(&mut weights);
            Ok(weights)
        }
        "RandomForestClassifier"
        | "RandomForestRegressor"
        | "ExtraTreesClassifier"
        | "ExtraTreesRegressor" => of_forest(source),
        "GradientBoostingClassifier" | "GradientBoostingRegressor" => of_boosting(source),
        "AdaBoostClassifier" | "AdaBoostRegressor" => of_weighted(source),
        class => {
            let what = format!("columns selected by {class}");
            Err(source.node.unsupported(what, "select by a linear model, a tree or a forest"))
        }
    }
}

struct OfTree {
    weights: Vec<f64>,
    n_nodes: usize,
}

/// What a tree's columns took away of its impurity, as a share of all rows.
fn of_tree(source: &Source<'_>) -> Read<OfTree> {
    let tree = source.attr("tree_")?;
    let n_features_node = source.node.attr_any(&["n_features_in_", "n_features_"])?;
    let n_features = n_features_node.index()?;
    if n_features > FEATURES_MAX {
        return Err(n_features_node.expected(format_args!("at most {FEATURES_MAX} features")));
    }
    let nodes = tree.attr("nodes")?.array()?;
    let (left, right) =
        (nodes.field("left_child")?.to_i64()?, nodes.field("right_child")?.to_i64()?);
    let features = nodes.field("feature")?.to_i64()?;
    let impurities = nodes.field("impurity")?.to_f64()?;
    let rows = nodes.field("weighted_n_node_samples")?.to_f64()?;
    let impurity = |at: i64| {
        let at = usize::try_from(at).ok()?;
        Some(rows.get(at)? * impurities.get(at)?)
    };
    let mut weights = vec![0.0; n_features];
    let mut nodes_left = left.iter().zip(right).zip(features).enumerate();
    let is_whole = nodes_left.all(|(at, ((&left, right), feature))| {
        if left == -1 {
            return true;
        }
        let slot = usize::try_from(feature).ok().and_then(|feature| weights.get_mut(feature));
        let parts = (slot, rows[at] * impurities[at], impurity(left), impurity(right));
        let (Some(slot), all, Some(left), Some(right)) = parts else { return false };
        *slot += all - left - right;
        true
    });
    let (true, Some(all)) = (is_whole, rows.first()) else {
        return Err(tree.expected("the nodes of a tree"));
    };
    for weight in &mut *weights {
        *weight /= all;
    }
    Ok(OfTree { weights, n_nodes: rows.len() })
}

/// Makes weights add up to one, unless all are zero.
fn normalise(weights: &mut [f64]) {
    let all = sum(weights);
    if all > 0.0 {
        for weight in &mut *weights {
            *weight /= all;
        }
    }
}

/// Adds up weights; the first says how many there are.
fn add(totals: &mut Vec<f64>, weights: &[f64], node: Node<'_>) -> Read<()> {
    if totals.is_empty() {
        totals.resize(weights.len(), 0.0);
    }
    if totals.len() != weights.len() {
        return Err(node.expected(format_args!("a tree of {} features", totals.len())));
    }
    totals.iter_mut().zip(weights).for_each(|(total, weight)| *total += weight);
    Ok(())
}

/// The mean of the trees. Those of a single leaf do not count since 0.22, as weights add up to one.
fn of_forest(source: &Source<'_>) -> Read<Vec<f64>> {
    let skips_leaves = source.since(0, 22);
    let (mut totals, mut n_trees) = (Vec::new(), 0_u32);
    for node in source.attr("estimators_")?.items()? {
        let mut tree = of_tree(&source.part(node)?)?;
        if tree.n_nodes == 1 && skips_leaves {
            tree.weights.fill(0.0);
        } else {
            n_trees += 1;
        }
        normalise(&mut tree.weights);
        add(&mut totals, &tree.weights, node)?;
    }
    for total in &mut *totals {
        *total /= f64::from(n_trees.max(1));
    }
    if skips_leaves {
        normalise(&mut totals);
    }
    Ok(totals)
}

/// The mean of the trees before these are brought to one.
fn of_boosting(source: &Source<'_>) -> Read<Vec<f64>> {
    let (mut totals, mut n_trees) = (Vec::new(), 0_u32);
    for node in source.attr("estimators_")?.items()? {
        let tree = of_tree(&source.part(node)?)?;
        n_trees += u32::from(tree.n_nodes > 1);
        add(&mut totals, &tree.weights, node)?;
    }
    for total in &mut *totals {
        *total /= f64::from(n_trees.max(1));
    }
    normalise(&mut totals);
    Ok(totals)
}

/// The mean of the members by their weights.
fn of_weighted(source: &Source<'_>) -> Read<Vec<f64>> {
    let members = source.attr("estimators_")?;
    let weights = vector(source.attr("estimator_weights_")?)?;
    let mut totals = Vec::new();
    for (node, weight) in members.items()?.zip(&weights) {
        let member: Vec<f64> =
            of_trees(&source.part(node)?)?.into_iter().map(|value| weight * value).collect();
        add(&mut totals, &member, node)?;
    }
    let all = sum(&weights);
    for total in &mut *totals {
        *total /= all;
    }
    Ok(totals)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn norms_combine_the_coefficients_of_a_column() {
        let matrix = Matrix { n_rows: 2, n_columns: 2, values: vec![3.0, 0.0, -4.0, 2.0] };
        for (order, expected) in [
            (1.0, [7.0, 2.0]),
            (2.0, [5.0, 2.0]),
            (f64::INFINITY, [4.0, 2.0]),
            (f64::NEG_INFINITY, [3.0, 0.0]),
            (0.0, [2.0, 1.0]),
        ] {
            assert_eq!(Norm(order).of_columns(&matrix), expected, "{order}");
        }
    }
}
