//! Values changed in place, in the precision in which they came.

use radiant_core::Error;

use crate::sklearn::data::{Array, Table};
use crate::sklearn::intake::{Intake, Lane};

/// A number of either precision.
pub(crate) trait Real: Copy + PartialOrd + 'static {
    /// The same in double precision.
    fn wide(self) -> f64;

    /// The nearest of this precision.
    fn rounded(number: f64) -> Self;

    /// The step from one to the next number of this precision.
    const EPSILON: f64;
}

impl Real for f64 {
    const EPSILON: Self = Self::EPSILON;

    #[inline]
    fn wide(self) -> f64 {
        self
    }

    #[inline]
    fn rounded(number: f64) -> Self {
        number
    }
}

impl Real for f32 {
    const EPSILON: f64 = Self::EPSILON as f64;

    #[inline]
    fn wide(self) -> f64 {
        f64::from(self)
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "is to be rounded")]
    fn rounded(number: f64) -> Self {
        number as Self
    }
}

/// A change of rows that keeps their number of columns.
///
/// A step in single precision is one in double precision that is rounded: for sums, products,
/// quotients and square roots of single-precision numbers both are the same.
pub(super) trait Change {
    /// Changes rows of so many columns.
    ///
    /// # Errors
    /// A value that cannot be changed.
    fn change<T: Real>(&self, n_columns: usize, values: &mut [T]) -> Result<(), Error>;
}

/// The changed rows.
pub(super) fn changed(
    intake: &Intake,
    x: &Table<'_>,
    change: &impl Change,
) -> Result<Table<'static>, Error> {
    Ok(Table::Array(match intake.lane(x)? {
        Lane::Double(rows) => {
            let mut values = rows.values.into_owned();
            change.change(rows.n_columns, &mut values)?;
            Array::matrix(rows.n_rows, rows.n_columns, values)
        }
        Lane::Single(rows) => {
            let mut values = rows.values.into_owned();
            change.change(rows.n_columns, &mut values)?;
            Array::matrix(rows.n_rows, rows.n_columns, values)
        }
    }))
}
