//! One class against all others, for each class or label.

use radiant_core::{DType, Error};

use crate::sklearn::data::{Data, Table};
use crate::sklearn::ensembles::member::{divide, members};
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, Width, no_method};
use crate::sklearn::source::{Read, Source, labels};

use super::binary::{Binary, scores};

/// What the labels are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Two classes, one estimator.
    Binary,
    /// An estimator for each class.
    Classes,
    /// An estimator for each of several labels that a row may have.
    Labels,
}

/// What becomes of rows in which all probabilities are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NoShare {
    /// They are divided by their sum all the same.
    NotANumber,
    /// They stay (1.7).
    Zero,
}

/// `OneVsRestClassifier`.
#[derive(Debug)]
struct OneVsRest {
    // Invariant: one for `Binary`, else as many as classes.
    members: Vec<Binary>,
    classes: Data<'static>,
    kind: Kind,
    no_share: NoShare,
    /// Whether the first of equal scores wins (1.8), and not the last.
    first_wins: bool,
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let binarizer = source.attr("label_binarizer_")?;
    let classes = labels(binarizer.attr("classes_")?)?;
    let kind = binarizer.attr("y_type_")?;
    let kind = match &*kind.text()? {
        "binary" => Kind::Binary,
        "multiclass" => Kind::Classes,
        text if text.starts_with("multilabel") => Kind::Labels,
        _ => return Err(kind.expected("a kind of labels of classifiers")),
    };
    let node = source.attr("estimators_")?;
    let members = members(source, "estimators_")?;
    let n_members = if kind == Kind::Binary { 1 } else { classes.len() };
    if members.len() != n_members || kind == Kind::Binary && classes.len() > 2 {
        return Err(node.expected(format_args!("{n_members} estimators")));
    }
    let members = members.into_iter().map(|(node, member)| Binary::new(node, member));
    Ok(Box::new(OneVsRest {
        members: members.collect::<Read<_>>()?,
        classes,
        kind,
        no_share: if source.since(1, 7) { NoShare::Zero } else { NoShare::NotANumber },
        first_wins: source.since(1, 8),
    }))
}

impl OneVsRest {
    fn all_have(&self, method: Method) -> bool {
        self.members.iter().all(|member| member.estimator.fact(method).is_some())
    }

    /// What each member says of each row, `[n_members, n_rows]`.
    fn each(
        &self,
        ask: impl Fn(&Binary) -> Result<Vec<f64>, Error>,
    ) -> Result<Vec<Vec<f64>>, Error> {
        self.members.iter().map(ask).collect()
    }

    fn predict(&self, x: &Table<'_>) -> Result<Answer, Error> {
        let scores = self.each(|member| member.scores(x))?;
        let row = |row: usize| scores.iter().map(move |of_member| of_member[row]);
        let threshold = self.members.first().map_or(0.5, Binary::threshold);
        let is_above = |score: f64| score > threshold;
        Ok(match self.kind {
            Kind::Binary => {
                let places = scores.iter().flatten().map(|score| usize::from(is_above(*score)));
                Answer::column(self.classes.pick(places))
            }
            Kind::Classes => {
                let place = |at: usize| greatest(row(at), self.first_wins);
                Answer::column(self.classes.pick((0..x.n_rows()).map(place)))
            }
            Kind::Labels => {
                let labels = (0..x.n_rows()).flat_map(row).map(|score| i64::from(is_above(score)));
                Answer::matrix(x.n_rows(), scores.len(), labels.collect::<Vec<_>>())
            }
        })
    }

    fn probabilities(&self, x: &Table<'_>) -> Result<Answer, Error> {
        let method = Method::PredictProba;
        let shares = self.each(|member| scores(&*member.estimator, method, x))?;
        let (n_rows, n_members) = (x.n_rows(), shares.len());
        let row = |row: usize| shares.iter().map(move |of_member| of_member[row]);
        let mut all: Vec<f64> = (0..n_rows).flat_map(row).collect();
        if n_members == 1 {
            all = all.into_iter().flat_map(|p| [1.0 - p, p]).collect();
        }
        let width = if n_members == 1 { 2 } else { n_members };
        if self.kind != Kind::Labels {
            for row in all.chunks_exact_mut(width) {
                let sum: f64 = row.iter().sum();
                if sum != 0.0 || self.no_share == NoShare::NotANumber {
                    divide(row, sum);
                }
            }
        }
        Ok(Answer::matrix(n_rows, width, all))
    }

    fn decisions(&self, x: &Table<'_>) -> Result<Answer, Error> {
        let method = Method::DecisionFunction;
        let mut decisions = self.each(|member| scores(&*member.estimator, method, x))?;
        if decisions.len() == 1 {
            return Ok(Answer::column(decisions.swap_remove(0)));
        }
        let row = |row: usize| decisions.iter().map(move |of_member| of_member[row]);
        let all: Vec<f64> = (0..x.n_rows()).flat_map(row).collect();
        Ok(Answer::matrix(x.n_rows(), decisions.len(), all))
    }
}

/// The place of the greatest score.
fn greatest(scores: impl Iterator<Item = f64>, first_wins: bool) -> usize {
    let (mut best, mut place) = (f64::NEG_INFINITY, 0);
    for (at, score) in scores.enumerate() {
        let is_greatest = if first_wins { score > best } else { score >= best };
        if is_greatest {
            (best, place) = (score, at);
        }
    }
    place
}

impl Estimator for OneVsRest {
    fn fact(&self, method: Method) -> Option<Fact> {
        let n_members = self.members.len();
        match method {
            Method::Predict if self.kind == Kind::Labels => {
                Some(Fact { dtype: DType::I64, width: Width::Columns(Some(n_members)) })
            }
            Method::Predict => Some(Fact::labels(&self.classes)),
            Method::PredictProba if self.all_have(method) => {
                Some(Fact::numbers(if n_members == 1 { 2 } else { n_members }))
            }
            Method::DecisionFunction if self.all_have(method) && n_members == 1 => {
                Some(Fact::NUMBER)
            }
            Method::DecisionFunction if self.all_have(method) => Some(Fact::numbers(n_members)),
            _ => None,
        }
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if self.fact(method).is_none() {
            return Err(no_method("OneVsRestClassifier", method));
        }
        match method {
            Method::PredictProba => self.probabilities(x),
            Method::DecisionFunction => self.decisions(x),
            _ => self.predict(x),
        }
    }

    fn wants(&self) -> Wants {
        self.members.first().map_or(Wants::Matrix(None), |first| first.estimator.wants())
    }

    fn classes(&self) -> Option<&Data<'static>> {
        (self.kind != Kind::Labels).then_some(&self.classes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_differ_in_who_wins_a_tie() {
        assert_eq!(greatest([0.5, 0.9, 0.9].into_iter(), true), 1);
        assert_eq!(greatest([0.5, 0.9, 0.9].into_iter(), false), 2);
    }
}
