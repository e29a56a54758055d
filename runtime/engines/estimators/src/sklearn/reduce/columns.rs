//! Transformers that keep some of the columns as they are.

use radiant_core::{DType, Error};

use crate::sklearn::data::{Array, Cell, Data, Table};
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, Width, no_method};
use crate::sklearn::intake::Intake;
use crate::sklearn::source::Source;
use crate::sklearn::sparse::Sparse;

/// Which columns are kept.
#[derive(Debug)]
pub(super) struct Columns {
    intake: Intake,
    /// In rising order.
    // Invariant: below the number of features that the intake knows.
    kept: Vec<usize>,
    /// Whether no columns at all are none in double precision, whatever the rows were (before 1.2).
    is_double_if_empty: bool,
}

impl Columns {
    /// Keeps the columns of which the mask says so; values are checked if the estimator does.
    pub(super) fn new(source: &Source<'_>, mask: &[bool], takes_any_number: bool) -> Self {
        let intake = Intake::new(source, Some(mask.len()));
        Self {
            intake: if takes_any_number { intake.with_any_number() } else { intake },
            kept: (0..mask.len()).filter(|at| mask[*at]).collect(),
            is_double_if_empty: !source.since(1, 2),
        }
    }

    pub(super) fn n_kept(&self) -> usize {
        self.kept.len()
    }

    pub(super) fn class(&self) -> &str {
        &self.intake.class
    }

    pub(super) fn wants(&self) -> Wants {
        Wants::Matrix(self.intake.n_features)
    }

    /// The kept columns, in the type in which they came.
    ///
    /// # Errors
    /// There is one axis only, the number of columns is another, or a value is not finite.
    pub(super) fn of(&self, x: &Table<'_>) -> Result<Table<'static>, Error> {
        if let Table::Array(Array { n_columns: None, n_rows, .. }) = x {
            return Err(Error::invalid_input(format!(
                "{}: expected rows with two axes, got {n_rows} values with one: wrap a row in a list",
                self.intake.class
            )));
        }
        self.intake.check_width(x.n_columns())?;
        self.check(x)?;
        if self.kept.is_empty() && self.is_double_if_empty {
            return Ok(Table::Array(Array::matrix(x.n_rows(), 0, Vec::<f64>::new())));
        }
        Ok(match x {
            Table::Array(Array { n_rows, n_columns, data }) => {
                let n_columns = n_columns.unwrap_or(1);
                let places = (0..*n_rows)
                    .flat_map(|row| self.kept.iter().map(move |column| row * n_columns + column));
                Table::Array(Array::matrix(*n_rows, self.kept.len(), data.pick(places)))
            }
            Table::Frame { n_rows, columns } => {
                let kept = self.kept.iter().filter_map(|at| columns.get(*at));
                let columns = kept.map(|column| column.view().into_owned()).collect();
                Table::Frame { n_rows: *n_rows, columns }
            }
            Table::Sparse(sparse) => Table::Sparse(self.of_sparse(sparse)),
        })
    }

    fn of_sparse(&self, sparse: &Sparse) -> Sparse {
        let mut kept = Sparse::new(self.kept.len());
        for (columns, values) in sparse.rows() {
            let place = |(column, value): (&u32, &f64)| {
                let place = self.kept.binary_search(&(*column as usize)).ok()?;
                Some((u32::try_from(place).ok()?, *value))
            };
            kept.push_row(columns.iter().zip(values).filter_map(place));
        }
        kept
    }

    fn check(&self, x: &Table<'_>) -> Result<(), Error> {
        if self.intake.takes_nan {
            return Ok(());
        }
        let is_finite = match x {
            Table::Array(array) => is_finite(&array.data),
            Table::Frame { columns, .. } => columns.iter().all(is_finite),
            Table::Sparse(sparse) => {
                sparse.rows().all(|(_, values)| values.iter().all(|value| value.is_finite()))
            }
        };
        if is_finite {
            return Ok(());
        }
        Err(Error::invalid_input(format!(
            "{}: expected finite numbers, got a missing or an infinite value, which this estimator \
             does not take",
            self.intake.class
        )))
    }
}

/// Whether all numbers are finite; of objects only NaN is found.
fn is_finite(data: &Data<'_>) -> bool {
    match data {
        Data::F64(values) => values.iter().all(|value| value.is_finite()),
        Data::F32(values) => values.iter().all(|value| value.is_finite()),
        Data::Cells(cells) => {
            !cells.iter().any(|cell| matches!(cell, Cell::Float(number) if number.is_nan()))
        }
        Data::I64(_) | Data::Bool(_) | Data::Text(_) => true,
    }
}

/// A selector that is a mask once it is fitted.
#[derive(Debug)]
pub(super) struct Selector(pub(super) Columns);

impl Estimator for Selector {
    fn fact(&self, method: Method) -> Option<Fact> {
        (method == Method::Transform).then_some(fact(&self.0))
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if method != Method::Transform {
            return Err(no_method(self.0.class(), method));
        }
        Ok(Answer::Table(self.0.of(x)?))
    }

    fn wants(&self) -> Wants {
        self.0.wants()
    }
}

/// The form of what is kept.
pub(super) fn fact(columns: &Columns) -> Fact {
    Fact { dtype: DType::F64, width: Width::Columns(Some(columns.n_kept())) }
}
