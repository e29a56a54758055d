//! Each class against each other one.

use radiant_core::Error;

use crate::sklearn::activation::argmax;
use crate::sklearn::data::{Data, Table};
use crate::sklearn::ensembles::member::{codes, expect, members};
use crate::sklearn::estimator::{Answer, Estimator, Fact, Method, Wants, no_method};
use crate::sklearn::source::{Read, Source};

use super::binary::Binary;

/// `OneVsOneClassifier`.
#[derive(Debug)]
struct OneVsOne {
    /// The classes in pairs: the first with all behind it, then the second, ...
    // Invariant: one for each pair.
    members: Vec<Binary>,
    classes: Data<'static>,
    /// From which score on, not included, a row is of the second of two classes.
    threshold: f64,
    /// Whether scores are measured by the greatest of all rows (0.20).
    is_by_batch: bool,
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let classes = source.classes()?;
    if source.some("pairwise_indices_")?.is_some() {
        let what = "a kernel that was computed before";
        return Err(source.unsupported(what, "train it on the features themselves"));
    }
    let n = classes.len();
    let n_pairs = n * (n - 1) / 2;
    let mut all = Vec::new();
    for (node, member) in members(source, "estimators_")? {
        expect(node, &*member, Method::Predict, 1)?;
        all.push(Binary::new(node, member)?);
    }
    if all.len() != n_pairs {
        return Err(source.attr("estimators_")?.expected(format_args!("{n_pairs} estimators")));
    }
    let threshold = match all.first() {
        Some(first) if source.since(1, 1) => first.threshold(),
        _ => 0.0,
    };
    Ok(Box::new(OneVsOne { members: all, classes, threshold, is_by_batch: !source.since(0, 21) }))
}

impl OneVsOne {
    /// `[n_rows, n_classes]`
    fn decisions(&self, x: &Table<'_>) -> Result<Vec<f64>, Error> {
        let n_classes = self.classes.len();
        let mut votes = vec![0.0; x.n_rows() * n_classes];
        let mut sums = votes.clone();
        let mut members = self.members.iter();
        for one in 0..n_classes {
            for (other, member) in (one + 1..n_classes).zip(&mut members) {
                let winners = codes(&*member.estimator, x, 2)?;
                let scores = member.scores(x)?;
                let rows = votes.chunks_exact_mut(n_classes).zip(sums.chunks_exact_mut(n_classes));
                for ((votes, sums), (winner, score)) in rows.zip(winners.into_iter().zip(scores)) {
                    sums[one] -= score;
                    sums[other] += score;
                    votes[if winner == 0 { one } else { other }] += 1.0;
                }
            }
        }
        if self.is_by_batch {
            let least = sums.iter().copied().fold(f64::INFINITY, f64::min);
            let most = sums.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            if least < most {
                let scale = (0.5 - f64::EPSILON) / most.abs().max(least.abs());
                votes.iter_mut().zip(&sums).for_each(|(vote, sum)| *vote += sum * scale);
            }
        } else {
            for (vote, sum) in votes.iter_mut().zip(&sums) {
                *vote += sum / (3.0 * (sum.abs() + 1.0));
            }
        }
        Ok(votes)
    }
}

impl Estimator for OneVsOne {
    fn fact(&self, method: Method) -> Option<Fact> {
        match (method, self.classes.len()) {
            (Method::Predict, _) => Some(Fact::labels(&self.classes)),
            (Method::DecisionFunction, 2) => Some(Fact::NUMBER),
            (Method::DecisionFunction, n_classes) => Some(Fact::numbers(n_classes)),
            _ => None,
        }
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if self.fact(method).is_none() {
            return Err(no_method("OneVsOneClassifier", method));
        }
        let n_classes = self.classes.len();
        let mut decisions = self.decisions(x)?;
        if n_classes == 2 {
            decisions = decisions.into_iter().skip(1).step_by(2).collect();
        }
        Ok(match (method, n_classes) {
            (Method::Predict, 2) => {
                let place = |score: &f64| usize::from(*score > self.threshold);
                Answer::column(self.classes.pick(decisions.iter().map(place)))
            }
            (Method::Predict, _) => {
                Answer::column(self.classes.pick(decisions.chunks_exact(n_classes).map(argmax)))
            }
            (_, 2) => Answer::column(decisions),
            _ => Answer::matrix(x.n_rows(), n_classes, decisions),
        })
    }

    fn wants(&self) -> Wants {
        self.members.first().map_or(Wants::Matrix(None), |first| first.estimator.wants())
    }

    fn classes(&self) -> Option<&Data<'static>> {
        Some(&self.classes)
    }
}
