//! Classifiers of libsvm.

use radiant_core::Error;

use super::pairs::{Confidence, Pairs, one_vs_rest, winner};
use super::probability::{Coupling, Platt};
use crate::sklearn::activation::argmax;
use crate::sklearn::data::{Data, Table};
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, logarithms, no_method};
use crate::sklearn::source::{Read, Source};

/// `SVC` and `NuSVC`.
#[derive(Debug)]
struct Classifier {
    pairs: Pairs,
    classes: Data<'static>,
    /// Whether scores are one for each class and not one for each pair.
    scores_classes: bool,
    /// Whether the class of the greatest score is predicted, and not the one most pairs vote for.
    breaks_ties: bool,
    confidence: Confidence,
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let classes = source.classes()?;
    Ok(Box::new(Classifier {
        pairs: Pairs::read(source, classes.len())?,
        scores_classes: source.choice("decision_function_shape", "ovr")? == "ovr",
        breaks_ties: source.flag("break_ties", false)?,
        confidence: if source.since(0, 21) { Confidence::Bent } else { Confidence::OfBatch },
        classes,
    }))
}

impl Classifier {
    /// libsvm's decisions in the public form: for two classes above zero for the second.
    fn scores(&self, n_rows: usize, mut decisions: Vec<f64>) -> Answer {
        let n_classes = self.classes.len();
        if n_classes == 2 {
            for decision in &mut *decisions {
                *decision = -*decision;
            }
            return Answer::column(decisions);
        }
        if self.scores_classes {
            let scores = one_vs_rest(&decisions, n_classes, self.confidence);
            return Answer::matrix(n_rows, n_classes, scores);
        }
        Answer::matrix(n_rows, self.pairs.n_pairs(), decisions)
    }

    fn labels(&self, decisions: &[f64]) -> Result<Data<'static>, Error> {
        let n_classes = self.classes.len();
        if self.breaks_ties && !self.scores_classes {
            return Err(Error::invalid_input(format!(
                "{}: `break_ties` is for a decision function of shape `ovr`",
                self.pairs.intake.class
            )));
        }
        if self.breaks_ties && n_classes > 2 {
            let scores = one_vs_rest(decisions, n_classes, self.confidence);
            return Ok(self.classes.pick(scores.chunks_exact(n_classes).map(argmax)));
        }
        let mut votes = vec![0; n_classes];
        let rows = decisions.chunks_exact(self.pairs.n_pairs());
        Ok(self.classes.pick(rows.map(|row| winner(row, &mut votes))))
    }

    /// `[n_rows, n_classes]`
    fn probabilities(&self, platt: &Platt, n_rows: usize, decisions: &[f64]) -> Answer {
        let n_classes = self.classes.len();
        let mut coupling = Coupling::new(n_classes);
        let mut out = vec![0.0; n_rows * n_classes];
        let rows = decisions.chunks_exact(self.pairs.n_pairs());
        for (decisions, out) in rows.zip(out.chunks_exact_mut(n_classes)) {
            platt.couple(decisions, &mut coupling, out);
        }
        Answer::matrix(n_rows, n_classes, out)
    }
}

impl Estimator for Classifier {
    fn fact(&self, method: Method) -> Option<Fact> {
        let n_classes = self.classes.len();
        match method {
            Method::Predict => Some(Fact::labels(&self.classes)),
            Method::PredictProba | Method::PredictLogProba => {
                self.pairs.platt.as_ref().map(|_| Fact::numbers(n_classes))
            }
            Method::DecisionFunction if n_classes == 2 => Some(Fact::NUMBER),
            Method::DecisionFunction if self.scores_classes => Some(Fact::numbers(n_classes)),
            Method::DecisionFunction => Some(Fact::numbers(self.pairs.n_pairs())),
            Method::Transform | Method::ScoreSamples => None,
        }
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        let (n_rows, decisions) = self.pairs.decisions(x)?;
        Ok(match (method, &self.pairs.platt) {
            (Method::Predict, _) => Answer::column(self.labels(&decisions)?),
            (Method::DecisionFunction, _) => self.scores(n_rows, decisions),
            (Method::PredictProba, Some(platt)) => self.probabilities(platt, n_rows, &decisions),
            (Method::PredictLogProba, Some(platt)) => {
                logarithms(self.probabilities(platt, n_rows, &decisions))
            }
            _ => return Err(no_method(&self.pairs.intake.class, method)),
        })
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(self.pairs.intake.n_features)
    }

    fn classes(&self) -> Option<&Data<'static>> {
        Some(&self.classes)
    }
}
