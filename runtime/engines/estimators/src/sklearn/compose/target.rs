//! A regressor whose target was transformed.

use std::borrow::Cow;

use radiant_core::{DType, Error};

use super::inverse::Inverse;
use crate::sklearn::data::{Array, Data, Table};
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, Width, no_method, table};
use crate::sklearn::intake::numbers;
use crate::sklearn::source::{Read, Source};

/// `TransformedTargetRegressor`.
#[derive(Debug)]
struct Target {
    regressor: Box<dyn Estimator>,
    inverse: Inverse,
    /// Whether the target had one axis.
    is_flat: bool,
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let node = source.attr("regressor_")?;
    let regressor = source.estimator(node)?;
    if regressor.fact(Method::Predict).is_none_or(|fact| fact.dtype == DType::Bytes) {
        return Err(node.expected("a regressor"));
    }
    Ok(Box::new(Target {
        regressor,
        inverse: Inverse::read(&source.part(source.attr("transformer_")?)?)?,
        is_flat: source.attr("_training_dim")?.index()? == 1,
    }))
}

impl Estimator for Target {
    fn fact(&self, method: Method) -> Option<Fact> {
        if method != Method::Predict {
            return None;
        }
        let width = match self.regressor.fact(method)?.width {
            Width::One | Width::Columns(_) if self.is_flat => Width::One,
            Width::One => Width::Columns(Some(1)),
            width => width,
        };
        Some(Fact { dtype: DType::F64, width })
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if method != Method::Predict {
            return Err(no_method("TransformedTargetRegressor", method));
        }
        let predicted = table(self.regressor.run(method, x)?)?;
        let Table::Array(Array { n_rows, n_columns, data }) = predicted else {
            return Err(Error::internal("expected one array of predictions"));
        };
        let width = n_columns.unwrap_or(1);
        let mut values = match data {
            Data::F64(values) => values.into_owned(),
            data => numbers(&data).map(Cow::into_owned)?,
        };
        self.inverse.run(width, &mut values)?;
        let is_flat = self.is_flat && width == 1;
        let n_columns = if is_flat { None } else { Some(width) };
        Ok(Answer::Table(Table::Array(Array { n_rows, n_columns, data: values.into() })))
    }

    fn wants(&self) -> Wants {
        self.regressor.wants()
    }
}
