//! Principal components.

use std::f64::consts::TAU;

use radiant_core::Error;

use super::projection::{Directions, centred};
use crate::sklearn::affine::Scores;
use crate::sklearn::data::Table;
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, no_method};
use crate::sklearn::intake::{Intake, Rows};
use crate::sklearn::source::{Read, Source, is_single};

/// `PCA` and `IncrementalPCA`.
#[derive(Debug)]
struct Components {
    intake: Intake,
    directions: Directions,
    middle: Vec<f64>,
    /// The middle in the directions, where rows are centred after they are projected (1.5).
    projected_middle: Option<Vec<f64>>,
    /// What a direction is divided by.
    scale: Option<Vec<f64>>,
    density: Option<Density>,
}

/// How likely rows are, if they spread along the directions as those trained with.
#[derive(Debug)]
struct Density {
    /// The variance along each direction.
    along: Vec<f64>,
    /// The variance across all of them; `None` where there is no room for one.
    across: Option<f64>,
    /// What does not depend on a row.
    constant: f64,
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let node = source.attr("components_")?;
    let directions = Directions::read(node)?;
    let n = directions.n_directions();
    let middle = match source.some("mean_")? {
        Some(_) => source.vector_of("mean_", directions.n_features())?,
        None => vec![0.0; directions.n_features()],
    };
    let projected_middle = source.since(1, 5).then(|| directions.products.apply_to(&middle, 1));
    let scale = if source.flag("whiten", false)? { Some(scale(source, n)?) } else { None };
    let density = if source.class() == "PCA" { density(source, &directions)? } else { None };
    Ok(Box::new(Components {
        intake: Intake::new(source, Some(directions.n_features())),
        directions,
        middle,
        projected_middle,
        scale,
        density,
    }))
}

/// Standard deviations, since 1.5 none too small to divide by.
fn scale(source: &Source<'_>, n: usize) -> Read<Vec<f64>> {
    let least = match (source.since(1, 5), is_single(source.attr("explained_variance_")?)?) {
        (false, _) => 0.0,
        (true, false) => f64::EPSILON,
        (true, true) => f64::from(f32::EPSILON),
    };
    let variances = source.vector_of("explained_variance_", n)?;
    Ok(variances.into_iter().map(|variance| variance.sqrt().max(least)).collect())
}

/// Directions are at right angles, so that the covariance needs no inversion. Whitened components
/// are multiplied by their standard deviation in it, as the library does.
fn density(source: &Source<'_>, directions: &Directions) -> Read<Option<Density>> {
    let n = directions.n_directions();
    let noise = source.number("noise_variance_", 0.0)?;
    let whitens = source.flag("whiten", false)?;
    let variances = source.vector_of("explained_variance_", n)?;
    let variance = |variance: f64| {
        let above = if variance > noise { variance - noise } else { 0.0 };
        if whitens { variance * above + noise } else { above + noise }
    };
    let along: Vec<f64> = variances.into_iter().map(variance).collect();
    let n_across = directions.n_features().saturating_sub(n);
    let is_singular = along.contains(&0.0) || (n_across > 0 && noise == 0.0);
    if is_singular {
        return Ok(None);
    }
    let across = (n_across > 0).then_some(noise);
    let log_determinant = along.iter().map(|variance| variance.ln()).sum::<f64>()
        + across.map_or(0.0, |noise| n_across as f64 * noise.ln());
    let constant = -0.5 * (directions.n_features() as f64 * TAU.ln() + log_determinant);
    Ok(Some(Density { along, across, constant }))
}

impl Components {
    fn transform(&self, rows: Rows<'_, f64>) -> Vec<f64> {
        let products = &self.directions.products;
        let mut out = match &self.projected_middle {
            None => products.apply(&centred(rows, &self.middle)),
            Some(_) => products.apply(&rows),
        };
        for row in out.chunks_exact_mut(self.directions.n_directions()) {
            if let Some(middle) = &self.projected_middle {
                row.iter_mut().zip(middle).for_each(|(value, middle)| *value -= middle);
            }
            if let Some(scale) = &self.scale {
                row.iter_mut().zip(scale).for_each(|(value, scale)| *value /= scale);
            }
        }
        out
    }

    fn log_likelihoods(&self, density: &Density, rows: Rows<'_, f64>) -> Vec<f64> {
        let rows = centred(rows, &self.middle);
        let projected = self.directions.products.apply(&rows);
        let of_row = |(row, projected): (&[f64], &[f64])| {
            let along = projected.iter().zip(&density.along);
            let mut distance: f64 = along.map(|(x, variance)| x * x / variance).sum();
            if let Some(across) = density.across {
                distance += self.directions.square_across(row, projected) / across;
            }
            density.constant - 0.5 * distance
        };
        let projected = projected.chunks_exact(self.directions.n_directions());
        rows.iter().zip(projected).map(of_row).collect()
    }
}

impl Estimator for Components {
    fn fact(&self, method: Method) -> Option<Fact> {
        match method {
            Method::Transform => Some(Fact::numbers(self.directions.n_directions())),
            Method::ScoreSamples => self.density.as_ref().map(|_| Fact::NUMBER),
            _ => None,
        }
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        let rows = self.intake.doubles(x)?;
        let (n_rows, n) = (rows.n_rows, self.directions.n_directions());
        let is_single = self.directions.products.is_single() && x.is_single();
        match (method, &self.density) {
            (Method::Transform, _) => {
                Ok(Scores::new(n_rows, n, self.transform(rows), is_single).into_matrix())
            }
            (Method::ScoreSamples, Some(density)) => {
                let values = self.log_likelihoods(density, rows);
                Ok(Scores::new(n_rows, 1, values, is_single).into_column())
            }
            _ => Err(no_method(&self.intake.class, method)),
        }
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.intake.n_features)
    }
}
