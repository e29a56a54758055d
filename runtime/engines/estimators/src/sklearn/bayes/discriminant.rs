//! Linear discriminants: a linear classifier that also projects.

use radiant_core::Error;

use crate::sklearn::affine::{Affine, Scores};
use crate::sklearn::data::{Array, Data, Table};
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, logarithms, no_method};
use crate::sklearn::linear::classifier::{LinearClassifier, Link};
use crate::sklearn::source::{Matrix, Read, Source};

/// `LinearDiscriminantAnalysis`.
#[derive(Debug)]
struct Discriminant {
    classifier: LinearClassifier,
    projection: Option<Projection>,
    /// Whether probabilities of zero have a finite logarithm (0.24).
    has_finite_logarithms: bool,
}

/// What rows are moved by, and then multiplied with.
#[derive(Debug)]
struct Projection {
    centre: Option<Vec<f64>>,
    directions: Affine,
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let link = if source.since(0, 21) { Link::Softmax } else { Link::OneVsRest };
    let classes = source.classes()?;
    // Of two classes, one has the logistic function of the score.
    let link = if classes.len() == 2 { Link::OneVsRest } else { link };
    Ok(Box::new(Discriminant {
        classifier: LinearClassifier::read(source, classes, link)?,
        projection: projection(source)?,
        has_finite_logarithms: source.since(0, 24),
    }))
}

fn projection(source: &Source<'_>) -> Read<Option<Projection>> {
    let solver = source.choice("solver", "svd")?;
    if solver == "lsqr" {
        return Ok(None);
    }
    let node = source.attr("scalings_")?;
    let all = source.matrix("scalings_")?;
    let n_columns = source.attr("_max_components")?.index()?.min(all.n_columns);
    if all.n_rows == 0 || n_columns == 0 {
        return Err(node.expected("at least one direction"));
    }
    let values: Vec<_> = all.rows().flat_map(|row| row.iter().take(n_columns).copied()).collect();
    let directions = Matrix { n_rows: all.n_rows, n_columns, values };
    let mut is_single = source.is_single("scalings_")?;
    let centre = if solver == "svd" {
        is_single &= source.is_single("xbar_")?;
        Some(source.vector_of("xbar_", all.n_rows)?)
    } else {
        None
    };
    let directions = Affine::of_features(&directions, vec![0.0; n_columns]);
    Ok(Some(Projection { centre, directions: directions.with_precision(is_single) }))
}

impl Discriminant {
    fn project(&self, projection: &Projection, x: &Table<'_>) -> Result<Scores, Error> {
        let intake = &self.classifier.intake;
        let Some(centre) = &projection.centre else {
            return projection.directions.scores(intake, x);
        };
        let mut rows = intake.doubles(x)?;
        for row in rows.values.to_mut().chunks_exact_mut(rows.n_columns.max(1)) {
            row.iter_mut().zip(centre).for_each(|(x, centre)| *x -= centre);
        }
        let is_single = x.is_single();
        let centred = Array::matrix(rows.n_rows, rows.n_columns, rows.values.into_owned());
        let mut scores = projection.directions.scores(intake, &Table::Array(centred))?;
        scores = Scores { is_single: is_single && projection.directions.is_single(), ..scores };
        Ok(scores)
    }
}

impl Estimator for Discriminant {
    fn fact(&self, method: Method) -> Option<Fact> {
        match (method, &self.projection) {
            (Method::Transform, Some(projection)) => {
                Some(Fact::numbers(projection.directions.n_outputs()))
            }
            (Method::Transform, None) => None,
            _ => self.classifier.fact(method),
        }
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        match (method, &self.projection) {
            (Method::Transform, Some(projection)) => Ok(self.project(projection, x)?.into_matrix()),
            (Method::Transform, None) => Err(no_method(&self.classifier.intake.class, method)),
            (Method::PredictLogProba, _) if self.has_finite_logarithms => {
                let mut probabilities = self.classifier.run(Method::PredictProba, x)?;
                raise_zeros(&mut probabilities);
                Ok(logarithms(probabilities))
            }
            _ => self.classifier.run(method, x),
        }
    }

    fn wants(&self) -> Wants {
        self.classifier.wants()
    }

    fn classes(&self) -> Option<&Data<'static>> {
        self.classifier.classes()
    }
}

/// Puts the smallest normal number in the place of zeros.
fn raise_zeros(answer: &mut Answer) {
    match answer {
        Answer::Table(Table::Array(Array { data: Data::F64(values), .. })) => {
            let zeros = values.to_mut().iter_mut().filter(|value| **value == 0.0);
            zeros.for_each(|value| *value = f64::MIN_POSITIVE);
        }
        Answer::Table(Table::Array(Array { data: Data::F32(values), .. })) => {
            let zeros = values.to_mut().iter_mut().filter(|value| **value == 0.0);
            zeros.for_each(|value| *value = f32::MIN_POSITIVE);
        }
        Answer::Table(_) | Answer::List(_) => {}
    }
}
