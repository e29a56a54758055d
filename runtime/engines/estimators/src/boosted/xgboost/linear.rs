//! Linear boosters: sums of features times weights, in single precision.

use radiant_formats::xgboost::{Linear, Model};

/// A linear function.
#[derive(Debug)]
pub(super) struct LinearSums {
    /// `[n_features, n_outputs]`, row-major.
    weights: Vec<f32>,
    /// What each output's sum starts from.
    start: Vec<f32>,
}

impl LinearSums {
    /// All sums start from the first base score, even where there are more (measured with 3.2.0).
    pub(super) fn new(linear: &Linear, model: &Model, base: f32) -> Self {
        let n_weights = model.n_features.saturating_mul(model.n_outputs);
        let (weights, bias) = linear.weights.split_at(n_weights.min(linear.weights.len()));
        let start = bias.iter().map(|bias| bias + base).collect();
        Self { weights: weights.to_vec(), start }
    }

    /// Appends the sums of each row; what is no number adds nothing.
    pub(super) fn run<'a>(&self, rows: impl Iterator<Item = &'a [f32]>, out: &mut Vec<f32>) {
        for row in rows {
            let begin = out.len();
            out.extend_from_slice(&self.start);
            let sums = &mut out[begin..];
            for (&x, weights) in row.iter().zip(self.weights.chunks_exact(sums.len())) {
                if !x.is_nan() {
                    for (sum, weight) in sums.iter_mut().zip(weights) {
                        *sum += x * weight;
                    }
                }
            }
        }
    }
}
