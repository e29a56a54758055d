//! Naive Bayes with categories.

use radiant_core::Error;

use crate::sklearn::affine::Scores;
use crate::sklearn::data::{Cell, Data, Table};
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, no_method};
use crate::sklearn::intake::Intake;
use crate::sklearn::source::{Matrix, Read, Source, matrix};

use super::joint;

/// `CategoricalNB`: numbers are cut to whole ones, which stand for categories.
#[derive(Debug)]
struct Categorical {
    intake: Intake,
    classes: Data<'static>,
    /// For each feature `[n_categories, n_classes]`.
    likelihoods: Vec<Matrix>,
    /// For each class.
    priors: Vec<f64>,
    /// Whether objects that are texts must be whole numbers (0.24).
    checks_objects: bool,
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let classes = source.classes()?;
    let mut likelihoods = Vec::new();
    for node in source.attr("feature_log_prob_")?.items()? {
        let likelihood = matrix(node)?;
        if likelihood.n_rows != classes.len() {
            return Err(node.expected(format_args!("{} rows", classes.len())));
        }
        likelihoods.push(likelihood.transposed());
    }
    Ok(Box::new(Categorical {
        intake: Intake::new(source, Some(likelihoods.len())),
        priors: source.vector_of("class_log_prior_", classes.len())?,
        classes,
        likelihoods,
        checks_objects: source.since(0, 24),
    }))
}

impl Categorical {
    fn joint(&self, x: &Table<'_>) -> Result<Scores, Error> {
        let n_classes = self.classes.len();
        self.check_texts(x)?;
        let rows = self.intake.doubles(x)?;
        let mut joint = vec![0.0; rows.n_rows * n_classes];
        for (row, joint) in rows.iter().zip(joint.chunks_exact_mut(n_classes)) {
            for (feature, (&x, likelihoods)) in row.iter().zip(&self.likelihoods).enumerate() {
                let likelihoods =
                    category(x).and_then(|at| likelihoods.rows().nth(at)).ok_or_else(|| {
                        Error::invalid_input(format!(
                            "{}: feature {feature}: expected a category from 0 to {}, got {x}",
                            self.intake.class,
                            likelihoods.n_rows.saturating_sub(1)
                        ))
                    })?;
                joint.iter_mut().zip(likelihoods).for_each(|(sum, value)| *sum += value);
            }
            joint.iter_mut().zip(&self.priors).for_each(|(sum, prior)| *sum += prior);
        }
        Ok(Scores::new(rows.n_rows, n_classes, joint, false))
    }
}

impl Categorical {
    /// Texts are read as whole numbers, not as any number.
    fn check_texts(&self, x: &Table<'_>) -> Result<(), Error> {
        let check = |data: &Data<'_>| {
            let is_checked = match data {
                Data::Text(_) => true,
                Data::Cells(_) => self.checks_objects,
                _ => false,
            };
            if !is_checked {
                return Ok(());
            }
            for at in 0..data.len() {
                if let Some(Cell::Text(text)) = data.cell(at)
                    && text.trim().parse::<i64>().is_err()
                {
                    let class = &self.intake.class;
                    let message = format!("{class}: expected whole numbers, got the text {text:?}");
                    return Err(Error::invalid_input(message));
                }
            }
            Ok(())
        };
        match x {
            Table::Array(array) => check(&array.data),
            Table::Frame { columns, .. } => columns.iter().try_for_each(check),
            Table::Sparse(_) => Ok(()),
        }
    }
}

/// A number without what is behind its point, if that is a place.
fn category(x: f64) -> Option<usize> {
    let whole = x.trunc();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "is in range")]
    (0.0..4e9).contains(&whole).then_some(whole as usize)
}

impl Estimator for Categorical {
    fn fact(&self, method: Method) -> Option<Fact> {
        joint::fact(&self.classes, method)
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if self.fact(method).is_none() {
            return Err(no_method(&self.intake.class, method));
        }
        Ok(joint::answer(method, self.joint(x)?, &self.classes))
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.intake.n_features)
    }

    fn classes(&self) -> Option<&Data<'static>> {
        Some(&self.classes)
    }
}
