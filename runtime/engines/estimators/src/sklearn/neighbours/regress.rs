//! Numbers as the means of nearest neighbours.

use radiant_core::Error;

use super::search::Neighbours;
use crate::sklearn::data::Table;
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, no_method};
use crate::sklearn::source::{Read, Source};

/// `KNeighborsRegressor` and `RadiusNeighborsRegressor`.
#[derive(Debug)]
struct Regressor {
    neighbours: Neighbours,
    /// `None`: one number a row, without a second axis.
    n_columns: Option<usize>,
    /// The numbers of each row of the training set.
    // Invariant: rows times columns, of which there is at least one.
    targets: Vec<f64>,
}

/// `KNeighborsRegressor`.
pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    regressor(source, Neighbours::read(source, "n_neighbors")?)
}

/// `RadiusNeighborsRegressor`: rows without a neighbour have no mean, NaN.
pub(super) fn read_within(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    regressor(source, Neighbours::read_within(source)?)
}

fn regressor(source: &Source<'_>, neighbours: Neighbours) -> Read<Box<dyn Estimator>> {
    let node = source.attr("_y")?;
    let (targets, shape) = node.floats()?;
    let n_columns = match shape[..] {
        [n_rows] if n_rows == neighbours.n_rows() => None,
        [n_rows, n_columns] if n_rows == neighbours.n_rows() && n_columns > 0 => Some(n_columns),
        _ => {
            return Err(node.expected(format_args!("numbers for {} rows", neighbours.n_rows())));
        }
    };
    Ok(Box::new(Regressor { neighbours, n_columns, targets }))
}

impl Estimator for Regressor {
    fn fact(&self, method: Method) -> Option<Fact> {
        let fact = self.n_columns.map_or(Fact::NUMBER, Fact::numbers);
        (method == Method::Predict).then_some(fact)
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if method != Method::Predict {
            return Err(no_method(&self.neighbours.intake.class, method));
        }
        let n_columns = self.n_columns.unwrap_or(1);
        let mut means = Vec::with_capacity(x.n_rows() * n_columns);
        let n_rows = self.neighbours.each(x, |weighted| {
            let start = means.len();
            means.resize(start + n_columns, 0.0);
            let mean = &mut means[start..];
            let mut sum = 0.0;
            for (weight, row) in weighted {
                sum += weight;
                let targets = &self.targets[row * n_columns..(row + 1) * n_columns];
                mean.iter_mut().zip(targets).for_each(|(mean, target)| *mean += target * weight);
            }
            for mean in &mut *mean {
                *mean /= sum;
            }
        })?;
        Ok(match self.n_columns {
            None => Answer::column(means),
            Some(n_columns) => Answer::matrix(n_rows, n_columns, means),
        })
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.neighbours.intake.n_features)
    }
}
