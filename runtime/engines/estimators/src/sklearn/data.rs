//! What flows between estimators: typed columns, arrays, and tables of them.

use std::borrow::Cow;

use radiant_core::{DType, Strings};

use super::sparse::Sparse;

/// A value of an array of Python objects, or of a column of mixed types.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Box<str>),
}

/// Values of one type. Whole numbers of any width are [`I64`](Self::I64).
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Data<'a> {
    F64(Cow<'a, [f64]>),
    F32(Cow<'a, [f32]>),
    I64(Cow<'a, [i64]>),
    Bool(Cow<'a, [bool]>),
    Text(Cow<'a, Strings>),
    Cells(Cow<'a, [Cell]>),
}

impl Data<'_> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::F64(values) => values.len(),
            Self::F32(values) => values.len(),
            Self::I64(values) => values.len(),
            Self::Bool(values) => values.len(),
            Self::Text(values) => values.len(),
            Self::Cells(values) => values.len(),
        }
    }

    /// The type in answers; objects are told as text.
    pub(crate) fn dtype(&self) -> DType {
        match self {
            Self::F64(_) => DType::F64,
            Self::F32(_) => DType::F32,
            Self::I64(_) => DType::I64,
            Self::Bool(_) => DType::Bool,
            Self::Text(_) | Self::Cells(_) => DType::Bytes,
        }
    }

    /// The values at some places, in that order; places behind the end have none.
    pub(crate) fn pick(&self, places: impl Iterator<Item = usize>) -> Data<'static> {
        fn of<T: Clone>(values: &[T], places: impl Iterator<Item = usize>) -> Vec<T> {
            places.filter_map(|at| values.get(at).cloned()).collect()
        }
        match self {
            Self::F64(values) => Data::F64(of(values, places).into()),
            Self::F32(values) => Data::F32(of(values, places).into()),
            Self::I64(values) => Data::I64(of(values, places).into()),
            Self::Bool(values) => Data::Bool(of(values, places).into()),
            Self::Cells(values) => Data::Cells(of(values, places).into()),
            Self::Text(values) => {
                let mut picked = Strings::new();
                places.filter_map(|at| values.get(at)).for_each(|text| picked.push(text));
                Data::Text(Cow::Owned(picked))
            }
        }
    }

    /// The same values, borrowed.
    pub(crate) fn view(&self) -> Data<'_> {
        match self {
            Self::F64(values) => Data::F64(Cow::Borrowed(values)),
            Self::F32(values) => Data::F32(Cow::Borrowed(values)),
            Self::I64(values) => Data::I64(Cow::Borrowed(values)),
            Self::Bool(values) => Data::Bool(Cow::Borrowed(values)),
            Self::Text(values) => Data::Text(Cow::Borrowed(values)),
            Self::Cells(values) => Data::Cells(Cow::Borrowed(values)),
        }
    }

    pub(crate) fn into_owned(self) -> Data<'static> {
        match self {
            Self::F64(values) => Data::F64(values.into_owned().into()),
            Self::F32(values) => Data::F32(values.into_owned().into()),
            Self::I64(values) => Data::I64(values.into_owned().into()),
            Self::Bool(values) => Data::Bool(values.into_owned().into()),
            Self::Text(values) => Data::Text(Cow::Owned(values.into_owned())),
            Self::Cells(values) => Data::Cells(values.into_owned().into()),
        }
    }

    /// One value.
    pub(crate) fn cell(&self, at: usize) -> Option<Cell> {
        Some(match self {
            Self::F64(values) => Cell::Float(*values.get(at)?),
            Self::F32(values) => Cell::Float(f64::from(*values.get(at)?)),
            Self::I64(values) => Cell::Int(*values.get(at)?),
            Self::Bool(values) => Cell::Bool(*values.get(at)?),
            Self::Text(values) => {
                Cell::Text(String::from_utf8_lossy(values.get(at)?).into_owned().into())
            }
            Self::Cells(values) => values.get(at)?.clone(),
        })
    }
}

impl From<Vec<f64>> for Data<'static> {
    fn from(values: Vec<f64>) -> Self {
        Self::F64(values.into())
    }
}

impl From<Vec<f32>> for Data<'static> {
    fn from(values: Vec<f32>) -> Self {
        Self::F32(values.into())
    }
}

impl From<Vec<i64>> for Data<'static> {
    fn from(values: Vec<i64>) -> Self {
        Self::I64(values.into())
    }
}

/// Values with one axis (`n_columns` is `None`) or two, row-major.
///
/// Invariant kept by whoever builds one: as many values as the shape has.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Array<'a> {
    pub(crate) n_rows: usize,
    pub(crate) n_columns: Option<usize>,
    pub(crate) data: Data<'a>,
}

impl<'a> Array<'a> {
    /// One value a row.
    pub(crate) fn column(data: impl Into<Data<'a>>) -> Self {
        let data = data.into();
        Self { n_rows: data.len(), n_columns: None, data }
    }

    /// So many values a row.
    pub(crate) fn matrix(n_rows: usize, n_columns: usize, data: impl Into<Data<'a>>) -> Self {
        let data = data.into();
        debug_assert_eq!(Some(data.len()), n_rows.checked_mul(n_columns));
        Self { n_rows, n_columns: Some(n_columns), data }
    }

    pub(crate) fn into_owned(self) -> Array<'static> {
        let Self { n_rows, n_columns, data } = self;
        Array { n_rows, n_columns, data: data.into_owned() }
    }
}

/// Rows that go into an estimator, or that a transformer gives.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Table<'a> {
    Array(Array<'a>),
    /// Columns of a type each, all as long as `n_rows`.
    Frame {
        n_rows: usize,
        columns: Vec<Data<'a>>,
    },
    Sparse(Sparse),
}

impl Table<'_> {
    pub(crate) fn n_rows(&self) -> usize {
        match self {
            Self::Array(array) => array.n_rows,
            Self::Frame { n_rows, .. } => *n_rows,
            Self::Sparse(sparse) => sparse.n_rows(),
        }
    }

    /// The number of columns; one without a second axis.
    pub(crate) fn n_columns(&self) -> usize {
        match self {
            Self::Array(array) => array.n_columns.unwrap_or(1),
            Self::Frame { columns, .. } => columns.len(),
            Self::Sparse(sparse) => sparse.n_columns(),
        }
    }

    /// Whether all values are of single precision.
    pub(crate) fn is_single(&self) -> bool {
        match self {
            Self::Array(array) => matches!(array.data, Data::F32(_)),
            Self::Frame { columns, .. } => {
                !columns.is_empty() && columns.iter().all(|column| matches!(column, Data::F32(_)))
            }
            Self::Sparse(_) => false,
        }
    }

    pub(crate) fn into_owned(self) -> Table<'static> {
        match self {
            Self::Array(array) => Table::Array(array.into_owned()),
            Self::Frame { n_rows, columns } => Table::Frame {
                n_rows,
                columns: columns.into_iter().map(Data::into_owned).collect(),
            },
            Self::Sparse(sparse) => Table::Sparse(sparse),
        }
    }

    /// One column; `None` behind the last.
    pub(crate) fn column(&self, at: usize) -> Option<Data<'_>> {
        match self {
            Self::Frame { columns, .. } => columns.get(at).map(Data::view),
            Self::Array(Array { n_rows, n_columns, data }) => {
                let n_columns = n_columns.unwrap_or(1);
                if at >= n_columns {
                    return None;
                }
                if n_columns == 1 {
                    return Some(data.view());
                }
                Some(data.pick((0..*n_rows).map(|row| row * n_columns + at)))
            }
            Self::Sparse(sparse) => sparse.column(at).map(Data::from),
        }
    }
}
