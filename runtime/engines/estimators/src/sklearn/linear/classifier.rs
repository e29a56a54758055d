//! Classifiers whose scores are dot products.

use radiant_core::{DType, Error};

use crate::sklearn::activation::{expit, expit_single, softmax};
use crate::sklearn::affine::{Affine, Scores};
use crate::sklearn::data::{Data, Table};
use crate::sklearn::estimator::{
    Answer, Estimator, Fact, Method, Wants, Width, logarithms, no_method,
};
use crate::sklearn::intake::Intake;
use crate::sklearn::source::{Read, Source};

/// How scores become probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    /// There are none.
    None,
    /// One class against the rest, each by itself.
    OneVsRest,
    Softmax,
    /// Scores from -1 to 1.
    ModifiedHuber,
}

/// A classifier of two classes with one score, or of more with a score each.
#[derive(Debug)]
pub(crate) struct LinearClassifier {
    pub(crate) intake: Intake,
    scores: Affine,
    classes: Data<'static>,
    link: Link,
    /// Whether probabilities that all are zero are uniform ones (1.9).
    is_uniform_at_zero: bool,
}

impl LinearClassifier {
    /// Reads `coef_` and `intercept_`, which must fit the classes.
    ///
    /// # Errors
    /// They do not, or there is only one class.
    pub(crate) fn read(source: &Source<'_>, classes: Data<'static>, link: Link) -> Read<Self> {
        if classes.len() < 2 {
            return Err(source.node.expected("at least two classes"));
        }
        let scores = Affine::read(source, "coef_", "intercept_")?;
        let n_scores = if classes.len() == 2 { 1 } else { classes.len() };
        if scores.n_outputs() != n_scores {
            return Err(source.attr("coef_")?.expected(format_args!("{n_scores} rows")));
        }
        Ok(Self {
            intake: Intake::new(source, Some(scores.n_features())),
            scores,
            classes,
            link,
            is_uniform_at_zero: source.since(1, 9),
        })
    }

    /// A row has a probability for each class.
    fn probabilities(&self, scores: &Scores) -> Scores {
        let n_classes = self.classes.len();
        let second: fn(f64) -> f64 = match self.link {
            Link::ModifiedHuber => |score| f64::midpoint(score.clamp(-1.0, 1.0), 1.0),
            _ => expit,
        };
        if n_classes == 2 && self.link != Link::Softmax {
            // These were put into an array of double precision.
            let is_single = scores.is_single && self.link != Link::ModifiedHuber;
            let pair = |&score: &f64| {
                let second = if is_single { expit_single(score) } else { second(score) };
                [1.0 - second, second]
            };
            let values = scores.values.iter().flat_map(pair).collect();
            return Scores::new(scores.n_rows, 2, values, is_single);
        }
        let mut values = if n_classes == 2 {
            scores.values.iter().flat_map(|&score| [-score, score]).collect()
        } else {
            scores.values.clone()
        };
        for row in values.chunks_exact_mut(n_classes) {
            if self.link == Link::Softmax {
                softmax(row);
                continue;
            }
            for score in &mut *row {
                *score = second(*score);
            }
            let sum: f64 = row.iter().sum();
            if sum == 0.0 && (self.is_uniform_at_zero || self.link == Link::ModifiedHuber) {
                row.fill(1.0 / n_classes as f64);
            } else {
                for score in row {
                    *score /= sum;
                }
            }
        }
        scores.with(n_classes, values)
    }
}

impl Estimator for LinearClassifier {
    fn fact(&self, method: Method) -> Option<Fact> {
        let n_classes = self.classes.len();
        match method {
            Method::Predict => Some(Fact::labels(&self.classes)),
            Method::PredictProba | Method::PredictLogProba => {
                (self.link != Link::None).then(|| Fact::numbers(n_classes))
            }
            Method::DecisionFunction if n_classes == 2 => Some(Fact::NUMBER),
            Method::DecisionFunction => Some(Fact::numbers(n_classes)),
            Method::Transform | Method::ScoreSamples => None,
        }
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if self.fact(method).is_none() {
            return Err(no_method(&self.intake.class, method));
        }
        let scores = self.scores.scores(&self.intake, x)?;
        Ok(match method {
            Method::Predict => Answer::column(self.scores.labels(&scores.values, &self.classes)),
            Method::PredictProba => self.probabilities(&scores).into_matrix(),
            Method::PredictLogProba => logarithms(self.probabilities(&scores).into_matrix()),
            _ if self.classes.len() == 2 => scores.into_column(),
            _ => scores.into_matrix(),
        })
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.intake.n_features)
    }

    fn classes(&self) -> Option<&Data<'static>> {
        Some(&self.classes)
    }
}

/// Several truths a row, each above a score of zero.
#[derive(Debug)]
pub(super) struct Truths {
    intake: Intake,
    scores: Affine,
}

impl Truths {
    /// Reads `coef_` and `intercept_`.
    ///
    /// # Errors
    /// They contradict each other.
    pub(super) fn read(source: &Source<'_>) -> Read<Self> {
        let scores = Affine::read(source, "coef_", "intercept_")?;
        Ok(Self { intake: Intake::new(source, Some(scores.n_features())), scores })
    }
}

impl Estimator for Truths {
    fn fact(&self, method: Method) -> Option<Fact> {
        let width = Width::Columns(Some(self.scores.n_outputs()));
        match method {
            Method::Predict => Some(Fact { dtype: DType::I64, width }),
            Method::DecisionFunction => Some(Fact { dtype: DType::F64, width }),
            _ => None,
        }
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if self.fact(method).is_none() {
            return Err(no_method(&self.intake.class, method));
        }
        let scores = self.scores.scores(&self.intake, x)?;
        if method == Method::DecisionFunction {
            return Ok(scores.into_matrix());
        }
        let truths: Vec<_> = scores.values.iter().map(|score| i64::from(*score > 0.0)).collect();
        Ok(Answer::matrix(scores.n_rows, scores.n_columns, truths))
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.intake.n_features)
    }
}
