//! Projections: dot products of rows with some directions.

use radiant_core::Error;
use radiant_formats::Node;

use super::precision::{doubled, is_single, rounded};
use super::sparse::StoredRows;
use crate::sklearn::data::Table;
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, no_method};
use crate::sklearn::intake::{Intake, Rows};
use crate::sklearn::source::{Matrix, Read, Source, matrix};
use crate::sklearn::sparse::Sparse;

/// Directions to project on.
#[derive(Debug)]
pub(super) struct Directions {
    /// `[n_features, n_directions]`, neither zero.
    weights: Matrix,
}

impl Directions {
    /// Reads `[n_directions, n_features]`.
    pub(super) fn read(node: Node<'_>) -> Read<Self> {
        Self::new(&matrix(node)?).ok_or_else(|| node.expected("at least one direction"))
    }

    /// From `[n_directions, n_features]`; `None` if one of them is zero.
    pub(super) fn new(directions: &Matrix) -> Option<Self> {
        let is_empty = directions.n_rows == 0 || directions.n_columns == 0;
        (!is_empty).then(|| Self { weights: directions.transposed() })
    }

    pub(super) fn n_features(&self) -> usize {
        self.weights.n_rows
    }

    pub(super) fn n_directions(&self) -> usize {
        self.weights.n_columns
    }

    /// The dot products of one row with all directions, added to what is there.
    pub(super) fn add(&self, row: impl IntoIterator<Item = f64>, out: &mut [f64]) {
        for (x, weights) in row.into_iter().zip(self.weights.rows()) {
            for (sum, weight) in out.iter_mut().zip(weights) {
                *sum += x * weight;
            }
        }
    }

    /// The dot products of rows less a middle with all directions.
    pub(super) fn apply(&self, rows: &Rows<'_, f64>, middle: Option<&[f64]>) -> Vec<f64> {
        let n = self.n_directions();
        let mut out = vec![0.0; rows.n_rows * n];
        for (row, out) in rows.iter().zip(out.chunks_exact_mut(n)) {
            match middle {
                None => self.add(row.iter().copied(), out),
                Some(middle) => self.add(row.iter().zip(middle).map(|(x, m)| x - m), out),
            }
        }
        out
    }

    /// What is left of a row without its parts along the directions, which are at right angles.
    pub(super) fn left_over(&self, row: &[f64], along: &[f64]) -> impl Iterator<Item = f64> {
        row.iter().zip(self.weights.rows()).map(move |(x, weights)| {
            x - weights.iter().zip(along).map(|(weight, along)| weight * along).sum::<f64>()
        })
    }

    /// The same of a table that is mostly zero.
    fn apply_sparse(&self, sparse: &Sparse) -> Vec<f64> {
        let n = self.n_directions();
        let mut out = vec![0.0; sparse.n_rows() * n];
        for ((columns, values), out) in sparse.rows().zip(out.chunks_exact_mut(n)) {
            for (column, x) in columns.iter().zip(values) {
                let start = *column as usize * n;
                let weights = &self.weights.values[start..start + n];
                out.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += x * weight);
            }
        }
        out
    }
}

#[derive(Debug)]
enum Onto {
    Dense(Directions),
    Sparse(StoredRows),
}

/// `TruncatedSVD`, `FastICA`, `GaussianRandomProjection` and `SparseRandomProjection`.
#[derive(Debug)]
struct Projection {
    intake: Intake,
    onto: Onto,
    n_directions: usize,
    /// What rows are taken relative to.
    // Invariant: as many as the intake knows features.
    middle: Option<Vec<f64>>,
    is_single: bool,
}

/// `TruncatedSVD`, `GaussianRandomProjection` and `SparseRandomProjection`.
pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    projection(source, None)
}

/// `FastICA`.
pub(super) fn read_ica(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let n_features = source.matrix("components_")?.n_columns;
    let whitens = source.some("whiten")?.is_some_and(|node| node.bool().unwrap_or(true));
    let middle = if whitens { Some(source.vector_of("mean_", n_features)?) } else { None };
    projection(source, middle)
}

fn projection(source: &Source<'_>, middle: Option<Vec<f64>>) -> Read<Box<dyn Estimator>> {
    let node = source.attr("components_")?;
    let (onto, n_features, n_directions) = if StoredRows::is_one(node) {
        let directions = StoredRows::read(node)?;
        let (n_features, n) = (directions.n_features(), directions.n_rows());
        (Onto::Sparse(directions), n_features, n)
    } else {
        let directions = Directions::read(node)?;
        let (n_features, n) = (directions.n_features(), directions.n_directions());
        (Onto::Dense(directions), n_features, n)
    };
    Ok(Box::new(Projection {
        intake: Intake::new(source, Some(n_features)),
        is_single: match &onto {
            Onto::Dense(_) => is_single(node)?,
            Onto::Sparse(_) => is_single(node.attr("data")?)?,
        },
        onto,
        n_directions,
        middle,
    }))
}

impl Projection {
    fn of_sparse(&self, sparse: &Sparse) -> Result<Vec<f64>, Error> {
        self.intake.check_width(sparse.n_columns())?;
        if !sparse.rows().all(|(_, values)| values.iter().all(|value| value.is_finite())) {
            let what = format!("{}: expected finite numbers", self.intake.class);
            return Err(Error::invalid_input(what));
        }
        Ok(match &self.onto {
            Onto::Dense(directions) => directions.apply_sparse(sparse),
            Onto::Sparse(directions) => directions.apply_sparse(sparse),
        })
    }
}

/// Rows less a middle, in the precision in which they came.
#[expect(clippy::cast_possible_truncation, reason = "is to be rounded")]
fn centred<'r>(rows: Rows<'_, f64>, middle: &[f64], came_single: bool) -> Rows<'r, f64> {
    let Rows { n_rows, n_columns, values } = rows;
    let mut values = values.into_owned();
    for row in values.chunks_exact_mut(n_columns) {
        for (x, middle) in row.iter_mut().zip(middle) {
            let difference = *x - middle;
            *x = if came_single { f64::from(difference as f32) } else { difference };
        }
    }
    Rows { n_rows, n_columns, values: values.into() }
}

impl Estimator for Projection {
    fn fact(&self, method: Method) -> Option<Fact> {
        (method == Method::Transform).then_some(Fact::numbers(self.n_directions))
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if method != Method::Transform {
            return Err(no_method(&self.intake.class, method));
        }
        if let (Table::Sparse(sparse), None) = (x, &self.middle) {
            let values = self.of_sparse(sparse)?;
            return Ok(Answer::matrix(sparse.n_rows(), self.n_directions, values));
        }
        let (rows, came_single) = doubled(self.intake.lane(x)?);
        let n_rows = rows.n_rows;
        let values = match &self.onto {
            Onto::Dense(directions) => match &self.middle {
                None => directions.apply(&rows, None),
                Some(middle) => directions.apply(&centred(rows, middle, came_single), None),
            },
            Onto::Sparse(directions) => directions.apply(&rows),
        };
        let values = rounded(values, came_single && self.is_single);
        Ok(Answer::matrix(n_rows, self.n_directions, values))
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.intake.n_features)
    }
}
