//! Outliers by their distance from the middle, in units of the spread there.

use radiant_core::{DType, Error};

use crate::sklearn::data::Table;
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, Width, no_method};
use crate::sklearn::intake::{Intake, Rows};
use crate::sklearn::source::{Matrix, Read, Source};

/// `EllipticEnvelope`.
#[derive(Debug)]
struct Envelope {
    intake: Intake,
    middle: Vec<f64>,
    /// The inverse of the covariance.
    // Invariant: as many rows and columns as the middle has features.
    precision: Matrix,
    /// The score from which a row belongs to the others.
    offset: f64,
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let middle = source.vector("location_")?;
    let n_features = middle.len();
    if source.some("precision_")?.is_none() {
        return Err(source.unsupported("no stored precision", "train with `store_precision=True`"));
    }
    Ok(Box::new(Envelope {
        intake: Intake::new(source, Some(n_features)),
        precision: source.matrix_of("precision_", n_features, n_features)?,
        offset: source.attr("offset_")?.float()?,
        middle,
    }))
}

impl Envelope {
    /// The negative square of each row's Mahalanobis distance.
    fn scores(&self, rows: &Rows<'_, f64>) -> Vec<f64> {
        let mut centred = vec![0.0; self.middle.len()];
        let score = |row: &[f64]| {
            let values = row.iter().zip(&self.middle);
            centred.iter_mut().zip(values).for_each(|(to, (x, middle))| *to = x - middle);
            let products = self.precision.rows().zip(&centred).map(|(weights, x)| {
                x * weights.iter().zip(&centred).map(|(weight, x)| weight * x).sum::<f64>()
            });
            -products.sum::<f64>()
        };
        rows.iter().map(score).collect()
    }
}

impl Estimator for Envelope {
    fn fact(&self, method: Method) -> Option<Fact> {
        match method {
            Method::Predict => Some(Fact { dtype: DType::I64, width: Width::One }),
            Method::DecisionFunction | Method::ScoreSamples => Some(Fact::NUMBER),
            _ => None,
        }
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        let mut scores = self.scores(&self.intake.doubles(x)?);
        match method {
            Method::ScoreSamples => return Ok(Answer::column(scores)),
            Method::Predict | Method::DecisionFunction => {}
            _ => return Err(no_method(&self.intake.class, method)),
        }
        for score in &mut *scores {
            *score -= self.offset;
        }
        Ok(if method == Method::Predict {
            Answer::column(inliers(&scores))
        } else {
            Answer::column(scores)
        })
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.intake.n_features)
    }
}

/// 1 for rows that belong to the others, -1 for outliers.
fn inliers(scores: &[f64]) -> Vec<i64> {
    scores.iter().map(|score| if *score >= 0.0 { 1 } else { -1 }).collect()
}
