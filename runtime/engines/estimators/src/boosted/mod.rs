//! Boosted models of XGBoost, LightGBM and CatBoost.
//!
//! Each computes in its library's own types and order, so that sums of trees are the library's to
//! the last bit: single precision and `<` for XGBoost, double precision and `<=` for LightGBM, single
//! precision for CatBoost's borders and double for its sums. So are the functions that objectives
//! apply, as far as the system's `exp` and `log` are those that the library was run with; CatBoost
//! has its own exponential.
//!
//! A prediction allocates only where its buffers grow.

mod catboost;
mod engine;
mod labels;
mod lightgbm;
mod rows;
mod table;
#[cfg(test)]
mod tests;
mod xgboost;

pub use engine::BoostedEngine;

pub(crate) use lightgbm::LightgbmModel;
pub(crate) use rows::{Input, Values};
pub(crate) use table::Categories;
use table::Columns;
pub(crate) use xgboost::{Rounds, XgboostModel, XgboostOptions};

use catboost::CatboostModel;

use radiant_core::{DType, Error, TensorData};
use radiant_formats::catboost::Label;

/// What is asked of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// What the library's own booster answers by default.
    Booster,
    /// The sums before the objective makes something of them.
    Margin,
    /// What the estimator of the scikit-learn interface predicts: for a classifier the index of the
    /// class in [`BoostedModel::labels`], else what the booster answers.
    Predict,
    /// A probability for each class, as the classifier of the scikit-learn interface answers.
    PredictProba,
}

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AnswerFact {
    pub(crate) dtype: DType,
    /// `[n_rows, n_columns]`, or `[n_rows]` if there is none.
    pub(crate) n_columns: Option<usize>,
}

impl AnswerFact {
    fn new(dtype: DType, n_columns: usize) -> Self {
        Self { dtype, n_columns: (n_columns > 1).then_some(n_columns) }
    }
}

/// Buffers that predictions use again.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// Rows as they are compared.
    singles: Vec<f32>,
    doubles: Vec<f64>,
    /// Sums on their way to labels.
    scores: Vec<f32>,
    sums: Vec<f64>,
    /// Leaves of linear trees.
    leaves: Vec<f64>,
}

/// A model that is ready to run.
#[derive(Debug)]
pub(crate) enum BoostedModel {
    Xgboost(XgboostModel),
    Lightgbm(LightgbmModel),
    Catboost(CatboostModel),
}

impl BoostedModel {
    /// The number of columns that the model was trained with.
    pub(crate) fn n_features(&self) -> usize {
        match self {
            Self::Xgboost(model) => model.n_features(),
            Self::Lightgbm(model) => model.n_features(),
            Self::Catboost(model) => model.n_features(),
        }
    }

    /// The names of classes in the order of their indices; none for what is no classifier, and where
    /// classes are their indices, as far as the file tells.
    pub(crate) fn labels(&self) -> &[Label] {
        match self {
            Self::Xgboost(_) | Self::Lightgbm(_) => &[],
            Self::Catboost(model) => model.labels(),
        }
    }

    /// What a method gives; `None` where the model has no such method.
    pub(crate) fn answer_fact(&self, method: Method) -> Option<AnswerFact> {
        match self {
            Self::Xgboost(model) => model.answer_fact(method),
            Self::Lightgbm(model) => model.answer_fact(method),
            Self::Catboost(model) => model.answer_fact(method),
        }
    }

    /// Answers for each row; `out` becomes what [`answer_fact`](Self::answer_fact) says.
    ///
    /// # Errors
    /// When the model has no such method, rows have the wrong number of columns, or a value is one
    /// that the library refuses.
    pub(crate) fn predict(
        &self,
        input: Input<'_>,
        method: Method,
        scratch: &mut Scratch,
        out: &mut TensorData,
    ) -> Result<(), Error> {
        match self {
            Self::Xgboost(model) => model.predict(input, method, scratch, out),
            Self::Lightgbm(model) => model.predict(input, method, scratch, out),
            Self::Catboost(model) => model.predict(input, method, scratch, out),
        }
    }
}

/// Makes something of each number, in place.
fn each<T: Copy>(numbers: &mut [T], function: impl Fn(T) -> T) {
    for number in numbers {
        *number = function(*number);
    }
}

/// Puts the probability of the other class before each.
fn both_probabilities<T: Copy + Default + From<u8> + std::ops::Sub<Output = T>>(
    scores: &mut Vec<T>,
) {
    let n = scores.len();
    scores.resize(2 * n, T::default());
    for at in (0..n).rev() {
        let score = scores[at];
        scores[2 * at] = T::from(1) - score;
        scores[2 * at + 1] = score;
    }
}

/// Appends the class of each row: the first of those with the greatest score. A row of one score is
/// that of the second of two classes; the first has what is missing to one.
fn labels(scores: &[f64], n_outputs: usize, labels: &mut Vec<i64>) {
    if n_outputs == 1 {
        labels.extend(scores.iter().map(|&score| i64::from(score > 1.0 - score)));
        return;
    }
    for row in scores.chunks_exact(n_outputs) {
        let mut best = 0;
        for (at, score) in row.iter().enumerate() {
            if *score > row[best] {
                best = at;
            }
        }
        labels.push(i64::try_from(best).unwrap_or(i64::MAX));
    }
}

/// Probabilities out of sums, in place: one exponential, one sum and one division after the other.
fn softmax(scores: &mut [f64]) {
    let greatest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - greatest).exp();
        sum += *score;
    }
    each(scores, |score| score / sum);
}
