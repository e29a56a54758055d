//! Classes by the votes of all neighbours within a radius.

use radiant_core::Error;

use super::classify::targets;
use super::search::Neighbours;
use crate::sklearn::activation::argmax;
use crate::sklearn::data::{Cell, Data, Table};
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, no_method};
use crate::sklearn::source::{Read, Source, cell};

/// What is said of a row without neighbours.
#[derive(Debug)]
enum Outlier {
    Refused,
    Class(usize),
    /// A label that is none of the classes: no class has a probability.
    Label,
}

/// `RadiusNeighborsClassifier`.
#[derive(Debug)]
struct Classifier {
    neighbours: Neighbours,
    classes: Data<'static>,
    /// The classes, and behind them the label of outliers if it is none of them.
    labels: Data<'static>,
    /// Places in the classes.
    // Invariant: one for each row trained with.
    of_rows: Vec<usize>,
    outlier: Outlier,
    has_probabilities: bool,
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    if source.flag("outputs_2d_", false)? {
        return Err(source.unsupported("several outputs", "use `KNeighborsClassifier`"));
    }
    let neighbours = Neighbours::read_within(source)?;
    let classes = source.classes()?;
    let of_rows = targets(source.attr("_y")?, neighbours.n_rows(), std::slice::from_ref(&classes))?;
    let (outlier, labels) = outlier(source, &classes)?;
    Ok(Box::new(Classifier {
        neighbours,
        labels,
        of_rows: of_rows.into_iter().flatten().collect(),
        outlier,
        classes,
        has_probabilities: source.since(0, 22),
    }))
}

fn outlier(source: &Source<'_>, classes: &Data<'static>) -> Read<(Outlier, Data<'static>)> {
    let node = match source.some("outlier_label_")? {
        Some(node) => Some(if node.items().is_ok() { node.item(0)? } else { node }),
        None if source.since(0, 22) => None,
        None => source.some("outlier_label")?,
    };
    let Some(node) = node else { return Ok((Outlier::Refused, classes.clone())) };
    let label = cell(node)?;
    if let Some(at) = (0..classes.len()).find(|at| classes.cell(*at).as_ref() == Some(&label)) {
        return Ok((Outlier::Class(at), classes.clone()));
    }
    let mut labels = classes.clone();
    match (&mut labels, &label) {
        (Data::I64(labels), Cell::Int(label)) => labels.to_mut().push(*label),
        (Data::F64(labels), Cell::Float(label)) => labels.to_mut().push(*label),
        (Data::F64(labels), Cell::Int(label)) => labels.to_mut().push(*label as f64),
        (Data::Text(labels), Cell::Text(label)) => labels.to_mut().push(label.as_bytes()),
        _ => return Err(node.expected("a label of the type of the classes")),
    }
    Ok((Outlier::Label, labels))
}

impl Classifier {
    /// The share of each class in the votes, `[n_rows, n_classes]`; all zero for outliers.
    fn shares(&self, x: &Table<'_>) -> Result<(usize, Vec<f64>), Error> {
        let n_classes = self.classes.len();
        let mut shares = Vec::with_capacity(x.n_rows() * n_classes);
        let mut is_refused = false;
        let n_rows = self.neighbours.each(x, |weighted| {
            let start = shares.len();
            shares.resize(start + n_classes, 0.0);
            let shares = &mut shares[start..];
            for (weight, row) in weighted {
                shares[self.of_rows[*row]] += weight;
            }
            if weighted.is_empty() {
                match self.outlier {
                    Outlier::Refused => is_refused = true,
                    Outlier::Class(class) => shares[class] = 1.0,
                    Outlier::Label => {}
                }
            }
            let sum: f64 = shares.iter().sum();
            if sum != 0.0 {
                for share in shares {
                    *share /= sum;
                }
            }
        })?;
        if is_refused {
            return Err(Error::invalid_input(format!(
                "{}: a row has no neighbours within the radius, and outliers have no label",
                self.neighbours.intake.class
            )));
        }
        Ok((n_rows, shares))
    }
}

impl Estimator for Classifier {
    fn fact(&self, method: Method) -> Option<Fact> {
        match method {
            Method::Predict => Some(Fact::labels(&self.classes)),
            Method::PredictProba if self.has_probabilities => {
                Some(Fact::numbers(self.classes.len()))
            }
            _ => None,
        }
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if self.fact(method).is_none() {
            return Err(no_method(&self.neighbours.intake.class, method));
        }
        let (n_rows, shares) = self.shares(x)?;
        let n_classes = self.classes.len();
        if method == Method::PredictProba {
            return Ok(Answer::matrix(n_rows, n_classes, shares));
        }
        let label = |shares: &[f64]| {
            if shares.iter().all(|share| *share == 0.0) { n_classes } else { argmax(shares) }
        };
        Ok(Answer::column(self.labels.pick(shares.chunks_exact(n_classes).map(label))))
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.neighbours.intake.n_features)
    }

    fn classes(&self) -> Option<&Data<'static>> {
        Some(&self.classes)
    }
}
