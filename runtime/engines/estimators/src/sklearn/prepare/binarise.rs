//! Values above a threshold are one, others zero.

use radiant_core::{DType, Error};

use super::lane::{Change, Real, changed};
use super::transformer::{Transform, Transformer};
use crate::sklearn::data::{Array, Data, Table};
use crate::sklearn::estimator::{Estimator, Fact, Wants, Width};
use crate::sklearn::intake::Intake;
use crate::sklearn::source::{Read, Source};

/// `Binarizer`.
#[derive(Debug)]
struct Binarizer {
    intake: Intake,
    threshold: f64,
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    Ok(Box::new(Transformer(Binarizer {
        intake: Intake::new(source, source.n_features_in()?),
        threshold: source.number("threshold", 0.0)?,
    })))
}

impl Change for Binarizer {
    fn change<T: Real>(&self, _n_columns: usize, values: &mut [T]) -> Result<(), Error> {
        for value in values {
            *value = T::rounded(f64::from(u8::from(value.wide() > self.threshold)));
        }
        Ok(())
    }
}

impl Transform for Binarizer {
    fn class(&self) -> &str {
        &self.intake.class
    }

    fn fact(&self) -> Fact {
        Fact { dtype: DType::F64, width: Width::Columns(self.intake.n_features) }
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.intake.n_features)
    }

    /// Whole numbers stay whole, and truth values stay such.
    fn transform(&self, x: &Table<'_>) -> Result<Table<'static>, Error> {
        let is_one = |number: f64| number > self.threshold;
        match x {
            Table::Array(Array { n_rows, n_columns: Some(n_columns), data: Data::I64(values) }) => {
                self.intake.check_width(*n_columns)?;
                let ones: Vec<_> = values.iter().map(|x| i64::from(is_one(*x as f64))).collect();
                Ok(Table::Array(Array::matrix(*n_rows, *n_columns, ones)))
            }
            Table::Array(Array {
                n_rows,
                n_columns: Some(n_columns),
                data: Data::Bool(values),
            }) => {
                self.intake.check_width(*n_columns)?;
                let ones = values.iter().map(|x| is_one(f64::from(u8::from(*x)))).collect();
                Ok(Table::Array(Array::matrix(*n_rows, *n_columns, Data::Bool(ones))))
            }
            Table::Sparse(sparse) if self.threshold >= 0.0 => {
                self.intake.check_width(sparse.n_columns())?;
                let mut sparse = sparse.clone();
                for (_, row) in sparse.rows_mut() {
                    for x in row {
                        *x = f64::from(u8::from(is_one(*x)));
                    }
                }
                Ok(Table::Sparse(sparse))
            }
            _ => changed(&self.intake, x, self),
        }
    }
}
