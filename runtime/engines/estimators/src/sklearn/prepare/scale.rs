//! Scalers: a number and a factor for each column.

use radiant_core::{DType, Error};

use super::lane::{Change, Real, changed};
use super::transformer::{Transform, Transformer};
use crate::sklearn::data::Table;
use crate::sklearn::estimator::{Estimator, Fact, Wants, Width};
use crate::sklearn::intake::Intake;
use crate::sklearn::source::{Read, Source};
use crate::sklearn::sparse::Sparse;

/// What is done with a value of each column, or with all.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    // Invariant of these: one number for each column.
    Add(Vec<f64>),
    Subtract(Vec<f64>),
    Multiply(Vec<f64>),
    Divide(Vec<f64>),
    /// Between two numbers; what is none stays.
    Clip(f64, f64),
}

impl Step {
    fn apply<T: Real>(&self, n_columns: usize, values: &mut [T]) {
        let mut each = |numbers: &[f64], step: fn(f64, f64) -> f64| {
            for row in values.chunks_exact_mut(n_columns.max(1)) {
                for (x, number) in row.iter_mut().zip(numbers) {
                    *x = T::rounded(step(x.wide(), *number));
                }
            }
        };
        match self {
            Self::Add(numbers) => each(numbers, |x, number| x + number),
            Self::Subtract(numbers) => each(numbers, |x, number| x - number),
            Self::Multiply(numbers) => each(numbers, |x, number| x * number),
            Self::Divide(numbers) => each(numbers, |x, number| x / number),
            Self::Clip(low, high) => {
                let (low, high) = (T::rounded(*low), T::rounded(*high));
                for x in values {
                    // Comparisons with NaN are false.
                    if *x < low {
                        *x = low;
                    } else if *x > high {
                        *x = high;
                    }
                }
            }
        }
    }
}

/// Steps one after the other, each rounded to the precision of the rows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Steps(Vec<Step>);

impl Steps {
    /// Does them, in place.
    pub(crate) fn run<T: Real>(&self, n_columns: usize, values: &mut [T]) {
        self.0.iter().for_each(|step| step.apply(n_columns, values));
    }

    /// The steps that undo these; clipping is not undone.
    pub(crate) fn inverse(self) -> Self {
        let undone = |step| match step {
            Step::Add(numbers) => Some(Step::Subtract(numbers)),
            Step::Subtract(numbers) => Some(Step::Add(numbers)),
            Step::Multiply(numbers) => Some(Step::Divide(numbers)),
            Step::Divide(numbers) => Some(Step::Multiply(numbers)),
            Step::Clip(..) => None,
        };
        Self(self.0.into_iter().rev().filter_map(undone).collect())
    }

    /// The same in single precision rounds the steps' own numbers too.
    fn rounded(&self) -> Self {
        let round = |numbers: &[f64]| numbers.iter().map(|x| f32::rounded(*x).wide()).collect();
        let step = |step: &Step| match step {
            Step::Add(numbers) => Step::Add(round(numbers)),
            Step::Subtract(numbers) => Step::Subtract(round(numbers)),
            Step::Multiply(numbers) => Step::Multiply(round(numbers)),
            Step::Divide(numbers) => Step::Divide(round(numbers)),
            Step::Clip(low, high) => Step::Clip(*low, *high),
        };
        Self(self.0.iter().map(step).collect())
    }

    /// Sparse rows stay so, where zeros stay zeros.
    fn sparse(&self, sparse: &Sparse) -> Option<Sparse> {
        let mut scaled = sparse.clone();
        for step in &self.0 {
            for (columns, values) in scaled.rows_mut() {
                for (&column, x) in columns.iter().zip(values) {
                    let number = |numbers: &[f64]| numbers.get(column as usize).copied();
                    *x = match step {
                        Step::Multiply(numbers) => *x * number(numbers)?,
                        Step::Divide(numbers) => *x / number(numbers)?,
                        Step::Clip(low, high) if *low <= 0.0 && *high >= 0.0 => {
                            x.clamp(*low, *high)
                        }
                        Step::Add(_) | Step::Subtract(_) | Step::Clip(..) => return None,
                    };
                }
            }
        }
        Some(scaled)
    }
}

/// A fitted scaler: `StandardScaler`, `MinMaxScaler`, `MaxAbsScaler`, `RobustScaler`.
#[derive(Debug)]
struct Scaler {
    intake: Intake,
    steps: Steps,
    /// Other steps for single precision.
    singles: Option<Steps>,
}

/// Reads the steps of a scaler, and the number of its features.
pub(crate) fn steps(source: &Source<'_>) -> Read<(Steps, Option<usize>)> {
    match source.class() {
        "StandardScaler" => centred(source, "mean_", "with_mean", "with_std"),
        "RobustScaler" => centred(source, "center_", "with_centering", "with_scaling"),
        "MaxAbsScaler" => {
            let scale = source.vector("scale_")?;
            let n_features = scale.len();
            let mut steps = vec![Step::Divide(scale)];
            if source.flag("clip", false)? {
                steps.push(Step::Clip(-1.0, 1.0));
            }
            Ok((Steps(steps), Some(n_features)))
        }
        _ => {
            let scale = source.vector("scale_")?;
            let n_features = scale.len();
            let min = source.vector_of("min_", n_features)?;
            let mut steps = vec![Step::Multiply(scale), Step::Add(min)];
            if source.flag("clip", false)? {
                let [low, high] = source.attr("feature_range")?.tuple()?;
                steps.push(Step::Clip(low.float()?, high.float()?));
            }
            Ok((Steps(steps), Some(n_features)))
        }
    }
}

fn centred(
    source: &Source<'_>,
    centre: &str,
    with_centre: &str,
    with_scale: &str,
) -> Read<(Steps, Option<usize>)> {
    let n_features = match source.some("scale_")?.or(source.some(centre)?) {
        Some(node) => Some(node.floats()?.0.len()),
        None => source.n_features_in()?,
    };
    let mut steps = Vec::new();
    let (with_centre, with_scale) =
        (source.flag(with_centre, true)?, source.flag(with_scale, true)?);
    if let Some(n_features) = n_features {
        if with_centre {
            steps.push(Step::Subtract(source.vector_of(centre, n_features)?));
        }
        if with_scale {
            steps.push(Step::Divide(source.vector_of("scale_", n_features)?));
        }
    } else if with_centre || with_scale {
        return Err(source.node.expected("a fitted scaler"));
    }
    Ok((Steps(steps), n_features))
}

/// Single precision rounds what was computed in double precision; `StandardScaler` computes with
/// rounded attributes from 1.8.
pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let (steps, n_features) = steps(source)?;
    let rounds = source.class() == "StandardScaler" && source.since(1, 8);
    Ok(Box::new(Transformer(Scaler {
        intake: Intake::new(source, n_features).with_nan().with_texts(),
        singles: rounds.then(|| steps.rounded()),
        steps,
    })))
}

impl Change for Scaler {
    fn change<T: Real>(&self, n_columns: usize, values: &mut [T]) -> Result<(), Error> {
        let is_single = size_of::<T>() == size_of::<f32>();
        let steps = self.singles.as_ref().filter(|_| is_single).unwrap_or(&self.steps);
        steps.run(n_columns, values);
        Ok(())
    }
}

impl Transform for Scaler {
    fn class(&self) -> &str {
        &self.intake.class
    }

    fn fact(&self) -> Fact {
        Fact { dtype: DType::F64, width: Width::Columns(self.intake.n_features) }
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.intake.n_features)
    }

    fn transform(&self, x: &Table<'_>) -> Result<Table<'static>, Error> {
        if let Table::Sparse(sparse) = x {
            self.intake.check_width(sparse.n_columns())?;
            let scaled = self.steps.sparse(sparse).ok_or_else(|| {
                Error::invalid_input(format!(
                    "{}: a sparse table cannot be shifted: it would not stay sparse",
                    self.intake.class
                ))
            })?;
            return Ok(Table::Sparse(scaled));
        }
        changed(&self.intake, x, self)
    }
}
