//! Values that were seen in training, and their places.

use radiant_core::Error;

use crate::sklearn::data::{Cell, Data};

/// A number such that numbers that are equal in Python are equal: 1, 1.0 and true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Number {
    Whole(i64),
    Broken(u64),
}

impl From<f64> for Number {
    #[expect(clippy::cast_possible_truncation, reason = "whole and within range")]
    #[expect(clippy::float_cmp, reason = "whole numbers are those without a fraction")]
    fn from(number: f64) -> Self {
        const END: f64 = 9_223_372_036_854_776_000.0;
        if number.trunc() == number && (-END..END).contains(&number) {
            Self::Whole(number as i64)
        } else {
            Self::Broken(number.to_bits())
        }
    }
}

/// Categories of a column, or classes: each value has its place.
#[derive(Debug, Clone)]
pub(super) struct Categories {
    // Invariant of both: in rising order.
    numbers: Vec<(Number, usize)>,
    texts: Vec<(Box<[u8]>, usize)>,
    nan: Option<usize>,
    none: Option<usize>,
    n: usize,
}

impl Categories {
    pub(super) fn new(values: &Data<'_>) -> Self {
        let n = values.len();
        let mut categories =
            Self { numbers: Vec::new(), texts: Vec::new(), nan: None, none: None, n };
        for at in 0..n {
            let mut number = |number: Number| categories.numbers.push((number, at));
            match values.cell(at) {
                None => {}
                Some(Cell::None) => categories.none = Some(at),
                Some(Cell::Float(x)) if x.is_nan() => categories.nan = Some(at),
                Some(Cell::Float(x)) => number(x.into()),
                Some(Cell::Int(x)) => number(Number::Whole(x)),
                Some(Cell::Bool(x)) => number(Number::Whole(x.into())),
                Some(Cell::Text(text)) => {
                    categories.texts.push((text.into_boxed_bytes(), at));
                }
            }
        }
        categories.numbers.sort_unstable();
        categories.texts.sort_unstable();
        categories
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.n
    }

    fn number(&self, number: Number) -> Option<usize> {
        let found = self.numbers.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        self.numbers.get(found).map(|(_, at)| *at)
    }

    fn float(&self, number: f64) -> Option<usize> {
        if number.is_nan() { self.nan } else { self.number(number.into()) }
    }

    fn text(&self, text: &[u8]) -> Option<usize> {
        let found = self.texts.binary_search_by(|(known, _)| (**known).cmp(text)).ok()?;
        self.texts.get(found).map(|(_, at)| *at)
    }

    /// The place of each value; `None` for what was not seen.
    pub(super) fn places(&self, values: &Data<'_>) -> Vec<Option<usize>> {
        match values {
            Data::F64(values) => values.iter().map(|x| self.float(*x)).collect(),
            Data::F32(values) => values.iter().map(|x| self.float(f64::from(*x))).collect(),
            Data::I64(values) => values.iter().map(|x| self.number(Number::Whole(*x))).collect(),
            Data::Bool(values) => {
                values.iter().map(|x| self.number(Number::Whole(i64::from(*x)))).collect()
            }
            Data::Text(texts) => texts.iter().map(|text| self.text(text)).collect(),
            Data::Cells(cells) => cells
                .iter()
                .map(|cell| match cell {
                    Cell::None => self.none,
                    Cell::Bool(x) => self.number(Number::Whole(i64::from(*x))),
                    Cell::Int(x) => self.number(Number::Whole(*x)),
                    Cell::Float(x) => self.float(*x),
                    Cell::Text(text) => self.text(text.as_bytes()),
                })
                .collect(),
        }
    }
}

/// Makes sure that values are no infinite numbers, and none that are no number where that is refused.
pub(super) fn check(class: &str, values: &Data<'_>, takes_nan: bool) -> Result<(), Error> {
    let is_odd = |x: f64| x.is_infinite() || (x.is_nan() && !takes_nan);
    let is_wrong = match values {
        Data::F64(values) => values.iter().any(|x| is_odd(*x)),
        Data::F32(values) => values.iter().any(|x| is_odd(f64::from(*x))),
        Data::Cells(cells) => {
            !takes_nan && cells.iter().any(|cell| matches!(cell, Cell::Float(x) if x.is_nan()))
        }
        Data::I64(_) | Data::Bool(_) | Data::Text(_) => false,
    };
    if !is_wrong {
        return Ok(());
    }
    Err(Error::invalid_input(format!("{class}: expected categories, got NaN or an infinite value")))
}

/// The error that a column has a value that was not seen.
#[cold]
pub(super) fn unknown(class: &str, column: usize, values: &Data<'_>, at: usize) -> Error {
    let value = match values.cell(at) {
        Some(Cell::Text(text)) => format!("{text:?}"),
        Some(Cell::Int(number)) => number.to_string(),
        Some(Cell::Float(number)) => number.to_string(),
        Some(Cell::Bool(truth)) => truth.to_string(),
        Some(Cell::None) | None => "null".to_owned(),
    };
    Error::invalid_input(format!(
        "{class}: column {column} has the category {value}, which was not there in training"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_by_value_and_texts_by_letters() {
        let values = [Cell::Int(3), Cell::Text("3".into()), Cell::Float(2.5), Cell::None];
        let known = Categories::new(&Data::Cells(values.to_vec().into()));
        let places = |values: Data<'_>| known.places(&values);
        assert_eq!(places(vec![3.0, 2.5, -0.0, f64::NAN].into()), [Some(0), Some(2), None, None]);
        assert_eq!(places(vec![3_i64, 2].into()), [Some(0), None]);
        let cells = vec![Cell::Text("3".into()), Cell::None, Cell::Float(f64::NAN)];
        assert_eq!(places(Data::Cells(cells.into())), [Some(1), Some(3), None]);
        let nan = Categories::new(&vec![1.0, f64::NAN].into());
        assert_eq!(nan.places(&vec![f32::NAN, 1.0].into()), [Some(1), Some(0)]);
        let truths = Categories::new(&Data::Bool(vec![false, true].into()));
        assert_eq!(truths.places(&vec![0.0, 1.0, 2.0].into()), [Some(0), Some(1), None]);
    }
}
