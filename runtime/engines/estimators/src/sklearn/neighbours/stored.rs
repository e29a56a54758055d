//! Fitted rows that are mostly zero, by their columns.

use radiant_core::Error;

use crate::sklearn::data::Table;
use crate::sklearn::intake::Intake;
use crate::sklearn::reduce::sparse::StoredRows;

/// What is asked of a row and every stored one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    Dots,
    /// Squares of Euclidean distances.
    Squares,
    /// One less the cosine.
    Cosines,
}

/// Fitted rows of a matrix in compressed rows: for each column, who has something in it.
#[derive(Debug)]
pub(crate) struct StoredPoints {
    n: usize,
    n_features: usize,
    /// The columns in which there is something, rising.
    columns: Vec<usize>,
    /// Where the entries of each of these begin, and the end of the last.
    // Invariant: one more than columns, rising, the last is the number of entries.
    starts: Vec<usize>,
    /// Points and values.
    // Invariant: points below `n`.
    entries: Vec<(usize, f64)>,
    /// The square of each point's length.
    squares: Vec<f64>,
}

impl StoredPoints {
    pub(crate) fn new(rows: &StoredRows) -> Self {
        let mut all: Vec<(usize, (usize, f64))> = Vec::new();
        for (point, (columns, values)) in rows.rows().enumerate() {
            let entries = columns.iter().zip(values);
            all.extend(entries.map(|(column, value)| (*column, (point, *value))));
        }
        all.sort_by_key(|(column, _)| *column);
        let (mut columns, mut starts) = (Vec::new(), Vec::new());
        for (at, (column, _)) in all.iter().enumerate() {
            if columns.last() != Some(column) {
                columns.push(*column);
                starts.push(at);
            }
        }
        starts.push(all.len());
        Self {
            n: rows.n_rows(),
            n_features: rows.n_features(),
            columns,
            starts,
            entries: all.into_iter().map(|(_, entry)| entry).collect(),
            squares: rows.rows().map(|(_, values)| square(values.iter().copied())).collect(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.n
    }

    pub(crate) fn n_features(&self) -> usize {
        self.n_features
    }

    /// Tells of each row how it relates to every point.
    ///
    /// # Errors
    /// What is wrong with the rows.
    pub(crate) fn each(
        &self,
        intake: &Intake,
        x: &Table<'_>,
        relation: Relation,
        tell: &mut dyn FnMut(&mut [f64]),
    ) -> Result<usize, Error> {
        let mut out = vec![0.0; self.n];
        let Table::Sparse(sparse) = x else {
            let rows = intake.doubles(x)?;
            for row in rows.iter() {
                let row = row.iter().copied().enumerate().filter(|(_, x)| *x != 0.0);
                self.relate(row, relation, &mut out);
                tell(&mut out);
            }
            return Ok(rows.n_rows);
        };
        intake.check_sparse(sparse)?;
        for (columns, values) in sparse.rows() {
            let columns = columns.iter().map(|column| *column as usize);
            self.relate(columns.zip(values.iter().copied()), relation, &mut out);
            tell(&mut out);
        }
        Ok(sparse.n_rows())
    }

    /// Relates a row, of which columns come in rising order, to every point.
    fn relate(
        &self,
        row: impl Iterator<Item = (usize, f64)> + Clone,
        relation: Relation,
        out: &mut [f64],
    ) {
        out.fill(0.0);
        let mut at = 0;
        for (column, x) in row.clone() {
            at += self.columns[at..].partition_point(|known| *known < column);
            if self.columns.get(at) == Some(&column) {
                for (point, value) in &self.entries[self.starts[at]..self.starts[at + 1]] {
                    out[*point] += x * value;
                }
            }
        }
        if relation == Relation::Dots {
            return;
        }
        let length = square(row.map(|(_, x)| x));
        for (out, point) in out.iter_mut().zip(&self.squares) {
            *out = match relation {
                Relation::Cosines if length > 0.0 && *point > 0.0 => {
                    (1.0 - *out / (length.sqrt() * point.sqrt())).clamp(0.0, 2.0)
                }
                Relation::Cosines => 1.0,
                Relation::Dots | Relation::Squares => (length - 2.0 * *out + point).max(0.0),
            };
        }
    }
}

fn square(values: impl Iterator<Item = f64>) -> f64 {
    values.map(|value| value * value).sum()
}
