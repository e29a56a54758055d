//! The columns of a table that comes row by row, each row an object of plain values.

use std::collections::HashMap;

use radiant_core::{Error, Tensor, Value};

use crate::Limits;
use crate::json::{Cursor, SyntaxError};
use crate::seldon::numpy;

/// Rows may leave out what others have: then as many cells may be there for each that came, so that
/// no body takes far more memory than it has bytes.
const SPREAD_MAX: usize = 16;

/// A table that has at most so many cells may have any of them left out.
const SPARSE_CELLS_MAX: usize = 1 << 16;

/// Columns by name, in the order in which the names came. What a row leaves out is `null` there, as
/// pandas makes a `DataFrame` of records.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    named: Vec<(String, Vec<Value>)>,
    places: HashMap<String, usize>,
    /// Rows that are complete.
    n_rows: usize,
    /// Cells that came.
    n_cells: usize,
    /// The column behind the one that came last: most rows keep to the order of the first.
    next: usize,
}

/// Why a row could not be read.
#[derive(Debug)]
pub(crate) enum RowError {
    Syntax(SyntaxError),
    Refused(Error),
}

impl From<SyntaxError> for RowError {
    fn from(error: SyntaxError) -> Self {
        Self::Syntax(error)
    }
}

impl From<Error> for RowError {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl Columns {
    /// Reads the object at the cursor as the next row.
    ///
    /// # Errors
    /// It is no JSON, a value is a list or an object, or there are too many cells.
    pub(crate) fn read_row(
        &mut self,
        cursor: &mut Cursor<'_>,
        limits: &Limits,
    ) -> Result<(), RowError> {
        cursor.object_start()?;
        let mut first = true;
        while let Some(name) = cursor.next_key(first)? {
            first = false;
            let value = cursor.value(limits)?;
            self.put(&name, value, limits)?;
        }
        Ok(self.end_row(limits)?)
    }

    /// Takes a row that was read before.
    ///
    /// # Errors
    /// A value is a list or an object, or there are too many cells.
    pub(crate) fn push_row(
        &mut self,
        row: impl IntoIterator<Item = (String, Value)>,
        limits: &Limits,
    ) -> Result<(), Error> {
        row.into_iter().try_for_each(|(name, value)| self.put(&name, value, limits))?;
        self.end_row(limits)
    }

    /// Puts a value into the row that is being read. Of two with one name the last counts.
    fn put(&mut self, name: &str, value: Value, limits: &Limits) -> Result<(), Error> {
        if matches!(value, Value::List(_) | Value::Map(_)) {
            let got = value.kind();
            return Err(Error::invalid_input(format!(
                "column `{name}`: expected a number, a truth value, a string or null, got {got}"
            )));
        }
        let place = self.place(name, limits)?;
        self.next = place.saturating_add(1);
        let Some((_, values)) = self.named.get_mut(place) else { return Ok(()) };
        if let Some(before) = values.get_mut(self.n_rows) {
            *before = value;
        } else {
            values.resize(self.n_rows, Value::Null);
            values.push(value);
            self.n_cells = self.n_cells.saturating_add(1);
        }
        Ok(())
    }

    /// The column of this name, which is a new one where there is none.
    fn place(&mut self, name: &str, limits: &Limits) -> Result<usize, Error> {
        if self.named.get(self.next).is_some_and(|(expected, _)| expected == name) {
            return Ok(self.next);
        }
        if let Some(place) = self.places.get(name) {
            return Ok(*place);
        }
        let place = self.named.len();
        // Checked before the column is filled with what the rows before have not.
        self.check(place.saturating_add(1), limits)?;
        self.places.insert(name.to_owned(), place);
        self.named.push((name.to_owned(), Vec::new()));
        Ok(place)
    }

    /// Ends the row; columns that it leaves out are filled when it is known that they are wanted.
    fn end_row(&mut self, limits: &Limits) -> Result<(), Error> {
        self.next = 0;
        self.n_rows = self.n_rows.saturating_add(1);
        self.check(self.named.len(), limits)
    }

    /// Checks the number of cells that so many columns have.
    fn check(&self, n_columns: usize, limits: &Limits) -> Result<(), Error> {
        let n_all = self.n_rows.max(1).saturating_mul(n_columns);
        let sparse_max = self.n_cells.saturating_mul(SPREAD_MAX).max(SPARSE_CELLS_MAX);
        let max = limits.elements_max.min(sparse_max);
        if n_all <= max {
            return Ok(());
        }
        Err(Error::invalid_input(format!(
            "expected at most {max} cells in a table of {} that came, got {n_columns} columns",
            self.n_cells
        )))
    }

    /// The number of rows.
    pub(crate) const fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// The columns with their names, all as long as there are rows.
    pub(crate) fn into_values(self) -> impl Iterator<Item = (String, Vec<Value>)> {
        let n_rows = self.n_rows;
        self.named.into_iter().map(move |(name, mut values)| {
            values.resize(n_rows, Value::Null);
            (name, values)
        })
    }

    /// The columns as tensors, typed one by one.
    ///
    /// # Errors
    /// None that [`read_row`](Self::read_row) has not met.
    pub(crate) fn into_tensors(self) -> Result<Vec<Tensor>, Error> {
        let tensor = |(name, values): (String, Vec<Value>)| {
            let tensor = numpy::column(&values)?;
            Ok(Tensor { name: name.into(), ..tensor })
        };
        self.into_values().map(tensor).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(rows: &str, limits: &Limits) -> Result<Vec<Tensor>, String> {
        let mut cursor = Cursor::new(rows.as_bytes());
        let mut columns = Columns::default();
        cursor.array_start().expect("is an array");
        while cursor.next_item(columns.n_rows() == 0).expect("is JSON") {
            columns.read_row(&mut cursor, limits).map_err(|error| match error {
                RowError::Syntax(error) => panic!("{error}"),
                RowError::Refused(error) => error.to_string(),
            })?;
        }
        columns.into_tensors().map_err(|error| error.to_string())
    }

    #[test]
    fn columns_are_in_the_order_in_which_their_names_came() {
        let rows = r#"[{"z":1,"a":"x"},{"a":"y","z":2,"b":true},{"z":3,"z":4}]"#;
        let columns = read(rows, &Limits::default()).expect("is a table");
        let texts = [Some("x"), Some("y"), None].into_iter().collect();
        let expected =
            [Tensor::new("z", &[3], vec![1_i64, 2, 4]), Tensor::strings("a", &[3], texts)];
        assert_eq!(columns[..2], expected);
        let flags = columns[2].as_slice::<f64>().expect("has missing values");
        assert!(flags[0].is_nan() && flags[2].is_nan());
        assert_eq!((flags[1], &*columns[2].name), (1.0, "b"));
        assert!(read("[]", &Limits::default()).expect("is empty").is_empty());
    }

    #[test]
    fn cells_are_plain_values_and_not_too_many() {
        let error = read(r#"[{"a":[1]}]"#, &Limits::default()).expect_err("is a list");
        let expected = "expected a number, a truth value, a string or null, got an array";
        assert_eq!(error, format!("column `a`: {expected}"));
        let limits = Limits { elements_max: 3, ..Limits::default() };
        assert!(read(r#"[{"a":1,"b":2,"c":3}]"#, &limits).is_ok());
        let error = read(r#"[{"a":1,"b":2},{"a":1}]"#, &limits).expect_err("are four cells");
        assert_eq!(error, "expected at most 3 cells in a table of 3 that came, got 2 columns");
    }

    #[test]
    fn a_sparse_table_takes_no_more_than_its_bytes_are_worth() {
        let rows: Vec<String> = (0..1000).map(|row| format!("{{\"c{row}\":1}}")).collect();
        let error = read(&format!("[{}]", rows.join(",")), &Limits::default());
        assert!(error.expect_err("is sparse").contains("cells"), "a million cells of a thousand");
        let rows: Vec<String> = (0..200).map(|row| format!("{{\"c{row}\":1}}")).collect();
        let columns = read(&format!("[{}]", rows.join(",")), &Limits::default()).expect("is small");
        assert_eq!((columns.len(), columns[0].shape.rows()), (200, 200));
    }
}
