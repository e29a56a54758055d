//! Naive Bayes with normal distributions.

use std::f64::consts::PI;

use radiant_core::Error;

use crate::sklearn::affine::Scores;
use crate::sklearn::data::{Data, Table};
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, no_method};
use crate::sklearn::intake::Intake;
use crate::sklearn::source::{Matrix, Read, Source};

use super::joint;

/// `GaussianNB`.
#[derive(Debug)]
struct Gaussian {
    intake: Intake,
    classes: Data<'static>,
    /// `[n_classes, n_features]`
    means: Matrix,
    /// `[n_classes, n_features]`
    variances: Matrix,
    /// What does not depend on rows, for each class.
    constants: Vec<f64>,
    /// Whether all of it is of single precision (1.8).
    is_single: bool,
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let classes = source.classes()?;
    let variances_name = if source.since(1, 0) { "var_" } else { "sigma_" };
    let means = source.matrix("theta_")?;
    let variances = source.matrix_of(variances_name, classes.len(), means.n_columns)?;
    if means.n_rows != classes.len() || means.n_columns == 0 {
        return Err(source.attr("theta_")?.expected(format_args!("{} rows", classes.len())));
    }
    let priors = source.vector_of("class_prior_", classes.len())?;
    let mut is_single = true;
    for name in ["theta_", variances_name, "class_prior_"] {
        is_single &= source.is_single(name)?;
    }
    let constant = |(prior, variances): (&f64, &[f64])| {
        let spread: f64 = variances.iter().map(|variance| (2.0 * PI * variance).ln()).sum();
        prior.ln() - 0.5 * spread
    };
    Ok(Box::new(Gaussian {
        intake: Intake::new(source, Some(means.n_columns)),
        constants: priors.iter().zip(variances.rows()).map(constant).collect(),
        classes,
        means,
        variances,
        is_single,
    }))
}

impl Gaussian {
    fn joint(&self, x: &Table<'_>) -> Result<Scores, Error> {
        let rows = self.intake.doubles(x)?;
        let mut joint = Vec::with_capacity(rows.n_rows * self.classes.len());
        for row in rows.iter() {
            let classes = self.means.rows().zip(self.variances.rows()).zip(&self.constants);
            joint.extend(classes.map(|((means, variances), constant)| {
                constant - 0.5 * scaled_distance(row, means, variances)
            }));
        }
        let is_single = self.is_single && x.is_single();
        Ok(Scores::new(rows.n_rows, self.classes.len(), joint, is_single))
    }
}

/// The sum of squared distances, each by a variance; four sums side by side.
fn scaled_distance(row: &[f64], means: &[f64], variances: &[f64]) -> f64 {
    let part = |x: f64, mean: f64, variance: f64| (x - mean) * (x - mean) / variance;
    let (rows, row) = row.as_chunks::<4>();
    let (mean_chunks, means) = means.as_chunks::<4>();
    let (variance_chunks, variances) = variances.as_chunks::<4>();
    let mut sums = [0.0; 4];
    for ((row, means), variances) in rows.iter().zip(mean_chunks).zip(variance_chunks) {
        for (lane, sum) in sums.iter_mut().enumerate() {
            *sum += part(row[lane], means[lane], variances[lane]);
        }
    }
    let rest = row.iter().zip(means).zip(variances);
    let rest: f64 = rest.map(|((x, mean), variance)| part(*x, *mean, *variance)).sum();
    sums.iter().sum::<f64>() + rest
}

impl Estimator for Gaussian {
    fn fact(&self, method: Method) -> Option<Fact> {
        joint::fact(&self.classes, method)
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if self.fact(method).is_none() {
            return Err(no_method(&self.intake.class, method));
        }
        Ok(joint::answer(method, self.joint(x)?, &self.classes))
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.intake.n_features)
    }

    fn classes(&self) -> Option<&Data<'static>> {
        Some(&self.classes)
    }
}
