//! What objectives make of sums.
//!
//! Source: `objective` and `common/math.h` of XGBoost 0.82 to 3.2. The order of operations and the
//! types are theirs.

use radiant_formats::xgboost::Version;

use crate::Unsupported;
use crate::boosted::each;

/// From this version on the exponents of logistic objectives have a limit. It was measured to be
/// there in 1.7.6 and not in 1.4.2.
const LIMITED_LOGISTIC: Version = Version { major: 1, minor: 5 };
/// From this version on `survival:aft` computes its exponential in double precision. That was
/// measured in 3.2.0 and not in 2.1.4.
const WIDE_AFT: Version = Version { major: 3, minor: 0 };

/// What becomes of a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Objective {
    /// Nothing, with a base score in this space.
    Identity(Base),
    /// A probability; it becomes zero where exponents are not limited.
    Logistic { is_limited: bool },
    /// Whether it is positive: 0 or 1.
    Hinge,
    /// A probability for each output.
    Softprob,
    /// The first output with the greatest sum.
    Softmax,
    /// An exponential.
    Exp,
    /// An exponential in double precision, rounded.
    WideExp,
}

/// What a base score is to a sum that nothing becomes of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    Margin,
    Probability,
}

impl Objective {
    /// The objective of this name in this version.
    pub(super) fn read(name: &str, version: Version) -> Result<Self, Unsupported> {
        // Versions before 1.0 had names for the GPU.
        Ok(match name.strip_prefix("gpu:").unwrap_or(name) {
            "reg:squarederror"
            | "reg:linear"
            | "reg:squaredlogerror"
            | "reg:absoluteerror"
            | "reg:pseudohubererror"
            | "reg:quantileerror"
            | "rank:pairwise"
            | "rank:ndcg"
            | "rank:map" => Self::Identity(Base::Margin),
            "binary:logitraw" if version < (Version { major: 1, minor: 4 }) => {
                Self::Identity(Base::Probability)
            }
            "binary:logitraw" => Self::Identity(Base::Margin),
            "binary:logistic" | "reg:logistic" => {
                Self::Logistic { is_limited: version >= LIMITED_LOGISTIC }
            }
            "binary:hinge" => Self::Hinge,
            "multi:softprob" => Self::Softprob,
            "multi:softmax" => Self::Softmax,
            "survival:aft" if version >= WIDE_AFT => Self::WideExp,
            "count:poisson" | "reg:gamma" | "reg:tweedie" | "survival:cox" | "survival:aft" => {
                Self::Exp
            }
            _ => {
                let what = format!("objective `{name}` is not supported");
                return Err(Unsupported::new("", what));
            }
        })
    }

    pub(super) fn is_multi_class(self) -> bool {
        matches!(self, Self::Softprob | Self::Softmax)
    }

    /// The sum that a base score stands for.
    pub(super) fn margin(self, score: f32) -> f32 {
        match self {
            Self::Identity(Base::Margin) | Self::Hinge | Self::Softprob | Self::Softmax => score,
            Self::Identity(Base::Probability) | Self::Logistic { .. } => -(1.0 / score - 1.0).ln(),
            Self::Exp | Self::WideExp => score.ln(),
        }
    }

    /// Makes answers of rows of sums, in place.
    pub(super) fn apply(self, scores: &mut Vec<f32>, n_outputs: usize) {
        match self {
            Self::Identity(_) => {}
            Self::Logistic { is_limited: true } => each(scores, |x| logistic(least(-x, 88.7))),
            Self::Logistic { is_limited: false } => each(scores, |x| logistic(-x)),
            Self::Hinge => {
                each(scores, |score| if score > 0.0 { 1.0 } else { 0.0 });
            }
            Self::Exp => each(scores, f32::exp),
            #[expect(clippy::cast_possible_truncation, reason = "it is rounded to the answer")]
            Self::WideExp => each(scores, |x| f64::from(x).exp() as f32),
            Self::Softprob => scores.chunks_exact_mut(n_outputs).for_each(softmax),
            Self::Softmax => {
                let n_rows = scores.len() / n_outputs;
                for row in 0..n_rows {
                    let start = row * n_outputs;
                    let class = first_of_greatest(&scores[start..start + n_outputs]);
                    // No row is before its answer.
                    scores[row] = class as f32;
                }
                scores.truncate(n_rows);
            }
        }
    }
}

/// The lesser of two numbers; what is no number stays.
fn least(x: f32, most: f32) -> f32 {
    if x > most { most } else { x }
}

fn logistic(exponent: f32) -> f32 {
    1.0 / (exponent.exp() + 1.0 + 1e-16)
}

fn softmax(scores: &mut [f32]) {
    let greatest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0_f64;
    for score in scores.iter_mut() {
        *score = (*score - greatest).exp();
        sum += f64::from(*score);
    }
    #[expect(clippy::cast_possible_truncation, reason = "XGBoost divides in single precision")]
    let sum = sum as f32;
    each(scores, |score| score / sum);
}

/// The index of the greatest number, the first of those that are equal.
pub(super) fn first_of_greatest(scores: &[f32]) -> i64 {
    let mut best = 0;
    for (at, score) in scores.iter().enumerate() {
        if *score > scores[best] {
            best = at;
        }
    }
    i64::try_from(best).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer in as many digits as tell it from all others.
    fn answer(name: &str, major: u32, minor: u32, margin: f32) -> String {
        let mut scores = vec![margin];
        Objective::read(name, Version { major, minor }).unwrap().apply(&mut scores, 1);
        format!("{:?}", scores[0])
    }

    #[test]
    fn exponents_are_limited_since_1_5() {
        assert_eq!(answer("binary:logistic", 1, 4, -100.0), "0.0");
        assert_eq!(answer("binary:logistic", 1, 7, -100.0), "3.006636e-39");
        for minor in [4, 7] {
            assert_eq!(answer("reg:logistic", 1, minor, 100.0), "1.0");
            assert_eq!(answer("reg:logistic", 1, minor, f32::NAN), "NaN");
        }
    }

    #[test]
    fn aft_computes_in_double_precision_since_3_0() {
        let margin = 0.632_733_5;
        assert_eq!(answer("survival:aft", 3, 2, margin), "1.88275");
        assert_eq!(answer("survival:aft", 2, 1, margin), "1.8827502");
        assert_eq!(answer("count:poisson", 3, 2, margin), "1.8827502");
    }
}
