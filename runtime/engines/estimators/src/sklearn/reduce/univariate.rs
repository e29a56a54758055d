//! Selection by scores of single columns.

use super::columns::{Columns, Selector};
use super::sums::rising;
use crate::sklearn::estimator::Estimator;
use crate::sklearn::source::{Read, Source};

/// `VarianceThreshold`.
pub(super) fn read_variance(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let threshold = source.number("threshold", 0.0)?;
    let mask: Vec<_> =
        source.vector("variances_")?.iter().map(|variance| *variance > threshold).collect();
    // Missing values are taken since 0.21.
    Ok(selector(source, &mask, source.since(0, 21)))
}

/// `SelectKBest`, `SelectPercentile`, `SelectFpr`, `SelectFdr` and `SelectFwe`.
pub(super) fn read_filter(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let (mode, parameter) = match source.class() {
        "SelectKBest" => ("k_best", "k"),
        "SelectPercentile" => ("percentile", "percentile"),
        "SelectFpr" => ("fpr", "alpha"),
        "SelectFdr" => ("fdr", "alpha"),
        _ => ("fwe", "alpha"),
    };
    Ok(selector(source, &mask(source, mode, parameter)?, false))
}

/// `GenericUnivariateSelect`.
pub(super) fn read_generic(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let mode = source.choice("mode", "percentile")?;
    Ok(selector(source, &mask(source, &mode, "param")?, false))
}

fn selector(source: &Source<'_>, mask: &[bool], takes_any_number: bool) -> Box<dyn Estimator> {
    Box::new(Selector(Columns::new(source, mask, takes_any_number)))
}

/// Which columns a way to select keeps.
fn mask(source: &Source<'_>, mode: &str, parameter: &str) -> Read<Vec<bool>> {
    let parameter = source.attr(parameter)?;
    let p_values = || source.vector("pvalues_");
    Ok(match mode {
        "k_best" => {
            let scores = source.vector("scores_")?;
            if parameter.text_opt().is_some_and(|text| text == "all") {
                vec![true; scores.len()]
            } else {
                best(&cleaned(scores), parameter.index()?)
            }
        }
        "percentile" => {
            // The mean of two numbers was weighted in another way by the numpy of then.
            let between = if source.since(0, 22) { between } else { weighted };
            best_share(&cleaned(source.vector("scores_")?), parameter.float()?, between)
        }
        "fpr" => {
            let alpha = parameter.float()?;
            p_values()?.iter().map(|p| *p < alpha).collect()
        }
        "fwe" => {
            let p_values = p_values()?;
            let alpha = parameter.float()? / p_values.len() as f64;
            p_values.iter().map(|p| *p < alpha).collect()
        }
        "fdr" => few_false(&p_values()?, parameter.float()?),
        _ => return Err(source.unsupported(format_args!("mode `{mode}`"), "use `k_best`")),
    })
}

/// Scores in which what is no number is least.
fn cleaned(mut scores: Vec<f64>) -> Vec<f64> {
    scores.iter_mut().filter(|score| score.is_nan()).for_each(|score| *score = f64::MIN);
    scores
}

/// The `k` best; of equal ones the last.
fn best(scores: &[f64], k: usize) -> Vec<bool> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| rising(scores[*a], scores[*b]));
    let mut mask = vec![false; scores.len()];
    for at in order.into_iter().rev().take(k) {
        mask[at] = true;
    }
    mask
}

/// The best of so many percent; of those that equal the least of them the first.
fn best_share(scores: &[f64], percent: f64, between: fn(f64, f64, f64) -> f64) -> Vec<bool> {
    match percent {
        100.0 => return vec![true; scores.len()],
        0.0 => return vec![false; scores.len()],
        _ if scores.is_empty() => return Vec::new(),
        _ => {}
    }
    let threshold = percentile(scores, 100.0 - percent, between);
    let mut mask: Vec<bool> = scores.iter().map(|score| *score > threshold).collect();
    let n_above = mask.iter().filter(|is_kept| **is_kept).count();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count, cut off as by Python's `int`"
    )]
    let n_all = (scores.len() as f64 * percent / 100.0) as usize;
    let is_tie = |score: &f64| (*score - threshold).abs() == 0.0;
    let n_ties = scores.iter().filter(|score| is_tie(score)).count();
    let ties = scores.iter().zip(&mut mask).filter(|(score, _)| is_tie(score));
    // Python counts a negative number of places from the end.
    let n_taken =
        if n_all >= n_above { n_all - n_above } else { n_ties.saturating_sub(n_above - n_all) };
    ties.take(n_taken).for_each(|(_, is_kept)| *is_kept = true);
    mask
}

/// The value below which so many percent are, between two of the values where it must be.
fn percentile(values: &[f64], percent: f64, between: fn(f64, f64, f64) -> f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| rising(*a, *b));
    let last = sorted.len() - 1;
    let place = (percent / 100.0 * last as f64).clamp(0.0, last as f64);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "is a place")]
    let below = place.floor() as usize;
    let above = (below + 1).min(last);
    between(sorted[below], sorted[above], place - below as f64)
}

/// As numpy from 1.20 on finds a number between two.
fn between(low: f64, high: f64, share: f64) -> f64 {
    let difference = high - low;
    if share >= 0.5 { high - difference * (1.0 - share) } else { low + difference * share }
}

/// As numpy did before.
fn weighted(low: f64, high: f64, share: f64) -> f64 {
    low * (1.0 - share) + high * share
}

/// Those that Benjamini and Hochberg's procedure keeps.
fn few_false(p_values: &[f64], alpha: f64) -> Vec<bool> {
    let mut sorted = p_values.to_vec();
    sorted.sort_by(|a, b| rising(*a, *b));
    let share = alpha / p_values.len() as f64;
    let ranked = sorted.iter().enumerate();
    let kept = ranked.filter(|(rank, p)| **p <= share * (rank + 1) as f64).map(|(_, p)| *p);
    match kept.reduce(f64::max) {
        Some(greatest) => p_values.iter().map(|p| *p <= greatest).collect(),
        None => vec![false; p_values.len()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_equal_scores_the_last_are_best_and_the_first_share() {
        let scores = cleaned(vec![3.0, 1.0, f64::NAN, 1.0]);
        assert_eq!(best(&scores, 2), [true, false, false, true]);
        assert_eq!(best(&scores, 9), [true; 4]);
        assert_eq!(best_share(&scores, 50.0, between), [true, true, false, false]);
    }

    #[test]
    fn a_percentile_lies_between_its_neighbours() {
        assert_eq!(percentile(&[4.0, 1.0, 2.0, 3.0], 50.0, between), 2.5);
        assert_eq!(percentile(&[4.0, 1.0], 100.0, between), 4.0);
        assert_eq!(percentile(&[7.0], 30.0, weighted), 7.0);
    }

    #[test]
    fn the_procedure_keeps_all_below_the_last_that_passes() {
        assert_eq!(few_false(&[0.01, 0.04, 0.03, 0.9], 0.05), [true, false, false, false]);
        assert_eq!(few_false(&[0.9], 0.05), [false]);
    }
}
