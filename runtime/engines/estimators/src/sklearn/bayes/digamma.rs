//! The logarithmic derivative of the gamma function.

/// Of a number above zero; NaN for others.
///
/// Source: the recurrence and the asymptotic series of Abramowitz and Stegun, 6.3.5 and 6.3.18.
pub(super) fn digamma(x: f64) -> f64 {
    // Numerators over denominators of the Bernoulli numbers B(2k) / 2k.
    const SERIES: [f64; 7] = [
        1.0 / 12.0,
        -1.0 / 120.0,
        1.0 / 252.0,
        -1.0 / 240.0,
        1.0 / 132.0,
        -691.0 / 32760.0,
        1.0 / 12.0,
    ];
    if x.is_nan() || x <= 0.0 {
        return f64::NAN;
    }
    let (mut x, mut sum) = (x, 0.0);
    // At most ten times.
    while x < 10.0 {
        sum -= 1.0 / x;
        x += 1.0;
    }
    let inverse = 1.0 / (x * x);
    let series = SERIES.iter().rev().fold(0.0, |series, term| (series + term) * inverse);
    sum + x.ln() - 0.5 / x - series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_are_met() {
        const EULER: f64 = 0.577_215_664_901_532_9;
        let cases = [
            (1.0, -EULER),
            (0.5, -EULER - 2.0 * 2.0_f64.ln()),
            (2.0, 1.0 - EULER),
            (1e-3, -1_000.575_571_931_810_3),
            (100.0, 4.600_161_852_738_087),
        ];
        for (x, expected) in cases {
            let got = digamma(x);
            assert!((got - expected).abs() <= 4e-15 * expected.abs().max(1.0), "{x}: {got}");
        }
        assert!(digamma(0.0).is_nan());
    }
}
