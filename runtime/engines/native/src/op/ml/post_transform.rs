//! What is done to the scores of a model: attribute `post_transform`.
//!
//! The formulas and their rounding are those of onnxruntime 1.32 (`ml_common.h`). It transforms
//! rows of at least two scores; of single scores it transforms only with PROBIT.

use std::f32::consts::{PI, SQRT_2};

use radiant_kernels::Isa;
use radiant_kernels::activation::LogisticAll;
use radiant_kernels::classes::{EachRow, Softmax};

use crate::Unsupported;
use crate::op::NodeContext;

/// What is done to scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PostTransform {
    None,
    Logistic,
    Softmax,
    /// Softmax of the scores that are not zero.
    SoftmaxZero,
    Probit,
}

/// A score that is nearer to zero is zero.
const ZERO: f32 = 1e-7;

impl PostTransform {
    /// The transform that a node names.
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

    /// Transforms rows of `n_columns` scores in place.
    pub(super) fn apply(self, scores: &mut [f32], n_columns: usize, isa: Isa) {
        match self {
            Self::Probit => scores.iter_mut().for_each(|score| *score = probit(*score)),
            _ if n_columns < 2 => {}
            Self::None => {}
            Self::Logistic => isa.run(LogisticAll(scores)),
            Self::Softmax => isa.run(EachRow { values: scores, n_columns, function: Softmax }),
            Self::SoftmaxZero => scores.chunks_exact_mut(n_columns).for_each(softmax_zero),
        }
    }
}

/// Softmax over the scores that are not zero; those that are stay so.
fn softmax_zero(scores: &mut [f32]) {
    let max = scores.iter().fold(f32::MIN, |max, &score| if score > max { score } else { max });
    let mut sum = 0.0;
    for score in &mut *scores {
        if *score > ZERO || *score < -ZERO {
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

/// The quantile of the normal distribution, of a probability.
fn probit(probability: f32) -> f32 {
    SQRT_2 * erf_inverse(2.0 * probability - 1.0)
}

/// The inverse of the error function, by Winitzki's approximation (2008) with `a = 0.147`.
fn erf_inverse(x: f32) -> f32 {
    const A: f32 = 0.147;
    let log = ((1.0 - x) * (1.0 + x)).ln();
    let half = 2.0 / (PI * A) + 0.5 * log;
    let root = (half * half - 1.0 / A * log).sqrt();
    let magnitude = (root - half).sqrt();
    if x < 0.0 { -magnitude } else { magnitude }
}
