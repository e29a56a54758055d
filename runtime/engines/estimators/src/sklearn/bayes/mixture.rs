//! Mixtures of normal distributions.

use std::f64::consts::{LN_2, PI};

use radiant_core::{DType, Error};

use crate::sklearn::activation::log_sum_exp;
use crate::sklearn::affine::Scores;
use crate::sklearn::data::{Array, Data, Table};
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, Width, no_method};
use crate::sklearn::intake::Intake;
use crate::sklearn::source::{Matrix, Read, Source, single, vector};

use super::digamma::digamma;
use super::joint;
use super::spread::Spread;

/// `GaussianMixture` and `BayesianGaussianMixture`.
#[derive(Debug)]
struct Mixture {
    intake: Intake,
    /// The numbers of the components.
    components: Data<'static>,
    spread: Spread,
    /// What does not depend on rows, for all components and for each.
    base: f64,
    constants: Vec<f64>,
    is_single: bool,
    /// Whether distances are put into an array of the rows' own type (1.8).
    casts_distances: bool,
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let means = means(source)?;
    let weights = source.vector_of("weights_", means.n_rows)?;
    let is_single = source.is_single("weights_")?;
    let logarithms: Vec<_> = weights.iter().map(|weight| weight.ln()).collect();
    finished(source, &means, &logarithms, is_single)
}

/// Weights and spreads are distributions themselves, of which the means are taken.
pub(super) fn read_bayesian(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let means = means(source)?;
    let (n_components, n_features) = (means.n_rows, means.n_columns);
    let mut constants = log_weights(source, n_components)?;
    let mut degrees = vector(source.attr("degrees_of_freedom_")?)?;
    if let [shared] = degrees[..] {
        degrees = vec![shared; n_components];
    }
    if degrees.len() != n_components {
        return Err(source
            .attr("degrees_of_freedom_")?
            .expected(format_args!("{n_components} numbers")));
    }
    let mean_precisions = source.vector_of("mean_precision_", n_components)?;
    let n = n_features as f64;
    for ((constant, degrees), mean_precision) in
        constants.iter_mut().zip(&degrees).zip(&mean_precisions)
    {
        let part = |feature: usize| digamma(0.5 * (degrees - feature as f64));
        let log_lambda = n * LN_2 + (0..n_features).map(part).sum::<f64>();
        *constant += 0.5 * (log_lambda - n / mean_precision) - 0.5 * n * degrees.ln();
    }
    finished(source, &means, &constants, false)
}

fn means(source: &Source<'_>) -> Read<Matrix> {
    let means = source.matrix("means_")?;
    if means.n_rows == 0 || means.n_columns == 0 {
        return Err(source.attr("means_")?.expected("at least one component"));
    }
    Ok(means)
}

/// The expected logarithms of the weights of components.
fn log_weights(source: &Source<'_>, n_components: usize) -> Read<Vec<f64>> {
    let node = source.attr("weight_concentration_")?;
    if source.choice("weight_concentration_prior_type", "dirichlet_process")? != "dirichlet_process"
    {
        let concentrations = source.vector_of("weight_concentration_", n_components)?;
        let total = digamma(concentrations.iter().sum());
        return Ok(concentrations.iter().map(|value| digamma(*value) - total).collect());
    }
    let [left, right] = node.tuple()?;
    let (left, right) = (vector(left)?, vector(right)?);
    if left.len() != n_components || right.len() != n_components {
        return Err(node.expected(format_args!("two arrays of {n_components} numbers")));
    }
    let mut before = 0.0;
    let weight = |(left, right): (&f64, &f64)| {
        let total = digamma(left + right);
        let weight = digamma(*left) - total + before;
        before += digamma(*right) - total;
        weight
    };
    Ok(left.iter().zip(&right).map(weight).collect())
}

/// Adds to the logarithms of weights what all mixtures have.
fn finished(
    source: &Source<'_>,
    means: &Matrix,
    log_weights: &[f64],
    is_single: bool,
) -> Read<Box<dyn Estimator>> {
    let (spread, log_determinants) = Spread::read(source, means)?;
    let constants = log_weights.iter().zip(&log_determinants);
    let is_single = is_single
        && source.since(1, 8)
        && source.is_single("means_")?
        && source.is_single("precisions_cholesky_")?;
    let intake = Intake::new(source, Some(means.n_columns));
    let intake = if source.since(1, 0) { intake } else { intake.with_texts() };
    let is_turned = !matches!(spread, Spread::Independent { .. });
    Ok(Box::new(Mixture {
        casts_distances: is_turned && source.since(1, 8),
        intake,
        components: (0_i64..).take(means.n_rows).collect::<Vec<_>>().into(),
        spread,
        base: means.n_columns as f64 * (2.0 * PI).ln(),
        constants: constants.map(|(weight, logarithm)| logarithm + weight).collect(),
        is_single,
    }))
}

impl Mixture {
    fn joint(&self, x: &Table<'_>) -> Result<Scores, Error> {
        let rows = self.intake.doubles(x)?;
        let mut joint = self.spread.distances(&rows, x);
        let is_rounded = self.casts_distances && x.is_single();
        if self.casts_distances {
            cast(&mut joint, x);
        }
        let half = |distance: f64| {
            if is_rounded {
                -0.5 * single(single(self.base) + distance)
            } else {
                -0.5 * (self.base + distance)
            }
        };
        for row in joint.chunks_exact_mut(self.constants.len()) {
            for (value, constant) in row.iter_mut().zip(&self.constants) {
                *value = half(*value) + constant;
            }
        }
        let is_single = self.is_single && x.is_single();
        Ok(Scores::new(rows.n_rows, self.constants.len(), joint, is_single))
    }
}

/// Turns numbers into those of the type that rows have, as assigning them does.
fn cast(values: &mut [f64], x: &Table<'_>) {
    let to: fn(f64) -> f64 = match x {
        Table::Array(Array { data: Data::F32(_), .. }) => single,
        Table::Array(Array { data: Data::I64(_), .. }) => f64::trunc,
        Table::Array(Array { data: Data::Bool(_), .. }) => |value| f64::from(value != 0.0),
        _ => return,
    };
    for value in values {
        *value = to(*value);
    }
}

impl Estimator for Mixture {
    fn fact(&self, method: Method) -> Option<Fact> {
        match method {
            Method::Predict => Some(Fact { dtype: DType::I64, width: Width::One }),
            Method::PredictProba => Some(Fact::numbers(self.components.len())),
            Method::ScoreSamples => Some(Fact::NUMBER),
            _ => None,
        }
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if self.fact(method).is_none() {
            return Err(no_method(&self.intake.class, method));
        }
        let joint = self.joint(x)?;
        if method == Method::ScoreSamples {
            let values = joint.rows().map(log_sum_exp).collect();
            return Ok(joint.with(1, values).into_column());
        }
        Ok(joint::answer(method, joint, &self.components))
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.intake.n_features)
    }
}
