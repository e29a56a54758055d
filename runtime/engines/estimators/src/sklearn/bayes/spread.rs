//! How far rows lie from the centres of normal distributions, in units of their spread.

use crate::sklearn::affine::Affine;
use crate::sklearn::data::{Array, Data, Table};
use crate::sklearn::intake::Rows;
use crate::sklearn::source::{Matrix, Read, Source, single};

/// The inverse spreads of a mixture's components, by the kind of their covariance.
#[derive(Debug)]
pub(super) enum Spread {
    /// All turned and moved coordinates of one component after the other.
    Full(Affine),
    /// One turn for all components, and their turned centres, `[n_components, n_features]`.
    Tied { turn: Affine, centres: Matrix },
    /// Sums of the values and of their squares, for each component: features are independent.
    Independent {
        values: Affine,
        squares: Affine,
        /// Where features have the same spread, it is the sum of a row's squares that counts.
        norm: Option<Norm>,
    },
}

/// How the squares of a row are added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Norm {
    Numbers,
    /// As numbers, but truths as truths (1.0).
    OwnType,
}

impl Spread {
    /// Reads `precisions_cholesky_`; also gives half the logarithm of each precision's determinant.
    ///
    /// # Errors
    /// It does not fit the kind of covariance.
    pub(super) fn read(source: &Source<'_>, means: &Matrix) -> Read<(Self, Vec<f64>)> {
        let (n_components, n_features) = (means.n_rows, means.n_columns);
        let node = source.attr("precisions_cholesky_")?;
        let (values, shape) = node.floats()?;
        let kind = source.choice("covariance_type", "full")?;
        let expected: &[usize] = match &*kind {
            "full" => &[n_components, n_features, n_features],
            "tied" => &[n_features, n_features],
            "diag" => &[n_components, n_features],
            "spherical" => &[n_components],
            _ => return Err(source.attr("covariance_type")?.expected("a kind of covariance")),
        };
        if shape != expected {
            return Err(node.expected(format_args!("an array with shape {expected:?}")));
        }
        let norm = if source.since(1, 0) { Norm::OwnType } else { Norm::Numbers };
        Ok(match &*kind {
            "full" => full(means, &values),
            "tied" => tied(means, values),
            "diag" => independent(means, &values, None),
            _ => {
                let wide: Vec<_> =
                    values.iter().flat_map(|value| vec![*value; n_features]).collect();
                independent(means, &wide, Some(norm))
            }
        })
    }

    /// Squared distances `[n_rows, n_components]`; `rows` are the numbers of `x`. Squares of
    /// single precision are rounded to it, and a sum of truths is a truth.
    pub(super) fn distances(&self, rows: &Rows<'_, f64>, x: &Table<'_>) -> Vec<f64> {
        let square = |sum: f64, value: f64| sum + value * value;
        match self {
            Self::Full(turns) => {
                let turned = turns.apply(rows);
                let components = turned.chunks_exact(rows.n_columns.max(1));
                components.map(|values| values.iter().copied().fold(0.0, square)).collect()
            }
            Self::Tied { turn, centres } => {
                let turned = turn.apply(rows);
                let row = |row| {
                    centres.rows().map(move |centre| {
                        let offsets = std::iter::zip(row, centre).map(|(x, centre)| x - centre);
                        offsets.fold(0.0, square)
                    })
                };
                turned.chunks_exact(turn.n_outputs()).flat_map(row).collect()
            }
            Self::Independent { values, squares, norm } => {
                let mut squared: Vec<_> = rows.values.iter().map(|value| value * value).collect();
                if let Some(norm) = norm {
                    let is_truth = *norm == Norm::OwnType
                        && matches!(x, Table::Array(Array { data: Data::Bool(_), .. }));
                    let most = if is_truth { 1.0 } else { f64::INFINITY };
                    let rows = squared.chunks_exact_mut(rows.n_columns.max(1));
                    rows.for_each(|row| gather(row, most));
                }
                if x.is_single() {
                    for value in &mut squared {
                        *value = single(*value);
                    }
                }
                let squares = squares.apply_to(&squared, rows.n_rows);
                std::iter::zip(values.apply(rows), squares)
                    .map(|(sum, square)| sum + square)
                    .collect()
            }
        }
    }
}

fn full(means: &Matrix, turns: &[f64]) -> (Spread, Vec<f64>) {
    let n = means.n_columns;
    let mut weights = Vec::with_capacity(turns.len());
    let (mut offsets, mut logarithms) = (Vec::new(), Vec::new());
    for (turn, mean) in turns.chunks_exact(n * n).zip(means.rows()) {
        let turn = Matrix { n_rows: n, n_columns: n, values: turn.to_vec() };
        offsets.extend(turned(&turn, mean).iter().map(|value| -value));
        logarithms.push(log_determinant(&turn));
        weights.extend(turn.transposed().values);
    }
    let weights = Matrix { n_rows: means.n_rows * n, n_columns: n, values: weights };
    (Spread::Full(Affine::of_outputs(&weights, offsets)), logarithms)
}

fn tied(means: &Matrix, turn: Vec<f64>) -> (Spread, Vec<f64>) {
    let n = means.n_columns;
    let turn = Matrix { n_rows: n, n_columns: n, values: turn };
    let values = means.rows().flat_map(|mean| turned(&turn, mean)).collect();
    let centres = Matrix { n_rows: means.n_rows, n_columns: n, values };
    let logarithms = vec![log_determinant(&turn); means.n_rows];
    (Spread::Tied { turn: Affine::of_features(&turn, vec![0.0; n]), centres }, logarithms)
}

/// The library computes these squares from their three terms, and so do we.
fn independent(means: &Matrix, turns: &[f64], norm: Option<Norm>) -> (Spread, Vec<f64>) {
    let (n_rows, n_columns) = (means.n_rows, means.n_columns);
    let matrix = |values| Matrix { n_rows, n_columns, values };
    let precisions: Vec<_> = turns.iter().map(|value| value * value).collect();
    let products = std::iter::zip(&means.values, &precisions);
    let weights = matrix(products.map(|(mean, precision)| -2.0 * (mean * precision)).collect());
    let offset = |(means, precisions): (&[f64], &[f64])| {
        std::iter::zip(means, precisions).map(|(mean, precision)| mean * mean * precision).sum()
    };
    let offsets = means.rows().zip(precisions.chunks_exact(n_columns)).map(offset).collect();
    let logarithm = |turns: &[f64]| turns.iter().map(|value| value.ln()).sum();
    let logarithms = turns.chunks_exact(n_columns).map(logarithm).collect();
    let spread = Spread::Independent {
        values: Affine::of_outputs(&weights, offsets),
        squares: Affine::of_outputs(&matrix(precisions), vec![0.0; n_rows]),
        norm,
    };
    (spread, logarithms)
}

/// Puts the sum of a row, or `most`, into its first place.
fn gather(row: &mut [f64], most: f64) {
    let sum = row.iter().sum::<f64>().min(most);
    row.fill(0.0);
    if let Some(first) = row.first_mut() {
        *first = sum;
    }
}

/// A row times a square matrix.
fn turned(turn: &Matrix, row: &[f64]) -> Vec<f64> {
    let mut sums = vec![0.0; turn.n_columns];
    for (x, weights) in row.iter().zip(turn.rows()) {
        sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += x * weight);
    }
    sums
}

/// The logarithm of the determinant of a triangular matrix.
fn log_determinant(turn: &Matrix) -> f64 {
    turn.values.iter().step_by(turn.n_columns + 1).map(|value| value.ln()).sum()
}
