//! Tables that are mostly zero, as text becomes them.

use radiant_core::{DType, Error};

use super::data::Data;

/// A matrix of which only some elements are stored (compressed rows).
///
/// Columns of a row are in rising order, each once; stored zeros are allowed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sparse {
    n_columns: usize,
    /// What the elements are as an array; they are kept in double precision all the same.
    dtype: DType,
    /// Where rows begin, and the end of the last.
    // Invariant: at least one element, rising, the last is the number of values.
    starts: Vec<usize>,
    // Invariant: as many as values, below `n_columns`.
    columns: Vec<u32>,
    values: Vec<f64>,
}

impl Sparse {
    /// No rows yet.
    pub(crate) fn new(n_columns: usize) -> Self {
        Self {
            n_columns,
            dtype: DType::F64,
            starts: vec![0],
            columns: Vec::new(),
            values: Vec::new(),
        }
    }

    /// The same elements as another type: F64, F32, I64 or Bool.
    pub(crate) fn with_dtype(self, dtype: DType) -> Self {
        Self { dtype, ..self }
    }

    /// The type of the elements as an array.
    pub(crate) fn dtype(&self) -> DType {
        self.dtype
    }

    /// How many elements are stored.
    #[cfg(test)]
    pub(crate) fn n_stored(&self) -> usize {
        self.values.len()
    }

    /// Adds a row of columns in rising order; those behind the last column are left out.
    pub(crate) fn push_row(&mut self, row: impl IntoIterator<Item = (u32, f64)>) {
        for (column, value) in row {
            if (column as usize) < self.n_columns {
                self.columns.push(column);
                self.values.push(value);
            }
        }
        self.starts.push(self.values.len());
    }

    pub(crate) fn n_rows(&self) -> usize {
        self.starts.len() - 1
    }

    pub(crate) fn n_columns(&self) -> usize {
        self.n_columns
    }

    /// The stored elements of each row: columns and values.
    pub(crate) fn rows(&self) -> impl ExactSizeIterator<Item = (&[u32], &[f64])> {
        self.starts.windows(2).map(|ends| {
            let range = ends[0]..ends[1];
            (&self.columns[range.clone()], &self.values[range])
        })
    }

    /// The values of each row, to be changed, with their columns.
    pub(crate) fn rows_mut(&mut self) -> impl Iterator<Item = (&[u32], &mut [f64])> {
        let (columns, mut rest) = (&self.columns, &mut self.values[..]);
        self.starts.windows(2).map(move |ends| {
            let (row, behind) = std::mem::take(&mut rest).split_at_mut(ends[1] - ends[0]);
            rest = behind;
            (&columns[ends[0]..ends[1]], row)
        })
    }

    /// Makes sure that an array of all elements has a size that a server can bear.
    ///
    /// # Errors
    /// It would have more than 2^27 elements (1 GiB).
    pub(crate) fn check_dense(&self) -> Result<(), Error> {
        const N_ELEMENTS_MAX: usize = 1 << 27;
        let (n_rows, n_columns) = (self.n_rows(), self.n_columns);
        match n_rows.checked_mul(n_columns) {
            Some(n) if n <= N_ELEMENTS_MAX => Ok(()),
            _ => Err(Error::invalid_input(format!(
                "a table of {n_rows} rows and {n_columns} columns is too large: ask for fewer rows"
            ))),
        }
    }

    /// All elements, zeros among them, row-major.
    pub(crate) fn to_dense(&self) -> Vec<f64> {
        let mut dense = vec![0.0; self.n_rows().saturating_mul(self.n_columns)];
        for (row, (columns, values)) in
            dense.chunks_exact_mut(self.n_columns.max(1)).zip(self.rows())
        {
            for (&column, &value) in columns.iter().zip(values) {
                row[column as usize] = value;
            }
        }
        dense
    }

    /// All elements, zeros among them, row-major, as the type that they are.
    #[expect(clippy::cast_possible_truncation, reason = "values were made from that type")]
    pub(crate) fn dense(&self) -> Data<'static> {
        let values = self.to_dense();
        match self.dtype {
            DType::F32 => values.iter().map(|value| *value as f32).collect::<Vec<_>>().into(),
            DType::I64 => values.iter().map(|value| *value as i64).collect::<Vec<_>>().into(),
            DType::Bool => Data::Bool(values.iter().map(|value| *value != 0.0).collect()),
            _ => values.into(),
        }
    }

    /// Some columns, in another order perhaps; those behind the last are zero.
    pub(crate) fn select(&self, chosen: &[usize]) -> Self {
        let mut places: Vec<(usize, u32)> =
            chosen.iter().zip(0..).map(|(from, to)| (*from, to)).collect();
        places.sort_unstable();
        let mut selected = Self::new(chosen.len()).with_dtype(self.dtype);
        let mut row = Vec::new();
        for (columns, values) in self.rows() {
            row.clear();
            for (&column, &value) in columns.iter().zip(values) {
                // A column may be chosen more than once.
                let first = places.partition_point(|(from, _)| *from < column as usize);
                let same = places[first..].iter().take_while(|(from, _)| *from == column as usize);
                row.extend(same.map(|(_, to)| (*to, value)));
            }
            row.sort_unstable_by_key(|(to, _)| *to);
            selected.push_row(row.iter().copied());
        }
        selected
    }

    /// One column; `None` behind the last.
    pub(crate) fn column(&self, at: usize) -> Option<Vec<f64>> {
        let wanted = u32::try_from(at).ok().filter(|_| at < self.n_columns)?;
        let value = |(columns, values): (&[u32], &[f64])| {
            columns.binary_search(&wanted).map_or(0.0, |found| values[found])
        };
        Some(self.rows().map(value).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_stored_is_zero() {
        let mut sparse = Sparse::new(3);
        sparse.push_row([(0, 1.0), (2, 2.0)]);
        sparse.push_row([]);
        sparse.push_row([(1, 3.0), (3, 9.0)]);
        assert_eq!(sparse.to_dense(), [1.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 3.0, 0.0]);
        assert_eq!(sparse.column(2), Some(vec![2.0, 0.0, 0.0]));
        assert_eq!(sparse.column(3), None);
        let selected = sparse.select(&[2, 0, 2]).to_dense();
        assert_eq!(selected, [2.0, 1.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        for (_, values) in sparse.rows_mut() {
            for value in values {
                *value *= 2.0;
            }
        }
        assert_eq!(sparse.rows().last(), Some((&[1][..], &[6.0][..])));
    }
}
