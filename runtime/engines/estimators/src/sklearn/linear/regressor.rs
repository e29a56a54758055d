//! Regressors whose answers are dot products, through a link function where there is one.

use radiant_core::{DType, Error};

use crate::sklearn::affine::Affine;
use crate::sklearn::data::Table;
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, Width, no_method};
use crate::sklearn::intake::Intake;
use crate::sklearn::source::{Read, Source};

/// From a sum to the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    Identity,
    Log,
}

/// A regressor with an answer a row, or one for each of several targets.
#[derive(Debug)]
struct LinearRegressor {
    intake: Intake,
    sums: Affine,
    link: Link,
}

/// `LinearRegression`, `Ridge` and all others without a link function.
pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let sums = Affine::read(source, "coef_", "intercept_")?;
    let intake = Intake::new(source, Some(sums.n_features()));
    Ok(Box::new(LinearRegressor { intake, sums, link: Link::Identity }))
}

/// `SGDRegressor` and `PassiveAggressiveRegressor`, whose weights have two axes once they are sparse.
pub(super) fn read_sgd(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let sums = Affine::read(source, "coef_", "intercept_")?.flat();
    let intake = Intake::new(source, Some(sums.n_features()));
    Ok(Box::new(LinearRegressor { intake, sums, link: Link::Identity }))
}

/// `PoissonRegressor`, `GammaRegressor` and `TweedieRegressor`.
pub(super) fn read_generalised(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let sums = Affine::read(source, "coef_", "intercept_")?;
    if !sums.is_flat() {
        return Err(source.attr("coef_")?.expected("weights with one axis"));
    }
    let intake = Intake::new(source, Some(sums.n_features())).with_texts();
    Ok(Box::new(LinearRegressor { intake, sums, link: link(source)? }))
}

fn link(source: &Source<'_>) -> Read<Link> {
    if source.class() != "TweedieRegressor" {
        return Ok(Link::Log);
    }
    match &*source.choice("link", "auto")? {
        "auto" if source.number("power", 0.0)? <= 0.0 => Ok(Link::Identity),
        "auto" | "log" => Ok(Link::Log),
        "identity" => Ok(Link::Identity),
        _ => Err(source.attr("link")?.expected("`auto`, `identity` or `log`")),
    }
}

impl Estimator for LinearRegressor {
    fn fact(&self, method: Method) -> Option<Fact> {
        let is_flat = self.sums.is_flat();
        let width = if is_flat { Width::One } else { Width::Columns(Some(self.sums.n_outputs())) };
        (method == Method::Predict).then_some(Fact { dtype: DType::F64, width })
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if method != Method::Predict {
            return Err(no_method(&self.intake.class, method));
        }
        let mut sums = self.sums.scores(&self.intake, x)?;
        if self.link == Link::Log {
            for value in &mut sums.values {
                *value = value.exp();
            }
        }
        Ok(if self.sums.is_flat() { sums.into_column() } else { sums.into_matrix() })
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.intake.n_features)
    }
}

/// `RANSACRegressor`: the regressor that was fitted to the inliers.
#[derive(Debug)]
struct Consensus {
    regressor: Box<dyn Estimator>,
}

pub(super) fn read_consensus(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let node = source.attr("estimator_")?;
    let regressor = source.estimator(node)?;
    if regressor.fact(Method::Predict).is_none() {
        return Err(node.expected("a regressor"));
    }
    Ok(Box::new(Consensus { regressor }))
}

impl Estimator for Consensus {
    fn fact(&self, method: Method) -> Option<Fact> {
        (method == Method::Predict).then(|| self.regressor.fact(method)).flatten()
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if method != Method::Predict {
            return Err(no_method("RANSACRegressor", method));
        }
        self.regressor.run(method, x)
    }

    fn wants(&self) -> Wants {
        self.regressor.wants()
    }
}
