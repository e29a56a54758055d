//! Tree ensembles of `ai.onnx.ml`: TreeEnsembleClassifier and TreeEnsembleRegressor, whose trees
//! are tables of nodes ([`table`]), and TreeEnsemble, which lists inner nodes and leaves apart
//! ([`ensemble`]). All become one model, and one kernel runs it.
//!
//! What the specification leaves open is as in onnxruntime 1.32, found by running it, and by its
//! published algorithm (`tree_ensemble_common.h`, `tree_ensemble_aggregator.h`): votes are added in
//! the order of the trees, in single precision or, where the input is double, in double; then comes
//! the base value. With many rows and threads onnxruntime adds in another order; this engine does
//! not. Where onnxruntime and the specification disagree, a model is refused.

mod chain;
mod classifier;
mod ensemble;
mod read;
mod regressor;
mod table;
#[cfg(test)]
mod tests;

use radiant_kernels::Isa;
use radiant_kernels::activation::logistic;

use super::post_transform::PostTransform;

pub(super) use classifier::tree_ensemble_classifier;
pub(super) use ensemble::tree_ensemble;
pub(super) use regressor::tree_ensemble_regressor;

/// Transforms rows of scores. Of trees, onnxruntime takes the logistic function by its definition.
fn transform(post: PostTransform, scores: &mut [f32], n_columns: usize) {
    if post == PostTransform::Logistic {
        for score in scores {
            *score = logistic(*score);
        }
    } else {
        post.apply(scores, n_columns, Isa::detect());
    }
}
