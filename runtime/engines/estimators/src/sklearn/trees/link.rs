//! From the sums of boosted trees to probabilities and labels.

use crate::sklearn::activation::{argmax, expit, softmax};
use crate::sklearn::data::{Array, Data, Table};
use crate::sklearn::estimator::{Answer, Fact, Method, logarithms};

/// How sums become probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    /// One sum, of the second of two classes.
    Logistic,
    /// The same of twice the sum.
    HalfLogistic,
    /// A sum for each class.
    Softmax,
    /// The same, by the logarithm of the sum of exponentials (to 1.3).
    LogSumExp,
}

/// How sums become labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// The class of the greatest probability.
    Probable,
    /// The class of the greatest sum; of one sum, the second class from zero on.
    FromZero,
    /// The class of the greatest sum; of one sum, the second class above zero.
    AboveZero,
}

/// Classes by the sums of boosted trees.
#[derive(Debug)]
pub(super) struct Ballot {
    pub(super) classes: Data<'static>,
    pub(super) link: Link,
    pub(super) choice: Choice,
}

impl Ballot {
    /// The number of sums.
    pub(super) fn n_sums(&self) -> usize {
        if self.classes.len() <= 2 { 1 } else { self.classes.len() }
    }

    pub(super) fn fact(&self, method: Method) -> Option<Fact> {
        match method {
            Method::Predict => Some(Fact::labels(&self.classes)),
            Method::PredictProba | Method::PredictLogProba => {
                Some(Fact::numbers(self.classes.len()))
            }
            Method::DecisionFunction if self.n_sums() == 1 => Some(Fact::NUMBER),
            Method::DecisionFunction => Some(Fact::numbers(self.n_sums())),
            Method::Transform | Method::ScoreSamples => None,
        }
    }

    /// The answer of a method that has a fact.
    pub(super) fn answer(&self, method: Method, sums: Vec<f64>) -> Answer {
        let n_rows = sums.len() / self.n_sums();
        match method {
            Method::Predict => Answer::column(self.labels(sums)),
            Method::DecisionFunction if self.n_sums() == 1 => Answer::column(sums),
            Method::DecisionFunction => Answer::matrix(n_rows, self.n_sums(), sums),
            Method::PredictLogProba => logarithms(self.answer(Method::PredictProba, sums)),
            Method::PredictProba | Method::Transform | Method::ScoreSamples => {
                let probabilities = self.probabilities(sums);
                Answer::Table(Table::Array(Array::matrix(
                    n_rows,
                    self.classes.len(),
                    probabilities,
                )))
            }
        }
    }

    fn labels(&self, sums: Vec<f64>) -> Data<'static> {
        match (self.choice, self.n_sums()) {
            (Choice::Probable, _) => {
                let probabilities = self.probabilities(sums);
                self.classes.pick(probabilities.chunks_exact(self.classes.len()).map(argmax))
            }
            (Choice::FromZero, 1) => self.classes.pick(sums.iter().map(|s| usize::from(*s >= 0.0))),
            (Choice::AboveZero, 1) => self.classes.pick(sums.iter().map(|s| usize::from(*s > 0.0))),
            (_, n_sums) => self.classes.pick(sums.chunks_exact(n_sums).map(argmax)),
        }
    }

    fn probabilities(&self, mut sums: Vec<f64>) -> Vec<f64> {
        let both = |probability: f64| [1.0 - probability, probability];
        match self.link {
            Link::Logistic => sums.into_iter().flat_map(|sum| both(expit(sum))).collect(),
            Link::HalfLogistic => sums.into_iter().flat_map(|sum| both(expit(2.0 * sum))).collect(),
            Link::Softmax => {
                sums.chunks_exact_mut(self.n_sums()).for_each(softmax);
                sums
            }
            Link::LogSumExp => {
                for row in sums.chunks_exact_mut(self.n_sums()) {
                    let max = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                    let sum: f64 = row.iter().map(|value| (value - max).exp()).sum();
                    let whole = sum.ln() + max;
                    for value in row {
                        *value = (*value - whole).exp();
                    }
                }
                sums
            }
        }
    }
}
