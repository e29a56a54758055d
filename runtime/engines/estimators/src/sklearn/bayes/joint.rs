//! From logarithms of joint likelihoods to classes and their probabilities.

use crate::sklearn::activation::{argmax, log_sum_exp};
use crate::sklearn::affine::Scores;
use crate::sklearn::data::Data;
use crate::sklearn::estimator::{Answer, Fact, Method};

/// What a classifier by likelihood can do.
pub(super) fn fact(classes: &Data<'static>, method: Method) -> Option<Fact> {
    match method {
        Method::Predict => Some(Fact::labels(classes)),
        Method::PredictProba | Method::PredictLogProba => Some(Fact::numbers(classes.len())),
        _ => None,
    }
}

/// The most likely class of each row.
pub(super) fn labels(joint: &Scores, classes: &Data<'static>) -> Data<'static> {
    classes.pick(joint.rows().map(argmax))
}

/// What [`fact`] offers; for other methods as `predict_proba`.
pub(super) fn answer(method: Method, joint: Scores, classes: &Data<'static>) -> Answer {
    if method == Method::Predict {
        return Answer::column(labels(&joint, classes));
    }
    let mut scores = normalised(joint);
    if method != Method::PredictLogProba {
        for value in &mut scores.values {
            *value = value.exp();
        }
    }
    scores.into_matrix()
}

/// Logarithms of probabilities.
fn normalised(mut joint: Scores) -> Scores {
    for row in joint.values.chunks_exact_mut(joint.n_columns.max(1)) {
        let total = log_sum_exp(row);
        for value in row {
            *value -= total;
        }
    }
    joint
}
