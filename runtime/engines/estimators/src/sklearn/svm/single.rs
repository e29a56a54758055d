//! Machines of libsvm with one decision: regression, and outliers.

use radiant_core::{DType, Error};

use super::kernel::{Kernel, dot};
use crate::sklearn::data::Table;
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, Width, no_method};
use crate::sklearn::intake::Intake;
use crate::sklearn::source::{Read, Source};

/// A weighted sum of kernels.
#[derive(Debug)]
struct Machine {
    intake: Intake,
    kernel: Kernel,
    // Invariant: one for each support vector.
    weights: Vec<f64>,
    offset: f64,
}

impl Machine {
    fn read(source: &Source<'_>) -> Read<Self> {
        let kernel = Kernel::read(source)?;
        Ok(Self {
            intake: Intake::new(source, Some(kernel.n_features())),
            weights: kernel.weights(source, 1)?.values,
            offset: source.attr("_intercept_")?.float()?,
            kernel,
        })
    }

    fn decisions(&self, x: &Table<'_>) -> Result<Vec<f64>, Error> {
        let mut decisions = Vec::with_capacity(x.n_rows());
        self.kernel.each(&self.intake, x, |values| {
            decisions.push(dot(&self.weights, values) + self.offset);
        })?;
        Ok(decisions)
    }
}

/// `SVR` and `NuSVR`.
#[derive(Debug)]
struct Regressor(Machine);

pub(super) fn read_regressor(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    Ok(Box::new(Regressor(Machine::read(source)?)))
}

impl Estimator for Regressor {
    fn fact(&self, method: Method) -> Option<Fact> {
        (method == Method::Predict).then_some(Fact::NUMBER)
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if method != Method::Predict {
            return Err(no_method(&self.0.intake.class, method));
        }
        Ok(Answer::column(self.0.decisions(x)?))
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.0.intake.n_features)
    }
}

/// `OneClassSVM`.
#[derive(Debug)]
struct OneClass {
    machine: Machine,
    /// What scores are above decisions.
    offset: f64,
}

pub(super) fn read_one_class(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let machine = Machine::read(source)?;
    let offset = match source.some("offset_")? {
        Some(node) => node.float()?,
        None => -machine.offset,
    };
    Ok(Box::new(OneClass { machine, offset }))
}

impl Estimator for OneClass {
    fn fact(&self, method: Method) -> Option<Fact> {
        match method {
            Method::Predict => Some(Fact { dtype: DType::I64, width: Width::One }),
            Method::DecisionFunction | Method::ScoreSamples => Some(Fact::NUMBER),
            _ => None,
        }
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        let mut decisions = self.machine.decisions(x)?;
        Ok(match method {
            Method::Predict => {
                let side = |decision: &f64| if *decision > 0.0 { 1 } else { -1 };
                Answer::column(decisions.iter().map(side).collect::<Vec<i64>>())
            }
            Method::DecisionFunction => Answer::column(decisions),
            Method::ScoreSamples => {
                for decision in &mut *decisions {
                    *decision += self.offset;
                }
                Answer::column(decisions)
            }
            _ => return Err(no_method(&self.machine.intake.class, method)),
        })
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.machine.intake.n_features)
    }
}
