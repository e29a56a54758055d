//! Selection by trying which columns an estimator can do without.

use radiant_core::Error;

use super::columns::{Columns, Selector, fact};
use super::importance::takes_any_number;
use crate::sklearn::data::{Data, Table};
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, no_method};
use crate::sklearn::source::{Read, Source};

/// `RFE` and `RFECV`: a mask, and the estimator fitted on what it keeps.
#[derive(Debug)]
struct Eliminator {
    columns: Columns,
    estimator: Box<dyn Estimator>,
}

/// Reads the mask of a selector that stores one.
fn columns(source: &Source<'_>) -> Read<Columns> {
    let node = source.attr("support_")?;
    let mask = node.array()?;
    if mask.shape().len() != 1 {
        return Err(mask.expected("truth values with one axis"));
    }
    let takes_any = takes_any_number(source, source.attr("estimator")?)?;
    Ok(Columns::new(source, &mask.to_bool()?, takes_any))
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let estimator = source.estimator(source.attr("estimator_")?)?;
    Ok(Box::new(Eliminator { columns: columns(source)?, estimator }))
}

/// `SequentialFeatureSelector`.
pub(super) fn read_sequential(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    Ok(Box::new(Selector(columns(source)?)))
}

impl Estimator for Eliminator {
    fn fact(&self, method: Method) -> Option<Fact> {
        match method {
            Method::Transform => Some(fact(&self.columns)),
            Method::Predict
            | Method::PredictProba
            | Method::PredictLogProba
            | Method::DecisionFunction => self.estimator.fact(method),
            Method::ScoreSamples => None,
        }
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if self.fact(method).is_none() {
            return Err(no_method(self.columns.class(), method));
        }
        let kept = self.columns.of(x)?;
        if method == Method::Transform {
            return Ok(Answer::Table(kept));
        }
        self.estimator.run(method, &kept)
    }

    fn wants(&self) -> Wants {
        self.columns.wants()
    }

    fn classes(&self) -> Option<&Data<'static>> {
        self.estimator.classes()
    }
}
