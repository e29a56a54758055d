//! Tables side by side, as numpy puts arrays of several types together.

use radiant_core::{DType, Error};

use crate::sklearn::data::{Array, Data, Table};
use crate::sklearn::intake::numbers;
use crate::sklearn::sparse::Sparse;

/// The type that holds numbers of both types; `None` where one is no number.
fn promoted(one: DType, other: DType) -> Option<DType> {
    Some(match (one, other) {
        (DType::Bytes, _) | (_, DType::Bytes) => return None,
        (one, other) if one == other => one,
        (DType::Bool, other) => other,
        (one, DType::Bool) => one,
        _ => DType::F64,
    })
}

/// The type of a table of numbers; `None` where there are texts or objects in it.
fn dtype_of(table: &Table<'_>) -> Option<DType> {
    match table {
        Table::Array(array) => Some(array.data.dtype()).filter(|dtype| *dtype != DType::Bytes),
        Table::Sparse(sparse) => Some(sparse.dtype()),
        Table::Frame { columns, .. } => match columns.split_first() {
            Some((first, rest)) => rest
                .iter()
                .try_fold(first.dtype(), |dtype, column| promoted(dtype, column.dtype()))
                .filter(|dtype| *dtype != DType::Bytes),
            None => Some(DType::Bool),
        },
    }
}

/// Tables side by side: one array where all are numbers, else columns of a type each.
pub(crate) fn stacked(mut tables: Vec<Table<'static>>, n_rows: usize) -> Table<'static> {
    if let [Table::Array(Array { n_columns: Some(_), .. }) | Table::Frame { .. }] = tables[..]
        && let Some(table) = tables.pop()
    {
        return unified(&table).unwrap_or(table);
    }
    let mut all = tables.iter().map(dtype_of);
    let first = all.next().unwrap_or(Some(DType::F64));
    let dtype = all.try_fold(first, |dtype, next| {
        Some(dtype.zip(next).and_then(|(dtype, next)| promoted(dtype, next)))
    });
    let Some(Some(dtype)) = dtype else {
        return Table::Frame { n_rows, columns: columns(tables) };
    };
    Table::Array(array(&tables, n_rows, dtype))
}

/// Columns of numbers of several types as one array; `None` where there is nothing to be done, or
/// where there are texts.
pub(crate) fn unified(table: &Table<'_>) -> Option<Table<'static>> {
    let Table::Frame { n_rows, .. } = table else { return None };
    let dtype = dtype_of(table)?;
    Some(Table::Array(array(std::slice::from_ref(table), *n_rows, dtype)))
}

/// The columns of tables.
fn columns(tables: Vec<Table<'static>>) -> Vec<Data<'static>> {
    let mut columns = Vec::new();
    for table in tables {
        match table {
            Table::Frame { columns: more, .. } => columns.extend(more),
            table => {
                let each = (0..table.n_columns()).filter_map(|at| table.column(at));
                columns.extend(each.map(Data::into_owned));
            }
        }
    }
    columns
}

/// Tables of numbers as one array of a type that holds all of them.
fn array(tables: &[Table<'_>], n_rows: usize, dtype: DType) -> Array<'static> {
    let n_columns = tables.iter().map(Table::n_columns).sum();
    let data = match dtype {
        DType::F32 => filled(tables, n_rows, n_columns, 0.0_f32, |data| match data {
            Data::F32(values) => values.to_vec(),
            #[expect(clippy::cast_possible_truncation, reason = "truth values are left")]
            data => doubles(data).iter().map(|x| *x as f32).collect(),
        })
        .into(),
        DType::I64 => filled(tables, n_rows, n_columns, 0_i64, |data| match data {
            Data::I64(values) => values.to_vec(),
            #[expect(clippy::cast_possible_truncation, reason = "truth values are left")]
            data => doubles(data).iter().map(|x| *x as i64).collect(),
        })
        .into(),
        DType::Bool => Data::Bool(
            filled(tables, n_rows, n_columns, false, |data| match data {
                Data::Bool(values) => values.to_vec(),
                data => doubles(data).iter().map(|x| *x != 0.0).collect(),
            })
            .into(),
        ),
        _ => filled(tables, n_rows, n_columns, 0.0_f64, doubles).into(),
    };
    Array::matrix(n_rows, n_columns, data)
}

/// Numbers in double precision; there are no texts here.
fn doubles(data: &Data<'_>) -> Vec<f64> {
    numbers(data).map(std::borrow::Cow::into_owned).unwrap_or_default()
}

fn filled<T: Copy>(
    tables: &[Table<'_>],
    n_rows: usize,
    n_columns: usize,
    zero: T,
    convert: impl Fn(&Data<'_>) -> Vec<T>,
) -> Vec<T> {
    let mut out = vec![zero; n_rows.saturating_mul(n_columns)];
    let mut start = 0;
    for table in tables {
        let width = table.n_columns();
        let mut put = |at: usize, width: usize, values: &[T]| {
            let rows = out.chunks_exact_mut(n_columns.max(1));
            for (row, values) in rows.zip(values.chunks_exact(width.max(1))) {
                for (to, from) in row.iter_mut().skip(at).zip(values) {
                    *to = *from;
                }
            }
        };
        match table {
            Table::Array(array) => put(start, width, &convert(&array.data)),
            Table::Sparse(sparse) => put(start, width, &convert(&sparse.dense())),
            Table::Frame { columns, .. } => {
                for (at, column) in columns.iter().enumerate() {
                    put(start + at, 1, &convert(column));
                }
            }
        }
        start += width;
    }
    out
}

/// Tables side by side as one sparse table: zeros of dense ones are not stored.
///
/// # Errors
/// There are texts in one.
pub(crate) fn sparse(tables: &[Table<'static>], n_rows: usize) -> Result<Sparse, Error> {
    let n_columns = tables.iter().map(Table::n_columns).sum();
    let texts = || Error::invalid_input("expected numbers beside a sparse table, got texts");
    let mut dtype: Option<DType> = None;
    // Each table as the rows of a sparse one.
    let mut parts = Vec::with_capacity(tables.len());
    for table in tables {
        let own = dtype_of(table).ok_or_else(texts)?;
        dtype = Some(match dtype {
            Some(dtype) => promoted(dtype, own).ok_or_else(texts)?,
            None => own,
        });
        parts.push(match table {
            Table::Sparse(sparse) => sparse.clone(),
            dense => thinned(dense, n_rows),
        });
    }
    let mut rows: Vec<_> = parts.iter().map(Sparse::rows).collect();
    let mut out = Sparse::new(n_columns).with_dtype(dtype.unwrap_or(DType::F64));
    let mut row = Vec::new();
    for _ in 0..n_rows {
        row.clear();
        let mut start = 0;
        for (part, table) in rows.iter_mut().zip(tables) {
            let (columns, values) = part.next().unwrap_or_default();
            row.extend(columns.iter().zip(values).map(|(column, value)| (column + start, *value)));
            start += u32::try_from(table.n_columns()).unwrap_or(u32::MAX);
        }
        out.push_row(row.iter().copied());
    }
    Ok(out)
}

fn thinned(table: &Table<'_>, n_rows: usize) -> Sparse {
    let n_columns = table.n_columns();
    let mut sparse = Sparse::new(n_columns);
    let dense = array(std::slice::from_ref(table), n_rows, DType::F64);
    if let Data::F64(values) = &dense.data {
        for row in values.chunks_exact(n_columns.max(1)) {
            let stored = row.iter().enumerate().filter(|(_, value)| **value != 0.0);
            let place = |at| u32::try_from(at).unwrap_or(u32::MAX);
            sparse.push_row(stored.map(|(at, value)| (place(at), *value)));
        }
    }
    sparse
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use radiant_core::Strings;

    use super::*;

    fn column(data: impl Into<Data<'static>>) -> Table<'static> {
        Table::Array(Array::column(data))
    }

    fn tall() -> Table<'static> {
        let mut sparse = Sparse::new(2);
        sparse.push_row([(1, 5.0)]);
        sparse.push_row([]);
        Table::Sparse(sparse.with_dtype(DType::I64))
    }

    #[test]
    fn numbers_become_the_type_that_holds_all_of_them() {
        let whole = column(vec![1_i64, 2]);
        let truths = column(Data::Bool(vec![true, false].into()));
        let mixed = stacked(vec![whole.clone(), truths, tall()], 2);
        let expected = Array::matrix(2, 4, vec![1_i64, 1, 0, 5, 2, 0, 0, 0]);
        assert_eq!(mixed, Table::Array(expected));
        let singles = column(vec![0.5_f32, 1.5]);
        let expected = Array::matrix(2, 2, vec![1.0, 0.5, 2.0, 1.5]);
        assert_eq!(stacked(vec![whole, singles], 2), Table::Array(expected));
    }

    #[test]
    fn texts_stay_in_columns_of_their_own() {
        let texts: Strings = ["a", "b"].into_iter().collect();
        let texts = Table::Array(Array::column(Data::Text(Cow::Owned(texts))));
        let table = stacked(vec![column(vec![1.0, 2.0]), texts.clone()], 2);
        assert!(matches!(&table, Table::Frame { columns, .. } if columns.len() == 2), "{table:?}");
        assert!(sparse(&[texts], 2).is_err());
    }

    #[test]
    fn a_sparse_table_does_not_store_zeros_of_its_neighbours() {
        let stacked = sparse(&[column(vec![0.0, 2.0]), tall()], 2)
            .map(|sparse| (sparse.to_dense(), sparse.n_stored(), sparse.dtype()));
        let dense = vec![0.0, 0.0, 5.0, 2.0, 0.0, 0.0];
        assert_eq!(stacked.ok(), Some((dense, 2, DType::F64)));
    }
}
