//! Estimators inside others, and what is asked of them.

use radiant_core::Error;
use radiant_formats::{FormatError, Node};

use crate::sklearn::data::{Array, Cell, Data, Table};
use crate::sklearn::estimator::{Estimator, Fact, Method, Width, table};
use crate::sklearn::intake::{Intake, Lane, numbers};
use crate::sklearn::source::{Read, Source};

/// Numbers that a member gave: `[n_rows, n_columns]`, row-major.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) n_columns: usize,
    // Invariant: whole rows.
    pub(crate) values: Vec<f64>,
}

impl Given {
    pub(crate) fn rows(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        self.values.chunks_exact(self.n_columns.max(1))
    }
}

/// The one array that a method of a member gives.
pub(crate) fn array(
    member: &dyn Estimator,
    method: Method,
    x: &Table<'_>,
) -> Result<Array<'static>, Error> {
    match table(member.run(method, x)?)? {
        Table::Array(array) if array.n_rows == x.n_rows() => Ok(array),
        Table::Sparse(sparse) => {
            Ok(Array::matrix(sparse.n_rows(), sparse.n_columns(), sparse.to_dense()))
        }
        _ => Err(Error::internal("a member of an ensemble gave no array with all rows")),
    }
}

/// The numbers that a method of a member gives; without a second axis there is one column.
pub(crate) fn given(member: &dyn Estimator, method: Method, x: &Table<'_>) -> Result<Given, Error> {
    let Array { n_columns, data, .. } = array(member, method, x)?;
    let values = match data {
        Data::F64(values) => values.into_owned(),
        other => numbers(&other)?.into_owned(),
    };
    Ok(Given { n_columns: n_columns.unwrap_or(1), values })
}

/// The same, of exactly so many columns.
pub(crate) fn given_of(
    member: &dyn Estimator,
    method: Method,
    x: &Table<'_>,
    n_columns: usize,
) -> Result<Given, Error> {
    let given = given(member, method, x)?;
    if given.n_columns == n_columns {
        return Ok(given);
    }
    let got = given.n_columns;
    Err(Error::internal(format!("a member of an ensemble gave {got} columns, not {n_columns}")))
}

/// The labels that a member predicts, as whole numbers below `n`.
pub(crate) fn codes(member: &dyn Estimator, x: &Table<'_>, n: usize) -> Result<Vec<usize>, Error> {
    let given = given_of(member, Method::Predict, x, 1)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked below")]
    let code = |number: f64| Some(number as usize).filter(|code| *code < n && number >= 0.0);
    let codes: Option<Vec<_>> = given.values.into_iter().map(code).collect();
    codes.ok_or_else(|| Error::internal(format!("a member predicted no number below {n}")))
}

/// Where labels stand among classes.
#[derive(Debug)]
pub(crate) struct Places(Data<'static>);

impl Places {
    pub(crate) fn new(classes: &Data<'static>) -> Self {
        Self(classes.clone())
    }

    /// The place of each label; `None` for what is no class.
    pub(crate) fn of(&self, labels: &Data<'_>) -> Vec<Option<usize>> {
        if let (Data::I64(classes), Data::I64(labels)) = (&self.0, labels) {
            let place = |label| classes.iter().position(|class| class == label);
            return labels.iter().map(place).collect();
        }
        if let (Data::Text(classes), Data::Text(labels)) = (&self.0, labels) {
            let place = |label| classes.iter().position(|class| class == label);
            return labels.iter().map(place).collect();
        }
        let classes: Vec<_> = (0..self.0.len()).filter_map(|at| self.0.cell(at)).collect();
        let place = |label: Cell| classes.iter().position(|class| is_same(class, &label));
        (0..labels.len()).map(|at| labels.cell(at).and_then(place)).collect()
    }
}

/// Whether two labels are equal as Python compares them.
#[expect(clippy::float_cmp, reason = "equality is asked for")]
fn is_same(one: &Cell, other: &Cell) -> bool {
    let number = |cell: &Cell| match cell {
        Cell::Bool(truth) => Some(f64::from(u8::from(*truth))),
        Cell::Int(number) => Some(*number as f64),
        Cell::Float(number) => Some(*number),
        Cell::None | Cell::Text(_) => None,
    };
    match (number(one), number(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

/// Makes sure that members have a method that gives so many numbers a row.
///
/// # Errors
/// The member at fault.
pub(crate) fn expect(
    node: Node<'_>,
    member: &dyn Estimator,
    method: Method,
    n_columns: usize,
) -> Read<()> {
    match member.fact(method).map(columns) {
        Some(None) => Ok(()),
        Some(Some(got)) if got == n_columns => Ok(()),
        Some(_) => Err(refused(node, method, n_columns)),
        None => Err(node.expected(format_args!("an estimator with `{}`", method.name()))),
    }
}

fn refused(node: Node<'_>, method: Method, n_columns: usize) -> FormatError {
    let name = method.name();
    node.expected(format_args!("an estimator whose `{name}` gives {n_columns} numbers a row"))
}

/// How many numbers a row has in an answer, if that is known; none are lists.
pub(crate) fn columns(fact: Fact) -> Option<usize> {
    match fact.width {
        Width::One => Some(1),
        Width::Columns(n) => n,
        Width::List(_) => Some(0),
    }
}

/// Reads a list of fitted estimators: at least one.
pub(crate) fn members<'g>(
    source: &Source<'g>,
    name: &str,
) -> Read<Vec<(Node<'g>, Box<dyn Estimator>)>> {
    let list = source.attr(name)?;
    let read = |node| Ok((node, source.estimator(node)?));
    let members = list.items()?.map(read).collect::<Read<Vec<_>>>()?;
    if members.is_empty() { Err(list.expected("at least one estimator")) } else { Ok(members) }
}

/// Rows that were checked, in the precision in which they came.
pub(crate) fn checked<'t>(intake: &Intake, x: &'t Table<'_>) -> Result<Table<'t>, Error> {
    let (n_rows, n_columns, data) = match intake.lane(x)? {
        Lane::Single(rows) => (rows.n_rows, rows.n_columns, Data::F32(rows.values)),
        Lane::Double(rows) => (rows.n_rows, rows.n_columns, Data::F64(rows.values)),
    };
    Ok(Table::Array(Array::matrix(n_rows, n_columns, data)))
}

/// Divides all numbers by the same.
pub(crate) fn divide(values: &mut [f64], by: f64) {
    for value in values {
        *value /= by;
    }
}

/// Some columns of a table, in this order; columns behind the last are left out.
pub(crate) fn picked<'t>(x: &'t Table<'_>, columns: &[usize]) -> Table<'t> {
    let dense;
    let (n_rows, n_columns, data) = match x {
        Table::Frame { n_rows, columns: all } => {
            let columns = columns.iter().filter_map(|at| all.get(*at)).map(Data::view).collect();
            return Table::Frame { n_rows: *n_rows, columns };
        }
        Table::Array(Array { n_rows, n_columns, data }) => (*n_rows, n_columns.unwrap_or(1), data),
        Table::Sparse(sparse) => {
            dense = Data::from(sparse.to_dense());
            (sparse.n_rows(), sparse.n_columns(), &dense)
        }
    };
    let columns: Vec<_> = columns.iter().copied().filter(|at| *at < n_columns).collect();
    let places = (0..n_rows).flat_map(|row| columns.iter().map(move |at| row * n_columns + at));
    Table::Array(Array::matrix(n_rows, columns.len(), data.pick(places)))
}
