//! Models of XGBoost.
//!
//! Sources: files and answers of XGBoost 0.82, 1.4.2, 1.7.6, 2.1.4 and 3.2.0. Rules that changed
//! between two of them change here at the version after the older one, or where its notes say so.

mod forest;
mod linear;
mod objective;

use radiant_core::{DType, Error, TensorData};
use radiant_formats::Limits;
use radiant_formats::xgboost::{BaseSpace, Booster, Model};
use radiant_kernels::forest::{ForestKernel, Rows};

use super::{AnswerFact, Input, Method, Scratch};
use crate::Unsupported;
use linear::LinearSums;
use objective::Objective;

/// Which rounds of training count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rounds {
    /// All, as for `Booster.predict`.
    All,
    /// Those up to the best if training noted one, as for the scikit-learn interface.
    Best,
}

/// How a model is used; defaults are those of a plain booster.
#[derive(Debug, Clone, Copy)]
pub(crate) struct XgboostOptions {
    pub(crate) rounds: Rounds,
    /// A value that stands for a missing one, besides what is no number.
    pub(crate) missing: f32,
    /// Whether a classifier holds the model; `None` to let the file say it.
    pub(crate) is_classifier: Option<bool>,
    /// The best round where whoever holds the booster knows it; `None` to let the file say it.
    pub(crate) best_iteration: Option<usize>,
}

impl Default for XgboostOptions {
    fn default() -> Self {
        Self { rounds: Rounds::All, missing: f32::NAN, is_classifier: None, best_iteration: None }
    }
}

/// A model that is ready to run.
#[derive(Debug)]
pub(crate) struct XgboostModel {
    n_features: usize,
    n_outputs: usize,
    sums: Sums,
    objective: Objective,
    is_classifier: bool,
    missing: f32,
    /// Columns of categories, in which all that is negative is the same.
    categorical: Vec<u32>,
}

/// What gives the sums.
#[derive(Debug)]
enum Sums {
    Trees(Box<ForestKernel<f32, f32>>),
    Linear(LinearSums),
    /// No trees: the sums are what they start from.
    Constant(Vec<f32>),
}

impl XgboostModel {
    /// Prepares a model.
    ///
    /// # Errors
    /// When its objective is unknown, or a feature is a number to some splits and a category to
    /// others.
    pub(crate) fn new(model: &Model, options: XgboostOptions) -> Result<Self, Unsupported> {
        let objective = Objective::read(&model.objective, model.version)?;
        let mut base: Vec<f32> = match model.base_space {
            BaseSpace::Margin => model.base_scores.clone(),
            BaseSpace::Output => {
                model.base_scores.iter().map(|&score| objective.margin(score)).collect()
            }
        };
        let first = base.first().copied().unwrap_or_default();
        base.resize(model.n_outputs, first);
        let mut categorical = Vec::new();
        let sums = match &model.booster {
            Booster::Linear(linear) => Sums::Linear(LinearSums::new(linear, model, first)),
            Booster::Trees(ensemble) => {
                let best = options.best_iteration.or_else(|| model.best_iteration());
                let n_trees = match (options.rounds, best) {
                    (Rounds::Best, Some(best)) => model.n_trees_of(best.saturating_add(1)),
                    (Rounds::All, _) | (_, None) => ensemble.trees.len(),
                };
                match forest::build(model, ensemble, n_trees, &base)? {
                    Some((forest, features)) => {
                        categorical = features;
                        Sums::Trees(Box::new(ForestKernel::new(&forest)))
                    }
                    None => Sums::Constant(base),
                }
            }
        };
        let said = || model.is_classifier(&Limits::default()).unwrap_or(false);
        Ok(Self {
            n_features: model.n_features,
            n_outputs: model.n_outputs,
            sums,
            objective,
            is_classifier: options.is_classifier.unwrap_or_else(said),
            missing: options.missing,
            categorical,
        })
    }

    pub(crate) fn n_features(&self) -> usize {
        self.n_features
    }

    pub(crate) fn answer_fact(&self, method: Method) -> Option<AnswerFact> {
        let n_outputs = self.n_outputs;
        let n_answers = if self.objective == Objective::Softmax { 1 } else { n_outputs };
        Some(match method {
            Method::Margin => AnswerFact::new(DType::F32, n_outputs),
            Method::Booster => AnswerFact::new(DType::F32, n_answers),
            Method::Predict if !self.is_classifier => AnswerFact::new(DType::F32, n_answers),
            Method::Predict if self.objective.is_multi_class() => AnswerFact::new(DType::I64, 1),
            Method::Predict => AnswerFact::new(DType::I64, n_outputs),
            Method::PredictProba if !self.is_classifier => return None,
            // The labels are all that is left of the probabilities.
            Method::PredictProba if self.objective == Objective::Softmax => return None,
            Method::PredictProba => AnswerFact::new(DType::F32, n_outputs.max(2)),
        })
    }

    pub(crate) fn predict(
        &self,
        input: Input<'_>,
        method: Method,
        scratch: &mut Scratch,
        out: &mut TensorData,
    ) -> Result<(), Error> {
        if self.answer_fact(method).is_none() {
            return Err(Error::invalid_input("the model has no probabilities of classes"));
        }
        if method != Method::Predict || !self.is_classifier {
            let scores = out.reset::<f32>();
            self.margins(input, &mut scratch.singles, scores)?;
            if method == Method::Margin {
                return Ok(());
            }
            self.objective.apply(scores, self.n_outputs);
            if method == Method::PredictProba && self.n_outputs == 1 {
                super::both_probabilities(scores);
            }
            return Ok(());
        }
        let mut scores = std::mem::take(&mut scratch.scores);
        scores.clear();
        let margins = self.margins(input, &mut scratch.singles, &mut scores);
        self.objective.apply(&mut scores, self.n_outputs);
        let labels = out.reset::<i64>();
        match self.objective {
            Objective::Softprob => {
                let rows = scores.chunks_exact(self.n_outputs);
                labels.extend(rows.map(objective::first_of_greatest));
            }
            #[expect(clippy::cast_possible_truncation, reason = "classes are small whole numbers")]
            Objective::Softmax => labels.extend(scores.iter().map(|&class| class as i64)),
            Objective::Identity(_)
            | Objective::Logistic { .. }
            | Objective::Hinge
            | Objective::Exp
            | Objective::WideExp => {
                labels.extend(scores.iter().map(|&score| i64::from(score > 0.5)));
            }
        }
        scratch.scores = scores;
        margins
    }

    /// Appends the sums of each row.
    fn margins(
        &self,
        input: Input<'_>,
        buffer: &mut Vec<f32>,
        out: &mut Vec<f32>,
    ) -> Result<(), Error> {
        if input.n_columns() > self.n_features {
            let (expected, got) = (self.n_features, input.n_columns());
            return Err(Error::invalid_input(format!(
                "the number of columns does not match the number of features in the booster: \
                 expected at most {expected}, got {got}"
            )));
        }
        // Columns that are not there are made only as far as a split asks for them.
        let n_asked = match &self.sums {
            Sums::Trees(kernel) => kernel.n_features(),
            Sums::Linear(_) | Sums::Constant(_) => 1,
        };
        let width = input.n_columns().max(n_asked);
        let change = |row: &mut [f32]| self.prepare(row);
        input.singles(width, buffer, change, |rows| match &self.sums {
            Sums::Trees(kernel) => kernel.run(Rows::new(rows, width), out),
            Sums::Linear(linear) => linear.run(rows.chunks_exact(width), out),
            Sums::Constant(base) => {
                rows.chunks_exact(width).for_each(|_| out.extend_from_slice(base));
            }
        })
    }

    /// Makes missing values NaN and refuses infinite ones, as XGBoost does.
    fn prepare(&self, row: &mut [f32]) -> Result<(), Error> {
        for value in row.iter_mut() {
            #[expect(clippy::float_cmp, reason = "a certain value stands for a missing one")]
            let is_missing = *value == self.missing;
            if is_missing {
                *value = f32::NAN;
            } else if value.is_infinite() && !self.missing.is_infinite() {
                return Err(Error::invalid_input(
                    "expected finite values, got infinity or a value beyond single precision",
                ));
            }
        }
        for &column in &self.categorical {
            // Minus one half is no category, and its integer part is zero.
            if let Some(value) = row.get_mut(column as usize)
                && *value < 0.0
            {
                *value = -1.0;
            }
        }
        Ok(())
    }
}
