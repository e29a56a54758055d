//! What a request brings, as rows of numbers: one matrix, or columns by name or in their order, texts
//! among them where training had categories.

use std::collections::HashMap;

use radiant_core::{Error, Tensor};
use radiant_formats::{lightgbm, xgboost};

use crate::sklearn::bind;
use crate::sklearn::data::{Array, Cell, Data, Table};
use crate::sklearn::estimator::Wants;
use crate::sklearn::intake;

/// The codes of the texts of a column.
pub(crate) type Codes = HashMap<Box<str>, f64>;

/// What is known of the columns of training.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    /// Their names, where the file has any and its library holds who asks to them.
    names: Vec<String>,
    pub(crate) categories: Categories,
}

/// Which columns had texts.
#[derive(Debug)]
pub(crate) enum Categories {
    /// Those that are texts in a request, in their order (LightGBM notes no places).
    InOrder(Vec<Codes>),
    /// One for each column, empty where it had numbers (XGBoost from 3.1).
    ByColumn(Vec<Codes>),
}

impl Default for Categories {
    fn default() -> Self {
        Self::InOrder(Vec::new())
    }
}

impl Columns {
    pub(super) fn of_xgboost(model: &xgboost::Model) -> Self {
        let codes = |categories: &xgboost::Categories| match categories {
            xgboost::Categories::Texts(texts) => codes(texts.iter().map(String::as_str)),
            xgboost::Categories::None | xgboost::Categories::Numbers(_) => Codes::new(),
        };
        let by_column = model.categories.iter().map(codes).collect();
        Self { names: model.feature_names.clone(), categories: Categories::ByColumn(by_column) }
    }

    pub(super) fn of_lightgbm(model: &lightgbm::Model) -> Self {
        // The library goes by the order of columns, whatever their names.
        Self { names: Vec::new(), categories: Categories::of_lightgbm(model) }
    }

    /// The rows of a request, row-major, with the numbers of rows and columns.
    ///
    /// # Errors
    /// Tensors are no table, or texts are in a column that had none in training.
    pub(super) fn rows(&self, tensors: &[Tensor]) -> Result<(Vec<f64>, usize, usize), Error> {
        let table = bind::table(&Wants::Matrix(None), &self.names, tensors)?;
        if let Table::Array(Array { n_columns: None, n_rows, .. }) = &table {
            return Err(Error::invalid_input(format!(
                "expected rows of features, got {n_rows} values with one axis: wrap a row in a list"
            )));
        }
        let (n_rows, n_columns) = (table.n_rows(), table.n_columns());
        let columns: Vec<_> = (0..n_columns).filter_map(|at| table.column(at)).collect();
        let coded = self.categories.coded(&columns)?;
        let numbers: Vec<_> = coded.iter().map(intake::numbers).collect::<Result<_, _>>()?;
        let row = |at: usize| numbers.iter().map(move |column| column[at]);
        Ok(((0..n_rows).flat_map(row).collect(), n_rows, n_columns))
    }
}

impl Categories {
    pub(crate) fn of_lightgbm(model: &lightgbm::Model) -> Self {
        let text = |category: &lightgbm::Category| match category {
            lightgbm::Category::Text(text) => Some(text.clone()),
            lightgbm::Category::Number(_) | lightgbm::Category::Bool(_) => None,
        };
        let of_column = |column: &Vec<lightgbm::Category>| {
            let texts: Option<Vec<String>> = column.iter().map(text).collect();
            // Categories of other types are asked for by code.
            texts.map(|texts| codes(texts.iter().map(String::as_str)))
        };
        Self::InOrder(model.pandas_categories.iter().filter_map(of_column).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::InOrder(codes) | Self::ByColumn(codes) => codes.is_empty(),
        }
    }

    /// The columns of a table with codes in the place of texts.
    ///
    /// # Errors
    /// There are other columns of texts than in training, or a text that XGBoost has not seen there.
    pub(crate) fn coded<'t>(&self, columns: &'t [Data<'_>]) -> Result<Vec<Data<'t>>, Error> {
        let n_texts = columns.iter().filter(|column| is_text(column)).count();
        let mut in_order = match self {
            Self::InOrder(codes) if n_texts != 0 && n_texts != codes.len() => {
                let expected = codes.len();
                return Err(Error::invalid_input(format!(
                    "expected as many columns of texts as had categories in training, {expected}, got \
                     {n_texts}"
                )));
            }
            Self::InOrder(codes) => codes.iter(),
            Self::ByColumn(_) => [].iter(),
        };
        let mut coded = Vec::with_capacity(columns.len());
        for (at, column) in columns.iter().enumerate() {
            if !is_text(column) {
                coded.push(column.view());
                continue;
            }
            let known = match self {
                Self::InOrder(_) => in_order.next(),
                Self::ByColumn(codes) => codes.get(at).filter(|codes| !codes.is_empty()),
            };
            let Some(known) = known else {
                return Err(Error::invalid_input(format!(
                    "column {at}: expected numbers, as in training, got texts"
                )));
            };
            let numbers = code(column, known);
            let is_unknown = |(at, number): (usize, &f64)| {
                number.is_nan() && matches!(column.cell(at), Some(Cell::Text(_)))
            };
            // LightGBM takes a category that it has never seen for a missing value, XGBoost refuses.
            if matches!(self, Self::ByColumn(_)) && numbers.iter().enumerate().any(is_unknown) {
                return Err(Error::invalid_input(format!(
                    "column {at}: expected categories of training, got another"
                )));
            }
            coded.push(numbers.into());
        }
        Ok(coded)
    }
}

fn is_text(column: &Data<'_>) -> bool {
    matches!(column, Data::Text(_) | Data::Cells(_))
}

fn codes<'a>(texts: impl Iterator<Item = &'a str>) -> Codes {
    texts.enumerate().map(|(code, text)| (text.into(), code as f64)).collect()
}

fn code(column: &Data<'_>, known: &Codes) -> Vec<f64> {
    let code = |at: usize| match column.cell(at) {
        Some(Cell::Text(text)) => known.get(&text).copied().unwrap_or(f64::NAN),
        Some(Cell::Int(code)) => code as f64,
        Some(Cell::Float(code)) => code,
        _ => f64::NAN,
    };
    (0..column.len()).map(code).collect()
}
