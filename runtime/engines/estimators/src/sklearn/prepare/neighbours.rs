//! Missing values replaced by those of similar rows.

use radiant_core::Error;

use super::impute::{Marker, told};
use super::lane::Real;
use super::transformer::{Transform, Transformer};
use crate::sklearn::data::{Array, Data, Table};
use crate::sklearn::estimator::{Estimator, Fact, Wants};
use crate::sklearn::intake::{Intake, Lane};
use crate::sklearn::source::{Matrix, Read, Source};

/// How donors count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weights {
    /// All the same; whether those do that share no feature with the row.
    Uniform { counts_strangers: bool },
    /// By the inverse of their distance.
    Distance,
}

/// `KNNImputer`.
#[derive(Debug)]
struct Neighbours {
    intake: Intake,
    marker: Marker,
    /// Rows of training; what is missing is NaN.
    donors: Matrix,
    /// The mean of what is there of each feature; `None` where nothing is.
    means: Vec<Option<f64>>,
    /// How many donors a value has.
    n_donors: usize,
    weights: Weights,
    /// Whether features without a value are zero, or left out.
    keeps_empty: bool,
    /// The features that are told to be missing.
    told: Vec<usize>,
    /// Whether that is left out where nothing is missing (before 1.2).
    tells_only_missing: bool,
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    if source.choice("metric", "nan_euclidean")? != "nan_euclidean" {
        return Err(source.unsupported("a metric of your own", "use metric='nan_euclidean'"));
    }
    let marker = Marker::read(source)?;
    let mut donors = source.matrix("_fit_X")?;
    if donors.n_rows == 0 || donors.n_columns == 0 {
        return Err(source.attr("_fit_X")?.expected("rows of training"));
    }
    for value in &mut donors.values {
        if marker.is_number(*value) {
            *value = f64::NAN;
        }
    }
    let weights = match source.some("weights")? {
        None => "uniform".into(),
        Some(node) => node.text_opt().ok_or_else(|| {
            source.unsupported("`weights` of your own", "use weights='distance' or 'uniform'")
        })?,
    };
    let told = match source.some("indicator_")? {
        Some(node) => told(&source.part(node)?, donors.n_columns)?,
        None => Vec::new(),
    };
    let node = source.attr("n_neighbors")?;
    let n_donors = node.index()?;
    if n_donors == 0 {
        return Err(node.expected("a whole number from 1"));
    }
    let intake = Intake::new(source, Some(donors.n_columns)).with_texts();
    Ok(Box::new(Transformer(Neighbours {
        intake: if marker == Marker::Nan { intake.with_nan() } else { intake },
        marker,
        means: means(&donors),
        donors,
        n_donors,
        weights: if weights == "distance" {
            Weights::Distance
        } else {
            Weights::Uniform { counts_strangers: !source.since(1, 6) }
        },
        keeps_empty: source.flag("keep_empty_features", false)?,
        told,
        tells_only_missing: !source.since(1, 3),
    })))
}

fn means(donors: &Matrix) -> Vec<Option<f64>> {
    let mean = |column: usize| {
        let there = donors.rows().filter_map(|row| row.get(column).filter(|x| !x.is_nan()));
        let (sum, n) = there.fold((0.0, 0_usize), |(sum, n), x| (sum + x, n + 1));
        (n > 0).then(|| sum / n as f64)
    };
    (0..donors.n_columns).map(mean).collect()
}

impl Neighbours {
    /// The distance to each row of training, by the features that both have; NaN if there is none.
    fn distances(&self, row: &[f64]) -> Vec<f64> {
        let distance = |donor: &[f64]| {
            let (mut sum, mut n) = (0.0, 0_usize);
            for (x, y) in row.iter().zip(donor) {
                if !self.marker.is_number(*x) && !y.is_nan() {
                    sum += (x - y) * (x - y);
                    n += 1;
                }
            }
            if n == 0 { f64::NAN } else { (sum / n as f64 * self.donors.n_columns as f64).sqrt() }
        };
        self.donors.rows().map(distance).collect()
    }

    /// What a missing value of a feature becomes.
    fn value(&self, column: usize, mean: f64, distances: &[f64]) -> f64 {
        let mut donors: Vec<(f64, f64)> = distances
            .iter()
            .zip(self.donors.rows())
            .filter_map(|(distance, row)| Some((*distance, *row.get(column)?)))
            .filter(|(_, value)| !value.is_nan())
            .collect();
        if donors.iter().all(|(distance, _)| distance.is_nan()) {
            return mean;
        }
        // NaN comes last.
        donors.sort_by(|one, other| {
            one.0.is_nan().cmp(&other.0.is_nan()).then(one.0.total_cmp(&other.0))
        });
        donors.truncate(self.n_donors);
        let has_twin = donors.iter().any(|(distance, _)| *distance == 0.0);
        let weight = |distance: f64| match self.weights {
            Weights::Uniform { counts_strangers } => {
                f64::from(u8::from(counts_strangers || !distance.is_nan()))
            }
            Weights::Distance if distance.is_nan() => 0.0,
            Weights::Distance if has_twin => f64::from(u8::from(distance == 0.0)),
            Weights::Distance => 1.0 / distance,
        };
        let sums = donors.iter().fold((0.0, 0.0), |(sum, total), (distance, value)| {
            let weight = weight(*distance);
            (sum + weight * value, total + weight)
        });
        sums.0 / sums.1
    }

    fn n_columns(&self) -> usize {
        let n_kept = self.means.iter().filter(|mean| self.keeps_empty || mean.is_some()).count();
        n_kept + self.told.len()
    }

    /// The rows with missing values replaced, and how many columns they have.
    fn rows(&self, values: &[f64]) -> (Vec<f64>, usize) {
        let n_features = self.donors.n_columns;
        let tells = !self.tells_only_missing || values.iter().any(|x| self.marker.is_number(*x));
        let mut out = Vec::new();
        for row in values.chunks_exact(n_features) {
            let is_missing = |at: usize| row.get(at).is_some_and(|x| self.marker.is_number(*x));
            let distances =
                if (0..n_features).any(is_missing) { self.distances(row) } else { Vec::new() };
            for (at, (x, mean)) in row.iter().zip(&self.means).enumerate() {
                match mean {
                    Some(mean) if is_missing(at) => out.push(self.value(at, *mean, &distances)),
                    Some(_) => out.push(*x),
                    None => out.extend(self.keeps_empty.then_some(0.0)),
                }
            }
            if tells {
                out.extend(self.told.iter().map(|at| f64::from(u8::from(is_missing(*at)))));
            }
        }
        (out, if tells { self.n_columns() } else { self.n_columns() - self.told.len() })
    }
}

impl Transform for Neighbours {
    fn class(&self) -> &str {
        &self.intake.class
    }

    fn fact(&self) -> Fact {
        Fact::numbers(self.n_columns())
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(Some(self.donors.n_columns))
    }

    fn transform(&self, x: &Table<'_>) -> Result<Table<'static>, Error> {
        let lane = self.intake.lane(x)?;
        let (data, n_columns): (Data<'static>, usize) = match lane {
            Lane::Double(rows) => {
                let (values, n_columns) = self.rows(&rows.values);
                (values.into(), n_columns)
            }
            Lane::Single(rows) => {
                let wide: Vec<f64> = rows.values.iter().map(|x| x.wide()).collect();
                let (values, n_columns) = self.rows(&wide);
                (values.into_iter().map(f32::rounded).collect::<Vec<_>>().into(), n_columns)
            }
        };
        Ok(Table::Array(Array::matrix(x.n_rows(), n_columns, data)))
    }
}
