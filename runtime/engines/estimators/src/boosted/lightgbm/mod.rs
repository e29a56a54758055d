//! Models of LightGBM.
//!
//! Sources: files and answers of LightGBM 2.3.1, 3.2.1, 3.3.5, 4.3.0 and 4.7.0.

mod forest;
mod linear;
mod objective;

use radiant_core::{DType, Error, TensorData};
use radiant_formats::lightgbm::Model;
use radiant_kernels::forest::{ForestKernel, Rows};

use super::{AnswerFact, Input, Method, Scratch};
use crate::Unsupported;
use linear::LinearTrees;
use objective::Objective;

/// A model that is ready to run.
#[derive(Debug)]
pub(crate) struct LightgbmModel {
    n_features: usize,
    n_outputs: usize,
    sums: Sums,
    objective: Objective,
    /// What sums are divided by before the objective sees them.
    n_averaged: Option<f64>,
    is_classifier: bool,
}

/// What gives the sums.
#[derive(Debug)]
enum Sums {
    Trees(Box<ForestKernel<f64, f64>>),
    Linear(Box<LinearTrees>),
    /// No trees.
    Zero,
}

impl LightgbmModel {
    /// Prepares a model; only who holds the booster knows whether it is a classifier's.
    ///
    /// # Errors
    /// When its objective is unknown.
    pub(crate) fn new(model: &Model, is_classifier: bool) -> Result<Self, Unsupported> {
        let objective = Objective::read(model.objective.as_ref(), model.n_outputs)?;
        let is_linear = model.trees.iter().any(|tree| !tree.linear_leaves.is_empty());
        let sums = if model.trees.is_empty() {
            Sums::Zero
        } else if is_linear {
            Sums::Linear(Box::new(LinearTrees::new(model)?))
        } else {
            Sums::Trees(Box::new(ForestKernel::new(&forest::build(model)?)))
        };
        let n_rounds = model.trees.len() / model.n_outputs;
        Ok(Self {
            n_features: model.n_features,
            n_outputs: model.n_outputs,
            sums,
            objective,
            n_averaged: model.is_average.then_some(n_rounds as f64),
            is_classifier,
        })
    }

    pub(crate) fn n_features(&self) -> usize {
        self.n_features
    }

    pub(crate) fn answer_fact(&self, method: Method) -> Option<AnswerFact> {
        let n_outputs = self.n_outputs;
        Some(match method {
            Method::Booster | Method::Margin => AnswerFact::new(DType::F64, n_outputs),
            Method::Predict if self.is_classifier => AnswerFact::new(DType::I64, 1),
            Method::Predict => AnswerFact::new(DType::F64, n_outputs),
            Method::PredictProba if !self.is_classifier => return None,
            // Sums that an objective of the user's own leaves as they are.
            Method::PredictProba if self.objective.is_custom() => {
                AnswerFact::new(DType::F64, n_outputs)
            }
            Method::PredictProba => AnswerFact::new(DType::F64, n_outputs.max(2)),
        })
    }

    pub(crate) fn predict(
        &self,
        input: Input<'_>,
        method: Method,
        scratch: &mut Scratch,
        out: &mut TensorData,
    ) -> Result<(), Error> {
        input.expect_columns(self.n_features)?;
        if self.answer_fact(method).is_none() {
            return Err(Error::invalid_input("the model has no probabilities of classes"));
        }
        if method != Method::Predict || !self.is_classifier {
            let scores = out.reset::<f64>();
            self.margins(input, scratch, scores);
            if method == Method::Margin {
                return Ok(());
            }
            self.answers(scores);
            let is_single = self.n_outputs == 1 && !self.objective.is_custom();
            if method == Method::PredictProba && is_single {
                super::both_probabilities(scores);
            }
            return Ok(());
        }
        if self.objective.is_custom() {
            return Err(Error::invalid_input("the model's objective has no classes"));
        }
        let mut scores = std::mem::take(&mut scratch.sums);
        scores.clear();
        self.margins(input, scratch, &mut scores);
        self.answers(&mut scores);
        super::labels(&scores, self.n_outputs, out.reset::<i64>());
        scratch.sums = scores;
        Ok(())
    }

    fn answers(&self, scores: &mut [f64]) {
        if let Some(n) = self.n_averaged {
            super::each(scores, |score| score / n);
        }
        self.objective.apply(scores, self.n_outputs);
    }

    /// Appends the sums of each row.
    fn margins(&self, input: Input<'_>, scratch: &mut Scratch, out: &mut Vec<f64>) {
        let Scratch { doubles, leaves, .. } = scratch;
        let width = self.n_features;
        input.doubles(doubles, |rows| match &self.sums {
            Sums::Trees(kernel) => kernel.run(Rows::new(rows, width), out),
            Sums::Linear(linear) => linear.run(rows, width, leaves, out),
            Sums::Zero => {
                let n_scores = rows.len() / width * self.n_outputs;
                out.resize(out.len() + n_scores, 0.0);
            }
        });
    }
}
