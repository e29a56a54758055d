//! Fitted rows that are mostly zero: directions, support vectors, neighbours.

use radiant_formats::Node;

use crate::sklearn::intake::Rows;
use crate::sklearn::source::{Matrix, Read, indices, vector};
use crate::sklearn::sparse::Sparse;

/// A matrix of scipy in compressed rows.
#[derive(Debug)]
pub(crate) struct StoredRows {
    n_features: usize,
    /// Where rows begin, and the end of the last.
    // Invariant: at least two, rising, the last is the number of weights.
    starts: Vec<usize>,
    // Invariant: as many as weights, below the number of features, rising in each row.
    columns: Vec<usize>,
    weights: Vec<f64>,
}

impl StoredRows {
    /// Whether a value is a matrix of scipy, of any format.
    pub(crate) fn is_one(node: Node<'_>) -> bool {
        node.class().is_some_and(|class| class.package() == "scipy")
    }

    pub(crate) fn read(node: Node<'_>) -> Read<Self> {
        let format = node.class().map_or("", |class| class.name);
        if !matches!(format, "csr_matrix" | "csr_array") {
            return Err(node.expected("a matrix in compressed rows"));
        }
        let [n_rows, n_features] = node.attr("_shape")?.tuple()?;
        let (n_rows, n_features) = (n_rows.index()?, n_features.index()?);
        let starts = indices(node.attr("indptr")?)?;
        let columns = indices(node.attr("indices")?)?;
        let weights = vector(node.attr("data")?)?;
        let is_whole = n_rows > 0
            && n_rows.checked_add(1) == Some(starts.len())
            && starts.first() == Some(&0)
            && starts.is_sorted()
            && starts.last() == Some(&weights.len())
            && columns.len() == weights.len()
            && columns.iter().all(|column| *column < n_features);
        if !is_whole {
            return Err(node.expected("a whole matrix in compressed rows"));
        }
        let mut directions = Self { n_features, starts, columns, weights };
        directions.sort();
        Ok(directions)
    }

    /// Brings the columns of each row into rising order, which scipy leaves open.
    fn sort(&mut self) {
        for ends in self.starts.windows(2) {
            let columns = &mut self.columns[ends[0]..ends[1]];
            if columns.is_sorted() {
                continue;
            }
            let weights = &mut self.weights[ends[0]..ends[1]];
            let mut both: Vec<_> = columns.iter().copied().zip(weights.iter().copied()).collect();
            both.sort_by_key(|(column, _)| *column);
            for ((column, weight), (to_column, to_weight)) in
                both.into_iter().zip(columns.iter_mut().zip(weights))
            {
                (*to_column, *to_weight) = (column, weight);
            }
        }
    }

    pub(crate) fn n_features(&self) -> usize {
        self.n_features
    }

    pub(crate) fn n_rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// The stored elements of each row: columns, rising, and values.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&[usize], &[f64])> {
        self.starts.windows(2).map(|ends| {
            let range = ends[0]..ends[1];
            (&self.columns[range.clone()], &self.weights[range])
        })
    }

    /// All elements, row-major, where every one is stored; else `None`.
    pub(crate) fn into_full(self) -> Option<Matrix> {
        let n_rows = self.n_rows();
        let is_full = n_rows.checked_mul(self.n_features) == Some(self.weights.len())
            && self.rows().all(|(columns, _)| columns.iter().copied().eq(0..self.n_features));
        is_full.then_some(Matrix { n_rows, n_columns: self.n_features, values: self.weights })
    }

    /// The dot products of rows, which have as many columns as features, with all stored ones.
    pub(super) fn apply(&self, rows: &Rows<'_, f64>) -> Vec<f64> {
        let of_row = |row: &[f64]| -> Vec<f64> {
            let dot = |(columns, weights): (&[usize], &[f64])| {
                columns.iter().zip(weights).map(|(column, weight)| row[*column] * weight).sum()
            };
            self.rows().map(dot).collect()
        };
        rows.iter().flat_map(of_row).collect()
    }

    /// The same of a table that is mostly zero itself.
    pub(super) fn apply_sparse(&self, sparse: &Sparse) -> Vec<f64> {
        let mut out = Vec::with_capacity(sparse.n_rows() * self.n_rows());
        for (columns, values) in sparse.rows() {
            for (of_direction, weights) in self.rows() {
                out.push(dot((columns, values), (of_direction, weights)));
            }
        }
        out
    }
}

/// The dot product of two rows of which only some elements are stored.
fn dot(row: (&[u32], &[f64]), direction: (&[usize], &[f64])) -> f64 {
    let (mut at, mut sum) = (0, 0.0);
    for (column, x) in row.0.iter().zip(row.1) {
        let column = *column as usize;
        while direction.0.get(at).is_some_and(|of_direction| *of_direction < column) {
            at += 1;
        }
        if direction.0.get(at) == Some(&column) {
            sum += x * direction.1[at];
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_and_dense_rows_project_alike() {
        let mut directions = StoredRows {
            n_features: 4,
            starts: vec![0, 2, 2, 4],
            columns: vec![3, 0, 1, 2],
            weights: vec![2.0, -1.0, 0.5, 4.0],
        };
        directions.sort();
        assert_eq!(directions.columns, [0, 3, 1, 2]);
        let mut sparse = Sparse::new(4);
        sparse.push_row([(0, 1.0), (3, 2.0)]);
        sparse.push_row([(2, -1.0)]);
        let dense = Rows { n_rows: 2, n_columns: 4, values: sparse.to_dense().into() };
        assert_eq!(directions.apply(&dense), [3.0, 0.0, 0.0, 0.0, 0.0, -4.0]);
        assert_eq!(directions.apply_sparse(&sparse), directions.apply(&dense));
    }
}
