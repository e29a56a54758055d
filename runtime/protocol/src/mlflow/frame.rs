//! What a body holds before a signature is looked at.

use radiant_core::{Error, Tensor, Value};

use super::invalid;
use crate::Limits;
use crate::seldon::numpy;

/// Rows may be shorter than the longest: then as many cells may be there for each that came.
const SPREAD_MAX: usize = 16;
/// A table that has at most so many cells may have any of them left out.
const SPARSE_CELLS_MAX: usize = 1 << 16;

/// The content of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// A table: `dataframe_split`, `dataframe_records` or CSV.
    Frame(Frame),
    /// One array, or a plain value.
    Array(Value),
    /// Arrays by name: `inputs`.
    ByName(Vec<(String, Value)>),
    /// Arrays by name, put together from `instances`, of which each is a row of all.
    Rows(Vec<(String, Value)>),
}

/// A table: pandas' `DataFrame`, before its columns have types.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Frame {
    /// The names of the columns; none where they are only counted.
    pub names: Option<Vec<String>>,
    /// The columns, each of as many values as there are rows.
    pub columns: Vec<Vec<Value>>,
}

impl Frame {
    /// A table of rows, of which shorter ones are filled up with `null`, as pandas does.
    ///
    /// # Errors
    /// The names are not as many as the columns, or one comes twice, or rows are far shorter than
    /// others.
    pub(super) fn of_rows(
        names: Option<Vec<String>>,
        rows: Vec<Vec<Value>>,
        limits: &Limits,
    ) -> Result<Self, Error> {
        let n_rows = rows.len();
        let longest = rows.iter().map(Vec::len).max();
        let n_cells = rows.iter().map(Vec::len).fold(0, usize::saturating_add);
        let width = match (&names, longest) {
            (Some(names), None) => names.len(),
            (_, longest) => longest.unwrap_or(0),
        };
        let max = cells_max(n_cells, limits);
        if n_rows.max(1).saturating_mul(width) > max {
            return Err(invalid(format_args!(
                "expected at most {max} cells, got {n_rows} rows, one of them with {width}"
            )));
        }
        if let Some(names) = &names {
            if names.len() != width {
                let (expected, got) = (names.len(), width);
                return Err(invalid(format_args!(
                    "Provided dataframe_split field is not a valid dataframe representation in \
                     'split' format. Error: '{expected} columns passed, passed data had {got} columns'"
                )));
            }
            check_unique(names)?;
        }
        let mut columns: Vec<Vec<Value>> = (0..width).map(|_| Vec::with_capacity(n_rows)).collect();
        for row in rows {
            let cells = row.into_iter().map(Some).chain(std::iter::repeat(None));
            for (column, cell) in columns.iter_mut().zip(cells) {
                column.push(cell.unwrap_or(Value::Null));
            }
        }
        Ok(Self { names, columns })
    }

    /// The number of rows.
    pub fn n_rows(&self) -> usize {
        self.columns.first().map_or(0, Vec::len)
    }

    /// The column of this name.
    pub(super) fn column(&self, name: &str) -> Option<&[Value]> {
        let index = self.names.as_ref()?.iter().position(|have| have == name)?;
        self.columns.get(index).map(Vec::as_slice)
    }

    /// What the columns are called in errors: their names, or numbers from 0.
    pub(super) fn labels(&self) -> Vec<String> {
        match &self.names {
            Some(names) => names.iter().map(|name| format!("'{name}'")).collect(),
            None => (0..self.columns.len()).map(|index| index.to_string()).collect(),
        }
    }

    /// The columns as tensors of the types that pandas finds.
    ///
    /// # Errors
    /// A value is a list or an object.
    pub(super) fn tensors(&self) -> Result<Vec<Tensor>, Error> {
        let typed = |(index, values): (usize, &Vec<Value>)| {
            let name = self.names.as_ref().and_then(|names| names.get(index));
            let name = name.map_or("", String::as_str);
            let tensor = numpy::column(values)
                .map_err(|error| invalid(format_args!("column `{name}`: {error}")))?;
            Ok(Tensor { name: name.into(), ..tensor })
        };
        self.columns.iter().enumerate().map(typed).collect()
    }
}

/// How many cells a table may have of which so many came: no body takes far more memory than it has
/// bytes.
pub(super) fn cells_max(n_cells: usize, limits: &Limits) -> usize {
    limits.elements_max.min(n_cells.saturating_mul(SPREAD_MAX).max(SPARSE_CELLS_MAX))
}

/// Checks that no name comes twice: which column is meant cannot be told.
///
/// # Errors
/// One does.
pub(super) fn check_unique(names: &[String]) -> Result<(), Error> {
    let mut sorted: Vec<&String> = names.iter().collect();
    sorted.sort_unstable();
    let twice = sorted.windows(2).find_map(|pair| pair.first().filter(|a| pair.last() == Some(a)));
    twice.map_or(Ok(()), |name| {
        Err(invalid(format_args!("column `{name}`: expected it once, got it twice")))
    })
}
