//! Estimators of two classes inside others: their scores.

use radiant_core::Error;
use radiant_formats::Node;

use crate::sklearn::data::Table;
use crate::sklearn::ensembles::member::{expect, given_of};
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, no_method};
use crate::sklearn::source::{Read, Source};

/// What an estimator of two classes says for the second.
#[derive(Debug)]
pub(super) struct Binary {
    pub(super) estimator: Box<dyn Estimator>,
    method: Method,
}

impl Binary {
    /// Takes an estimator with decisions, with probabilities, or a regressor, in this order.
    pub(super) fn new(node: Node<'_>, estimator: Box<dyn Estimator>) -> Read<Self> {
        let order = [Method::DecisionFunction, Method::PredictProba, Method::Predict];
        let method = order.into_iter().find(|method| estimator.fact(*method).is_some());
        let method = method.unwrap_or(Method::Predict);
        expect(node, &*estimator, method, if method == Method::PredictProba { 2 } else { 1 })?;
        Ok(Self { estimator, method })
    }

    /// From which score on, not included, a row is of the second class.
    pub(super) fn threshold(&self) -> f64 {
        if self.method == Method::DecisionFunction { 0.0 } else { 0.5 }
    }

    /// A score for each row.
    pub(super) fn scores(&self, x: &Table<'_>) -> Result<Vec<f64>, Error> {
        scores(&*self.estimator, self.method, x)
    }
}

/// A score for each row: of probabilities, that of the second class.
pub(super) fn scores(
    estimator: &dyn Estimator,
    method: Method,
    x: &Table<'_>,
) -> Result<Vec<f64>, Error> {
    if method != Method::PredictProba {
        return Ok(given_of(estimator, method, x, 1)?.values);
    }
    let given = given_of(estimator, method, x, 2)?;
    Ok(given.values.into_iter().skip(1).step_by(2).collect())
}

/// `_ConstantPredictor`: stands for a class that all training rows had, or none.
#[derive(Debug)]
struct Constant(f64);

/// Reads `_ConstantPredictor`.
pub(super) fn read_constant(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let node = source.attr("y_")?;
    match node.floats()?.0[..] {
        [value] => Ok(Box::new(Constant(value))),
        _ => Err(node.expected("one number")),
    }
}

impl Estimator for Constant {
    fn fact(&self, method: Method) -> Option<Fact> {
        match method {
            Method::Predict | Method::DecisionFunction => Some(Fact::NUMBER),
            Method::PredictProba => Some(Fact::numbers(2)),
            _ => None,
        }
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        let n_rows = x.n_rows();
        match method {
            Method::Predict | Method::DecisionFunction => Ok(Answer::column(vec![self.0; n_rows])),
            Method::PredictProba => {
                Ok(Answer::matrix(n_rows, 2, [1.0 - self.0, self.0].repeat(n_rows)))
            }
            _ => Err(no_method("_ConstantPredictor", method)),
        }
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(None)
    }
}
