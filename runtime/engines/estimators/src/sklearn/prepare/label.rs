//! Labels as numbers.

use radiant_core::{DType, Error};

use super::categories::{Categories, unknown};
use super::transformer::{Transform, Transformer};
use crate::sklearn::data::{Array, Data, Table};
use crate::sklearn::estimator::{Estimator, Fact, Wants, Width};
use crate::sklearn::source::{Read, Source};

/// What a label becomes.
#[derive(Debug)]
enum Form {
    /// Its place.
    Place,
    /// A column for each class, one for two: a number in its own, another in others.
    Indicator { own: i64, other: i64 },
}

/// `LabelEncoder` and `LabelBinarizer`, which are asked with labels.
#[derive(Debug)]
struct Labels {
    class: Box<str>,
    classes: Data<'static>,
    categories: Categories,
    form: Form,
}

pub(super) fn read_encoder(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    labels(source, Form::Place)
}

pub(super) fn read_binariser(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let kind = source.choice("y_type_", "multiclass")?;
    if !matches!(&*kind, "binary" | "multiclass") {
        return Err(source
            .unsupported(format_args!("labels of type `{kind}`"), "fit it to a list of labels"));
    }
    let number = |name, default| source.some(name)?.map_or(Ok(default), radiant_formats::Node::int);
    let form = Form::Indicator { own: number("pos_label", 1)?, other: number("neg_label", 0)? };
    labels(source, form)
}

fn labels(source: &Source<'_>, form: Form) -> Read<Box<dyn Estimator>> {
    let classes = source.classes()?;
    let categories = Categories::new(&classes);
    Ok(Box::new(Transformer(Labels { class: source.class().into(), classes, categories, form })))
}

impl Labels {
    /// Columns of an indicator.
    fn n_columns(&self) -> usize {
        if self.categories.len() <= 2 { 1 } else { self.categories.len() }
    }
}

impl Transform for Labels {
    fn class(&self) -> &str {
        &self.class
    }

    fn fact(&self) -> Fact {
        let width = match self.form {
            Form::Place => Width::One,
            Form::Indicator { .. } => Width::Columns(Some(self.n_columns())),
        };
        Fact { dtype: DType::I64, width }
    }

    fn wants(&self) -> Wants {
        if self.classes.dtype() == DType::Bytes { Wants::Texts } else { Wants::Matrix(Some(1)) }
    }

    fn transform(&self, x: &Table<'_>) -> Result<Table<'static>, Error> {
        let labels = x.column(0).filter(|_| x.n_columns() == 1).ok_or_else(|| {
            Error::invalid_input(format!(
                "{}: expected a label a row, got {} columns",
                self.class,
                x.n_columns()
            ))
        })?;
        let places = self.categories.places(&labels);
        let Form::Indicator { own, other } = self.form else {
            let place = |(row, place): (usize, Option<usize>)| match place {
                Some(place) => Ok(i64::try_from(place).unwrap_or(i64::MAX)),
                None => Err(unknown(&self.class, 0, &labels, row)),
            };
            let places = places.into_iter().enumerate().map(place);
            let places = places.collect::<Result<Vec<_>, _>>()?;
            return Ok(Table::Array(Array::column(places)));
        };
        let (n_rows, n_columns) = (places.len(), self.n_columns());
        // Of two classes the second has the column.
        let first = usize::from(self.categories.len() == 2);
        let is_own = |place: Option<usize>, column: usize| {
            self.categories.len() > 1 && place == Some(column + first)
        };
        let row = |place: Option<usize>| {
            (0..n_columns).map(move |column| if is_own(place, column) { own } else { other })
        };
        let marks: Vec<i64> = places.into_iter().flat_map(row).collect();
        Ok(Table::Array(Array::matrix(n_rows, n_columns, marks)))
    }

    fn classes(&self) -> Option<&Data<'static>> {
        Some(&self.classes)
    }
}
