//! The normal distribution.

use std::f64::consts::{PI, SQRT_2};

/// The share of values below `x`: relative error about 1e-15.
pub(super) fn share_below(x: f64) -> f64 {
    if x.is_nan() { x } else { 0.5 * erfc(-x / SQRT_2) }
}

/// The value below which a share between 1e-15 and 1 - 1e-15 of values is.
///
/// A rational guess (Abramowitz and Stegun, 26.2.22), then Halley's steps.
pub(super) fn quantile(share: f64) -> f64 {
    if share.is_nan() {
        return share;
    }
    // The smaller tail has the greater relative precision.
    let tail = share.min(1.0 - share);
    let t = (-2.0 * tail.ln()).sqrt();
    let mut x = (2.30753 + 0.27061 * t) / (1.0 + 0.99229 * t + 0.04481 * t * t) - t;
    for _ in 0..3 {
        let density = (-0.5 * x * x).exp() / (2.0 * PI).sqrt();
        let off = (share_below(x) - tail) / density;
        x -= off / (1.0 + 0.5 * x * off);
    }
    if share > 0.5 { -x } else { x }
}

/// `1 - erf(x)`: a series near zero, a continued fraction further out.
fn erfc(x: f64) -> f64 {
    let size = x.abs();
    let square = size * size;
    let far = if size < 2.5 {
        let (mut term, mut sum, mut n) = (size, size, 0.5);
        while term > sum * 1e-17 {
            n += 1.0;
            term *= square / n;
            sum += term;
        }
        1.0 - 2.0 / PI.sqrt() * (-square).exp() * sum
    } else {
        let fraction = (1..=60).rev().fold(size, |below, n| size + 0.5 * f64::from(n) / below);
        (-square).exp() / (PI.sqrt() * fraction)
    };
    if x < 0.0 { 2.0 - far } else { far }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers of `scipy.stats.norm` 1.17.
    #[test]
    fn shares_and_quantiles_are_those_of_scipy() {
        for (x, share) in [
            (0.0, 0.5),
            (-1.0, 0.158_655_253_931_457_07),
            (-5.199_337_582_290_661, 9.999_999_994_736_412e-8),
            (1.25, 0.894_350_226_333_144_6),
            (3.1, 0.999_032_396_786_781_7),
        ] {
            assert!((share_below(x) - share).abs() <= 4e-15 * share, "{x}");
            assert!((quantile(share) - x).abs() < 1e-13, "{share}");
        }
        assert!(quantile(f64::NAN).is_nan() && share_below(f64::NAN).is_nan());
    }
}
