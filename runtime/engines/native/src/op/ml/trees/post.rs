//! What is done to the scores of trees.

use std::f32::consts::{PI, SQRT_2};

use crate::Unsupported;
use crate::kernel::activation::{logistic, softmax};
use crate::op::NodeContext;

/// A function of all scores of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PostTransform {
    None,
    Logistic,
    Softmax,
    SoftmaxZero,
    Probit,
}

impl PostTransform {
    /// The transformation that the attribute names.
    pub(super) fn read(context: &NodeContext<'_>) -> Result<Self, Unsupported> {
        match context.node.string("post_transform")?.unwrap_or("NONE") {
            "NONE" => Ok(Self::None),
            "LOGISTIC" => Ok(Self::Logistic),
            "SOFTMAX" => Ok(Self::Softmax),
            "SOFTMAX_ZERO" => Ok(Self::SoftmaxZero),
            "PROBIT" => Ok(Self::Probit),
            other => Err(context.refuse_value("post_transform", other)),
        }
    }

    /// Transforms the scores of one row.
    pub(super) fn apply(self, scores: &mut [f32]) {
        match self {
            Self::None => {}
            Self::Logistic => scores.iter_mut().for_each(|score| *score = logistic(*score)),
            Self::Softmax => softmax(scores),
            Self::SoftmaxZero => softmax_zero(scores),
            Self::Probit => scores.iter_mut().for_each(|score| *score = probit(*score)),
        }
    }
}

/// [`softmax`] in which scores of zero, give or take 1e-7, stay as good as zero.
fn softmax_zero(scores: &mut [f32]) {
    let max = scores.iter().fold(f32::MIN, |max, &score| if score > max { score } else { max });
    let mut sum = 0.0;
    for score in &mut *scores {
        if score.abs() > 1e-7 {
            *score = (*score - max).exp();
            sum += *score;
        } else {
            *score *= (-max).exp();
        }
    }
    for score in scores {
        *score /= sum;
    }
}

/// The inverse of the normal distribution, by Winitzki's formula for the inverse error function with
/// the constants of onnxruntime 1.32 (`ml_common.h`); good to three digits.
fn probit(x: f32) -> f32 {
    const A: f32 = 0.147;
    let x = 2.0 * x - 1.0;
    let log = ((1.0 - x) * (1.0 + x)).ln();
    let half = 2.0 / (PI * A) + 0.5 * log;
    let root = (half * half - 1.0 / A * log).sqrt() - half;
    SQRT_2 * 1.0_f32.copysign(x) * root.sqrt()
}
