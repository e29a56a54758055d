//! Naive Bayes with counts, or with what is there and what is not.

use radiant_core::Error;

use crate::sklearn::affine::{Affine, Scores};
use crate::sklearn::data::{Array, Data, Table};
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, no_method};
use crate::sklearn::intake::Intake;
use crate::sklearn::source::{Read, Source};
use crate::sklearn::sparse::Sparse;

use super::joint;

/// `MultinomialNB`, `ComplementNB` and `BernoulliNB`.
#[derive(Debug)]
struct Counts {
    intake: Intake,
    classes: Data<'static>,
    joint: Affine,
    /// What a value must be above of to count, where that matters.
    threshold: Option<f64>,
}

pub(super) fn read_multinomial(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    finished(source, Affine::read(source, "feature_log_prob_", "class_log_prior_")?, None)
}

/// The priors count only where there is a single class.
pub(super) fn read_complement(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let joint = if source.classes()?.len() == 1 {
        Affine::read(source, "feature_log_prob_", "class_log_prior_")?
    } else {
        Affine::read_weights(source, "feature_log_prob_")?
    };
    finished(source, joint, None)
}

/// Features that are not there count too.
pub(super) fn read_bernoulli(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let mut weights = source.matrix("feature_log_prob_")?;
    let mut offsets = source.vector_of("class_log_prior_", weights.n_rows)?;
    for (row, offset) in weights.values.chunks_exact_mut(weights.n_columns.max(1)).zip(&mut offsets)
    {
        let mut sum = 0.0;
        for weight in row {
            let absent = (1.0 - weight.exp()).ln();
            *weight -= absent;
            sum += absent;
        }
        *offset += sum;
    }
    if weights.n_rows == 0 || weights.n_columns == 0 {
        return Err(source.attr("feature_log_prob_")?.expected("weights"));
    }
    let threshold = source.some("binarize")?.map(radiant_formats::Node::float).transpose()?;
    finished(source, Affine::of_outputs(&weights, offsets), threshold)
}

fn finished(
    source: &Source<'_>,
    joint: Affine,
    threshold: Option<f64>,
) -> Read<Box<dyn Estimator>> {
    let classes = source.classes()?;
    if joint.n_outputs() != classes.len() || joint.is_flat() {
        let node = source.attr("feature_log_prob_")?;
        return Err(node.expected(format_args!("{} rows", classes.len())));
    }
    let intake = Intake::new(source, Some(joint.n_features()));
    Ok(Box::new(Counts { intake, classes, joint, threshold }))
}

impl Counts {
    fn joint(&self, x: &Table<'_>) -> Result<Scores, Error> {
        let Some(threshold) = self.threshold else {
            return self.joint.scores(&self.intake, x);
        };
        if let Table::Sparse(sparse) = x {
            self.intake.check_sparse(sparse)?;
            return self.joint.scores(&self.intake, &self.present(sparse, threshold)?);
        }
        // A threshold is in the precision of the rows.
        #[expect(clippy::cast_possible_truncation, reason = "is to be rounded")]
        let threshold = if x.is_single() { f64::from(threshold as f32) } else { threshold };
        let rows = self.intake.doubles(x)?;
        let present = rows.values.iter().map(|value| f64::from(u8::from(*value > threshold)));
        let array = Array::matrix(rows.n_rows, rows.n_columns, present.collect::<Vec<f64>>());
        self.joint.scores(&self.intake, &Table::Array(array))
    }

    fn present(&self, sparse: &Sparse, threshold: f64) -> Result<Table<'static>, Error> {
        if threshold < 0.0 {
            return Err(Error::invalid_input(format!(
                "{}: what is not stored counts below zero: expected dense rows",
                self.intake.class
            )));
        }
        let mut present = Sparse::new(sparse.n_columns());
        for (columns, values) in sparse.rows() {
            let stored = columns.iter().zip(values).filter(|(_, value)| **value > threshold);
            present.push_row(stored.map(|(column, _)| (*column, 1.0)));
        }
        Ok(Table::Sparse(present))
    }
}

impl Estimator for Counts {
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
