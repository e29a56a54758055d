//! What several rounds' ratios are worth.

use std::fmt;

/// Ratios of several rounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The smallest.
    pub min: f64,
    /// The one in the middle, or the mean of the two there.
    pub median: f64,
    /// The largest.
    pub max: f64,
}

impl Spread {
    /// The spread of `ratios`; `None` of none.
    pub fn of(mut ratios: Vec<f64>) -> Option<Self> {
        ratios.sort_by(f64::total_cmp);
        let middle = ratios.len() / 2;
        let (&min, &max, &upper) = (ratios.first()?, ratios.last()?, ratios.get(middle)?);
        let lower = if ratios.len().is_multiple_of(2) { *ratios.get(middle - 1)? } else { upper };
        Some(Self { min, median: f64::midpoint(lower, upper), max })
    }
}

impl fmt::Display for Spread {
    /// `0.12 (0.11 to 0.14)`, with as many decimals as tell something.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = match self.median {
            median if median < 0.01 => 4,
            median if median < 0.1 => 3,
            median if median < 10.0 => 2,
            _ => 0,
        };
        let Self { min, median, max } = self;
        write!(f, "{median:.decimals$} ({min:.decimals$} to {max:.decimals$})")
    }
}

/// Whether a limit holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// In every round.
    Within,
    /// In the median, but not in every round.
    Mostly,
    /// Not even in the median.
    Beyond,
}

impl Verdict {
    /// What comes of a spread.
    pub fn of(spread: Spread, limit: f64) -> Self {
        match spread {
            Spread { max, .. } if max <= limit => Self::Within,
            Spread { median, .. } if median <= limit => Self::Mostly,
            _ => Self::Beyond,
        }
    }

    /// As it is printed.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Within => "within",
            Self::Mostly => "within, not in every round",
            Self::Beyond => "BEYOND",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        let spread = |ratios: &[f64]| Spread::of(ratios.to_vec());
        assert_eq!(spread(&[]), None);
        assert_eq!(spread(&[3.0, 1.0, 2.0]), Some(Spread { min: 1.0, median: 2.0, max: 3.0 }));
        assert_eq!(spread(&[4.0, 1.0]), Some(Spread { min: 1.0, median: 2.5, max: 4.0 }));
    }

    #[test]
    fn small_ratios_have_more_decimals() {
        let text = |ratio| Spread::of(vec![ratio]).unwrap().to_string();
        assert_eq!(text(0.001_23), "0.0012 (0.0012 to 0.0012)");
        assert_eq!(text(0.0123), "0.012 (0.012 to 0.012)");
        assert_eq!(text(1.234), "1.23 (1.23 to 1.23)");
        assert_eq!(text(123.4), "123 (123 to 123)");
    }

    #[test]
    fn a_spread_that_crosses_the_limit_is_told_from_one_that_does_not() {
        let verdict = |ratios: [f64; 3]| Verdict::of(Spread::of(ratios.to_vec()).unwrap(), 1.0);
        assert_eq!(verdict([0.7, 0.8, 0.9]), Verdict::Within);
        assert_eq!(verdict([0.7, 0.8, 1.1]), Verdict::Mostly);
        assert_eq!(verdict([0.7, 1.05, 1.1]), Verdict::Beyond);
    }
}
