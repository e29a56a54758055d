//! Projections: dot products of rows with some directions.

use radiant_core::Error;
use radiant_formats::Node;

use super::sparse::StoredRows;
use crate::sklearn::affine::{Affine, Scores};
use crate::sklearn::data::Table;
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, no_method};
use crate::sklearn::intake::{Intake, Rows};
use crate::sklearn::source::{Matrix, Read, Source, is_single, matrix};

/// Directions to project on, at least one of at least one feature.
#[derive(Debug)]
pub(super) struct Directions {
    /// `[n_directions, n_features]`
    rows: Matrix,
    pub(super) products: Affine,
}

impl Directions {
    /// Reads `[n_directions, n_features]`.
    pub(super) fn read(node: Node<'_>) -> Read<Self> {
        let directions = Self::new(matrix(node)?).ok_or_else(|| node.expected("directions"))?;
        let is_single = is_single(node)?;
        Ok(Self { products: directions.products.with_precision(is_single), ..directions })
    }

    /// From `[n_directions, n_features]`; `None` if one of them is zero.
    pub(super) fn new(rows: Matrix) -> Option<Self> {
        if rows.n_rows == 0 || rows.n_columns == 0 {
            return None;
        }
        let products = Affine::of_outputs(&rows, vec![0.0; rows.n_rows]);
        Some(Self { rows, products })
    }

    pub(super) fn n_features(&self) -> usize {
        self.rows.n_columns
    }

    pub(super) fn n_directions(&self) -> usize {
        self.rows.n_rows
    }

    /// The square of what is left of a row without its parts along the directions, which are at
    /// right angles.
    pub(super) fn square_across(&self, row: &[f64], along: &[f64]) -> f64 {
        let mut left = row.to_vec();
        for (direction, along) in self.rows.rows().zip(along) {
            for (left, weight) in left.iter_mut().zip(direction) {
                *left -= along * weight;
            }
        }
        left.iter().map(|x| x * x).sum()
    }
}

/// Rows less a middle.
pub(super) fn centred<'r>(rows: Rows<'_, f64>, middle: &[f64]) -> Rows<'r, f64> {
    let Rows { n_rows, n_columns, values } = rows;
    let mut values = values.into_owned();
    for row in values.chunks_exact_mut(n_columns) {
        row.iter_mut().zip(middle).for_each(|(x, middle)| *x -= middle);
    }
    Rows { n_rows, n_columns, values: values.into() }
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
        is_single: is_single(node)?,
        onto,
        n_directions,
        middle,
    }))
}

impl Projection {
    fn project(&self, x: &Table<'_>) -> Result<Scores, Error> {
        let values = match (&self.onto, &self.middle, x) {
            (Onto::Dense(directions), None, _) => {
                return directions.products.scores(&self.intake, x);
            }
            (Onto::Dense(directions), Some(middle), _) => {
                let mut rows = centred(self.intake.doubles(x)?, middle);
                if x.is_single() {
                    round(rows.values.to_mut());
                }
                directions.products.apply(&rows)
            }
            (Onto::Sparse(directions), _, Table::Sparse(sparse)) => {
                self.intake.check_sparse(sparse)?;
                directions.apply_sparse(sparse)
            }
            (Onto::Sparse(directions), _, _) => directions.apply(&self.intake.doubles(x)?),
        };
        let is_single = self.is_single && x.is_single();
        Ok(Scores::new(x.n_rows(), self.n_directions, values, is_single))
    }
}

/// Rounds to single precision.
#[expect(clippy::cast_possible_truncation, reason = "is to be rounded")]
fn round(values: &mut [f64]) {
    for value in values {
        *value = f64::from(*value as f32);
    }
}

impl Estimator for Projection {
    fn fact(&self, method: Method) -> Option<Fact> {
        (method == Method::Transform).then_some(Fact::numbers(self.n_directions))
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if method != Method::Transform {
            return Err(no_method(&self.intake.class, method));
        }
        Ok(self.project(x)?.into_matrix())
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.intake.n_features)
    }
}
