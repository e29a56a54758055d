//! Estimators of XGBoost and LightGBM inside files of Python objects.
//!
//! The booster inside is the library's own file; the estimator around it knows the names of classes,
//! which value is missing, and which rounds count.

mod lightgbm;
mod xgboost;

use std::cell::RefCell;

use radiant_core::{Error, TensorData};
use radiant_formats::FormatError;

use super::data::{Data, Table};
use super::estimator::{Answer, Estimator, Fact, Method, Wants, Width, no_method};
use super::intake::{Intake, Lane};
use super::registry::Reader;
use super::source::{Read, Source};
use crate::Unsupported;
use crate::boosted::{self, BoostedModel, Categories, Input, Scratch, Values};

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// The reader of a class of these libraries.
pub(crate) fn reader(package: &str, class: &str) -> Option<Reader> {
    Some(match (package, class) {
        ("xgboost", "Booster") => xgboost::read_booster,
        ("xgboost", "XGBClassifier" | "XGBRFClassifier") => xgboost::read_classifier,
        ("xgboost", "XGBRegressor" | "XGBRFRegressor" | "XGBRanker" | "XGBModel") => {
            xgboost::read_regressor
        }
        ("lightgbm", "Booster") => lightgbm::read_booster,
        ("lightgbm", "LGBMClassifier") => lightgbm::read_classifier,
        ("lightgbm", "LGBMRegressor" | "LGBMRanker" | "LGBMModel") => lightgbm::read_regressor,
        _ => return None,
    })
}

/// A booster, and what the estimator around it knows.
#[derive(Debug)]
struct Boosted {
    intake: Intake,
    model: BoostedModel,
    /// What `predict` asks of the booster.
    predict: boosted::Method,
    /// The names of classes, where they are not their indices.
    classes: Option<Data<'static>>,
    categories: Categories,
    /// Whether the sums before the objective are its `decision_function`.
    has_decision: bool,
}

impl Boosted {
    fn new(
        source: &Source<'_>,
        model: BoostedModel,
        predict: boosted::Method,
        classes: Option<Data<'static>>,
    ) -> Self {
        let n_features = model.n_features();
        // Infinite values are the library's to refuse.
        let intake = Intake::new(source, Some(n_features)).with_any_number().with_texts();
        Self {
            intake,
            model,
            predict,
            classes,
            categories: Categories::default(),
            has_decision: false,
        }
    }

    fn asked(&self, method: Method) -> Option<boosted::Method> {
        match method {
            Method::Predict => Some(self.predict),
            Method::PredictProba if self.predict == boosted::Method::Predict => {
                Some(boosted::Method::PredictProba)
            }
            Method::DecisionFunction if self.has_decision => Some(boosted::Method::Margin),
            _ => None,
        }
    }
}

impl Estimator for Boosted {
    fn fact(&self, method: Method) -> Option<Fact> {
        let asked = self.asked(method)?;
        let fact = self.model.answer_fact(asked)?;
        let width = fact.n_columns.map_or(Width::One, |n| Width::Columns(Some(n)));
        match &self.classes {
            Some(classes) if asked == boosted::Method::Predict => Some(Fact::labels(classes)),
            _ => Some(Fact { dtype: fact.dtype, width }),
        }
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        let asked = self.asked(method).ok_or_else(|| no_method(&self.intake.class, method))?;
        let fact = self.model.answer_fact(asked);
        let fact = fact.ok_or_else(|| no_method(&self.intake.class, method))?;
        let coded;
        let x = match x {
            Table::Frame { n_rows, columns } if !self.categories.is_empty() => {
                coded = Table::Frame { n_rows: *n_rows, columns: self.categories.coded(columns)? };
                &coded
            }
            x => x,
        };
        let lane = self.intake.lane(x)?;
        let input = match &lane {
            Lane::Single(rows) => {
                Input::new(Values::F32(&rows.values), rows.n_rows, rows.n_columns)?
            }
            Lane::Double(rows) => {
                Input::new(Values::F64(&rows.values), rows.n_rows, rows.n_columns)?
            }
        };
        let mut out = TensorData::F32(Vec::new());
        SCRATCH.with_borrow_mut(|scratch| self.model.predict(input, asked, scratch, &mut out))?;
        let data: Data<'static> = match out {
            TensorData::F32(values) => values.into(),
            TensorData::F64(values) => values.into(),
            TensorData::I64(indices) => match &self.classes {
                Some(classes) => {
                    classes.pick(indices.iter().filter_map(|at| usize::try_from(*at).ok()))
                }
                None => indices.into(),
            },
            _ => return Err(Error::internal("a booster answers numbers")),
        };
        Ok(match fact.n_columns {
            Some(n_columns) => Answer::matrix(x.n_rows(), n_columns, data),
            None => Answer::column(data),
        })
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.intake.n_features)
    }

    fn classes(&self) -> Option<&Data<'static>> {
        self.classes.as_ref()
    }
}

/// The error of a booster that is sound and not known.
fn refused(source: &Source<'_>, problem: &Unsupported) -> FormatError {
    source.node.unsupported(problem, "")
}

/// The names of classes as an encoder of labels has them, where there is one.
fn encoder_classes(source: &Source<'_>, name: &str) -> Read<Option<Data<'static>>> {
    let Some(encoder) = source.some(name)? else { return Ok(None) };
    encoder.attr_some("classes_")?.map(super::source::labels).transpose()
}

/// Checks that there is a name for each class.
fn check_classes(
    source: &Source<'_>,
    model: &BoostedModel,
    classes: Option<&Data<'static>>,
) -> Read<()> {
    let n_classes =
        model.answer_fact(boosted::Method::PredictProba).and_then(|fact| fact.n_columns);
    match (n_classes, classes) {
        (Some(expected), Some(classes)) if classes.len() != expected => Err(FormatError::damaged(
            source.node.place(),
            format_args!("{expected} classes"),
            classes.len(),
        )),
        _ => Ok(()),
    }
}
