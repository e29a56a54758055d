//! Functions that turn scores into probabilities.

pub(crate) mod smooth;

/// The logistic function.
pub(crate) fn expit(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The logistic function in single precision: near one its steps are coarse, and what is left of one
/// is as coarse.
#[expect(clippy::cast_possible_truncation, reason = "is to be rounded")]
pub(crate) fn expit_single(x: f64) -> f64 {
    f64::from(1.0 / (1.0 + (-x as f32).exp()))
}

/// Exponentials that sum up to one, in place.
pub(crate) fn softmax(row: &mut [f64]) {
    let max = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for value in &mut *row {
        *value = (*value - max).exp();
        sum += *value;
    }
    for value in row {
        *value /= sum;
    }
}

/// The logarithm of the sum of exponentials.
pub(crate) fn log_sum_exp(row: &[f64]) -> f64 {
    let max = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let max = if max.is_finite() { max } else { 0.0 };
    row.iter().map(|value| (value - max).exp()).sum::<f64>().ln() + max
}

/// The place of the greatest value, the first of several; NaN counts as greatest, as in numpy.
pub(crate) fn argmax(row: &[f64]) -> usize {
    let mut best = 0;
    for (at, value) in row.iter().enumerate() {
        if row[best].is_nan() {
            break;
        }
        if value.is_nan() || *value > row[best] {
            best = at;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_the_greatest_wins() {
        assert_eq!(argmax(&[1.0, 3.0, 3.0]), 1);
        assert_eq!(argmax(&[1.0, f64::NAN, 3.0, f64::NAN]), 1);
        assert_eq!(argmax(&[f64::NAN]), 0);
    }

    #[test]
    fn a_sum_of_large_exponentials_has_a_logarithm() {
        assert!((log_sum_exp(&[1000.0, 1000.0]) - 1000.0 - 2.0_f64.ln()).abs() < 1e-12);
        assert!(log_sum_exp(&[f64::NEG_INFINITY; 2]).is_infinite());
    }

    #[test]
    fn a_softmax_of_large_scores_is_finite() {
        let mut row = [1000.0, 1000.0];
        softmax(&mut row);
        assert_eq!(row.map(f64::to_bits), [0.5_f64.to_bits(); 2]);
        assert_eq!(expit(0.0).to_bits(), 0.5_f64.to_bits());
    }
}
