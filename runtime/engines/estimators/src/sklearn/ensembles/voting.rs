//! Votes and means of different estimators.

use radiant_core::{DType, Error};
use radiant_formats::Node;

use crate::sklearn::activation::argmax;
use crate::sklearn::data::{Array, Data, Table};
use crate::sklearn::estimator::{
    Answer, Estimator, Fact, Method, Wants, Width, logarithms, no_method,
};
use crate::sklearn::source::{Read, Source, labels, vector};

use super::member::{codes, divide, expect, given_of, members};

/// What is made of the members' answers.
#[derive(Debug)]
enum Poll {
    /// The class with the greatest mean probability.
    Soft {
        classes: Data<'static>,
        is_flat: bool,
    },
    /// The class with most votes.
    Hard {
        classes: Data<'static>,
    },
    Mean,
}

/// `VotingClassifier` and `VotingRegressor`.
#[derive(Debug)]
struct Voting {
    class: Box<str>,
    // Invariant: at least one.
    members: Vec<Box<dyn Estimator>>,
    /// One for each member.
    weights: Option<Vec<f64>>,
    poll: Poll,
}

pub(super) fn read_classifier(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let classes = labels(source.attr("le_")?.attr("classes_")?)?;
    let is_soft = source.choice("voting", "hard")? == "soft";
    let is_flat = source.flag("flatten_transform", source.since(0, 21))?;
    let poll = if is_soft { Poll::Soft { classes, is_flat } } else { Poll::Hard { classes } };
    read(source, poll)
}

pub(super) fn read_regressor(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    read(source, Poll::Mean)
}

fn read(source: &Source<'_>, poll: Poll) -> Read<Box<dyn Estimator>> {
    let mut all = Vec::new();
    for (node, member) in members(source, "estimators_")? {
        match &poll {
            Poll::Soft { classes, .. } => {
                expect(node, &*member, Method::PredictProba, classes.len())?;
            }
            Poll::Hard { .. } | Poll::Mean => expect(node, &*member, Method::Predict, 1)?,
        }
        all.push(member);
    }
    let weights = source.some("weights")?.map(|node| weights(source, node, all.len()));
    let weights = weights.transpose()?;
    Ok(Box::new(Voting { class: source.class().into(), members: all, weights, poll }))
}

/// The weights of the members that were not dropped.
fn weights(source: &Source<'_>, node: Node<'_>, n_members: usize) -> Read<Vec<f64>> {
    let mut kept = Vec::new();
    for (named, weight) in source.attr("estimators")?.items()?.zip(vector(node)?) {
        let member = named.item(1)?;
        if !is_dropped(member) {
            kept.push(weight);
        }
    }
    if kept.len() == n_members {
        Ok(kept)
    } else {
        Err(node.expected(format_args!("a weight for each of {n_members} members")))
    }
}

/// A place among classes as a label.
fn whole(code: usize) -> i64 {
    i64::try_from(code).unwrap_or(i64::MAX)
}

/// Whether a member was left out.
pub(super) fn is_dropped(member: Node<'_>) -> bool {
    member.is_none() || member.text_opt().is_some_and(|text| text == "drop")
}

impl Voting {
    /// The weighted mean of what the members give, so many numbers a row.
    fn mean(&self, method: Method, x: &Table<'_>, n_columns: usize) -> Result<Vec<f64>, Error> {
        let mut sums = vec![0.0; x.n_rows() * n_columns];
        for (at, member) in self.members.iter().enumerate() {
            let given = given_of(&**member, method, x, n_columns)?;
            let weight = self.weights.as_ref().and_then(|weights| weights.get(at));
            let values = sums.iter_mut().zip(given.values);
            match weight {
                Some(weight) => values.for_each(|(sum, value)| *sum += value * weight),
                None => values.for_each(|(sum, value)| *sum += value),
            }
        }
        let whole = match &self.weights {
            Some(weights) => weights.iter().sum(),
            None => self.members.len() as f64,
        };
        divide(&mut sums, whole);
        Ok(sums)
    }

    /// The votes of each member.
    fn votes(&self, x: &Table<'_>, n_classes: usize) -> Result<Vec<Vec<usize>>, Error> {
        self.members.iter().map(|member| codes(&**member, x, n_classes)).collect()
    }

    fn most_votes(&self, x: &Table<'_>, classes: &Data<'static>) -> Result<Data<'static>, Error> {
        let votes = self.votes(x, classes.len())?;
        let mut counts = vec![0.0; classes.len()];
        let places = (0..x.n_rows()).map(|row| {
            counts.fill(0.0);
            for (at, votes) in votes.iter().enumerate() {
                let weight = self.weights.as_ref().and_then(|weights| weights.get(at));
                if let Some(count) = votes.get(row).and_then(|code| counts.get_mut(*code)) {
                    *count += weight.copied().unwrap_or(1.0);
                }
            }
            argmax(&counts)
        });
        Ok(classes.pick(places))
    }

    /// What the members say, side by side.
    fn transform(&self, x: &Table<'_>) -> Result<Answer, Error> {
        let (n_rows, n_members) = (x.n_rows(), self.members.len());
        let (method, width) = match &self.poll {
            Poll::Hard { classes } => {
                let votes = self.votes(x, classes.len())?;
                let row = |row: usize| votes.iter().map(move |votes| whole(votes[row]));
                let values: Vec<i64> = (0..n_rows).flat_map(row).collect();
                return Ok(Answer::matrix(n_rows, n_members, values));
            }
            Poll::Soft { classes, .. } => (Method::PredictProba, classes.len()),
            Poll::Mean => (Method::Predict, 1),
        };
        let given = self.members.iter().map(|member| given_of(&**member, method, x, width));
        let given = given.collect::<Result<Vec<_>, Error>>()?;
        if let Poll::Soft { is_flat: false, .. } = self.poll {
            let array = |given: super::member::Given| Array::matrix(n_rows, width, given.values);
            return Ok(Answer::List(given.into_iter().map(array).collect()));
        }
        let mut values = Vec::with_capacity(n_rows * n_members * width);
        for row in 0..n_rows {
            for given in &given {
                values.extend_from_slice(&given.values[row * width..(row + 1) * width]);
            }
        }
        Ok(Answer::matrix(n_rows, n_members * width, values))
    }
}

impl Estimator for Voting {
    fn fact(&self, method: Method) -> Option<Fact> {
        let n_members = self.members.len();
        match (&self.poll, method) {
            (Poll::Soft { classes, .. } | Poll::Hard { classes }, Method::Predict) => {
                Some(Fact::labels(classes))
            }
            (Poll::Mean, Method::Predict) => Some(Fact::NUMBER),
            (Poll::Soft { classes, .. }, Method::PredictProba) => {
                Some(Fact::numbers(classes.len()))
            }
            (Poll::Soft { classes, is_flat: true }, Method::Transform) => {
                Some(Fact::numbers(n_members * classes.len()))
            }
            (Poll::Soft { is_flat: false, .. }, Method::Transform) => {
                Some(Fact { dtype: DType::F64, width: Width::List(n_members) })
            }
            (Poll::Hard { .. }, Method::Transform) => {
                Some(Fact { dtype: DType::I64, width: Width::Columns(Some(n_members)) })
            }
            (Poll::Mean, Method::Transform) => Some(Fact::numbers(n_members)),
            _ => None,
        }
    }

    fn run(&self, method: Method, x: &Table<'_>) -> Result<Answer, Error> {
        if self.fact(method).is_none() {
            return Err(no_method(&self.class, method));
        }
        let n_rows = x.n_rows();
        Ok(match (&self.poll, method) {
            (_, Method::Transform) => self.transform(x)?,
            (Poll::Hard { classes }, _) => Answer::column(self.most_votes(x, classes)?),
            (Poll::Mean, _) => Answer::column(self.mean(Method::Predict, x, 1)?),
            (Poll::Soft { classes, .. }, Method::Predict) => {
                let means = self.mean(Method::PredictProba, x, classes.len())?;
                Answer::column(classes.pick(means.chunks_exact(classes.len()).map(argmax)))
            }
            (Poll::Soft { classes, .. }, method) => {
                let means = self.mean(Method::PredictProba, x, classes.len())?;
                let answer = Answer::matrix(n_rows, classes.len(), means);
                if method == Method::PredictProba { answer } else { logarithms(answer) }
            }
        })
    }

    fn wants(&self) -> Wants {
        self.members.first().map_or(Wants::Matrix(None), |first| first.wants())
    }

    fn classes(&self) -> Option<&Data<'static>> {
        match &self.poll {
            Poll::Soft { classes, .. } | Poll::Hard { classes } => Some(classes),
            Poll::Mean => None,
        }
    }
}
