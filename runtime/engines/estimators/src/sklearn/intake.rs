//! What estimators make of the rows that come: numbers of one type, as many as they know, and no
//! number where they refuse such.

use std::borrow::Cow;

use radiant_core::Error;

use super::data::{Array, Cell, Data, Table};
use super::source::Source;
use super::sparse::Sparse;

/// Dense rows of one type, row-major.
#[derive(Debug, Clone)]
#[expect(clippy::struct_field_names, reason = "`n_rows` is what every table calls it")]
pub(crate) struct Rows<'a, T: Clone> {
    pub(crate) n_rows: usize,
    pub(crate) n_columns: usize,
    // Invariant: as many as rows times columns.
    pub(crate) values: Cow<'a, [T]>,
}

impl<T: Clone> Rows<'_, T> {
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &[T]> {
        self.values.chunks_exact(self.n_columns.max(1))
    }
}

/// Rows in the precision that an estimator keeps.
#[derive(Debug, Clone)]
pub(crate) enum Lane<'a> {
    Single(Rows<'a, f32>),
    Double(Rows<'a, f64>),
}

/// How an estimator checks and converts its rows.
#[derive(Debug, Clone)]
pub(crate) struct Intake {
    /// The class, for messages.
    pub(crate) class: Box<str>,
    /// The number of columns, where it is known.
    pub(crate) n_features: Option<usize>,
    /// Whether missing values (NaN) are taken.
    pub(crate) takes_nan: bool,
    /// Whether infinite values are taken.
    pub(crate) takes_infinite: bool,
    /// Whether arrays of texts are read as numbers.
    pub(crate) takes_texts: bool,
}

impl Intake {
    /// The checks of most estimators: so many columns, finite numbers. Texts were read as numbers
    /// from 0.24 to 1.0, and by some estimators always.
    pub(crate) fn new(source: &Source<'_>, n_features: Option<usize>) -> Self {
        Self {
            class: source.class().into(),
            n_features,
            takes_nan: false,
            takes_infinite: false,
            takes_texts: source.since(0, 24) && !source.since(1, 1),
        }
    }

    /// Takes missing values too.
    pub(crate) fn with_nan(self) -> Self {
        Self { takes_nan: true, ..self }
    }

    /// Takes infinite values and missing ones.
    pub(crate) fn with_any_number(self) -> Self {
        Self { takes_nan: true, takes_infinite: true, ..self }
    }

    /// Reads texts as numbers.
    pub(crate) fn with_texts(self) -> Self {
        Self { takes_texts: true, ..self }
    }

    /// The rows in double precision.
    ///
    /// # Errors
    /// The number of columns is another, or a value is none that the estimator takes.
    pub(crate) fn doubles<'t>(&self, x: &'t Table<'_>) -> Result<Rows<'t, f64>, Error> {
        let rows = self.doubles_unchecked(x)?;
        self.check_values(&rows.values, |value| (value.is_nan(), value.is_infinite()))?;
        Ok(rows)
    }

    /// The rows in the precision in which they came: single precision stays.
    ///
    /// # Errors
    /// As [`doubles`](Self::doubles).
    pub(crate) fn lane<'t>(&self, x: &'t Table<'_>) -> Result<Lane<'t>, Error> {
        match x {
            Table::Array(Array { data: Data::F32(_), .. }) => self.singles(x).map(Lane::Single),
            Table::Frame { columns, .. }
                if columns.iter().all(|column| matches!(column, Data::F32(_))) =>
            {
                self.singles(x).map(Lane::Single)
            }
            _ => self.doubles(x).map(Lane::Double),
        }
    }

    /// The rows in single precision, rounded to nearest.
    ///
    /// # Errors
    /// As [`doubles`](Self::doubles); what is beyond single precision counts as infinite.
    pub(crate) fn singles<'t>(&self, x: &'t Table<'_>) -> Result<Rows<'t, f32>, Error> {
        let rows = if let Table::Array(array) = x
            && let (Data::F32(values), Some(n_columns)) = (&array.data, array.n_columns)
        {
            self.check_table(x)?;
            Rows { n_rows: array.n_rows, n_columns, values: Cow::Borrowed(&values[..]) }
        } else {
            let Rows { n_rows, n_columns, values } = self.doubles_unchecked(x)?;
            #[expect(clippy::cast_possible_truncation, reason = "is to be rounded")]
            let values = values.iter().map(|value| *value as f32).collect();
            Rows { n_rows, n_columns, values: Cow::Owned(values) }
        };
        self.check_values(&rows.values, |value| (value.is_nan(), value.is_infinite()))?;
        Ok(rows)
    }

    fn doubles_unchecked<'t>(&self, x: &'t Table<'_>) -> Result<Rows<'t, f64>, Error> {
        self.check_table(x)?;
        let (n_rows, n_columns) = (x.n_rows(), x.n_columns());
        let values = match x {
            Table::Array(Array { data, .. }) => self.numbers(data)?,
            Table::Sparse(sparse) => {
                sparse.check_dense()?;
                Cow::Owned(sparse.to_dense())
            }
            Table::Frame { columns, .. } => Cow::Owned(self.interleaved(columns, n_rows)?),
        };
        Ok(Rows { n_rows, n_columns, values })
    }

    fn interleaved(&self, columns: &[Data<'_>], n_rows: usize) -> Result<Vec<f64>, Error> {
        let columns: Vec<_> = columns
            .iter()
            // A column of numbers as texts in a frame is one of objects, which are always read.
            .map(|column| numbers(column).map_err(|error| error.context(&self.class)))
            .collect::<Result<_, _>>()?;
        let row = |at: usize| columns.iter().map(move |column| column[at]);
        Ok((0..n_rows).flat_map(row).collect())
    }

    fn numbers<'t>(&self, data: &'t Data<'_>) -> Result<Cow<'t, [f64]>, Error> {
        if let (Data::Text(_), false) = (data, self.takes_texts) {
            return Err(Error::invalid_input(format!(
                "{}: expected numbers, got texts",
                self.class
            )));
        }
        numbers(data).map_err(|error| error.context(&self.class))
    }

    /// Checks that there are rows with columns, and the number of these.
    ///
    /// # Errors
    /// Values have one axis, there is no row, or the number of columns is another.
    pub(crate) fn check_table(&self, x: &Table<'_>) -> Result<(), Error> {
        if let Table::Array(Array { n_rows, n_columns: None, .. }) = x {
            return Err(Error::invalid_input(format!(
                "{}: expected rows with two axes, got {n_rows} values with one: wrap a row in a list",
                self.class
            )));
        }
        self.check_width(x.n_columns())?;
        self.check_any(x.n_rows())
    }

    /// No estimator answers no rows.
    fn check_any(&self, n_rows: usize) -> Result<(), Error> {
        match n_rows {
            0 => Err(Error::invalid_input(format!("{}: expected a row, got none", self.class))),
            _ => Ok(()),
        }
    }

    /// Checks the number of columns.
    ///
    /// # Errors
    /// It is another.
    pub(crate) fn check_width(&self, got: usize) -> Result<(), Error> {
        match self.n_features {
            Some(expected) if expected != got => Err(Error::invalid_input(format!(
                "{}: expected {expected} features, got {got}",
                self.class
            ))),
            _ => Ok(()),
        }
    }

    /// Checks that a table has as many columns as there are weights for.
    ///
    /// # Errors
    /// It has not.
    pub(crate) fn check_width_of(&self, got: usize, expected: usize) -> Result<(), Error> {
        if got == expected {
            return Ok(());
        }
        Err(Error::invalid_input(format!(
            "{}: expected {expected} features, got {got}",
            self.class
        )))
    }

    /// Checks the number of columns and the stored values of a sparse table.
    ///
    /// # Errors
    /// As [`doubles`](Self::doubles).
    pub(crate) fn check_sparse(&self, sparse: &Sparse) -> Result<(), Error> {
        self.check_width(sparse.n_columns())?;
        self.check_any(sparse.n_rows())?;
        for (_, values) in sparse.rows() {
            self.check_values(values, |value| (value.is_nan(), value.is_infinite()))?;
        }
        Ok(())
    }

    fn check_values<T: Copy>(
        &self,
        values: &[T],
        is: impl Fn(T) -> (bool, bool),
    ) -> Result<(), Error> {
        if self.takes_nan && self.takes_infinite {
            return Ok(());
        }
        let (mut any_nan, mut any_infinite) = (false, false);
        for &value in values {
            let (is_nan, is_infinite) = is(value);
            any_nan |= is_nan;
            any_infinite |= is_infinite;
        }
        let what = match (any_nan && !self.takes_nan, any_infinite && !self.takes_infinite) {
            (false, false) => return Ok(()),
            (true, _) => "a missing value (null or NaN), which this estimator does not take",
            (_, true) => "an infinite value, or one that its precision does not hold",
        };
        Err(Error::invalid_input(format!("{}: expected finite numbers, got {what}", self.class)))
    }
}

/// Values as numbers in double precision: truth values are 0 and 1, `None` is NaN, texts are read.
///
/// # Errors
/// A text is no number.
pub(crate) fn numbers<'t>(data: &'t Data<'_>) -> Result<Cow<'t, [f64]>, Error> {
    Ok(match data {
        Data::F64(values) => Cow::Borrowed(values),
        Data::F32(values) => values.iter().map(|value| f64::from(*value)).collect(),
        Data::I64(values) => values.iter().map(|value| *value as f64).collect(),
        Data::Bool(values) => values.iter().map(|value| f64::from(u8::from(*value))).collect(),
        Data::Text(texts) => {
            let number = |text: &[u8]| parsed(&String::from_utf8_lossy(text));
            Cow::Owned(texts.iter().map(number).collect::<Result<_, _>>()?)
        }
        Data::Cells(cells) => Cow::Owned(cells.iter().map(number).collect::<Result<_, _>>()?),
    })
}

fn number(cell: &Cell) -> Result<f64, Error> {
    Ok(match cell {
        Cell::None => f64::NAN,
        Cell::Bool(truth) => f64::from(u8::from(*truth)),
        Cell::Int(number) => *number as f64,
        Cell::Float(number) => *number,
        Cell::Text(text) => parsed(text)?,
    })
}

/// A number as Python's `float` reads it: with spaces around it, `_` between digits, `inf`, `nan`.
fn parsed(text: &str) -> Result<f64, Error> {
    let refused = || Error::invalid_input(format!("expected a number, got the text {text:?}"));
    let trimmed = text.trim();
    if !trimmed.contains('_') {
        return trimmed.parse().map_err(|_| refused());
    }
    let bytes = trimmed.as_bytes();
    let is_digit =
        |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let stands_between_digits = |(at, byte): (usize, &u8)| {
        *byte != b'_' || (is_digit(at.checked_sub(1)) && is_digit(Some(at + 1)))
    };
    if !bytes.iter().enumerate().all(stands_between_digits) {
        return Err(refused());
    }
    trimmed.replace('_', "").parse().map_err(|_| refused())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_numbers_as_python_reads_them() {
        for (text, number) in [(" 1.5\n", 1.5), ("1_000", 1000.0), ("-inf", f64::NEG_INFINITY)] {
            assert_eq!(parsed(text).map_err(|error| error.to_string()), Ok(number), "{text}");
        }
        for text in ["", "1__0", "_1", "0x1", "one"] {
            assert!(parsed(text).is_err(), "{text}");
        }
        assert!(parsed("nan").is_ok_and(f64::is_nan));
    }
}
