//! Selection by what a fitted estimator makes of each column.

use radiant_formats::Node;

use super::columns::{Columns, Selector};
use super::importance::{Norm, importances, takes_any_number};
use super::sums::{mean, median, rising};
use crate::sklearn::estimator::Estimator;
use crate::sklearn::source::{Read, Source};

/// `SelectFromModel`.
pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let fitted = match source.some("estimator_")? {
        Some(node) => node,
        None => source.attr("estimator")?,
    };
    let is_automatic = match source.some("importance_getter")? {
        Some(node) => node.text_opt().is_some_and(|getter| {
            getter == "auto" || getter == "coef_" || getter == "feature_importances_"
        }),
        None => true,
    };
    if !is_automatic {
        return Err(source.unsupported("`importance_getter`", "leave it at `auto`"));
    }
    let model = source.part(fitted)?;
    let importances = importances(&model, Norm(source.number("norm_order", 1.0)?))?;
    let threshold = threshold(source, &model, &importances)?;
    let mut mask: Vec<bool> = match n_most(source)? {
        None => vec![true; importances.len()],
        Some(n) => most(&importances, n),
    };
    for (is_kept, importance) in mask.iter_mut().zip(&importances) {
        // What is no number is kept.
        *is_kept &= *importance >= threshold || importance.is_nan() || threshold.is_nan();
    }
    let takes_any = takes_any_number(source, source.attr("estimator")?)?;
    Ok(Box::new(Selector(Columns::new(source, &mask, takes_any))))
}

/// How many columns are kept at most.
fn n_most(source: &Source<'_>) -> Read<Option<usize>> {
    if source.some("max_features")?.is_none() {
        return Ok(None);
    }
    match source.some("max_features_")? {
        Some(node) => node.index().map(Some),
        None => source.attr("max_features")?.index().map(Some),
    }
}

/// The most important columns; of equal ones the first.
fn most(importances: &[f64], n: usize) -> Vec<bool> {
    let mut order: Vec<usize> = (0..importances.len()).collect();
    order.sort_by(|a, b| rising(-importances[*a], -importances[*b]));
    let mut mask = vec![false; importances.len()];
    for at in order.into_iter().take(n) {
        mask[at] = true;
    }
    mask
}

/// From which importance on a column is kept.
fn threshold(source: &Source<'_>, model: &Source<'_>, importances: &[f64]) -> Read<f64> {
    let Some(node) = source.some("threshold")? else {
        return Ok(if is_sparse_by_training(model)? { 1e-5 } else { mean(importances) });
    };
    match node.text_opt() {
        None => node.float(),
        Some(text) => named(&text, importances).ok_or_else(|| {
            node.expected("`mean` or `median`, with a factor before it or not: `1.25*mean`")
        }),
    }
}

fn named(text: &str, importances: &[f64]) -> Option<f64> {
    let (factor, name) = match text.split_once('*') {
        Some((factor, name)) => (Some(factor.trim().parse::<f64>().ok()?), name.trim()),
        None => (None, text),
    };
    let reference = match name {
        "mean" => mean(importances),
        "median" => median(importances),
        _ => return None,
    };
    Some(factor.map_or(reference, |factor| factor * reference))
}

/// Whether a linear model was trained to have coefficients of zero, as each version tells it.
fn is_sparse_by_training(model: &Source<'_>) -> Read<bool> {
    let is_one = |name: &str| -> Read<bool> {
        let near = |ratio: f64| (ratio - 1.0).abs() <= 1e-8 + 1e-5;
        let Some(node) = model.some(name)? else { return Ok(false) };
        // Of logistic regressions 1.9 stores one for each class.
        Ok(node.floats().is_ok_and(|(ratios, _)| ratios.into_iter().all(near)))
    };
    let class = model.class();
    let penalty = model.some("penalty")?.and_then(Node::text_opt);
    if penalty.is_some_and(|penalty| penalty == "l1") || class.contains("Lasso") {
        return Ok(true);
    }
    if model.since(1, 8) {
        return match class {
            "ElasticNet" | "LogisticRegression" => is_one("l1_ratio"),
            "ElasticNetCV" | "LogisticRegressionCV" => is_one("l1_ratio_"),
            _ => Ok(false),
        };
    }
    if model.since(1, 1) && class.contains("ElasticNet") {
        return Ok(is_one("l1_ratio_")? || is_one("l1_ratio")?);
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_go_by_name_and_factor() {
        let importances = [1.0, 2.0, 6.0];
        assert_eq!(named("mean", &importances), Some(3.0));
        assert_eq!(named("1.5 * median", &importances), Some(3.0));
        assert_eq!(named("2*mode", &importances), None);
        assert_eq!(named("two*mean", &importances), None);
        assert_eq!(most(&[1.0, 2.0, 2.0], 2), [false, true, true]);
        assert_eq!(most(&[2.0, 2.0, 1.0], 1), [true, false, false]);
    }
}
