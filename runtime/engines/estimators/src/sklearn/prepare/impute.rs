//! Missing values: replaced, or told.

use std::borrow::Cow;

use radiant_core::{DType, Error, Strings};
use radiant_formats::{Content, Node};

use super::stack;
use super::transformer::{Transform, Transformer};
use crate::sklearn::data::{Array, Cell, Data, Table};
use crate::sklearn::estimator::{Estimator, Fact, Wants, Width};
use crate::sklearn::intake::{Intake, Lane};
use crate::sklearn::source::{Read, Source, cell, data, indices};

/// What stands for a missing value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Marker {
    Nan,
    None,
    Number(f64),
    Text(Box<str>),
}

impl Marker {
    pub(super) fn read(source: &Source<'_>) -> Read<Self> {
        let Some(node) = source.node.attr_opt("missing_values")? else { return Ok(Self::Nan) };
        if matches!(node.content(), Content::Global | Content::Object) {
            return Err(source.unsupported("`pandas.NA` as missing value", "use `numpy.nan`"));
        }
        Ok(match cell(node)? {
            Cell::None => Self::None,
            Cell::Text(text) => Self::Text(text),
            Cell::Float(number) if number.is_nan() => Self::Nan,
            Cell::Float(number) => Self::Number(number),
            Cell::Int(number) => Self::Number(number as f64),
            Cell::Bool(truth) => Self::Number(f64::from(u8::from(truth))),
        })
    }

    #[expect(clippy::float_cmp, reason = "only the very number stands for a missing value")]
    pub(super) fn is_number(&self, number: f64) -> bool {
        match self {
            Self::Nan => number.is_nan(),
            Self::Number(marker) => number == *marker,
            Self::None | Self::Text(_) => false,
        }
    }

    fn is_text(&self, text: &[u8]) -> bool {
        matches!(self, Self::Text(marker) if marker.as_bytes() == text)
    }

    fn is_cell(&self, cell: &Cell) -> bool {
        match cell {
            Cell::None => *self == Self::None,
            Cell::Bool(truth) => self.is_number(f64::from(u8::from(*truth))),
            Cell::Int(number) => self.is_number(*number as f64),
            Cell::Float(number) => self.is_number(*number),
            Cell::Text(text) => self.is_text(text.as_bytes()),
        }
    }

    /// Which values are missing.
    fn mask(&self, data: &Data<'_>) -> Vec<bool> {
        match data {
            Data::F64(values) => values.iter().map(|x| self.is_number(*x)).collect(),
            Data::F32(values) => values.iter().map(|x| self.is_number(f64::from(*x))).collect(),
            Data::I64(values) => values.iter().map(|x| self.is_number(*x as f64)).collect(),
            Data::Bool(values) => {
                values.iter().map(|x| self.is_number(f64::from(u8::from(*x)))).collect()
            }
            Data::Text(texts) => texts.iter().map(|text| self.is_text(text)).collect(),
            Data::Cells(cells) => cells.iter().map(|cell| self.is_cell(cell)).collect(),
        }
    }

    /// Numbers cannot be told from a marker that is none; what is no number at all must be marked.
    fn check(&self, class: &str, data: &Data<'_>) -> Result<(), Error> {
        let is_odd = |x: f64| x.is_infinite() || (x.is_nan() && *self != Self::Nan);
        let refused = |what: &str| Err(Error::invalid_input(format!("{class}: {what}")));
        match data {
            Data::F64(_) | Data::F32(_) | Data::I64(_)
                if matches!(self, Self::None | Self::Text(_)) =>
            {
                refused("expected texts or objects, which its missing values are, got numbers")
            }
            Data::Bool(_) => refused("expected numbers or texts, got truth values"),
            Data::F64(values) if values.iter().any(|x| is_odd(*x)) => {
                refused("got an infinite value, or NaN where it does not stand for a missing one")
            }
            Data::F32(values) if values.iter().any(|x| is_odd(f64::from(*x))) => {
                refused("got an infinite value, or NaN where it does not stand for a missing one")
            }
            Data::Cells(cells)
                if *self != Self::Nan
                    && cells.iter().any(|cell| matches!(cell, Cell::Float(x) if x.is_nan())) =>
            {
                refused("got NaN where it does not stand for a missing value")
            }
            _ => Ok(()),
        }
    }
}

/// `SimpleImputer`.
#[derive(Debug)]
struct Imputer {
    intake: Intake,
    marker: Marker,
    /// One for each feature.
    fills: Vec<Cell>,
    /// The features that are given back; others never had a value.
    // Invariant: below the number of fills.
    kept: Vec<usize>,
    /// The features that are told to be missing.
    // Invariant: below the number of fills.
    told: Vec<usize>,
    /// Whether values become floating-point numbers, or stay what they are.
    is_numeric: bool,
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let strategy = source.attr("strategy")?;
    let strategy_name = strategy.text_opt().ok_or_else(|| {
        source.unsupported("a function of your own as strategy", "use mean, median or constant")
    })?;
    let marker = Marker::read(source)?;
    let statistics = data(source.attr("statistics_")?)?;
    let fills: Vec<_> = (0..statistics.len()).filter_map(|at| statistics.cell(at)).collect();
    let keeps_all = source.flag("keep_empty_features", false)?
        || (strategy_name == "constant" && !source.since(1, 8));
    let is_kept =
        |at: &usize| keeps_all || !matches!(fills.get(*at), Some(Cell::Float(x)) if x.is_nan());
    let told = match source.some("indicator_")? {
        Some(node) => told(&source.part(node)?, fills.len())?,
        None => Vec::new(),
    };
    let intake = Intake::new(source, Some(fills.len())).with_texts();
    Ok(Box::new(Transformer(Imputer {
        intake: if marker == Marker::Nan { intake.with_nan() } else { intake },
        marker,
        kept: (0..fills.len()).filter(is_kept).collect(),
        fills,
        told,
        is_numeric: !matches!(&*strategy_name, "most_frequent" | "constant"),
    })))
}

/// The features that an indicator tells of.
pub(super) fn told(source: &Source<'_>, n_features: usize) -> Read<Vec<usize>> {
    let node = source.attr("features_")?;
    let features = indices(node)?;
    if features.iter().any(|at| *at >= n_features) {
        return Err(node.expected(format_args!("features below {n_features}")));
    }
    Ok(features)
}

impl Imputer {
    fn refuse_fill(&self) -> Error {
        let class = &self.intake.class;
        Error::invalid_input(format!("{class}: what replaces missing values is of another type"))
    }

    /// Rows of numbers: those that are kept with missing ones replaced, and the indicators.
    fn numbers<T: Copy>(
        &self,
        values: &[T],
        wide: impl Fn(T) -> f64,
        narrow: impl Fn(&Cell) -> Option<T>,
        truth: [T; 2],
    ) -> Result<Vec<T>, Error> {
        let n_features = self.fills.len().max(1);
        let fills: Vec<Option<T>> = self.fills.iter().map(narrow).collect();
        let n_rows = values.len() / n_features;
        let mut out = Vec::with_capacity(n_rows.saturating_mul(self.n_columns()));
        for row in values.chunks_exact(n_features) {
            for &at in &self.kept {
                let x = row[at];
                out.push(if self.marker.is_number(wide(x)) {
                    fills[at].ok_or_else(|| self.refuse_fill())?
                } else {
                    x
                });
            }
            let is_missing = |at: &usize| self.marker.is_number(wide(row[*at]));
            out.extend(self.told.iter().map(|at| truth[usize::from(is_missing(at))]));
        }
        Ok(out)
    }

    fn doubles(&self, values: &[f64]) -> Result<Vec<f64>, Error> {
        self.numbers(values, |x| x, number, [0.0, 1.0])
    }

    #[expect(clippy::cast_possible_truncation, reason = "is to be rounded")]
    fn singles(&self, values: &[f32]) -> Result<Vec<f32>, Error> {
        self.numbers(values, f64::from, |fill| number(fill).map(|x| x as f32), [0.0, 1.0])
    }

    fn n_columns(&self) -> usize {
        self.kept.len() + self.told.len()
    }

    /// A column with missing values replaced.
    fn column(&self, at: usize, column: &Data<'_>) -> Result<Data<'static>, Error> {
        self.marker.check(&self.intake.class, column)?;
        let mask = self.marker.mask(column);
        if !mask.contains(&true) {
            return Ok(column.view().into_owned());
        }
        let fill = self.fills.get(at).ok_or_else(|| self.refuse_fill())?;
        Ok(match (column, fill) {
            (Data::Text(texts), Cell::Text(fill)) => {
                let mut out = Strings::new();
                for (text, is_missing) in texts.iter().zip(&mask) {
                    out.push(if *is_missing { fill.as_bytes() } else { text });
                }
                Data::Text(Cow::Owned(out))
            }
            (column, fill) => {
                let cell = |(row, is_missing): (usize, &bool)| {
                    if *is_missing { Some(fill.clone()) } else { column.cell(row) }
                };
                let cells: Vec<_> = mask.iter().enumerate().filter_map(cell).collect();
                Data::Cells(cells.into())
            }
        })
    }

    fn columns(&self, x: &Table<'_>) -> Result<Table<'static>, Error> {
        let column = |at: usize| x.column(at).ok_or_else(|| self.refuse_fill());
        let mut columns = Vec::with_capacity(self.n_columns());
        for &at in &self.kept {
            columns.push(self.column(at, &column(at)?)?);
        }
        for &at in &self.told {
            columns.push(Data::Bool(self.marker.mask(&column(at)?).into()));
        }
        Ok(Table::Frame { n_rows: x.n_rows(), columns })
    }
}

fn number(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Float(number) => Some(*number),
        Cell::Int(number) => Some(*number as f64),
        Cell::Bool(truth) => Some(f64::from(u8::from(*truth))),
        Cell::None | Cell::Text(_) => None,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "broken numbers are cut, as numpy does")]
fn whole(cell: &Cell) -> Option<i64> {
    match cell {
        Cell::Int(number) => Some(*number),
        cell => number(cell).map(|number| number as i64),
    }
}

impl Transform for Imputer {
    fn class(&self) -> &str {
        &self.intake.class
    }

    fn fact(&self) -> Fact {
        let is_text = self.fills.iter().any(|fill| matches!(fill, Cell::Text(_)));
        let dtype = if is_text { DType::Bytes } else { DType::F64 };
        Fact { dtype, width: Width::Columns(Some(self.n_columns())) }
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(Some(self.fills.len()))
    }

    fn transform(&self, x: &Table<'_>) -> Result<Table<'static>, Error> {
        let (n_rows, n_columns) = (x.n_rows(), self.n_columns());
        if self.is_numeric {
            if matches!(self.marker, Marker::None | Marker::Text(_)) {
                return Err(self.refuse_fill());
            }
            return Ok(Table::Array(match self.intake.lane(x)? {
                Lane::Double(rows) => Array::matrix(n_rows, n_columns, self.doubles(&rows.values)?),
                Lane::Single(rows) => Array::matrix(n_rows, n_columns, self.singles(&rows.values)?),
            }));
        }
        self.intake.check_table(x)?;
        let unified = stack::unified(x);
        let x = unified.as_ref().unwrap_or(x);
        let Table::Array(Array { data, .. }) = x else { return self.columns(x) };
        self.marker.check(&self.intake.class, data)?;
        let data: Data<'static> = match data {
            Data::F64(values) => self.doubles(values)?.into(),
            Data::F32(values) => self.singles(values)?.into(),
            Data::I64(values) => self.numbers(values, |x| x as f64, whole, [0, 1])?.into(),
            Data::Bool(_) | Data::Text(_) | Data::Cells(_) => return self.columns(x),
        };
        Ok(Table::Array(Array::matrix(n_rows, n_columns, data)))
    }
}

/// `MissingIndicator`.
#[derive(Debug)]
struct Indicator {
    intake: Intake,
    marker: Marker,
    n_features: Option<usize>,
    /// The features that are told of; `None` for all.
    told: Option<Vec<usize>>,
    /// Whether other features must not be missing.
    refuses_others: bool,
}

pub(super) fn read_indicator(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let n_features = source.some("_n_features")?.or(source.some("n_features_in_")?);
    let n_features = n_features.map(Node::index).transpose()?;
    let marker = Marker::read(source)?;
    let told = told(source, n_features.unwrap_or(usize::MAX))?;
    let is_all = source.choice("features", "missing-only")? == "all";
    let has_all = n_features.is_some_and(|n| told.len() >= n)
        // So it was before 0.22.
        || (told.is_empty() && !source.since(0, 22));
    Ok(Box::new(Transformer(Indicator {
        intake: Intake::new(source, n_features),
        marker,
        n_features,
        told: (!is_all && !has_all).then_some(told),
        refuses_others: !is_all && source.flag("error_on_new", true)?,
    })))
}

impl Transform for Indicator {
    fn class(&self) -> &str {
        &self.intake.class
    }

    fn fact(&self) -> Fact {
        let n_columns = self.told.as_ref().map(Vec::len).or(self.n_features);
        Fact { dtype: DType::Bool, width: Width::Columns(n_columns) }
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.n_features)
    }

    fn transform(&self, x: &Table<'_>) -> Result<Table<'static>, Error> {
        let (n_rows, n_features) = (x.n_rows(), x.n_columns());
        self.intake.check_width(n_features)?;
        let mut masks = Vec::with_capacity(n_features);
        for at in 0..n_features {
            let column = x.column(at).unwrap_or(Data::F64(Cow::Borrowed(&[])));
            self.marker.check(&self.intake.class, &column)?;
            masks.push(self.marker.mask(&column));
        }
        if let (Some(told), true) = (&self.told, self.refuses_others) {
            let is_new =
                |(at, mask): (usize, &Vec<bool>)| mask.contains(&true) && !told.contains(&at);
            if let Some(at) = masks.iter().enumerate().position(is_new) {
                return Err(Error::invalid_input(format!(
                    "{}: feature {at} has missing values, but had none in training",
                    self.intake.class
                )));
            }
        }
        let chosen: Vec<&Vec<bool>> = match &self.told {
            Some(told) => told.iter().filter_map(|at| masks.get(*at)).collect(),
            None => masks.iter().collect(),
        };
        let row = |row: usize| chosen.iter().map(move |mask| mask[row]);
        let marks: Vec<bool> = (0..n_rows).flat_map(row).collect();
        Ok(Table::Array(Array::matrix(n_rows, chosen.len(), Data::Bool(marks.into()))))
    }
}
