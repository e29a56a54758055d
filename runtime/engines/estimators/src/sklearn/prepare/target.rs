//! Categories as the mean of the target that they had.

use radiant_core::Error;

use super::categories::{Categories, check};
use super::one_hot::categories;
use super::transformer::{Transform, Transformer};
use crate::sklearn::data::{Array, Data, Table};
use crate::sklearn::estimator::{Estimator, Fact, Wants};
use crate::sklearn::intake::Intake;
use crate::sklearn::source::{Read, Source, vector};

/// `TargetEncoder`.
#[derive(Debug)]
struct Target {
    intake: Intake,
    columns: Vec<Categories>,
    /// For each column and class: what each category becomes.
    // Invariant: as many as columns times means, with a number for each category.
    encodings: Vec<Vec<f64>>,
    /// What an unknown category becomes: one number, or one for each class.
    means: Vec<f64>,
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let columns: Vec<_> =
        categories(source)?.iter().map(|(_, categories)| Categories::new(categories)).collect();
    let means = source.vector("target_mean_")?;
    let node = source.attr("encodings_")?;
    let encodings: Vec<_> = node.items()?.map(vector).collect::<Read<_>>()?;
    let n_means = means.len();
    let is_whole = n_means > 0
        && Some(encodings.len()) == columns.len().checked_mul(n_means)
        && encodings.iter().enumerate().all(|(at, encoding)| {
            columns.get(at / n_means).is_some_and(|column| column.len() == encoding.len())
        });
    if !is_whole {
        return Err(node.expected("a number for each category of each column and class"));
    }
    let intake = Intake::new(source, Some(columns.len()));
    Ok(Box::new(Transformer(Target { intake, columns, encodings, means })))
}

impl Transform for Target {
    fn class(&self) -> &str {
        &self.intake.class
    }

    fn fact(&self) -> Fact {
        Fact::numbers(self.encodings.len())
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(Some(self.columns.len()))
    }

    fn transform(&self, x: &Table<'_>) -> Result<Table<'static>, Error> {
        self.intake.check_table(x)?;
        let (n_rows, width, n_means) = (x.n_rows(), self.encodings.len(), self.means.len());
        let mut out = vec![0.0; n_rows.saturating_mul(width)];
        for (at, column) in self.columns.iter().enumerate() {
            let values = x.column(at).unwrap_or(Data::Bool(Vec::new().into()));
            check(&self.intake.class, &values, true)?;
            let places = column.places(&values);
            for (class, mean) in self.means.iter().enumerate() {
                let to = at * n_means + class;
                let Some(encoding) = self.encodings.get(to) else { continue };
                for (value, place) in out.iter_mut().skip(to).step_by(width).zip(&places) {
                    let known = place.and_then(|place| encoding.get(place).copied());
                    *value = known.unwrap_or(*mean);
                }
            }
        }
        Ok(Table::Array(Array::matrix(n_rows, width, out)))
    }
}
