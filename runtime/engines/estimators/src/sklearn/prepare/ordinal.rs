//! Categories as their places.

use radiant_core::{DType, Error};

use super::categories::{Categories, check, unknown};
use super::one_hot::{categories, groups};
use super::transformer::{Transform, Transformer};
use crate::sklearn::data::{Array, Data, Table};
use crate::sklearn::estimator::{Estimator, Fact, Wants, Width};
use crate::sklearn::intake::Intake;
use crate::sklearn::source::{Read, Source};

/// One column of what comes.
#[derive(Debug)]
struct Column {
    categories: Categories,
    /// What each category becomes.
    // Invariant: one for each category.
    codes: Vec<f64>,
}

/// `OrdinalEncoder`.
#[derive(Debug)]
struct Ordinal {
    intake: Intake,
    columns: Vec<Column>,
    /// What an unknown category becomes; `None` where it is refused.
    unknown: Option<f64>,
    dtype: DType,
    takes_nan: bool,
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let categories = categories(source)?;
    let sizes: Vec<_> = categories.iter().map(|(_, categories)| categories.len()).collect();
    let groups = groups(source, &sizes)?;
    // The place of a missing value among the categories of a column (1.0).
    let mut missing = vec![None; sizes.len()];
    if let Some(node) = source.some("_missing_indices")? {
        for (column, place) in node.entries()? {
            let slot = missing.get_mut(column.index()?);
            *slot.ok_or_else(|| column.expected("a column"))? = Some(place.index()?);
        }
    }
    let encoded_missing = source.number("encoded_missing_value", f64::NAN)?;
    let mut columns = Vec::with_capacity(sizes.len());
    for (((_, categories), group), missing) in categories.iter().zip(groups).zip(missing) {
        let code = |at: usize| match &group {
            _ if missing == Some(at) => encoded_missing,
            Some(group) => group.get(at).map_or(f64::NAN, |group| *group as f64),
            None => at as f64,
        };
        let codes = (0..categories.len()).map(code).collect();
        columns.push(Column { categories: Categories::new(categories), codes });
    }
    let unknown = match &*source.choice("handle_unknown", "error")? {
        "use_encoded_value" => Some(source.number("unknown_value", f64::NAN)?),
        _ => None,
    };
    Ok(Box::new(Transformer(Ordinal {
        intake: Intake::new(source, Some(columns.len())),
        columns,
        unknown,
        dtype: source.some("dtype")?.map_or(Ok(DType::F64), super::dtype::read)?,
        takes_nan: source.since(0, 24),
    })))
}

impl Transform for Ordinal {
    fn class(&self) -> &str {
        &self.intake.class
    }

    fn fact(&self) -> Fact {
        Fact { dtype: self.dtype, width: Width::Columns(Some(self.columns.len())) }
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(Some(self.columns.len()))
    }

    fn transform(&self, x: &Table<'_>) -> Result<Table<'static>, Error> {
        self.intake.check_table(x)?;
        let (n_rows, width) = (x.n_rows(), self.columns.len());
        let mut codes = vec![0.0; n_rows.saturating_mul(width)];
        for (at, column) in self.columns.iter().enumerate() {
            let values = x.column(at).unwrap_or(Data::Bool(Vec::new().into()));
            check(&self.intake.class, &values, self.takes_nan)?;
            let places = column.categories.places(&values);
            let targets = codes.iter_mut().skip(at).step_by(width);
            for (row, (code, place)) in targets.zip(places).enumerate() {
                let known = place.and_then(|place| column.codes.get(place).copied());
                *code = known
                    .or(self.unknown)
                    .ok_or_else(|| unknown(&self.intake.class, at, &values, row))?;
            }
        }
        #[expect(clippy::cast_possible_truncation, reason = "places are small")]
        let data: Data<'static> = match self.dtype {
            DType::F32 => codes.iter().map(|x| *x as f32).collect::<Vec<_>>().into(),
            DType::I64 => codes.iter().map(|x| *x as i64).collect::<Vec<_>>().into(),
            _ => codes.into(),
        };
        Ok(Table::Array(Array::matrix(n_rows, width, data)))
    }
}
