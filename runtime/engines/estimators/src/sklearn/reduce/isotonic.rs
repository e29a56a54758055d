//! A line in pieces that never turns: isotonic regression.

use radiant_core::Error;

use crate::sklearn::data::{Array, Data, Table};
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, no_method};
use crate::sklearn::intake::numbers;
use crate::sklearn::source::{Read, Source, is_single, vector};

/// What becomes of values outside of those trained with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outside {
    NotANumber,
    Clipped,
    Refused,
}

/// The fitted line of an `IsotonicRegression`.
#[derive(Debug, Clone)]
pub(crate) struct Isotonic {
    // Invariant: rising, as many as `y`, at least one.
    x: Vec<f64>,
    y: Vec<f64>,
    /// The least and the greatest value trained with.
    range: (f64, f64),
    outside: Outside,
}

impl Isotonic {
    /// Reads the thresholds of a fitted `IsotonicRegression`.
    pub(crate) fn read(source: &Source<'_>) -> Read<Self> {
        let x_node = source.node.attr_any(&["X_thresholds_", "_necessary_X_"])?;
        let y_node = source.node.attr_any(&["y_thresholds_", "_necessary_y_"])?;
        let (x, y) = (vector(x_node)?, vector(y_node)?);
        if x.is_empty() || !x.is_sorted_by(|a, b| a <= b) {
            return Err(x_node.expected("rising numbers"));
        }
        if x.len() != y.len() {
            return Err(y_node.expected(format_args!("{} numbers", x.len())));
        }
        let outside = match &*source.choice("out_of_bounds", "nan")? {
            "clip" => Outside::Clipped,
            "nan" => Outside::NotANumber,
            "raise" => Outside::Refused,
            other => {
                let what = format!("`out_of_bounds` `{other}`");
                return Err(source.unsupported(what, "use `clip`"));
            }
        };
        let range = (source.attr("X_min_")?.float()?, source.attr("X_max_")?.float()?);
        Ok(Self { x, y, range, outside })
    }

    pub(crate) fn outside(&self) -> Outside {
        self.outside
    }

    /// Whether a value lies between those trained with.
    pub(crate) fn is_inside(&self, x: f64) -> bool {
        matches!((self.x.first(), self.x.last()), (Some(low), Some(high)) if *low <= x && x <= *high)
    }

    /// The value of the line; NaN outside of it unless values are clipped, and for NaN.
    pub(crate) fn apply(&self, x: f64) -> f64 {
        if let [y] = self.y[..] {
            return y;
        }
        let x = if self.outside == Outside::Clipped { clip(x, self.range) } else { x };
        if !self.is_inside(x) {
            return f64::NAN;
        }
        // The last piece that does not begin behind the value.
        let at = self.x.partition_point(|start| *start <= x).saturating_sub(1);
        match (self.x.get(at..=at + 1), self.y.get(at..=at + 1)) {
            (Some(&[x0, x1]), Some(&[y0, y1])) if x0 < x => (y1 - y0) / (x1 - x0) * (x - x0) + y0,
            _ => self.y.get(at).copied().unwrap_or(f64::NAN),
        }
    }
}

/// As numpy clips: NaN stays.
fn clip(x: f64, (low, high): (f64, f64)) -> f64 {
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}

/// `IsotonicRegression`.
#[derive(Debug)]
struct Regression {
    class: Box<str>,
    line: Isotonic,
    is_single: bool,
    takes_any_number: bool,
    takes_two_axes: bool,
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    Ok(Box::new(Regression {
        class: source.class().into(),
        line: Isotonic::read(source)?,
        is_single: is_single(source.node.attr_any(&["X_thresholds_", "_necessary_X_"])?)?,
        takes_any_number: !source.since(0, 22),
        takes_two_axes: source.since(0, 24),
    }))
}

impl Regression {
    fn refuse(&self, what: &str) -> Error {
        Error::invalid_input(format!("{}: {what}", self.class))
    }

    /// The values, which may stand in a column of their own.
    fn values(&self, x: &Table<'_>) -> Result<Vec<f64>, Error> {
        let data: &Data<'_> = match x {
            Table::Array(Array { n_columns: None, data, .. }) => data,
            Table::Array(Array { n_columns: Some(1), data, .. }) if self.takes_two_axes => data,
            Table::Frame { columns, .. } if self.takes_two_axes && columns.len() == 1 => {
                &columns[0]
            }
            _ if self.takes_two_axes => {
                return Err(self.refuse(&format!("expected 1 column, got {}", x.n_columns())));
            }
            _ => return Err(self.refuse("expected values with one axis, got rows")),
        };
        let values = numbers(data).map_err(|error| error.context(&self.class))?.into_owned();
        if !self.takes_any_number && !values.iter().all(|value| value.is_finite()) {
            return Err(self.refuse(
                "expected finite numbers, got a missing or an infinite value, which this estimator \
                 does not take",
            ));
        }
        Ok(values)
    }
}

impl Estimator for Regression {
    fn fact(&self, method: Method) -> Option<Fact> {
        matches!(method, Method::Predict | Method::Transform).then_some(Fact::NUMBER)
    }

    #[expect(clippy::cast_possible_truncation, reason = "is to be rounded")]
    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if self.fact(method).is_none() {
            return Err(no_method(&self.class, method));
        }
        let mut values = self.values(x)?;
        if self.is_single {
            for value in &mut values {
                *value = f64::from(*value as f32);
            }
        }
        let is_refused = |value: &f64| !self.line.is_inside(*value);
        let refuses = self.line.outside() == Outside::Refused && self.line.y.len() > 1;
        if refuses && values.iter().any(is_refused) {
            return Err(self.refuse("a value is outside of those trained with"));
        }
        for value in &mut values {
            *value = self.line.apply(*value);
        }
        Ok(if self.is_single {
            Answer::column(values.iter().map(|value| *value as f32).collect::<Vec<f32>>())
        } else {
            Answer::column(values)
        })
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(Some(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_lie_on_the_line_and_outside_as_told() {
        let line = |outside| Isotonic {
            x: vec![0.0, 1.0, 3.0],
            y: vec![0.0, 2.0, 2.5],
            range: (0.0, 3.0),
            outside,
        };
        let clipped = line(Outside::Clipped);
        for (x, y) in [(-1.0, 0.0), (0.0, 0.0), (0.5, 1.0), (1.0, 2.0), (2.0, 2.25), (9.0, 2.5)] {
            assert_eq!(clipped.apply(x), y, "{x}");
        }
        assert!(line(Outside::NotANumber).apply(3.5).is_nan());
        assert!(clipped.apply(f64::NAN).is_nan());
        let point = Isotonic { x: vec![1.0], y: vec![4.0], ..line(Outside::NotANumber) };
        assert_eq!(point.apply(7.0), 4.0);
    }
}
