//! What every estimator can do.

use std::fmt;

use radiant_core::{DType, Error};

use super::data::{Array, Data, Table};

/// A method of an estimator that takes rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Method {
    Predict,
    PredictProba,
    PredictLogProba,
    DecisionFunction,
    Transform,
    ScoreSamples,
}

impl Method {
    /// All methods, in the order of a model's outputs.
    pub(crate) const ALL: [Self; 6] = [
        Self::Predict,
        Self::PredictProba,
        Self::PredictLogProba,
        Self::DecisionFunction,
        Self::Transform,
        Self::ScoreSamples,
    ];

    /// Its name in scikit-learn.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Predict => "predict",
            Self::PredictProba => "predict_proba",
            Self::PredictLogProba => "predict_log_proba",
            Self::DecisionFunction => "decision_function",
            Self::Transform => "transform",
            Self::ScoreSamples => "score_samples",
        }
    }
}

/// The form of a method's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) dtype: DType,
    pub(crate) width: Width,
}

/// What a row has in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Width {
    /// One value; there is no second axis.
    One,
    /// So many, `None` if that depends on what comes.
    Columns(Option<usize>),
    /// An array for each of so many outputs.
    List(usize),
}

impl Fact {
    /// One of some labels a row.
    pub(crate) fn labels(labels: &Data<'_>) -> Self {
        Self { dtype: labels.dtype(), width: Width::One }
    }

    /// A number a row.
    pub(crate) const NUMBER: Self = Self { dtype: DType::F64, width: Width::One };

    /// So many numbers a row.
    pub(crate) const fn numbers(n_columns: usize) -> Self {
        Self { dtype: DType::F64, width: Width::Columns(Some(n_columns)) }
    }
}

/// What a method gives.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    Table(Table<'static>),
    /// An array for each of several outputs.
    List(Vec<Array<'static>>),
}

impl Answer {
    /// One value a row.
    pub(crate) fn column(data: impl Into<Data<'static>>) -> Self {
        Self::Table(Table::Array(Array::column(data)))
    }

    /// So many values a row.
    pub(crate) fn matrix(n_rows: usize, n_columns: usize, data: impl Into<Data<'static>>) -> Self {
        Self::Table(Table::Array(Array::matrix(n_rows, n_columns, data)))
    }
}

/// What an estimator is fed with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Wants {
    /// Rows of numbers or texts, as many columns if that is known.
    Matrix(Option<usize>),
    /// A text a row.
    Texts,
    /// Columns of a table, by name or in this order.
    Frame(Vec<Wanted>),
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) name: String,
    /// What is in it, as far as the model tells.
    pub(crate) dtype: Option<DType>,
    /// Its place among the columns that come, where the model does not know its name.
    pub(crate) at: Option<usize>,
}

/// A fitted estimator: rows in, an answer out.
pub(crate) trait Estimator: fmt::Debug + Send + Sync {
    /// The form of a method's answer; `None` if the estimator does not have the method.
    fn fact(&self, method: Method) -> Option<Fact>;

    /// Runs a method.
    ///
    /// # Errors
    /// What is wrong with the rows, or that there is no such method.
    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error>;

    /// What it is fed with.
    fn wants(&self) -> Wants;

    /// The classes of a classifier with one output.
    fn classes(&self) -> Option<&Data<'static>> {
        None
    }
}

/// The error of a method that an estimator does not have.
#[cold]
pub(crate) fn no_method(class: &str, method: Method) -> Error {
    Error::invalid_input(format!("{class} has no method `{}`", method.name()))
}

/// The rows that a transformer gives.
pub(crate) fn transform(estimator: &dyn Estimator, x: &Table<'_>) -> Result<Table<'static>, Error> {
    table(estimator.run(Method::Transform, x)?)
}

/// An answer that must be one table.
pub(crate) fn table(answer: Answer) -> Result<Table<'static>, Error> {
    match answer {
        Answer::Table(table) => Ok(table),
        Answer::List(_) => Err(Error::internal("expected one array, got one for each output")),
    }
}

/// The natural logarithm of every number of an answer.
pub(crate) fn logarithms(mut answer: Answer) -> Answer {
    let log = |array: &mut Array<'static>| {
        if let Data::F64(values) = &mut array.data {
            values.to_mut().iter_mut().for_each(|value| *value = value.ln());
        } else if let Data::F32(values) = &mut array.data {
            values.to_mut().iter_mut().for_each(|value| *value = value.ln());
        }
    };
    match &mut answer {
        Answer::Table(Table::Array(array)) => log(array),
        Answer::List(arrays) => arrays.iter_mut().for_each(log),
        Answer::Table(Table::Frame { .. } | Table::Sparse(_)) => {}
    }
    answer
}
