//! Classes by the nearest mean.

use radiant_core::Error;

use super::metric::{Measured, Metric};
use crate::sklearn::activation::argmax;
use crate::sklearn::data::{Data, Table};
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, no_method};
use crate::sklearn::intake::{Intake, Rows};
use crate::sklearn::source::{Matrix, Read, Source};

/// `NearestCentroid`.
#[derive(Debug)]
struct Centroid {
    intake: Intake,
    classes: Data<'static>,
    centroids: Measured,
    /// Scores by the spread within classes and how frequent these are (1.6).
    scores: Option<Scores>,
    has_probabilities: bool,
}

#[derive(Debug)]
struct Scores {
    /// What a feature is divided by; 1 where all values are equal.
    spread: Vec<f64>,
    /// The centroids in these units.
    centroids: Measured,
    /// Twice the logarithm of the share of each class.
    logarithms: Vec<f64>,
    /// Whether classes are predicted by scores, as their shares differ.
    decide: bool,
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let classes = source.classes()?;
    let node = source.attr("centroids_")?;
    let centroids = source.matrix("centroids_")?;
    if centroids.n_rows != classes.len() || centroids.n_columns == 0 {
        return Err(node.expected(format_args!("{} rows", classes.len())));
    }
    let name = source.choice("metric", "euclidean").map_err(|_| {
        source.unsupported("a metric of your own", "use `euclidean` or `manhattan`")
    })?;
    let metric = Metric::read(source, &name, None)?;
    Ok(Box::new(Centroid {
        intake: Intake::new(source, Some(centroids.n_columns)),
        scores: if source.since(1, 6) { Some(scores(source, metric, &centroids)?) } else { None },
        centroids: Measured::new(metric, &centroids),
        classes,
        has_probabilities: name == "euclidean" && source.since(1, 6),
    }))
}

fn scores(source: &Source<'_>, metric: Metric, centroids: &Matrix) -> Read<Scores> {
    let n_classes = centroids.n_rows;
    let shares = source.vector_of("class_prior_", n_classes)?;
    let mut spread = source.vector_of("within_class_std_dev_", centroids.n_columns)?;
    spread.iter_mut().filter(|spread| **spread == 0.0).for_each(|spread| *spread = 1.0);
    let mut scaled = centroids.clone();
    for row in scaled.values.chunks_exact_mut(centroids.n_columns) {
        row.iter_mut().zip(&spread).for_each(|(value, spread)| *value /= spread);
    }
    let equal = 1.0 / n_classes as f64;
    // As `numpy.isclose` has it.
    let is_equal = |share: &f64| (share - equal).abs() <= 1e-8 + 1e-5 * equal;
    Ok(Scores {
        spread,
        centroids: Measured::new(metric, &scaled),
        decide: !shares.iter().all(is_equal),
        logarithms: shares.iter().map(|share| 2.0 * share.ln()).collect(),
    })
}

impl Scores {
    /// `[n_rows, n_classes]`
    fn of(&self, rows: &Rows<'_, f64>) -> Vec<f64> {
        let n_classes = self.logarithms.len();
        let mut out = vec![0.0; rows.n_rows * n_classes];
        let mut scaled = vec![0.0; rows.n_columns];
        for (row, out) in rows.iter().zip(out.chunks_exact_mut(n_classes)) {
            let values = row.iter().zip(&self.spread);
            scaled.iter_mut().zip(values).for_each(|(to, (value, spread))| *to = value / spread);
            self.centroids.reduced(&scaled, out);
            for (score, logarithm) in out.iter_mut().zip(&self.logarithms) {
                let distance = self.centroids.distance(*score);
                *score = logarithm - distance * distance;
            }
        }
        out
    }
}

/// Scores as logarithms of probabilities.
fn log_softmax(row: &mut [f64]) {
    let max = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    for score in &mut *row {
        *score -= max;
    }
    let log_sum = row.iter().map(|score| score.exp()).sum::<f64>().ln();
    for score in &mut *row {
        *score -= log_sum;
    }
}

impl Centroid {
    fn nearest(&self, rows: &Rows<'_, f64>) -> Vec<usize> {
        let mut distances = vec![0.0; self.classes.len()];
        let nearest = |row: &[f64]| {
            self.centroids.reduced(row, &mut distances);
            for distance in &mut *distances {
                *distance = -*distance;
            }
            argmax(&distances)
        };
        rows.iter().map(nearest).collect()
    }

    fn scored(&self, scores: &Scores, method: Method, rows: &Rows<'_, f64>) -> Answer {
        let n_classes = self.classes.len();
        let mut out = scores.of(rows);
        match method {
            Method::Predict => {
                return Answer::column(self.classes.pick(out.chunks_exact(n_classes).map(argmax)));
            }
            Method::DecisionFunction if n_classes == 2 => {
                let differences =
                    out.as_chunks::<2>().0.iter().map(|[first, second]| second - first);
                return Answer::column(differences.collect::<Vec<f64>>());
            }
            Method::PredictProba | Method::PredictLogProba => {
                out.chunks_exact_mut(n_classes).for_each(log_softmax);
                if method == Method::PredictProba {
                    for value in &mut *out {
                        *value = value.exp();
                    }
                }
            }
            Method::DecisionFunction | Method::Transform | Method::ScoreSamples => {}
        }
        Answer::matrix(rows.n_rows, n_classes, out)
    }
}

impl Estimator for Centroid {
    fn fact(&self, method: Method) -> Option<Fact> {
        let n_classes = self.classes.len();
        match method {
            Method::Predict => Some(Fact::labels(&self.classes)),
            _ if !self.has_probabilities => None,
            Method::DecisionFunction if n_classes == 2 => Some(Fact::NUMBER),
            Method::DecisionFunction | Method::PredictProba | Method::PredictLogProba => {
                Some(Fact::numbers(n_classes))
            }
            Method::Transform | Method::ScoreSamples => None,
        }
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if self.fact(method).is_none() {
            return Err(no_method(&self.intake.class, method));
        }
        let rows = self.intake.doubles(x)?;
        Ok(match &self.scores {
            Some(scores) if method != Method::Predict || scores.decide => {
                self.scored(scores, method, &rows)
            }
            _ => Answer::column(self.classes.pick(self.nearest(&rows).into_iter())),
        })
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.intake.n_features)
    }

    fn classes(&self) -> Option<&Data<'static>> {
        Some(&self.classes)
    }
}
