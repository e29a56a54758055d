//! Factors behind columns that are each noisy in their own way.

use std::f64::consts::TAU;

use radiant_core::Error;

use super::projection::{Directions, centred};
use crate::sklearn::data::Table;
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, no_method};
use crate::sklearn::intake::{Intake, Rows};
use crate::sklearn::source::{Matrix, Read, Source};

/// `FactorAnalysis`.
#[derive(Debug)]
struct Factors {
    intake: Intake,
    middle: Vec<f64>,
    /// The variance of each column's noise.
    noise: Vec<f64>,
    /// Loadings over noise.
    directions: Directions,
    /// The covariance of factors given a row.
    // Invariant: square, of as many rows as directions.
    covariance: Matrix,
    /// What of a row's log-likelihood does not depend on the row.
    constant: f64,
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let node = source.attr("components_")?;
    let loadings = source.matrix("components_")?;
    let n_features = loadings.n_columns;
    let noise = source.vector_of("noise_variance_", n_features)?;
    let mut weighted = loadings.clone();
    for row in weighted.values.chunks_exact_mut(n_features.max(1)) {
        row.iter_mut().zip(&noise).for_each(|(weight, noise)| *weight /= noise);
    }
    let precision = precision(&loadings, &weighted);
    let directions = Directions::new(weighted).ok_or_else(|| node.expected("factors"))?;
    let (covariance, log_determinant) =
        inverse(precision).ok_or_else(|| node.expected("factors that are no multiples"))?;
    let log_noise = noise.iter().map(|noise| noise.ln()).sum::<f64>();
    Ok(Box::new(Factors {
        intake: Intake::new(source, Some(n_features)),
        middle: source.vector_of("mean_", n_features)?,
        constant: -0.5 * (n_features as f64 * TAU.ln() + log_noise + log_determinant),
        noise,
        directions,
        covariance,
    }))
}

/// One, plus the dot products of loadings with weighted ones.
fn precision(loadings: &Matrix, weighted: &Matrix) -> Matrix {
    let n = loadings.n_rows;
    let mut values = Vec::new();
    for (at, row) in weighted.rows().enumerate() {
        for (other, loading) in loadings.rows().enumerate() {
            let dot: f64 = row.iter().zip(loading).map(|(x, y)| x * y).sum();
            values.push(dot + f64::from(u8::from(at == other)));
        }
    }
    Matrix { n_rows: n, n_columns: n, values }
}

/// The inverse of a square matrix that is symmetric and positive, and the logarithm of its
/// determinant; `None` if it is not.
fn inverse(mut matrix: Matrix) -> Option<(Matrix, f64)> {
    let n = matrix.n_rows;
    let mut inverse = Matrix { n_rows: n, n_columns: n, values: vec![0.0; n * n] };
    inverse.values.iter_mut().step_by(n + 1).for_each(|value| *value = 1.0);
    let mut log_determinant = 0.0;
    for at in 0..n {
        let pivot = matrix.values[at * n + at];
        if !(pivot > 0.0 && pivot.is_finite()) {
            return None;
        }
        log_determinant += pivot.ln();
        for side in [&mut matrix.values, &mut inverse.values] {
            side[at * n..(at + 1) * n].iter_mut().for_each(|value| *value /= pivot);
        }
        for other in (0..n).filter(|other| *other != at) {
            let factor = matrix.values[other * n + at];
            for side in [&mut matrix.values, &mut inverse.values] {
                for column in 0..n {
                    side[other * n + column] -= factor * side[at * n + column];
                }
            }
        }
    }
    Some((inverse, log_determinant))
}

impl Factors {
    /// Means of factors given each row, `[n_rows, n_factors]`, and log-likelihoods.
    fn of(&self, rows: Rows<'_, f64>) -> (Vec<f64>, Vec<f64>) {
        let n = self.covariance.n_rows;
        let rows = centred(rows, &self.middle);
        let projected = self.directions.products.apply(&rows);
        let mut means = Vec::with_capacity(projected.len());
        let mut likelihoods = Vec::with_capacity(rows.n_rows);
        for (row, projected) in rows.iter().zip(projected.chunks_exact(n)) {
            let start = means.len();
            means.extend(self.covariance.rows().map(|weights| {
                weights.iter().zip(projected).map(|(weight, x)| weight * x).sum::<f64>()
            }));
            let known: f64 = means[start..].iter().zip(projected).map(|(x, y)| x * y).sum();
            let columns = row.iter().zip(&self.noise);
            let all: f64 = columns.map(|(x, noise)| x * x / noise).sum();
            likelihoods.push(self.constant - 0.5 * (all - known));
        }
        (means, likelihoods)
    }
}

impl Estimator for Factors {
    fn fact(&self, method: Method) -> Option<Fact> {
        match method {
            Method::Transform => Some(Fact::numbers(self.covariance.n_rows)),
            Method::ScoreSamples => Some(Fact::NUMBER),
            _ => None,
        }
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        let rows = self.intake.doubles(x)?;
        let n_rows = rows.n_rows;
        match method {
            Method::Transform => {
                Ok(Answer::matrix(n_rows, self.covariance.n_rows, self.of(rows).0))
            }
            Method::ScoreSamples => Ok(Answer::column(self.of(rows).1)),
            _ => Err(no_method(&self.intake.class, method)),
        }
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.intake.n_features)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_times_its_inverse_is_one() {
        let matrix = Matrix { n_rows: 2, n_columns: 2, values: vec![4.0, 2.0, 2.0, 3.0] };
        let (inverse, log_determinant) = inverse(matrix).expect("is positive");
        for (got, expected) in inverse.values.iter().zip([0.375, -0.25, -0.25, 0.5]) {
            assert!((got - expected).abs() < 1e-15);
        }
        assert!((log_determinant - 8.0_f64.ln()).abs() < 1e-15);
        let singular = Matrix { n_rows: 2, n_columns: 2, values: vec![1.0; 4] };
        assert!(super::inverse(singular).is_none());
    }
}
